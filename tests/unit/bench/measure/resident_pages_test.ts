/** resident_pages: the kernel's formats, and that a page is counted once whoever has it. */

import t from "tap";
import {
  fileBytesOnce,
  parseFileMappings,
  readResidentMemory,
} from "../../../../bench/measure/resident_pages.ts";
import { bytesOnce } from "../../../../bench/measure/bare_floor.ts";

t.test("parseFileMappings takes files, and no memory that only looks like one", (t) => {
  const maps = [
    "55d0c0000000-55d0c0003000 r-xp 00001000 fe:00 326269     /usr/bin/a b",
    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ",
    "7f0000001000-7f0000002000 rw-s 00000000 00:01 98310      /SYSV00000000 (deleted)",
    "7f0000002000-7f0000003000 rw-s 00000000 00:01 5          /memfd:x (deleted)",
    "7f0000003000-7f0000004000 rw-s 00000000 00:05 7          /dev/shm/y",
    "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0          [stack]",
  ].join("\n");
  t.same(parseFileMappings(maps), [
    { startPage: 0x55d0c0000, pages: 3, filePage: 1, file: "fe:00 326269" },
  ]);
  t.end();
});

t.test("two processes of one program share its pages", async (t) => {
  const start = () =>
    new Deno.Command(Deno.execPath(), {
      args: ["eval", "console.log(1); setInterval(() => {}, 1e6)"],
      stdout: "piped",
    }).spawn();
  const children = [start(), start()];
  t.teardown(async () => {
    for (const child of children) {
      child.kill("SIGKILL");
      await child.stdout.cancel();
      await child.status;
    }
  });
  for (const child of children) {
    const reader = child.stdout.getReader();
    await reader.read();
    reader.releaseLock();
  }
  const pids = children.map(({ pid }) => pid);
  const [first, second] = pids.map((pid) => fileBytesOnce([pid])!) as [number, number];
  const both = fileBytesOnce(pids)!;
  t.ok(both >= Math.max(first, second), `${both} of ${first} and ${second}`);
  t.ok(both < 0.75 * (first + second), "most pages are the same");
  const memory = readResidentMemory(pids[0]!)!;
  t.ok(memory.rssBytes >= memory.pssBytes && memory.pssBytes > memory.ownPssBytes);
  const alone = bytesOnce(pids.slice(0, 1));
  t.ok(alone > memory.pssBytes, "alone it would have all of its pages");
  t.ok(Math.abs(alone / memory.rssBytes - 1) < 0.1, "which is what it has in memory");
});

t.test("a process that is gone has no memory", async (t) => {
  const child = new Deno.Command("true").spawn();
  await child.status;
  t.equal(readResidentMemory(child.pid), undefined);
  t.equal(fileBytesOnce([child.pid]), undefined);
});
