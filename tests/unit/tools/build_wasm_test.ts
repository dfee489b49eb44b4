/** Tests that the committed FEC kernels are what ffi/native/fec compiles to. */

import t from "tap";
import {
  compileKernels,
  KERNEL_BYTES_PATH,
  kernelBytesText,
  kernelSourceHash,
  wasmCompilerVersion,
} from "../../../tools/build_wasm.ts";
import {
  KERNEL_COMPILER,
  KERNEL_SOURCE_HASH,
  RELAXED_KERNEL_BASE64,
  STRICT_KERNEL_BASE64,
} from "../../../src/fec/kernel_bytes.ts";

t.test("kernel_bytes.ts was made from the sources and flags of today", async (t) => {
  t.equal(await kernelSourceHash(), KERNEL_SOURCE_HASH, "else: deno run -A tools/build_wasm.ts");
});

t.test("kernel_bytes.ts holds modules without imports", (t) => {
  for (const text of [STRICT_KERNEL_BASE64, RELAXED_KERNEL_BASE64]) {
    const module = new WebAssembly.Module(Uint8Array.fromBase64(text));
    t.same(WebAssembly.Module.imports(module), [], "they reach nothing but their memory");
    t.match(WebAssembly.Module.exports(module).map(({ name }) => name).sort(), [
      "__heap_base",
      "memory",
      "wv_fec_combine",
      "wv_fec_init",
      "wv_fec_multiply_add",
    ]);
  }
  t.end();
});

const version = await wasmCompilerVersion();
const reason = version === KERNEL_COMPILER
  ? undefined
  : `the kernels were made by "${KERNEL_COMPILER}", here is ${
    version ?? "no clang-16 with lld-16"
  }`;

t.test("compileKernels gives the committed bytes", { skip: reason ?? false }, async (t) => {
  const text = kernelBytesText(await compileKernels());
  t.equal(text, await Deno.readTextFile(KERNEL_BYTES_PATH));
});
