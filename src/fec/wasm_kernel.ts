/**
 * WasmKernel: the region arithmetic of ffi/native/fec in WebAssembly, with SIMD or relaxed SIMD. Each
 * kernel has a memory of its own, which grows once, at the start; the compiled modules are shared.
 */

import { RELAXED_KERNEL_BASE64, STRICT_KERNEL_BASE64 } from "./kernel_bytes.ts";
import { alignRegion } from "./kernel.ts";
import type { FecKernel } from "./kernel.ts";

/** Which WebAssembly features a kernel needs. */
export type WasmKernelName = "relaxed" | "strict";

const PAGE_BYTES = 65_536;

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: WebAssembly.Global;
  wv_fec_init(): void;
  wv_fec_combine(destination: number, terms: number, count: number, bytes: number): void;
  wv_fec_multiply_add(
    destination: number,
    source: number,
    coefficient: number,
    bytes: number,
  ): void;
}

/** Compiled modules; undefined where the runtime refuses one. */
const modules = new Map<WasmKernelName, WebAssembly.Module | undefined>();

/** A kernel in WebAssembly. */
export class WasmKernel implements FecKernel {
  readonly name: WasmKernelName;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly arenaStart: number;
  readonly #exports: KernelExports;

  /** Has `arenaBytes` for the codec. Throws RangeError where `isSupported(name)` is false. */
  constructor(name: WasmKernelName, arenaBytes: number) {
    const module = compiledModule(name);
    if (module === undefined) throw new RangeError(`Cannot run the FEC kernel "${name}" here`);
    const instance = new WebAssembly.Instance(module, {});
    this.name = name;
    this.#exports = instance.exports as unknown as KernelExports;
    const { memory } = this.#exports;
    this.arenaStart = alignRegion(this.#exports.__heap_base.value as number);
    const missingBytes = this.arenaStart + arenaBytes - memory.buffer.byteLength;
    if (missingBytes > 0) memory.grow(Math.ceil(missingBytes / PAGE_BYTES));
    this.bytes = new Uint8Array(memory.buffer as ArrayBuffer);
    this.words = new Uint32Array(memory.buffer as ArrayBuffer);
    this.#exports.wv_fec_init();
  }

  /** True when this runtime has the features and its content security policy allows them. */
  static isSupported(name: WasmKernelName): boolean {
    return compiledModule(name) !== undefined;
  }

  get bufferBytes(): number {
    return this.bytes.byteLength;
  }

  combine(destination: number, termsAddress: number, count: number, bytes: number): void {
    this.#exports.wv_fec_combine(destination, termsAddress, count, bytes);
  }

  multiplyAdd(destination: number, source: number, coefficient: number, bytes: number): void {
    this.#exports.wv_fec_multiply_add(destination, source, coefficient, bytes);
  }
}

function compiledModule(name: WasmKernelName): WebAssembly.Module | undefined {
  if (!modules.has(name)) modules.set(name, compile(name));
  return modules.get(name);
}

function compile(name: WasmKernelName): WebAssembly.Module | undefined {
  const text = name === "relaxed" ? RELAXED_KERNEL_BASE64 : STRICT_KERNEL_BASE64;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  try {
    // The module is its own probe: a runtime without the feature finds its instructions invalid.
    return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
  } catch {
    // No WebAssembly, or a policy without 'wasm-unsafe-eval'.
    return undefined;
  }
}
