/**
 * DeviceSink: opens the input of a display, whichever back-ends this machine has for it. Synchronous
 * from then on: an event takes some microseconds.
 */

import { displayInfo, type InputChoice, InputDevice } from "../../ffi/mod.ts";
import type { InputSink } from "./input_sink.ts";

/** Opens input for display `name`; throws `NativeError` when nothing can take any. */
export async function openDeviceSink(
  name: string,
  choice: InputChoice = "auto",
): Promise<InputSink> {
  // Without an answer of the display, devices of the kernel can still do their part.
  const { width, height } = await displayInfo(name).catch(() => ({ width: 0, height: 0 }));
  return await InputDevice.open(name, { choice, width, height });
}
