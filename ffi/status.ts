/**
 * Status: the negative codes of native.h and their way into `NativeError`, for every step that calls
 * the native library. Expected outcomes (full, timeout) are return values of the wrappers instead.
 */

import { NativeError } from "../src/core/errors.ts";

/** Status codes of the native library, equal to `WV_STATUS_*` in native.h. */
export const STATUS = {
  ok: 0,
  invalid: -1,
  outOfMemory: -2,
  unsupported: -3,
  unavailable: -4,
  displayLost: -5,
  failed: -6,
  full: -7,
  closed: -8,
  tooLarge: -9,
  busy: -10,
  sizeChanged: -11,
  timeout: -12,
} as const;

const REASONS: Record<number, NativeError["reason"]> = {
  [STATUS.invalid]: "invalid",
  [STATUS.outOfMemory]: "out_of_memory",
  [STATUS.unsupported]: "unsupported",
  [STATUS.unavailable]: "unavailable",
  [STATUS.displayLost]: "display_lost",
};

/** Makes the error for `status` (negative); `action` reads like `open display ":7"`. */
export function nativeError(action: string, status: number, detail = ""): NativeError {
  const because = detail === "" ? `native status ${status}` : detail;
  return new NativeError(`Cannot ${action}: ${because}`, {
    status,
    reason: REASONS[status] ?? "failed",
  });
}

/** Throws `NativeError` when `status` is negative, else returns it. */
export function checkStatus(action: string, status: number): number {
  if (status < 0) throw nativeError(action, status);
  return status;
}
