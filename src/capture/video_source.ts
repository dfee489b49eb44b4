/**
 * VideoSource: turns what the server asks for into what the native library can capture: which display
 * or the generated pattern, and the size that the pictures will have. Capture step; it asks the
 * display for its size and holds nothing open.
 */

import { displayInfo, type StreamSource } from "../../ffi/mod.ts";
import { MAX_PICTURE_SIDE } from "../wire/codec.ts";

/** What is asked for; a width or height of 0 means the whole screen, of whatever size it is. */
export interface VideoSourceRequest {
  readonly source: "pattern" | "x11";
  /** X display name such as ":0"; not used by the pattern. */
  readonly display: string;
  /** Name of a monitor of the display, whose rectangle is captured instead. */
  readonly monitor?: string | undefined;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** System V id of Xvfb's framebuffer, -1 when there is none. */
  readonly framebufferShmId: number;
}

/** A source whose size is known. */
export interface VideoSource {
  readonly source: StreamSource;
  /** Even, in pixels, as H.264 wants it; of a monitor, no less than it has. */
  readonly width: number;
  readonly height: number;
  /** What to ask of capture: 0 each where the picture follows the screen or a monitor. */
  readonly region: { readonly width: number; readonly height: number };
}

/** Size of the pattern when none is asked for. */
export const PATTERN_WIDTH = 1280;
/** See `PATTERN_WIDTH`. */
export const PATTERN_HEIGHT = 720;

/**
 * Finds the size of what is asked for. Throws `NativeError` ("display_lost") when the display does not
 * answer, RangeError when the picture would be larger than the wire format allows or has no pixel.
 */
export async function resolveVideoSource(request: VideoSourceRequest): Promise<VideoSource> {
  if (request.source === "pattern") {
    const width = request.width || PATTERN_WIDTH;
    const height = request.height || PATTERN_HEIGHT;
    const size = evenSize(width, height);
    return { source: { kind: "pattern" }, ...size, region: size };
  }
  const screen = await displayInfo(request.display);
  const source: StreamSource = {
    kind: "x11",
    display: request.display,
    ...request.framebufferShmId >= 0 ? { framebufferShmId: request.framebufferShmId } : {},
    ...request.monitor === undefined ? {} : { monitor: request.monitor },
  };
  // A region beyond the screen is cut to it: the screen may have shrunk since it was configured.
  const width = Math.min(request.width || screen.width, screen.width);
  const height = Math.min(request.height || screen.height, screen.height);
  const size = evenSize(width, height);
  const isFollowing = request.monitor !== undefined || request.width === 0 || request.height === 0;
  return { source, ...size, region: isFollowing ? { width: 0, height: 0 } : size };
}

function evenSize(width: number, height: number): { width: number; height: number } {
  const even = { width: width & ~1, height: height & ~1 };
  if (even.width < 2 || even.height < 2 || Math.max(width, height) > MAX_PICTURE_SIDE) {
    throw new RangeError(`Cannot capture a picture of ${width}x${height}`);
  }
  return even;
}
