/**
 * Device list: the cameras and microphones that people can pick. A browser names them once it was
 * allowed to use one.
 */

import type { DeviceChoice } from "./producer_view.ts";

/** What there is now; nothing where a browser does not say. */
export async function listDevices(): Promise<
  { cameras: readonly DeviceChoice[]; microphones: readonly DeviceChoice[] }
> {
  try {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const named = (kind: MediaDeviceKind): DeviceChoice[] =>
      devices.filter((device) => device.kind === kind && device.deviceId !== "").map((device) => {
        return { id: device.deviceId, label: device.label || "Unnamed device" };
      });
    return { cameras: named("videoinput"), microphones: named("audioinput") };
  } catch {
    return { cameras: [], microphones: [] };
  }
}
