/** Tests of bench/measure/memory_map.ts: what each mapping of a process counts as. */

import t from "tap";
import {
  MEMORY_CLASSES,
  type MemoryClass,
  memoryMapOf,
  readMemoryMap,
} from "../../../../bench/measure/memory_map.ts";

/** One mapping as the kernel writes it. */
function mapping(range: string, access: string, path: string, kibibytes: number): string {
  return [
    `${range} ${access} 00000000 fe:00 123    ${path}`,
    `Size:           999999 kB`,
    `Rss:  ${kibibytes} kB`,
    `Pss:  ${kibibytes / 2} kB`,
    `Pss_Dirty:  7 kB`,
    "VmFlags: rd wr mr mw me ac",
  ].join("\n");
}

function classesOf(mappings: readonly string[]): Partial<Record<MemoryClass, number>> {
  const map = memoryMapOf(mappings.join("\n"));
  const held = MEMORY_CLASSES.filter((name) => map[name].rssBytes > 0);
  return Object.fromEntries(held.map((name) => [name, map[name].rssBytes / 1024]));
}

t.test("memoryMapOf tells mappings apart by name and place", (t) => {
  t.strictSame(
    classesOf([
      mapping("15e63aa80000-15e63aac0000", "rw-p", "", 256),
      mapping("558000000000-558001000000", "r--p", "/opt/deno", 10),
      mapping("558001000000-558005000000", "r-xp", "/opt/deno", 20),
      mapping("558005000000-558005200000", "rw-p", "/opt/deno", 4),
      mapping("558005200000-558005210000", "rw-p", "", 8),
      mapping("558007000000-558008000000", "rw-p", "[heap]", 900),
      mapping("7f0000000000-7f0000100000", "rw-p", "", 64),
      mapping("7f0000100000-7f0004000000", "---p", "", 0),
      mapping("7f1000000000-7f1020000000", "rwxp", "", 32),
      mapping("7f2000001000-7f2000002000", "---p", "", 0),
      mapping("7f2000002000-7f2000202000", "rw-p", "", 12),
      mapping("7f3000000000-7f3000001000", "rw-p", "/usr/lib/libx264.so.164", 5),
      mapping("7f3000001000-7f3000002000", "rw-p", "", 6),
      mapping("7f4000301000-7f4003001000", "rw-p", "", 4096),
      mapping("7f5000000000-7f5000100000", "rw-s", "/SYSV00000000 (deleted)", 77),
      mapping("7ffc00000000-7ffc00100000", "rw-p", "[stack]", 3),
      mapping("7ffc00200000-7ffc00201000", "r-xp", "[vdso]", 1),
    ]),
    {
      "runtime code": 30,
      "runtime data": 12,
      "V8 heap": 256,
      "V8 code": 32,
      "malloc main": 900,
      "malloc arenas": 64,
      "mapped": 4096,
      "stacks": 15,
      "libraries": 11,
      "shared memory": 77,
      "other": 1,
    },
  );
  t.end();
});

t.test("memoryMapOf takes a large block behind a library for a block", (t) => {
  t.strictSame(
    classesOf([
      mapping("7f3000000000-7f3000001000", "rw-p", "/usr/lib/libx264.so.164", 5),
      mapping("7f3000001000-7f3003001000", "rw-p", "", 40000),
    ]),
    { "mapped": 40000, "libraries": 5 },
  );
  t.end();
});

t.test("readMemoryMap adds up to what the kernel says of a process that stands still", async (t) => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "console.log('ready'); setInterval(() => {}, 1e6)"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  t.teardown(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  child.kill("SIGSTOP");
  // Its state is the field behind the name in parentheses.
  const isStopped = () => / T /.test(Deno.readTextFileSync(`/proc/${child.pid}/stat`).slice(0, 64));
  while (!isStopped()) await new Promise((resolve) => setTimeout(resolve, 5));
  const map = readMemoryMap(child.pid);
  if (map === undefined) throw new Error("Cannot read the mappings of a child");
  const sum = MEMORY_CLASSES.reduce((bytes, name) => bytes + map[name].rssBytes, 0);
  const rollup = await Deno.readTextFile(`/proc/${child.pid}/smaps_rollup`);
  t.equal(sum, Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024);
  t.ok(map["V8 heap"].rssBytes > 2e6);
  t.ok(map["runtime code"].rssBytes > 1e7);
  t.equal(readMemoryMap(2 ** 30), undefined);
  await child.stdout.cancel();
});
