/** EncoderPool: what it keeps, for how long, its limits, and that all of it comes back. */

import t, { type Test } from "tap";
import { readMemory } from "../../../bench/measure/process_usage.ts";
import { buildNative } from "../../../ffi/build.ts";
import { type EncoderName, nativeMemoryStats } from "../../../ffi/mod.ts";
import { EncoderPool } from "../../../src/encode/encoder_pool.ts";
import { IDLE_ENCODERS } from "../../../src/memory/media_limits.ts";
import { isKeyframe, keepMore, nalTypes, openEncoderRig } from "../../native/encoder_rig.ts";

const SMALL = { width: 320, height: 240 } as const;
const LARGE = { width: 640, height: 360 } as const;
const DAY_US = 86_400_000_000;

await buildNative();

interface Run {
  readonly encoder?: EncoderName;
  readonly size?: { readonly width: number; readonly height: number };
  readonly fpsMax?: number;
}

/** Runs a stream with an encoder of the pool; gives its first frames. */
async function run(encoders: EncoderPool, { encoder = "x264", ...options }: Run = {}) {
  using rig = await openEncoderRig(encoder, { size: SMALL, ...options, encoders: encoders.native });
  rig.stream.start();
  const frames = await rig.reader.frames(4);
  await rig.stream.stop();
  return frames;
}

function checkNothingLeft(t: Test): void {
  const left = Object.entries(nativeMemoryStats()).filter(([, stats]) => {
    return stats.live > 0 || stats.liveBytes > 0;
  });
  t.strictSame(left, [], "nothing is left");
}

for (const encoder of ["x264", "openh264"] as const) {
  t.test(`EncoderPool gives an idle ${encoder} to the next stream like it`, async (t) => {
    const encoders = new EncoderPool();
    const first = await run(encoders, { encoder });
    const { encoder_library: idle } = nativeMemoryStats();
    t.equal(idle.live, 1, "it waits");
    t.match(encoders.stats, { active: 0, idle: 1, created: 1, reused: 0 });
    t.equal(encoders.stats.idleBytes, idle.liveBytes, "what it holds is known");
    for (let turn = 1; turn <= 5; turn++) {
      const frames = await run(encoders, { encoder });
      t.same(frames.map(isKeyframe), [true, false, false, false], "it begins with a keyframe");
      const types = nalTypes(frames[0]?.payload ?? new Uint8Array());
      t.same(types, nalTypes(first[0]?.payload ?? new Uint8Array()).filter((type) => type !== 6));
      t.match(encoders.stats, { active: 0, activeMax: 1, idle: 1, created: 1, reused: turn });
    }
    t.equal(encoders.native.trim(), 1, "closed");
    t.match(encoders.stats, { idle: 0, idleBytes: 0, evicted: 1 });
    encoders[Symbol.dispose]();
    checkNothingLeft(t);
  });
}

t.test("EncoderPool gives no encoder that would make another stream", async (t) => {
  using encoders = new EncoderPool({ idleMax: 8 });
  await run(encoders);
  const others: Run[] = [
    { size: LARGE },
    { fpsMax: 30 },
    { encoder: "openh264" },
  ];
  for (const [at, other] of others.entries()) {
    await run(encoders, other);
    t.match(encoders.stats, { created: at + 2, reused: 0 }, JSON.stringify(other));
  }
  t.equal(encoders.stats.idle, 4);
  await run(encoders);
  t.equal(encoders.stats.reused, 1, "each waits for its like");
});

t.test("EncoderPool keeps the newest, and no more than its limit", async (t) => {
  using encoders = new EncoderPool();
  const sizes = [0, 16, 32, 48].map((more) => ({ width: 320 + more, height: 240 }));
  for (const size of sizes) await run(encoders, { size });
  t.match(encoders.stats, { idle: IDLE_ENCODERS, created: 4, evicted: 4 - IDLE_ENCODERS });
  for (const size of sizes.slice(-IDLE_ENCODERS)) await run(encoders, { size });
  t.match(encoders.stats, { created: 4, reused: IDLE_ENCODERS });
});

t.test("EncoderPool bounds what idle encoders hold in bytes", async (t) => {
  using encoders = new EncoderPool({ idleMax: 4, idleBytesMax: 9_000_000 });
  const sizes = [0, 16, 32].map((more) => ({ width: 320 + more, height: 240 }));
  for (const size of sizes) await run(encoders, { size });
  const { idle, idleBytes, evicted } = encoders.stats;
  t.ok(idle === 2 && evicted === 1 && idleBytes <= 9_000_000, `${idle} with ${idleBytes} bytes`);
  await run(encoders, { size: { width: 1280, height: 720 } });
  t.match(encoders.stats, { idle: 2, evicted: 2 }, "one that is too large is not kept");
});

t.test("EncoderPool at its limit changes an idle encoder, or makes room", async (t) => {
  for (const encoder of ["openh264", "x264"] as const) {
    using encoders = new EncoderPool({ encodersMax: 1, idleMax: 1 });
    await run(encoders, { encoder });
    const frames = await run(encoders, { encoder, size: LARGE });
    t.match(frames[0], LARGE);
    t.ok(frames[0] !== undefined && isKeyframe(frames[0]), "it begins with a keyframe");
    const changed = encoder === "openh264" ? 1 : 0;
    t.match(encoders.stats, {
      ...{ idle: 1, created: 2 - changed, reconfigured: changed, evicted: 1 - changed },
    }, encoder);
    const { encoder_library: library } = nativeMemoryStats();
    t.equal(library.live, 1);
    t.equal(encoders.stats.idleBytes, library.liveBytes, "the other size is booked");
  }
  checkNothingLeft(t);
});

t.test("EncoderPool refuses when every encoder is in use, and says so", async (t) => {
  using encoders = new EncoderPool({ encodersMax: 1, idleMax: 1 });
  const rig = await openEncoderRig("x264", { encoders: encoders.native });
  await t.rejects(openEncoderRig("x264", { encoders: encoders.native }), {
    message: /all 1 encoders are in use/,
  });
  t.match(encoders.stats, { active: 1, refused: 1 });
  t.throws(() => encoders[Symbol.dispose](), { message: /Cannot free an encoder pool in use/ });
  rig[Symbol.dispose]();
  await run(encoders, { size: LARGE });
  t.match(encoders.stats, { active: 0, idle: 1 }, "and goes on");
});

t.test("EncoderPool closes what has been idle for too long", async (t) => {
  using patient = new EncoderPool({ idleUs: DAY_US });
  using impatient = new EncoderPool({ idleUs: 0 });
  await run(patient);
  await run(impatient);
  t.equal(patient.trimWhenIdle(0), 0);
  t.equal(impatient.trimWhenIdle(0), 1);
  t.equal(patient.stats.idle, 1);
  t.equal(impatient.stats.idle, 0);
});

t.test("EncoderPool keeps nothing while memory is short", async (t) => {
  using encoders = new EncoderPool({ idleUs: DAY_US });
  await run(encoders);
  t.equal(encoders.trim(0), 1, "idle ones end at once");
  await run(encoders);
  t.match(encoders.stats, { idle: 0, created: 2, evicted: 2 }, "and so does what ends then");
  encoders.trimWhenIdle(30_000_000);
  await run(encoders);
  t.equal(encoders.stats.idle, 0, "until pressure would have asked again");
  encoders.trimWhenIdle(60_000_000);
  await run(encoders);
  t.equal(encoders.stats.idle, 1);
});

t.test("EncoderPool takes the encoder of a size that comes back", async (t) => {
  using encoders = new EncoderPool();
  using rig = await openEncoderRig("x264", { encoders: encoders.native });
  rig.stream.start();
  await rig.reader.frames(2);
  for (const quarters of [2, 4, 2, 4]) {
    rig.stream.setShape(quarters, 1);
    const width = LARGE.width * quarters / 4;
    const frames = await rig.reader.frames(12);
    const first = frames.findIndex((frame) => frame.width === width);
    t.ok(first >= 0 && isKeyframe(frames[first] ?? frames[0]!), `a keyframe of ${width}`);
  }
  t.match(encoders.stats, { active: 1, idle: 1, created: 2, reused: 3 });
});

t.test("x264 keeps more frames once a loss came late, and only then", async (t) => {
  using encoders = new EncoderPool();
  using rig = await openEncoderRig("x264", { encoders: encoders.native });
  rig.stream.start();
  const frames = await rig.reader.frames(6);
  const bytes = () => nativeMemoryStats().encoder_library.liveBytes;
  const few = bytes();
  rig.stream.invalidate(frames.at(-1)?.frameId ?? 0);
  await rig.reader.frames(6);
  t.ok(rig.stream.stats.repairs + rig.stream.stats.repairKeyframes >= 1, "a loss told at once");
  const keyframe = await keepMore(rig);
  t.ok(bytes() > 1.2 * few, `${bytes()} bytes instead of ${few}`);
  t.match(
    encoders.stats,
    { active: 1, idle: 0, created: 2, evicted: 1 },
    "the other one is closed",
  );
  t.equal(keyframe.referenceDistance, 0);
});

t.test("An encoder that was closed is gone from the process", async (t) => {
  const size = { width: 1920, height: 1088 };
  // Pages of files are shared: their part of this process grows when another one ends.
  const held = () => readMemory(Deno.pid)!.anonymousBytes;
  using encoders = new EncoderPool();
  await run(encoders, { size });
  encoders.native.trim();
  const before = held();
  for (let turn = 0; turn < 3; turn++) {
    await run(encoders, { size });
    t.ok(held() - before > 10e6, "an idle encoder of 1080p holds megabytes");
    encoders.native.trim();
  }
  t.ok(held() - before < 5e6, "and leaves none of them");
});
