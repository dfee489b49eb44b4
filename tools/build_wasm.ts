/**
 * build_wasm: compiles ffi/native/fec to the two WebAssembly kernels of forward error correction and
 * writes them as text into src/fec/kernel_bytes.ts, which is committed: users need no compiler. Only
 * the recorded compiler gives the recorded bytes. `--check` compares instead of writing.
 */

import { fileURLToPath } from "node:url";

/** The compiler whose output is committed: Debian's clang-16 and lld-16. */
export const WASM_COMPILER = "clang-16";
const WASM_LINKER = "wasm-ld-16";
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCE_FOLDER = `${ROOT}ffi/native/fec`;
const SOURCES = ["gf256.c", "gf256.h"];
/** Where the kernels are committed. */
export const KERNEL_BYTES_PATH = `${ROOT}src/fec/kernel_bytes.ts`;
const EXPORTS = ["memory", "wv_fec_init", "wv_fec_combine", "wv_fec_multiply_add", "__heap_base"];
const COMPILE_TIMEOUT_MS = 60_000;

/** Unrolling and vectorising by the compiler only grow code whose vectors are written by hand. */
const COMPILE_FLAGS = [
  "--target=wasm32",
  "-std=c17",
  "-O2",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-ffreestanding",
  "-fno-ident",
  "-fno-unroll-loops",
  "-fno-vectorize",
  "-fno-slp-vectorize",
  "-msimd128",
];

/** Memory grows once, at start, to what the codec asks for; 64 pages hold the largest profile. */
const LINK_FLAGS = [
  "--no-entry",
  "--strip-all",
  "-z",
  "stack-size=0",
  "--initial-memory=65536",
  "--max-memory=4194304",
];

/** What kernel_bytes.ts holds. */
export interface KernelBytes {
  /** First line of the compiler's `--version`. */
  readonly compiler: string;
  /** SHA-256 of the C sources and the flags, in hexadecimal. */
  readonly sourceHash: string;
  readonly strict: Uint8Array<ArrayBuffer>;
  readonly relaxed: Uint8Array<ArrayBuffer>;
}

/** The first line of `clang-16 --version`, or undefined when it or its linker is not installed. */
export async function wasmCompilerVersion(): Promise<string | undefined> {
  try {
    const linker = await run(WASM_LINKER, ["--version"]);
    const compiler = await run(WASM_COMPILER, ["--version"]);
    return linker === "" ? undefined : compiler.split("\n")[0];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Identifies what the kernels are made from; needs no compiler. */
export async function kernelSourceHash(): Promise<string> {
  const parts = [COMPILE_FLAGS.join(" "), LINK_FLAGS.join(" "), EXPORTS.join(" ")];
  for (const name of SOURCES) parts.push(await Deno.readTextFile(`${SOURCE_FOLDER}/${name}`));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\0")));
  return new Uint8Array(digest).toHex();
}

/** Compiles both kernels. Throws when the compiler is missing or refuses the sources. */
export async function compileKernels(): Promise<KernelBytes> {
  const compiler = await wasmCompilerVersion();
  if (compiler === undefined) {
    throw new Error(`Cannot compile without ${WASM_COMPILER} and ${WASM_LINKER}`);
  }
  return {
    compiler,
    sourceHash: await kernelSourceHash(),
    strict: await compileKernel([]),
    relaxed: await compileKernel(["-mrelaxed-simd"]),
  };
}

/**
 * Compiles the kernels again when their sources have changed and the compiler is here; true when it
 * wrote kernel_bytes.ts. Without the compiler the committed kernels stay, which is what users have.
 */
export async function rebuildStaleKernels(): Promise<boolean> {
  const committed = await Deno.readTextFile(KERNEL_BYTES_PATH);
  if (committed.includes(`"${await kernelSourceHash()}"`)) return false;
  if (await wasmCompilerVersion() === undefined) return false;
  await Deno.writeTextFile(KERNEL_BYTES_PATH, kernelBytesText(await compileKernels()));
  return true;
}

/** The text of kernel_bytes.ts, as the formatter leaves it. */
export function kernelBytesText(bytes: KernelBytes): string {
  const constants: [doc: string, name: string, value: string][] = [
    ["Compiler that made the kernels.", "KERNEL_COMPILER", bytes.compiler],
    ["SHA-256 of sources and flags.", "KERNEL_SOURCE_HASH", bytes.sourceHash],
    ["Module with SIMD alone, in base64.", "STRICT_KERNEL_BASE64", bytes.strict.toBase64()],
    ["Module with relaxed SIMD, in base64.", "RELAXED_KERNEL_BASE64", bytes.relaxed.toBase64()],
  ];
  const lines = constants.map(([doc, name, value]) => {
    const oneLine = `export const ${name} = "${value}";`;
    const text = oneLine.length > 100 ? `export const ${name} =\n  "${value}";` : oneLine;
    return `/** ${doc} */\n${text}\n`;
  });
  return `/**
 * Kernel bytes: the WebAssembly of ffi/native/fec as text, so that one import works in Deno, in a
 * bundle and in a worker alike. Written by \`deno run -A tools/build_wasm.ts\`; not edited by hand.
 */

${lines.join("\n")}`;
}

async function compileKernel(extraFlags: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir({ prefix: "wavry_wasm_" });
  try {
    const object = `${folder}/gf256.o`;
    const module = `${folder}/gf256.wasm`;
    // A relative path and a fixed folder: no path of this machine can get into the bytes.
    await run(WASM_COMPILER, [...COMPILE_FLAGS, ...extraFlags, "-c", "gf256.c", "-o", object]);
    const exports = EXPORTS.filter((name) => name !== "memory").map((name) => `--export=${name}`);
    await run(WASM_LINKER, [...LINK_FLAGS, ...exports, object, "-o", module]);
    return await Deno.readFile(module);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(command, {
    args: [...args],
    cwd: SOURCE_FOLDER,
    signal: AbortSignal.timeout(COMPILE_TIMEOUT_MS),
  }).output();
  if (output.success) return new TextDecoder().decode(output.stdout);
  throw new Error(`Cannot run ${command}: ${new TextDecoder().decode(output.stderr)}`);
}

async function main(args: readonly string[]): Promise<number> {
  const text = kernelBytesText(await compileKernels());
  if (!args.includes("--check")) {
    await Deno.writeTextFile(KERNEL_BYTES_PATH, text);
    console.log(`Wrote ${KERNEL_BYTES_PATH}`);
    return 0;
  }
  const isSame = text === await Deno.readTextFile(KERNEL_BYTES_PATH);
  console.log(isSame ? "The committed kernels are current" : "The committed kernels differ");
  return isSame ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
