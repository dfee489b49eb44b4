/**
 * Capture wish: what is asked of the browser for a source, by what people chose and what the machine
 * can do. Pure: the same choices give the same constraints, by which streams are kept.
 */

import type { PictureBounds } from "./device_class.ts";
import type { SourceKind } from "./source_kind.ts";

/** How a browser calls what is captured. */
const SURFACES = { screen: "monitor", window: "window", tab: "browser" } as const;

/** Options of getDisplayMedia, of which the compiler knows some. */
export interface DisplayWish extends DisplayMediaStreamOptions {
  readonly systemAudio: "include";
  readonly surfaceSwitching: "include";
}

/** For getDisplayMedia: a picture no larger than needed, with its sound where there is any. */
export function displayWish(
  kind: Exclude<SourceKind, "camera">,
  { width, height, fps }: PictureBounds,
): DisplayWish {
  return {
    video: {
      displaySurface: SURFACES[kind],
      width: { max: width },
      height: { max: height },
      frameRate: { ideal: fps, max: fps },
    },
    // Sound of programs is no voice.
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    systemAudio: "include",
    surfaceSwitching: "include",
  };
}

/** For getUserMedia: a camera. */
export function cameraWish(
  deviceId: string | undefined,
  { width, height, fps }: PictureBounds,
): MediaStreamConstraints {
  return {
    video: {
      ...deviceId === undefined ? {} : { deviceId: { exact: deviceId } },
      width: { ideal: width },
      height: { ideal: height },
      frameRate: { ideal: fps, max: fps },
    },
  };
}

/** For getUserMedia: a microphone. */
export function microphoneWish(deviceId: string | undefined): MediaStreamConstraints {
  const device = deviceId === undefined ? {} : { deviceId: { exact: deviceId } };
  return { audio: { ...device, channelCount: 1 } };
}
