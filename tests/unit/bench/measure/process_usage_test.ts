/** process_usage: /proc's format, the tree of processes, and a meter on real work. */

import t from "tap";
import {
  countDescriptors,
  CpuMeter,
  parseStat,
  partOf,
  processAgeMs,
  processTree,
  readMemory,
} from "../../../../bench/measure/process_usage.ts";

t.test("parseStat survives a name with spaces and brackets", (t) => {
  const fields = ["S", "77", ...Array(9).fill("0"), "150", "50", "0", "0", "20", "0", "6", "0"];
  const info = parseStat(5, `5 (a ) (b) c) ${fields.join(" ")}`, "a b");
  t.equal(info.parentPid, 77);
  t.equal(info.cpuSeconds, 2);
  t.equal(info.threads, 6);
  t.end();
});

t.test("processTree holds a child and not the parent", async (t) => {
  const child = new Deno.Command("sleep", { args: ["5"] }).spawn();
  const tree = processTree(Deno.pid);
  t.ok(tree.some((info) => info.pid === child.pid && info.command.endsWith("sleep 5")));
  t.notOk(processTree(child.pid).some((info) => info.pid === Deno.pid));
  child.kill("SIGKILL");
  await child.status;
  t.equal(readMemory(child.pid), undefined, "gone");
  t.equal(countDescriptors(child.pid), undefined);
});

t.test("CpuMeter sees work", (t) => {
  const meter = new CpuMeter(Deno.pid, (info) => info.pid === Deno.pid ? "self" : undefined);
  meter.start();
  const endMs = performance.now() + 300;
  while (performance.now() < endMs);
  const { self = 0 } = meter.read();
  t.ok(self > 20, `${self} % of a core while spinning on a shared machine`);
  t.end();
});

t.test("readMemory and countDescriptors see this process", (t) => {
  const memory = readMemory(Deno.pid);
  t.ok(memory !== undefined && memory.rssBytes >= memory.pssBytes && memory.pssBytes > 1e6);
  t.ok((countDescriptors(Deno.pid) ?? 0) > 3);
  t.end();
});

t.test("partOf names the parts of a run", (t) => {
  const part = (command: string) =>
    partOf({ pid: 1, parentPid: 0, command, cpuSeconds: 0, threads: 1 });
  t.equal(part("Xvfb -displayfd 1 -screen 0 1280x720x24"), "xvfb");
  t.equal(part("/work/build/native/wavry_scene scroll --display :1"), "scene");
  t.equal(part("deno run --allow-net src/main.ts --port 0"), "server");
  t.equal(part("deno run --no-config build/server.js --port 0"), "server");
  t.equal(part("/usr/bin/deno run --allow-ffi=/x /work/build/media.js"), "media");
  t.equal(part("/usr/bin/deno run --allow-ffi=/x /work/src/media/main.ts"), "media");
  t.equal(part("/usr/lib/chromium/chromium --type=renderer --x"), "chromium renderer");
  t.equal(part("/usr/lib/chromium/chromium --headless"), "chromium other");
  t.equal(part("bash"), undefined);
  t.end();
});

t.test("processAgeMs grows as the clock does", async (t) => {
  const child = new Deno.Command("sleep", { args: ["5"] }).spawn();
  const beganMs = performance.now();
  const before = processAgeMs(child.pid)!;
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const endMs = performance.now();
  const grown = processAgeMs(child.pid)! - before;
  const longestMs = performance.now() - beganMs;
  // The kernel counts in hundredths of a second.
  t.ok(grown > endMs - startMs - 25 && grown < longestMs + 25, `${grown} ms of ${longestMs}`);
  t.ok(before >= 0 && before < 10_000);
  child.kill("SIGKILL");
  await child.status;
  t.equal(processAgeMs(child.pid), undefined);
});
