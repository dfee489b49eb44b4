/**
 * Fuzz target runner: the child process of the fuzz scenario. It runs one target of one file and
 * prints a line of JSON with speed and peak memory, now and then and at the end; a target that
 * misbehaves ends it with exit code 1 and the number of the case.
 */

import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { randomFromSeed } from "../../tests/seeded.ts";
import type { SeededRandom } from "../../tests/seeded.ts";

/** Cases between two looks at memory. */
const CASES_PER_LOOK = 10_000;

/** What a run of a target says about itself. */
export interface FuzzLine {
  readonly cases: number;
  readonly casesPerSecond: number;
  readonly peakMemoryMiB: number;
}

interface Target {
  readonly name: string;
  run(random: SeededRandom): unknown;
}

/** Every exported list of targets of a file. */
export async function loadTargets(file: string): Promise<Target[]> {
  const module = await import(pathToFileURL(file).href) as Record<string, unknown>;
  return Object.values(module).flatMap((value) => Array.isArray(value) ? value : [value])
    .filter(isTarget);
}

function isTarget(value: unknown): value is Target {
  if (typeof value !== "object" || value === null) return false;
  const { name, run } = value as Record<string, unknown>;
  return typeof name === "string" && typeof run === "function";
}

async function main(): Promise<number> {
  const { positionals: [file = ""], values } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      list: { type: "boolean" },
      target: { type: "string" },
      cases: { type: "string" },
      seed: { type: "string" },
    },
  });
  const targets = await loadTargets(file);
  if (values.list) {
    console.log(`targets ${JSON.stringify(targets.map((target) => target.name))}`);
    return 0;
  }
  const target = targets.find((candidate) => candidate.name === values.target);
  if (target === undefined) throw new RangeError(`Cannot find target "${values.target}"`);
  return await runTarget(target, Number(values.cases), Number(values.seed));
}

async function runTarget(target: Target, cases: number, seed: number): Promise<number> {
  const random = randomFromSeed(seed);
  const startMs = performance.now();
  let peakBytes = 0;
  let done = 0;
  const print = () => {
    peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss);
    const line: FuzzLine = {
      cases: done,
      casesPerSecond: Math.round(done / (performance.now() - startMs) * 1000),
      peakMemoryMiB: Math.round(peakBytes / 2 ** 20),
    };
    console.log(JSON.stringify(line));
  };
  try {
    for (; done < cases; done++) {
      const result = target.run(random);
      if (result instanceof Promise) await result;
      if (done % CASES_PER_LOOK === CASES_PER_LOOK - 1) print();
    }
  } catch (error) {
    console.error(`Case ${done} of seed ${seed} fails:`, error);
    return 1;
  }
  print();
  return 0;
}

if (import.meta.main) Deno.exit(await main());
