/**
 * The instrument of the leak gates itself: each kind of thing that it counts is leaked on purpose, in
 * this process or in a child, and must be seen; given back, it must be gone again.
 */

import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import { FramePool, MediaOutput, nativeMemoryStats, stagingFrameBytes } from "../../ffi/mod.ts";
import { ManagedBuffer } from "../../src/memory/managed_buffer.ts";
import { MemoryLedger } from "../../src/memory/memory_ledger.ts";
import { descendants, until } from "../end_to_end/host_process.ts";
import { HeapProbe, INSPECT_FLAGS } from "./heap_probe.ts";
import { differences, type Holdings, sourceClasses } from "./holdings.ts";
import { ProcessWatch } from "./process_watch.ts";

const RING_BYTES = 1 << 20;
const TIMES = 20;

await buildNative();

class Kept {
  readonly bytes = new Uint8Array(8);
}

/** What each kind looks like when it is held. */
const EXPECTED = [
  ["objects, and one that a timer keeps alive", "object Kept +3"],
  ["a timer", "object Timeout +1"],
  ["objects without a class", `any object {leakedAt,leakedBy} +${TIMES}`],
  ["callbacks that something still holds", `any closure onLeaked +${TIMES}`],
  ["a resource of the runtime", "resource fsFile +1"],
  ["a descriptor", "descriptor PATH +1"],
  ["a native descriptor", "descriptor anon_inode:[eventfd] +1"],
  ["native allocations", "native output live +2", "native frame live +2", "native pool live +1"],
  ["native bytes", "native output bytes", "native frame bytes +16384", "native pool bytes"],
  ["owners of native things", "object MediaOutput +1", "object FramePool +1"],
  ["bytes of an owner", "ledger replay bytes +1000", "object ManagedBuffer +1"],
] as const;

const ledger = new MemoryLedger();

function figures(): Holdings {
  const holdings = new Map<string, number>();
  for (const [type, { live, liveBytes }] of Object.entries(nativeMemoryStats())) {
    holdings.set(`native ${type} live`, live);
    holdings.set(`native ${type} bytes`, liveBytes);
  }
  for (const { owner, currentBytes, undisposed } of ledger.snapshot()) {
    holdings.set(`ledger ${owner} bytes`, currentBytes);
    holdings.set(`ledger ${owner} undisposed`, undisposed);
  }
  return holdings;
}

const watch = await ProcessWatch.ofThisProcess(figures);
t.teardown(() => watch[Symbol.dispose]());

const held: unknown[] = [];

/** Made one by one: the engine keeps an object of its own for each literal. */
function plainObject(index: number): object {
  return Object.fromEntries([["leakedAt", index], ["leakedBy", "a test"]]);
}

/** Something of each kind that is counted; gives what gives all of it back. */
async function takeOfEach(path: string): Promise<() => void> {
  held.push(new Kept(), new Kept());
  for (let index = 0; index < TIMES; index++) {
    held.push(plainObject(index), function onLeaked() {});
  }
  const kept = new Kept();
  const timer = setInterval(() => kept.bytes.fill(1), 1_000_000);
  const file = await Deno.open(path);
  const output = MediaOutput.open({ ringBytes: RING_BYTES });
  const frameBytes = stagingFrameBytes(64, 64);
  const pool = FramePool.open({ count: 2, frameBytes, bytesMax: 2 * frameBytes });
  const buffer = new ManagedBuffer(ledger.account("replay"), 1000);
  return () => {
    held.length = 0;
    clearInterval(timer);
    file.close();
    pool[Symbol.dispose]();
    output[Symbol.dispose]();
    buffer[Symbol.dispose]();
  };
}

/** What there is more of than `before`, as `name +count`. */
async function grown(before: Holdings): Promise<string[]> {
  return differences(before, await watch.held(["Kept"]), TIMES).map((difference) => {
    const [, name, was, is] = /^(.*): (\d+) -> (\d+)$/.exec(difference) ?? [];
    return `${name} +${Number(is) - Number(was)}`;
  });
}

/** What is held once nothing goes by itself any more, as sockets of a compiler that has ended do. */
async function settled(): Promise<Holdings> {
  return await until(async () => {
    const first = await watch.held(["Kept"]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = await watch.held(["Kept"]);
    return differences(first, second, TIMES).length === 0 && second;
  }, "two looks that are the same");
}

t.test("one of each kind is seen, and is gone when it was given back", async (t) => {
  const path = await Deno.makeTempFile();
  const take = async () => {
    const release = await takeOfEach(path);
    const found = await grown(before);
    release();
    return found;
  };
  let before: Holdings = new Map();
  // Once in vain, for what the first use leaves in caches.
  await take();
  before = await settled();
  const found = await take();
  const left = await grown(before);
  // Looked at before the first assertion, because a test keeps its results.
  for (const [what, ...expected] of EXPECTED) {
    t.ok(
      expected.every((name) => found.some((text) => text.startsWith(name.replace("PATH", path)))),
      what,
      { found },
    );
  }
  t.equal(found.length, EXPECTED.flatMap(([, ...names]) => names).length, "and nothing else");
  t.strictSame(left, [], "given back, all of it is gone");
  await Deno.remove(path);
});

t.test("what grows more slowly than a leak would is a cache", async (t) => {
  const before = await watch.held();
  for (let index = 1; index < TIMES; index++) held.push(plainObject(index));
  const cached = await grown(before);
  held.push(plainObject(TIMES));
  const leaked = await grown(before);
  held.length = 0;
  t.strictSame(cached, []);
  t.strictSame(leaked, [`any object {leakedAt,leakedBy} +${TIMES}`]);
});

t.test("a buffer that nobody gave back is seen after it was collected", async (t) => {
  const account = ledger.account("replay");
  const before = await watch.held();
  (() => void new ManagedBuffer(account, 24))();
  const isReported = async () => {
    await watch.held();
    return account.undisposed === 1;
  };
  await until(isReported, "the report");
  t.strictSame(await grown(before), ["ledger replay bytes +24", "ledger replay undisposed +1"]);
});

t.test("a child's objects and resources, and the child itself", async (t) => {
  const program = `
    class Kept {}
    const kept = [];
    for await (const _byte of Deno.stdin.readable) {
      kept.push(new Kept(), Deno.openSync("/dev/null"));
      console.log("kept");
    }`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", ...INSPECT_FLAGS, program],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  let out = "";
  const reading = [
    child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({ write: (text) => void (log += text) }),
    ),
    child.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({ write: (text) => void (out += text) }),
    ),
  ];
  t.ok((await descendants(Deno.pid)).includes(child.pid), "the child is found");
  await until(() => log.includes("ws://"), "its debugger");
  const probe = await HeapProbe.ofChild(log);
  const count = async () => {
    const [objects, resources] = [await probe.census(), await probe.resources()];
    return [objects.get("object Kept") ?? 0, resources.get("fsFile") ?? 0];
  };
  t.strictSame(await count(), [0, 0]);
  const writer = child.stdin.getWriter();
  await writer.write(Uint8Array.of(10));
  await until(() => out.includes("kept"), "its answer");
  t.strictSame(await count(), [1, 1]);
  probe[Symbol.dispose]();
  await writer.close();
  await child.status;
  await Promise.all(reading);
  t.notOk((await descendants(Deno.pid)).includes(child.pid), "and its end is seen");
});

t.test("classes need not be listed: the sources tell them", async (t) => {
  const classes = await sourceClasses();
  for (
    const name of ["ViewerSession", "QuicConnection", "MediaSender", "StreamSlot", "Http3Peer"]
  ) {
    t.ok(classes.has(name), name);
  }
});
