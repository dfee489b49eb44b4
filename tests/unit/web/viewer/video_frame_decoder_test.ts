/**
 * Tests of web/viewer/decode/video_frame_decoder.ts: when the browser's decoder is configured. Deno has
 * no WebCodecs; tests/end_to_end/viewer_resize_test.ts decodes with the real one.
 */

import t from "tap";
import { BT601_LIMITED } from "../../../../src/wire/codec.ts";
import type { StreamDescription } from "../../../../src/wire/codec.ts";
import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";
import { frameRecord } from "./frame_record_fixture.ts";

/** What was asked of the browser, in order. */
let calls: string[] = [];
/** Gives out the next picture, as the browser does some time later. */
let output: (() => void) | undefined;
/** Answers of isConfigSupported wait here. */
let supported: PromiseWithResolvers<boolean> | undefined;

class Chunk {
  readonly type: string;
  readonly timestamp: number;
  constructor(init: { type: string; timestamp: number }) {
    this.type = init.type;
    this.timestamp = init.timestamp;
  }
}

class Decoder {
  static async isConfigSupported(): Promise<{ supported: boolean }> {
    return { supported: await (supported?.promise ?? true) };
  }
  state = "unconfigured";
  readonly #inside: number[] = [];
  constructor(init: { output(frame: { timestamp: number; close(): void }): void }) {
    calls.push("open");
    output = () => {
      const timestamp = this.#inside.shift();
      if (timestamp !== undefined) init.output({ timestamp, close: () => {} });
    };
  }
  configure(config: { codec: string; codedWidth: number }): void {
    this.state = "configured";
    calls.push(`configure ${config.codedWidth}`);
  }
  decode(chunk: Chunk): void {
    this.#inside.push(chunk.timestamp);
    calls.push(chunk.type);
  }
  close(): void {
    this.state = "closed";
    calls.push("close");
  }
}

Object.assign(globalThis, { VideoDecoder: Decoder, EncodedVideoChunk: Chunk });

/** VideoFrameDecoder, whose own types are the browser's. */
interface DecoderUnderTest {
  readonly isReady: boolean;
  configure(description: StreamDescription): Promise<void>;
  push(record: FrameRecord, referenceDistance: number, payload: Uint8Array): boolean;
  close(): void;
}

const MODULE = new URL("../../../../web/viewer/decode/video_frame_decoder.ts", import.meta.url);
const { VideoFrameDecoder } = await import(MODULE.href);

function description(codedWidth: number, codec = "avc1.42e01f"): StreamDescription {
  return {
    id: 0,
    name: "pattern",
    kind: "video",
    codec,
    codedWidth,
    codedHeight: codedWidth * 9 / 16,
    colorSpace: BT601_LIMITED,
    optimizeForLatency: true,
    framerate: 60,
    bitrateBps: 1_000_000,
    encoder: "x264",
  };
}

/** A decoder, and the frames whose pictures came out of it. */
function start() {
  calls = [];
  supported = undefined;
  const pictures: number[] = [];
  const problems: string[] = [];
  let nowUs = 0;
  const decoder: DecoderUnderTest = new VideoFrameDecoder({ nowUs: () => ++nowUs }, true, {
    picture: (frame: { close(): void }, record: FrameRecord) => {
      pictures.push(record.frameId);
      frame.close();
    },
    damage: (first: number) => problems.push(`damage from ${first}`),
    unplayable: (message: string) => problems.push(message),
  });
  const push = (frameId: number, referenceDistance: number) =>
    decoder.push(frameRecord(frameId), referenceDistance, new Uint8Array(10));
  return { decoder, pictures, problems, push };
}

t.test("VideoFrameDecoder ignores a catalog that says nothing new", async (t) => {
  const { decoder, pictures, push } = start();
  await decoder.configure(description(1280));
  push(1, 0);
  push(2, 1);
  await decoder.configure({ ...description(1280), bitrateBps: 300_000, framerate: 30 });
  push(3, 1);
  for (let frame = 0; frame < 3; frame++) output?.();
  t.same(calls, ["open", "configure 1280", "key", "delta", "delta"]);
  t.same(pictures, [1, 2, 3], "no frame was dropped");
  t.end();
});

t.test("VideoFrameDecoder takes a new size with the next keyframe", async (t) => {
  const { decoder, pictures, problems, push } = start();
  await decoder.configure(description(1280));
  push(1, 0);
  await decoder.configure(description(640));
  t.ok(decoder.isReady, "frames of the old size still have a decoder");
  push(2, 1);
  output?.();
  output?.();
  push(3, 0);
  push(4, 1);
  output?.();
  output?.();
  push(5, 0);
  output?.();
  t.same(calls, [
    ...["open", "configure 1280", "key", "delta"],
    ...["configure 640", "key", "delta", "key"],
  ]);
  t.same(pictures, [1, 2, 3, 4, 5]);
  t.same(problems, []);
});

t.test("VideoFrameDecoder gives out pictures of both sizes around a change", async (t) => {
  const { decoder, pictures, push } = start();
  await decoder.configure(description(1280));
  push(1, 0);
  await decoder.configure(description(640));
  // The keyframe goes in while the last picture of the old size is still inside.
  push(2, 0);
  output?.();
  output?.();
  t.same(calls, ["open", "configure 1280", "key", "configure 640", "key"]);
  t.same(pictures, [1, 2]);
});

t.test("VideoFrameDecoder decodes a keyframe that is ahead of its catalog", async (t) => {
  const { decoder, pictures, push } = start();
  await decoder.configure(description(1280));
  push(1, 0);
  output?.();
  push(2, 0);
  output?.();
  await decoder.configure(description(640));
  push(3, 1);
  output?.();
  t.same(pictures, [1, 2, 3], "the parameter sets in the stream are enough");
  t.equal(calls.filter((call) => call === "configure 640").length, 0, "until the next keyframe");
});

t.test("VideoFrameDecoder goes on with the old size until the browser has answered", async (t) => {
  const { decoder, pictures, push } = start();
  await decoder.configure(description(1280));
  push(1, 0);
  supported = Promise.withResolvers<boolean>();
  const first = decoder.configure(description(640));
  const second = decoder.configure(description(640));
  push(2, 1);
  output?.();
  output?.();
  t.same(pictures, [1, 2]);
  supported.resolve(true);
  await Promise.all([first, second]);
  push(3, 0);
  t.same(calls.slice(-2), ["configure 640", "key"]);
  t.equal(calls.filter((call) => call === "open").length, 1);
});

t.test("VideoFrameDecoder says when the new stream cannot be decoded", async (t) => {
  const { decoder, problems, push } = start();
  await decoder.configure(description(1280));
  push(1, 0);
  supported = Promise.withResolvers<boolean>();
  supported.resolve(false);
  await decoder.configure(description(7680, "av01.0.16M.08"));
  t.same(problems, ["This browser cannot decode av01.0.16M.08"]);
  t.notOk(decoder.isReady);
  t.equal(calls.at(-1), "close");
  supported = undefined;
  await decoder.configure(description(1280));
  t.ok(decoder.isReady, "and takes the next one");
});

t.test("VideoFrameDecoder that was closed opens again for the same stream", async (t) => {
  const { decoder, pictures, push } = start();
  await decoder.configure(description(1280));
  push(1, 0);
  decoder.close();
  t.notOk(push(2, 1));
  await decoder.configure(description(1280));
  push(3, 0);
  output?.();
  t.same(pictures, [3]);
});
