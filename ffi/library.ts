/**
 * Library: the only `Deno.dlopen` of the project, opened once and checked for the ABI version. Holds
 * the native side of capture, staging, encode and input; it lives until the process ends.
 */

import { NativeError } from "../src/core/errors.ts";
import { STATUS } from "./status.ts";
import { SYMBOLS } from "./symbols.ts";

/** Version of the C interface that this TypeScript speaks; equal to `WV_ABI_VERSION`. */
export const ABI_VERSION = 6;

/** Functions of the opened library. */
export type NativeFunctions = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** File that `ffi/build.ts` makes, as a path that `--allow-ffi` can name. */
export const LIBRARY_PATH: string = decodeURIComponent(
  new URL("../build/native/libwavry_media.so", import.meta.url).pathname,
);

let opened: NativeFunctions | undefined;

/**
 * Returns the functions of the native library, opening it on the first call. Throws `NativeError`
 * ("unavailable") when it is not built, ("unsupported") when it speaks another ABI version.
 */
export function nativeLibrary(): NativeFunctions {
  opened ??= open();
  return opened;
}

function open(): NativeFunctions {
  let symbols: NativeFunctions;
  try {
    symbols = Deno.dlopen(LIBRARY_PATH, SYMBOLS).symbols;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NativeError(`Cannot open native library "${LIBRARY_PATH}": ${reason}`, {
      reason: "unavailable",
      status: STATUS.unavailable,
      cause,
    });
  }
  const version = symbols.wv_abi_version();
  if (version !== ABI_VERSION) {
    throw new NativeError(
      `Cannot use native library "${LIBRARY_PATH}": it has ABI version ${version}, not ${ABI_VERSION}`,
      { reason: "unsupported", status: STATUS.unsupported },
    );
  }
  return symbols;
}
