/**
 * Tests of web/producer/picture_encoder.ts: what is asked of the browser's encoder, and what becomes of
 * one that fails. Deno has no WebCodecs; tests/end_to_end/producer_test.ts encodes with the real one.
 */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import type { EncoderConfig } from "../../../../web/producer/encoder_choice.ts";

interface Callbacks {
  output(chunk: unknown): void;
  error(error: Error): void;
}

/** The browser's encoder, as far as it is used; each one that was made is in `made`. */
class FakeEncoder {
  static made: FakeEncoder[] = [];
  static supported: readonly string[] = [];
  static isConfigSupported(config: EncoderConfig) {
    return Promise.resolve({
      supported: FakeEncoder.supported.includes(config.hardwareAcceleration),
    });
  }
  state = "unconfigured";
  configs: EncoderConfig[] = [];
  readonly callbacks: Callbacks;
  constructor(callbacks: Callbacks) {
    this.callbacks = callbacks;
    FakeEncoder.made.push(this);
  }
  configure(config: EncoderConfig): void {
    this.configs.push(config);
    this.state = "configured";
  }
  encode(): void {}
  close(): void {
    this.state = "closed";
  }
  emit(timestamp: number, type = "delta"): void {
    this.callbacks.output({ timestamp, type, byteLength: 3, copyTo: () => {} });
  }
}
Object.assign(globalThis, { VideoEncoder: FakeEncoder });
const MODULE = new URL("../../../../web/producer/picture_encoder.ts", import.meta.url);
const { PictureEncoder } = await import(MODULE.href);

const HD = { width: 1280, height: 720, fps: 30, bitrateBps: 3_000_000 };

async function setUp(supported: readonly string[]) {
  FakeEncoder.made = [];
  FakeEncoder.supported = supported;
  const clock = new ManualClock(1_000_000);
  const seen = { chunks: [] as [number, number][], replaced: 0, failed: [] as string[] };
  const encoder = new PictureEncoder(clock, {
    chunk: ({ captureUs }: { captureUs: number }, busyUs: number) => {
      seen.chunks.push([captureUs, busyUs]);
    },
    replaced: () => seen.replaced++,
    failed: (message: string) => seen.failed.push(message),
  });
  encoder.configure(HD);
  await settle();
  return { clock, seen, encoder };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

function frame(timestamp: number) {
  const one = { timestamp, isClosed: false, close: () => void (one.isClosed = true) };
  return one;
}

t.test("PictureEncoder takes hardware where there is some, and says so", async (t) => {
  const { encoder, seen } = await setUp(["prefer-hardware", "no-preference"]);
  t.equal(encoder.name, "H.264, hardware");
  t.equal(seen.replaced, 1);
  t.match(FakeEncoder.made[0]!.configs[0], { codec: "avc1.42e01f", bitrate: 3_000_000 });
});

t.test("PictureEncoder goes on in software when hardware fails, and ends when that fails", async (t) => {
  const { encoder, seen } = await setUp(["prefer-hardware", "prefer-software"]);
  encoder.encode(frame(1), true, 5);
  FakeEncoder.made[0]!.callbacks.error(new Error("device lost"));
  await settle();
  t.equal(FakeEncoder.made[1]!.configs[0]!.hardwareAcceleration, "prefer-software");
  t.match({ replaced: seen.replaced, inFlight: encoder.inFlight }, { replaced: 2, inFlight: 0 });
  t.same(seen.failed, []);
  FakeEncoder.made[0]!.emit(1);
  t.same(seen.chunks, [], "what comes late of the first is not taken");
  FakeEncoder.made[1]!.callbacks.error(new Error("no more"));
  await settle();
  t.match(seen.failed, [/no more/]);
  t.equal(encoder.isReady, false);
});

t.test("PictureEncoder says when there is no encoder at all", async (t) => {
  const { encoder, seen } = await setUp([]);
  t.match(seen.failed, [/1280 x 720/]);
  encoder.configure(HD);
  await settle();
  t.equal(seen.failed.length, 1, "once");
});

t.test("PictureEncoder knows what a frame took, and forgets those that never come", async (t) => {
  const { clock, encoder, seen } = await setUp(["no-preference"]);
  const frames = [1, 2, 3].map((at) => frame(at * 33_333));
  for (const [index, one] of frames.entries()) {
    encoder.encode(one, index === 0, 100 + index);
    clock.advance(1000);
  }
  t.ok(frames.every(({ isClosed }) => isClosed), "every frame is given back");
  t.equal(encoder.inFlight, 3);
  clock.advance(4000);
  FakeEncoder.made[0]!.emit(33_333, "key");
  t.equal(encoder.inFlight, 2);
  clock.advance(5000);
  FakeEncoder.made[0]!.emit(3 * 33_333);
  t.equal(encoder.inFlight, 0, "the second was dropped by the encoder");
  t.same(seen.chunks, [[100, 7000], [102, 5000]], "waiting for the one before does not count");
});

t.test("PictureEncoder changes rates when it is worth it, and sizes at once", async (t) => {
  const { clock, encoder } = await setUp(["no-preference"]);
  const { configs } = FakeEncoder.made[0]!;
  encoder.configure({ ...HD, bitrateBps: 3_200_000 });
  t.equal(configs.length, 1, "a tiny change");
  encoder.configure({ ...HD, bitrateBps: 2_400_000 });
  t.equal(configs.length, 1, "a small one waits");
  encoder.configure({ ...HD, bitrateBps: 1_000_000 });
  t.equal(configs.length, 2, "a large one does not");
  clock.advance(1_000_000);
  encoder.configure({ ...HD, bitrateBps: 1_300_000 });
  t.equal(configs.at(-1)!.bitrate, 1_300_000);
  encoder.configure({ ...HD, width: 640, height: 360, bitrateBps: 1_300_000 });
  t.equal(configs.at(-1)!.width, 640);
  encoder.configure({ ...HD, width: 1920, height: 1080, bitrateBps: 1_300_000 });
  await settle();
  t.equal(FakeEncoder.made.length, 2, "a larger picture needs another level");
  t.equal(FakeEncoder.made[1]!.configs[0]!.codec, "avc1.42e028");
  encoder.close();
  t.equal(FakeEncoder.made[1]!.state, "closed");
});

t.test("PictureEncoder goes on as it is where a larger picture cannot be had", async (t) => {
  const { clock, encoder, seen } = await setUp(["no-preference"]);
  FakeEncoder.supported = [];
  encoder.configure({ ...HD, width: 1920, height: 1080 });
  await settle();
  t.same([seen.failed, encoder.isReady, encoder.target.width], [[], true, 1280]);
  clock.advance(2_000_000);
  encoder.configure({ ...HD, width: 1920, height: 1080, bitrateBps: 1_000_000 });
  t.match(FakeEncoder.made[0]!.configs.at(-1), { width: 1280, bitrate: 1_000_000 });
  t.equal(FakeEncoder.made.length, 1);
});
