/** MediaOutput and FramePool as JavaScript owns them: messages, waiting, descriptors, limits. */

import t from "tap";
import {
  FramePool,
  MediaOutput,
  MediaStream,
  nativeMemoryStats,
  RECORD_HEADER_BYTES,
  stagingFrameBytes,
} from "../../../ffi/mod.ts";
import { buildNative } from "../../../ffi/build.ts";
import { KIND, parseRecord, RecordReader } from "../../native/record_reader.ts";

await buildNative();

t.test("MediaOutput gives messages back in order and times out without one", async (t) => {
  using output = MediaOutput.open({ ringBytes: 1 << 20 });
  for (const text of ["one", "", "three"]) t.ok(output.post(new TextEncoder().encode(text)));
  const reader = new RecordReader(output);
  const got = [await reader.next(0), await reader.next(0), await reader.next(0)];
  t.same(got.map((one) => one?.kind), [KIND.message, KIND.message, KIND.message]);
  t.same(got.map((one) => new TextDecoder().decode(one?.payload)), ["one", "", "three"]);
  const before = performance.now();
  t.equal(await output.next(new Uint8Array(100), 40), 0, "0 after the timeout");
  t.ok(performance.now() - before >= 39, "and not before");
  t.match(output.stats, { records: 3, usedBytes: 0, refused: 0, ringBytes: 1 << 20 });
});

t.test("MediaOutput refuses what does not fit and what comes after close", async (t) => {
  using output = MediaOutput.open({ ringBytes: 1 << 20 });
  t.notOk(output.post(new Uint8Array(1 << 20)), "no room for the header, too");
  t.equal(output.stats.refused, 1);
  t.ok(output.post(new Uint8Array(1000)));
  await t.rejects(output.next(new Uint8Array(RECORD_HEADER_BYTES), 0), { name: "NativeError" });
  t.equal(await output.next(new Uint8Array(2000), 0), 1000 + RECORD_HEADER_BYTES, "still there");
  const waiting = output.next(new Uint8Array(100), 10_000);
  output.close();
  t.equal(await waiting, undefined, "close ends a wait");
  t.notOk(output.post(new Uint8Array(1)), "and refuses more");
  output[Symbol.dispose]();
  output[Symbol.dispose]();
  t.throws(() => output.post(new Uint8Array(1)), { name: "NativeError", message: /disposed/ });
  for (const ringBytes of [0, 1000, 300 << 20]) {
    t.throws(() => MediaOutput.open({ ringBytes }), { name: "NativeError" });
  }
});

t.test("MediaOutput.attach writes whole records to a pipe, headers to JavaScript", async (t) => {
  const script = `
    const { MediaOutput, MediaStream, FramePool, stagingFrameBytes } =
      await import(${JSON.stringify(new URL("../../../ffi/mod.ts", import.meta.url).href)});
    const output = MediaOutput.open({ ringBytes: 4 << 20 });
    output.attach(1);
    console.log("printed by mistake");
    output.post(new TextEncoder().encode("hello"));
    const frameBytes = stagingFrameBytes(320, 240);
    const pool = FramePool.open({ count: 1, frameBytes, bytesMax: frameBytes });
    const stream = await MediaStream.open(output, pool, {
      streamId: 5, source: { kind: "pattern" }, width: 320, height: 240, fpsMax: 60, qp: 26 });
    stream.start();
    const header = new Uint8Array(64);
    let frames = 0;
    while (frames < 30) if (await output.next(header, 1000) === 64 && header[8] === 1) frames++;
    stream[Symbol.dispose](); pool[Symbol.dispose](); output[Symbol.dispose]();
    console.error("headers", frames);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--unstable-net", script],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await child.output();
  t.equal(code, 0, new TextDecoder().decode(stderr));
  const kinds: number[] = [];
  const ids: number[] = [];
  let at = 0;
  while (at < stdout.length) {
    const record = parseRecord(stdout.subarray(at) as Uint8Array<ArrayBuffer>);
    kinds.push(record.kind);
    if (record.kind === KIND.video) ids.push(record.frameId);
    at += RECORD_HEADER_BYTES + record.payload.length;
  }
  t.equal(at, stdout.length, "nothing but whole records");
  t.same(kinds.slice(0, 2), [KIND.message, KIND.status], "the message, then that it started");
  t.ok(ids.length >= 30 && ids.every((id, index) => id === index + 1), `${ids.length} frames`);
  const log = new TextDecoder().decode(stderr);
  t.match(log, /headers 30/, "JavaScript saw the headers");
  t.match(log, /printed by mistake/, "what is printed is no record");
});

t.test("FramePool is bounded, comes back after trim and is kept while in use", async (t) => {
  const frameBytes = stagingFrameBytes(320, 240);
  for (
    const options of [
      { count: 0, frameBytes, bytesMax: 1e9 },
      { count: 65, frameBytes, bytesMax: 1e9 },
      { count: 2, frameBytes, bytesMax: 2 * frameBytes - 1 },
      { count: 1, frameBytes: 0, bytesMax: 1 },
    ]
  ) {
    t.throws(() => FramePool.open(options), { name: "NativeError" }, JSON.stringify(options));
  }
  {
    using output = MediaOutput.open({ ringBytes: 1 << 20 });
    using pool = FramePool.open({ count: 3, frameBytes, bytesMax: 3 * frameBytes });
    t.match(pool.stats, { allocated: 3, inUse: 0, allocations: 3, count: 3, frameBytes });
    t.equal(nativeMemoryStats().frame.liveBytes, 3 * frameBytes, "counted by type");
    t.equal(pool.trim(), 3, "idle frames go");
    t.equal(nativeMemoryStats().frame.liveBytes, 0, "and their memory");
    using stream = await MediaStream.open(output, pool, {
      streamId: 0,
      source: { kind: "pattern" },
      width: 320,
      height: 240,
      fpsMax: 100,
      qp: 30,
    });
    stream.start();
    await new RecordReader(output).frames(20);
    await stream.stop();
    const { leases, allocations, allocated } = pool.stats;
    t.ok(leases >= 20, `${leases} leases`);
    t.same([allocations, allocated], [4, 1], "one allocation after the trim, then only reuse");
  }
  for (const [type, stats] of Object.entries(nativeMemoryStats())) t.equal(stats.live, 0, type);
});
