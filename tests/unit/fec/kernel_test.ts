/** Tests of every kernel that runs here against the slow field, and of the choice between them. */

import t from "tap";
import { FEC_KERNEL_NAMES, layOutRegions, TERM_BYTES } from "../../../src/fec/kernel.ts";
import type { FecKernel } from "../../../src/fec/kernel.ts";
import { createFecKernel, supportedKernels } from "../../../src/fec/kernel_choice.ts";
import { seededRandom } from "../../seeded.ts";
import { slowMultiply } from "./slow_field.ts";

const REGION_BYTES = 1280;
const REGIONS = 9;

interface Layout {
  readonly kernel: FecKernel;
  readonly terms: number;
  region(index: number): number;
}

function layOut(kernel: FecKernel): Layout {
  const base = kernel.arenaStart;
  return {
    kernel,
    terms: base + REGIONS * REGION_BYTES,
    region: (index) => base + index * REGION_BYTES,
  };
}

function regionOf({ kernel, region }: Layout, index: number): Uint8Array {
  return kernel.bytes.slice(region(index), region(index) + REGION_BYTES);
}

t.test("supportedKernels lists all kernels under Deno, fastest first", (t) => {
  t.same(supportedKernels(), FEC_KERNEL_NAMES);
  t.equal(createFecKernel(1024).name, "relaxed");
  t.end();
});

for (const name of supportedKernels()) {
  const arenaBytes = REGIONS * REGION_BYTES + REGIONS * TERM_BYTES;

  t.test(`FecKernel ${name} multiplies every byte by every coefficient`, (t) => {
    const layout = layOut(createFecKernel(arenaBytes, name));
    const { kernel, region } = layout;
    for (let value = 0; value < 256; value++) kernel.bytes[region(0) + value] = value;
    let wrong = 0;
    for (let coefficient = 0; coefficient < 256; coefficient++) {
      kernel.bytes.fill(0, region(1), region(2));
      kernel.multiplyAdd(region(1), region(0), coefficient, 256);
      const product = regionOf(layout, 1);
      for (let value = 0; value < 256; value++) {
        if (product[value] !== slowMultiply(value, coefficient)) wrong++;
      }
    }
    t.equal(wrong, 0);
    t.end();
  });

  t.test(`FecKernel ${name} combines regions of every length and touches nothing else`, (t) => {
    const layout = layOut(createFecKernel(arenaBytes, name));
    const { kernel, region, terms } = layout;
    const random = seededRandom(`kernel ${name}`);
    for (let bytes = 0; bytes <= REGION_BYTES; bytes += 16) {
      kernel.bytes.set(random.bytes(REGIONS * REGION_BYTES), kernel.arenaStart);
      const before = regionOf(layout, 0);
      const count = random.int(REGIONS);
      const expected = new Uint8Array(REGION_BYTES);
      for (let term = 0; term < count; term++) {
        const coefficient = random.int(256);
        kernel.words[(terms >> 2) + 2 * term] = region(term + 1);
        kernel.words[(terms >> 2) + 2 * term + 1] = coefficient;
        const source = regionOf(layout, term + 1);
        for (let at = 0; at < bytes; at++) expected[at]! ^= slowMultiply(source[at]!, coefficient);
      }
      expected.set(before.subarray(bytes), bytes);
      kernel.combine(region(0), terms, count, bytes);
      if (!t.strictSame(regionOf(layout, 0), expected, `${count} terms of ${bytes} bytes`)) break;
    }
    t.end();
  });

  t.test(`FecKernel ${name} scales in place and adds to itself`, (t) => {
    const layout = layOut(createFecKernel(arenaBytes, name));
    const { kernel, region, terms } = layout;
    const random = seededRandom(`scale ${name}`);
    kernel.bytes.set(random.bytes(REGION_BYTES), region(0));
    kernel.bytes.set(random.bytes(REGION_BYTES), region(1));
    const [own, other] = [regionOf(layout, 0), regionOf(layout, 1)];
    kernel.words.set([region(1), 7, region(0), 200], terms >> 2);
    kernel.combine(region(0), terms, 2, REGION_BYTES);
    const expected = own.map((byte, at) => slowMultiply(byte, 200) ^ slowMultiply(other[at]!, 7));
    t.strictSame(regionOf(layout, 0), expected);
    t.end();
  });
}

t.test("createFecKernel holds little more than was asked for, and each kernel its own", (t) => {
  for (const name of supportedKernels()) {
    const first = createFecKernel(800_000, name);
    const second = createFecKernel(800_000, name);
    t.ok(first.bytes.byteLength - first.arenaStart >= 800_000, `${name} has the arena`);
    t.ok(first.bufferBytes <= 800_000 + 65_536 + 16_384, `${name} has ${first.bufferBytes} bytes`);
    first.bytes[first.arenaStart] = 1;
    t.equal(second.bytes[second.arenaStart], 0, `${name} shares nothing`);
  }
  t.end();
});

t.test("WasmKernel is not supported where a policy forbids WebAssembly", async (t) => {
  const real = WebAssembly.Module;
  // A fresh copy of the module, which has compiled nothing yet.
  const fresh = "../../../src/fec/wasm_kernel.ts?blocked";
  try {
    // What a page gets without 'wasm-unsafe-eval'.
    WebAssembly.Module = class {
      constructor() {
        throw new WebAssembly.CompileError("blocked by policy");
      }
    } as unknown as typeof WebAssembly.Module;
    const { WasmKernel } = await import(fresh) as typeof import("../../../src/fec/wasm_kernel.ts");
    t.notOk(WasmKernel.isSupported("relaxed"));
    t.notOk(WasmKernel.isSupported("strict"));
    t.throws(() => new WasmKernel("strict", 1024), { name: "RangeError" });
  } finally {
    WebAssembly.Module = real;
  }
});

t.test("layOutRegions aligns every region to a vector", (t) => {
  const { offsets, bytes } = layOutRegions({ first: 5, second: 16, third: 17 });
  t.same(offsets, { first: 0, second: 16, third: 32 });
  t.equal(bytes, 64);
  t.end();
});
