import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { Stream } from "../../../../src/server/streams/stream.ts";
import type { CursorFacts, StreamFacts } from "../../../../src/server/streams/stream_messages.ts";
import type { EncoderRate } from "../../../../src/ipc/media_command.ts";
import { MediaSender } from "../../../../src/pipeline/media_sender.ts";
import type { HostFrame } from "../../../../src/session/session_host.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";
import { parseSourcePacket } from "../../../../src/wire/packet.ts";
import { isRepairPacket } from "../../../../src/wire/repair.ts";

const FACTS: StreamFacts = {
  ...{ width: 1280, height: 720, fps: 60, encoder: "x264", temporalLayersMax: 2 },
  ...{ screenWidth: 1280, screenHeight: 720 },
  ...{ capture: "pattern", codec: "avc1.42e020" },
};

function frame(frameId: number, referenceDistance: number): HostFrame {
  return {
    ...{ streamId: 0, frameId, referenceDistance, captureTimeUs: 1, payload: new Uint8Array(10) },
    ...{ grabUs: 1, convertUs: 1, firstSliceUs: 1, encodeUs: 1, emitUs: 1, bytes: 10, qp: 24 },
  };
}

function cursor(serial: number, bytes: number, visible = true): CursorFacts {
  const side = Math.sqrt(bytes / 4);
  const rgba = new Uint8Array(bytes).fill(serial);
  return { serial, visible, width: side, height: side, hotspotX: 0, hotspotY: 0, rgba };
}

/** A stream whose media process is a list of what it was asked. */
class Bench {
  readonly clock = new ManualClock();
  readonly asked: string[] = [];
  readonly rates: EncoderRate[] = [];
  readonly said: ServerMessage[] = [];
  readonly replaced: (string | undefined)[] = [];
  deviceLosses = 0;
  descriptions = 0;
  readonly stream: Stream;

  constructor(keepWarmMs: number, warmUpMs = 0) {
    this.stream = new Stream({
      id: 0,
      name: "Desktop",
      ...{ bitrateBps: 1_000_000, fps: 60, controller: "trend" },
      keepWarmMs,
      warmUpMs,
      port: {
        start: () => this.asked.push("start"),
        stop: () => this.asked.push("stop"),
        requestKeyframe: (_id, cause) => this.asked.push(`keyframe ${cause}`),
        setRate: (_id, rate) => this.rates.push(rate),
        invalidate: (_id, first) => this.asked.push(`invalidate ${first}`),
        sendInput: (_id, records) => this.asked.push(`input ${records.byteLength}`),
      },
      clock: this.clock,
      log: silentLogger,
      broadcast: (framed) => this.said.push(parseServerMessage(framed.subarray(4))),
      tell: (framed, replaces) => {
        this.said.push(parseServerMessage(framed.subarray(4)));
        this.replaced.push(replaces);
      },
      onDescribed: () => this.descriptions++,
      onDeviceLost: () => this.deviceLosses++,
    });
  }

  /** Attaches a viewer whose datagrams are counted by frame; returns what detaches it. */
  attach(seen: string[] = [], name = ""): () => void {
    return this.stream.attach(this.sender(seen, name), () => {})!;
  }

  sender(seen: string[] = [], name = ""): MediaSender {
    return new MediaSender({
      connection: {
        maxDatagramSize: 1200,
        sendDatagram: (bytes) => {
          if (!isRepairPacket(bytes)) seen.push(`${name}${parseSourcePacket(bytes).frameId}`);
          return true;
        },
      },
      streamId: 0,
      ...this.stream.senderSettings,
      onInvalidate() {},
      onKeyframeNeeded() {},
    });
  }

  states(): string[] {
    return this.said.flatMap((said) => said.type === "stream_state" ? said.state : []);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

t.test("Stream captures from the first viewer until a while after the last", async (t) => {
  const bench = new Bench(30);
  const { stream, asked } = bench;
  t.same(asked, []);
  const first = bench.attach();
  const second = bench.attach();
  t.same(asked, ["start", "keyframe join"], "started once, one keyframe for both");
  first();
  await pause(60);
  t.ok(stream.isCapturing, "one still watches");
  second();
  await pause(10);
  const third = bench.attach();
  await pause(60);
  t.ok(stream.isCapturing, "back while it was warm");
  third();
  await pause(60);
  t.notOk(stream.isCapturing);
  t.same(asked, ["start", "keyframe join", "stop"]);
  stream.close();
  t.equal(asked.length, 3);
});

t.test("Stream that was only warmed cools by itself", async (t) => {
  const bench = new Bench(10);
  const { stream, asked } = bench;
  stream.warm();
  stream.warm();
  await pause(40);
  t.same(asked, ["start", "stop"]);
});

t.test("Stream that was warmed waits for its viewer though it keeps nothing warm", async (t) => {
  const bench = new Bench(0, 60);
  const { stream, asked } = bench;
  stream.warm();
  await pause(20);
  const detach = bench.attach();
  await pause(100);
  t.same(asked, ["start", "keyframe join"], "one start for both");
  detach();
  await pause(20);
  t.same(asked, ["start", "keyframe join", "stop"]);
});

t.test("Stream joins keyframe requests until the keyframe has come or is overdue", (t) => {
  const bench = new Bench(1000);
  const { stream, asked, clock } = bench;
  bench.attach();
  asked.length = 0;
  stream.onFrame(frame(1, 0), 0);
  for (let i = 0; i < 5; i++) stream.requestKeyframe("damage");
  t.same(asked, ["keyframe damage"]);
  stream.onFrame(frame(2, 1), 0);
  stream.requestKeyframe("damage");
  t.equal(asked.length, 1, "another frame is no answer");
  stream.onFrame(frame(3, 0), 0);
  stream.requestKeyframe("damage");
  t.equal(asked.length, 2);
  clock.advance(499_999);
  stream.requestKeyframe("damage");
  t.equal(asked.length, 2);
  clock.advance(1);
  stream.requestKeyframe("damage");
  t.equal(asked.length, 3, "overdue");
  t.match(stream.stats, {
    keyframeRequests: 4,
    keyframeRequestsJoined: 6,
    keyframes: 2,
    frames: 3,
  });
  stream.close();
  t.end();
});

t.test("Stream hands frames to every viewer before it returns", (t) => {
  const bench = new Bench(1000);
  const { stream } = bench;
  const seen: string[] = [];
  bench.attach(seen, "a");
  const remove = bench.attach(seen, "b");
  stream.onFrame(frame(1, 0), 0);
  remove();
  stream.onFrame(frame(2, 1), 0);
  t.same(seen, ["a1", "b1", "a2"]);
  t.equal(stream.stats.bytes, 20);
  stream.close();
  t.end();
});

t.test("Stream says what it is and does, to those who are there and those who come", (t) => {
  const bench = new Bench(1000);
  const { stream } = bench;
  t.equal(stream.description, undefined);
  const state = { type: "stream_state", streamId: 0, state: "starting", reason: "" };
  t.same(stream.stateMessage, state);
  bench.attach();
  stream.onStarted(FACTS);
  t.same(bench.states(), ["starting", "running"]);
  t.equal(bench.descriptions, 1);
  t.match(stream.description, {
    ...{ id: 0, name: "Desktop", kind: "video", codec: "avc1.42e020" },
    ...{ codedWidth: 1280, codedHeight: 720, framerate: 60, bitrateBps: 1_000_000 },
    ...{ optimizeForLatency: true, encoder: "x264" },
  });
  t.match(stream.stateMessage, { state: "running" });
  stream.close();
  t.end();
});

t.test("Stream keeps the pointer's image for those who come later", (t) => {
  const bench = new Bench(1000);
  const { stream, replaced } = bench;
  const image = cursor(7, 16);
  t.equal(stream.cursorMessage, undefined);
  stream.onCursor(image);
  image.rgba.fill(0);
  stream.onCursor(cursor(7, 0, false));
  t.same(replaced, ["cursor 0", undefined], "an image replaces one that waits");
  const greeted = stream.cursorMessage;
  t.match(greeted, { type: "cursor", serial: 7, visible: false, width: 2 });
  t.same([...(greeted as { rgba: Uint8Array }).rgba], Array(16).fill(7), "its own copy");
  stream.close();
  t.end();
});

t.test("Stream says restarting when the media process is gone and raises held keys", (t) => {
  const bench = new Bench(1000);
  const { stream } = bench;
  stream.onMediaState("restarting", "unwatched");
  t.same(bench.states(), [], "nobody watches");
  bench.attach();
  stream.onStarted(FACTS);
  stream.onMediaState("restarting", "signal SIGKILL");
  t.equal(stream.state, "restarting");
  t.equal(stream.reason, "signal SIGKILL");
  t.equal(bench.deviceLosses, 2);
  stream.onMediaState("running", "");
  t.equal(stream.state, "restarting", "until the stream itself runs");
  stream.onStarted(FACTS);
  t.equal(stream.state, "running");
  stream.close();
  t.end();
});

t.test("Stream tries again after a failure, ever later, while it is wanted", async (t) => {
  const bench = new Bench(1000);
  const { stream, asked } = bench;
  bench.attach();
  asked.length = 0;
  stream.onFailed("display lost");
  stream.onFailed("display lost");
  t.equal(stream.state, "failed");
  await pause(300);
  t.same(asked, ["stop", "start"], "once");
  t.equal(stream.state, "restarting");
  stream.onFailed("display lost");
  await pause(300);
  t.equal(asked.length, 2, "the second time takes longer");
  stream.close();
  await pause(300);
  t.same(asked, ["stop", "start", "stop"], "and not after close");
});

t.test("Stream passes input and losses on only while it captures", (t) => {
  const bench = new Bench(1000);
  const { stream, asked } = bench;
  stream.sendInput(new Uint8Array(20));
  t.same(asked, []);
  bench.attach();
  asked.length = 0;
  stream.sendInput(new Uint8Array(20));
  stream.invalidate(5);
  stream.invalidate(0);
  t.same(asked, ["input 20", "invalidate 5"]);
  stream.close();
  t.end();
});

t.test("Stream tells the encoder what the paths of its viewers carry", (t) => {
  const bench = new Bench(1000);
  const { stream, rates } = bench;
  const sender = bench.sender();
  const detach = stream.attach(sender, () => {})!;
  stream.onStarted(FACTS);
  t.match(rates.at(-1), { bitrateBps: 1_000_000, fps: 60, scaleQuarters: 4, temporalLayers: 1 });
  stream.onFrame(frame(1, 0), 0);
  // Nobody says anything: the path counts as broken, and the rate is cut for when it is back.
  for (let atUs = 0; atUs <= 1_500_000; atUs += 10_000) sender.pull(atUs);
  stream.onFrame(frame(2, 1), 2_000_000);
  t.ok(rates.at(-1)!.bitrateBps < 700_000, `${rates.at(-1)!.bitrateBps} bit/s`);
  t.same(stream.pictureRate.fps, 60);
  const before = rates.length;
  detach();
  stream.onFrame(frame(3, 1), 3_000_000);
  t.same(rates.slice(before).map(({ bitrateBps }) => bitrateBps), [1_000_000], "nobody's path");
  bench.attach();
  t.ok(rates.at(-1)!.bitrateBps >= 900_000, "a new viewer begins anew");
  stream.close();
  t.end();
});
