import t from "tap";
import { ManualClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { MediaFanout } from "../../../src/pipeline/media_fanout.ts";
import { MediaSender } from "../../../src/pipeline/media_sender.ts";
import { ControlChannel } from "../../../src/session/control_channel.ts";
import type {
  ProducerHost,
  PublishStart,
  PublishState,
} from "../../../src/session/producer_host.ts";
import { ProducerSession } from "../../../src/session/producer_session.ts";
import { SessionRights } from "../../../src/session/session_rights.ts";
import { encodeAudioDatagram } from "../../../src/wire/audio.ts";
import { datagramClass } from "../../../src/wire/packet.ts";
import { parseFeedback } from "../../../src/wire/feedback.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";
import { encodeProbeRequest, parseProbeReply } from "../../../src/wire/probe.ts";
import { TestViewer } from "./test_viewer.ts";

const STREAM = 5;
const STATE: PublishState = {
  ...{ streamId: STREAM, name: "Screen", state: "waiting", viewers: 0, isWanted: true, reason: "" },
  ...{ maxWidth: 1280, maxHeight: 720, maxFps: 60, maxBitrateBps: 8e6 },
};

/** A host that keeps what a producer gives. */
class TestProducers implements ProducerHost {
  readonly bytesPerSecond: number;
  readonly frames: { frameId: number; bytes: number }[] = [];
  readonly starts: PublishStart[] = [];
  readonly closes: boolean[] = [];
  sounds = 0;
  /** Frames with these numbers are of no use. */
  readonly useless = new Set<number>();
  isFull = false;

  constructor(bytesPerSecond = 1e6) {
    this.bytesPerSecond = bytesPerSecond;
  }

  hostTimeUs = (nowUs: number): number => nowUs + 1e9;

  publish(): ReturnType<ProducerHost["publish"]> {
    if (this.isFull) return { reason: "capacity", message: "Full" };
    return {
      ...{ streamId: STREAM, state: STATE, rate: { bitrateBps: 4e6, fps: 30, scale: 1 } },
      describe: (start) => this.starts.push(start),
      frame: ({ frameId, payload }) => {
        this.frames.push({ frameId, bytes: payload.byteLength });
        return !this.useless.has(frameId);
      },
      sound: () => ++this.sounds > 0,
      close: (isOver) => this.closes.push(isOver),
    };
  }
}

/** A session, its peer, and a sender of the peer's. */
class Bench {
  readonly clock = new ManualClock();
  readonly peer = new TestViewer();
  readonly rights = new SessionRights("player", ["publish"]);
  readonly feedback: Feedback[] = [];
  readonly host: TestProducers;
  keyframesWanted = 0;
  readonly #fanout = new MediaFanout({ streamId: STREAM, onFault: (error) => t.error(error) });
  #frameId = 0;
  readonly #arrived: (() => void)[] = [];

  constructor(host = new TestProducers()) {
    this.host = host;
  }

  async open() {
    await this.peer.open();
    // The server hears of a stream with its first bytes.
    await this.peer.sendBytes(new Uint8Array(0));
    const stream = await this.peer.server.acceptBidirectional();
    const session = new ProducerSession({
      ...{ id: "s", browserSessionId: "b", rights: this.rights },
      wish: { name: "Screen", kind: "screen", key: "k" },
      connection: this.peer.server,
      control: new ControlChannel(stream!, () => {}),
      ...{ host: this.host, clock: this.clock, log: silentLogger },
    });
    const ended = session.run();
    const sender = new MediaSender({
      ...{ connection: this.peer.client, streamId: STREAM, frameIntervalUs: 33_333 },
      limits: { startBps: 50e6, minBps: 3e5, maxBps: 50e6 },
      onInvalidate: () => this.keyframesWanted++,
      onKeyframeNeeded: () => this.keyframesWanted++,
    });
    this.#fanout.add(sender);
    void this.#read(sender);
    return { session, ended };
  }

  /** Sends a frame; the datagrams of those in `lost` never leave. */
  async frame(referenceDistance: number, bytes = 3000): Promise<number> {
    const frameId = ++this.#frameId;
    const payload = new Uint8Array(bytes).fill(frameId);
    this.clock.advance(31_333);
    const frame = { streamId: STREAM, frameId, referenceDistance, captureTimeUs: 1, payload };
    this.#fanout.push(frame, this.clock.nowUs());
    for (const sender of this.#fanout.senders) sender.pull(this.clock.nowUs());
    // A path takes its time, each way.
    this.clock.advance(1000);
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    this.clock.advance(1000);
    for (const take of this.#arrived.splice(0)) take();
    return frameId;
  }

  async #read(sender: MediaSender): Promise<void> {
    for (;;) {
      const datagram = await this.peer.client.readDatagram();
      if (datagram === undefined) return;
      if (datagramClass(datagram) !== "feedback") continue;
      const feedback = parseFeedback(datagram);
      this.feedback.push(feedback);
      this.#arrived.push(() => sender.onFeedback(feedback, this.clock.nowUs()));
    }
  }
}

t.test("ProducerSession gives frames to the stream and feedback to the producer", async (t) => {
  const bench = new Bench();
  const { session, ended } = await bench.open();
  t.match(await bench.peer.heard("welcome"), { streamId: STREAM, permissions: ["publish"] });
  t.match(await bench.peer.heard("publish_state"), STATE);
  t.match(await bench.peer.heard("rate_wish"), { fps: 30 });
  await bench.peer.send({ type: "publish_start", fps: 30, encoder: "e", hasSound: true });
  await bench.frame(0, 20_000);
  for (let count = 0; count < 4; count++) await bench.frame(1);
  t.same(bench.host.frames.map(({ frameId }) => frameId), [1, 2, 3, 4, 5]);
  t.equal(bench.host.frames[0]?.bytes, 20_000);
  t.equal(bench.feedback.at(-1)?.lastCompleteFrameId, 5);
  t.same(bench.host.starts, [{ fps: 30, encoder: "e", hasSound: true }]);
  t.equal(session.path.packetsLost, 0);
  t.ok(session.bufferBytes < 8e6);
  await bench.peer.send({ type: "publish_stop" });
  t.match(await bench.peer.heard("ended"), { reason: "quit", retry: false });
  bench.peer.client.close(0, "");
  t.equal(await ended, "quit");
  t.same(bench.host.closes, [true], "nobody waits for who stops on purpose");
});

t.test("ProducerSession reports a useless frame as damage, so that a keyframe comes", async (t) => {
  const bench = new Bench();
  const { session, ended } = await bench.open();
  bench.host.useless.add(2);
  await bench.frame(0);
  await bench.frame(1);
  await bench.frame(1);
  t.same(bench.host.frames.map(({ frameId }) => frameId), [1, 2], "what refers to it stays out");
  t.equal(bench.feedback.at(-1)?.damagedFrameId, 2);
  for (let count = 0; count < 30 && bench.keyframesWanted === 0; count++) await bench.frame(1);
  t.ok(bench.keyframesWanted > 0);
  t.same(bench.host.frames.map(({ frameId }) => frameId), [1, 2]);
  const keyframe = await bench.frame(0);
  t.equal(bench.host.frames.at(-1)?.frameId, keyframe);
  session.end("quit", "", true);
  bench.peer.client.close(0, "");
  await ended;
  t.same(bench.host.closes, [false], "it may come back");
});

t.test("ProducerSession answers probes and takes sound of the format", async (t) => {
  const bench = new Bench();
  const { session, ended } = await bench.open();
  const replies: number[] = [];
  const reader = (async () => {
    const datagram = await bench.peer.client.readDatagram();
    if (datagram !== undefined) replies.push(parseProbeReply(datagram).serverReceiveUs);
  })().catch(() => {});
  void reader;
  session.onKeyframeWanted();
  t.ok(await bench.peer.heard("keyframe_wish"));
  bench.peer.client.sendDatagram(encodeProbeRequest({ id: 1, viewerSendUs: 7 }));
  bench.peer.client.sendDatagram(encodeAudioDatagram({
    ...{ kind: "sound", streamId: STREAM, epoch: 0, channels: 2, frameUs: 20_000 },
    ...{ sequence: 1, captureTimeUs: 0, frames: [new Uint8Array(20)] },
  }));
  bench.peer.client.sendDatagram(Uint8Array.of(0x40, 1, 2, 3));
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  t.equal(session.stats.probes, 1);
  t.equal(bench.host.sounds, 1);
  t.equal(session.stats.datagramsRefused, 1, "a pointer is a viewer's");
  session.end("shutdown", "", true);
  bench.peer.client.close(0, "");
  await ended;
});

t.test("ProducerSession ends for what a producer never sends, and for that alone", async (t) => {
  const cases: [string, (bench: Bench) => Promise<void>, string][] = [
    ["a viewer's message", (bench) => bench.peer.send({ type: "play", streamId: 0 }), "protocol"],
    ["a second hello", (bench) => {
      return bench.peer.send({ type: "hello", version: 1, ticket: "x" });
    }, "protocol"],
    ["a stream", async (bench) => {
      const stream = (await bench.peer.client.openUnidirectional()).getWriter();
      stream.closed.catch(() => {});
      await stream.write(Uint8Array.of(1));
    }, "protocol"],
    ["broken bytes", (bench) => {
      return bench.peer.sendBytes(Uint8Array.of(4, 0, 0, 0, 0xc1, 1, 2, 3));
    }, "protocol"],
    ["a right that is taken", (bench) => {
      bench.rights.change({ permissions: [] });
      return Promise.resolve();
    }, "forbidden"],
    ["a farewell", (bench) => bench.peer.send({ type: "quit" }), "quit"],
  ];
  for (const [name, act, reason] of cases) {
    const bench = new Bench();
    const { ended } = await bench.open();
    await bench.peer.heard("welcome");
    await act(bench);
    t.equal((await bench.peer.heard("ended")).reason, reason, name);
    bench.peer.client.close(0, "");
    t.equal(await ended, reason);
    t.same(bench.host.closes, [reason !== "quit"], "who was sent away is not waited for");
  }
});

t.test("ProducerSession has no stream where it may not or where there is none", async (t) => {
  const may = new Bench();
  may.rights.change({ permissions: [] });
  const none = await may.open();
  t.equal((await may.peer.heard("ended")).reason, "forbidden");
  may.peer.client.close(0, "");
  await none.ended;
  const full = new Bench();
  full.host.isFull = true;
  const { ended } = await full.open();
  t.match(await full.peer.heard("ended"), { reason: "capacity", message: "Full" });
  full.peer.client.close(0, "");
  await ended;
  t.same(full.host.closes, []);
});

t.test("ProducerSession drops what exceeds its rate, and ends a flood", async (t) => {
  const bench = new Bench(new TestProducers(1000));
  const { session, ended } = await bench.open();
  await bench.peer.heard("welcome");
  const datagram = new Uint8Array(1000);
  for (let count = 0; count < 90_000 && bench.host.closes.length === 0; count++) {
    bench.peer.client.sendDatagram(datagram);
    if (count % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  t.match(await bench.peer.heard("ended"), { reason: "protocol", message: /datagrams/ });
  t.ok(session.stats.datagramsRefused > 0);
  t.equal(bench.host.frames.length, 0);
  bench.peer.client.close(0, "");
  t.equal(await ended, "protocol");
});
