/**
 * Kernel choice: the fastest kernel that this runtime can run, found once. Each codec gets a kernel
 * of its own, because a kernel is also the codec's memory.
 */

import { FEC_KERNEL_NAMES } from "./kernel.ts";
import type { FecKernel, FecKernelName } from "./kernel.ts";
import { TableKernel } from "./table_kernel.ts";
import { WasmKernel } from "./wasm_kernel.ts";

/** The kernels that this runtime can run, fastest first; "table" is always among them. */
export function supportedKernels(): readonly FecKernelName[] {
  return FEC_KERNEL_NAMES.filter((name) => name === "table" || WasmKernel.isSupported(name));
}

/**
 * A kernel with `arenaBytes` of memory for its codec: `name`, or else the fastest. Throws RangeError
 * when `name` cannot run here.
 */
export function createFecKernel(arenaBytes: number, name?: FecKernelName): FecKernel {
  const chosen = name ?? supportedKernels()[0] ?? "table";
  return chosen === "table" ? new TableKernel(arenaBytes) : new WasmKernel(chosen, arenaBytes);
}
