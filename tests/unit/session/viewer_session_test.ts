import t from "tap";
import { monotonicClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { ControlChannel } from "../../../src/session/control_channel.ts";
import type { HostFrame } from "../../../src/session/session_host.ts";
import { SessionRights } from "../../../src/session/session_rights.ts";
import { ViewerSession } from "../../../src/session/viewer_session.ts";
import { encodeServerMessage, ROLES } from "../../../src/wire/control.ts";
import type { EndReason, Role, ServerMessage } from "../../../src/wire/control.ts";
import { encodeFeedback } from "../../../src/wire/feedback.ts";
import {
  encodeInputEvent,
  encodePointerMotion,
  INPUT_STREAM_PREAMBLE,
  parseInputEvent,
} from "../../../src/wire/input.ts";
import type { InputKind } from "../../../src/wire/input.ts";
import { parseSourcePacket } from "../../../src/wire/packet.ts";
import { encodeProbeRequest, parseProbeReply } from "../../../src/wire/probe.ts";
import { isRepairPacket } from "../../../src/wire/repair.ts";
import { hostFrame, TestHost } from "./test_host.ts";
import { TestViewer } from "./test_viewer.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A session over a loopback connection, and a host that notes what it is asked. */
class Bench {
  readonly viewer = new TestViewer();
  readonly host = new TestHost();
  session!: ViewerSession;
  running!: Promise<EndReason>;

  get asked(): string[] {
    return this.host.asked;
  }

  async start(role: Role = "player", wanted?: string): Promise<this> {
    await this.viewer.open();
    const stream = await this.viewer.server.acceptBidirectional();
    const { host } = this;
    host.greetings.push(encodeServerMessage({ type: "catalog", streams: [] }));
    host.sendInput = (id, records) => {
      const { kind, code, down, x, y } = parseInputEvent(records);
      this.asked.push(`${id === 0 ? "" : `${id}: `}${kind} ${code} ${down} ${x},${y}`);
    };
    this.session = new ViewerSession({
      rights: new SessionRights(role),
      ...{ id: "v1", browserSessionId: "s1", connection: this.viewer.server, host },
      stream: wanted,
      control: new ControlChannel(stream!, (why) => this.session.end("quit", why, true)),
      clock: monotonicClock,
      log: silentLogger,
    });
    this.running = this.session.run();
    await this.viewer.heard("catalog");
    return this;
  }

  push(sent: HostFrame): void {
    this.host.push(sent, monotonicClock.nowUs());
  }

  /** Sends `messages` requests, then one more, and waits until the session has read them. */
  async settle(): Promise<void> {
    await pause(20);
  }

  /** Frame ids of the packets that came. */
  async framesThatCame(): Promise<number[]> {
    await this.settle();
    const count = this.viewer.client.stats.datagramsReceived;
    const ids = new Set<number>();
    for (let i = 0; i < count; i++) {
      const datagram = (await this.viewer.client.readDatagram())!;
      if (!isRepairPacket(datagram)) ids.add(parseSourcePacket(datagram).frameId);
    }
    return [...ids];
  }
}

function record(kind: InputKind, sequence: number, code = 0, down = false): Uint8Array {
  return encodeInputEvent({ kind, down, code, sequence, pointerSequence: 0, x: 0, y: 0 });
}

t.test("ViewerSession welcomes, then tells catalog and states", async (t) => {
  const { viewer, session, running } = await new Bench().start("viewer");
  t.same(viewer.said.map(({ type }) => type), ["welcome", "catalog"]);
  t.match(viewer.said[0], { sessionId: "v1", role: "viewer", version: 1, heartbeatMs: 250 });
  session.end("shutdown", "The server ends", true);
  t.match(await viewer.heard("ended"), { reason: "shutdown", retry: true });
  t.equal(await running, "shutdown");
  session.end("kicked", "again", false);
  t.equal(viewer.said.filter(({ type }) => type === "ended").length, 1, "said once");
});

t.test("ViewerSession lets a viewer read its last words before the connection goes", async (t) => {
  const bench = await new Bench().start();
  const { viewer, session } = bench;
  session.end("kicked", "Access was withdrawn", false);
  await viewer.heard("ended");
  viewer.client.close(42, "read");
  t.match(await viewer.server.closed, { code: 42, reason: "read" }, "it went by itself");
  t.equal(await bench.running, "kicked");
  const slow = await new Bench().start();
  slow.session.end("shutdown", "The server ends", true);
  t.match(await slow.viewer.client.closed, { code: 1 }, "nobody is waited for for long");
});

t.test("ViewerSession sends nothing before play and nothing before a keyframe", async (t) => {
  const bench = await new Bench().start();
  const { viewer, session } = bench;
  bench.push(hostFrame(1, 0));
  t.equal(bench.host.viewers, 0);
  await viewer.send({ type: "play", streamId: 0 });
  await bench.settle();
  bench.push(hostFrame(2, 1));
  bench.push(hostFrame(3, 0));
  bench.push(hostFrame(4, 1));
  t.same(await bench.framesThatCame(), [3, 4]);
  await viewer.send({ type: "pause", streamId: 0 });
  await bench.settle();
  t.equal(bench.host.viewers, 0);
  await viewer.send({ type: "play", streamId: 0 });
  await bench.settle();
  bench.push(hostFrame(5, 1));
  t.same(session.feed(0)?.stats?.framesSent, 2, "a keyframe again after a pause");
  session.end("quit", "", false);
  await bench.running;
  t.equal(bench.host.viewers, 0, "detached at the end");
});

t.test("ViewerSession limits what one viewer may ask of all", async (t) => {
  const bench = await new Bench().start("viewer");
  await bench.viewer.send({ type: "keyframe_request", streamId: 0 });
  await bench.settle();
  t.same(bench.asked, [], "not before play");
  await bench.viewer.send({ type: "play", streamId: 0 });
  for (let i = 0; i < 20; i++) await bench.viewer.send({ type: "keyframe_request", streamId: 0 });
  await bench.settle();
  t.equal(bench.asked.filter((asked) => asked === "keyframe 0").length, 4);
  t.equal(bench.session.feed(0)!.requestsLimited, 16);
  bench.session.end("quit", "", false);
});

t.test("ViewerSession ends on a message that its role may not send", async (t) => {
  const bench = await new Bench().start();
  await bench.viewer.send({ type: "hello", version: 1, ticket: "again" });
  t.match(await bench.viewer.heard("ended"), { reason: "protocol", retry: false });
  t.equal(await bench.running, "protocol");
});

t.test("ViewerSession ends on a flood of messages", async (t) => {
  const bench = await new Bench().start();
  const flood = (async () => {
    for (let i = 0; i < 500; i++) await bench.viewer.send({ type: "pause", streamId: 3 });
  })().catch(() => {});
  t.equal((await bench.viewer.heard("ended")).reason, "protocol");
  await bench.running;
  await flood;
});

t.test("ViewerSession refuses a stream that it cannot play", async (t) => {
  const bench = await new Bench().start();
  await bench.viewer.send({ type: "play", streamId: 9 });
  t.match(await bench.viewer.heard("ended"), {
    ...{ reason: "unknown_stream", retry: false, streams: bench.host.streamNames },
    message: 'There is no "9" here, only Left, Right',
  });
  const full = await new Bench().start();
  full.host.hasRoom = false;
  await full.viewer.send({ type: "play", streamId: 1 });
  t.match(await full.viewer.heard("ended"), { reason: "capacity" });
});

t.test("ViewerSession exchanges the stream that it watches, with its cursor", async (t) => {
  const bench = await new Bench().start("viewer");
  const { viewer, host, session } = bench;
  const cursor: ServerMessage = {
    type: "cursor",
    ...{ streamId: 1, serial: 3, visible: true, width: 1, height: 1 },
    ...{ hotspotX: 0, hotspotY: 0, rgba: new Uint8Array(4) },
  };
  host.cursors[1] = encodeServerMessage(cursor);
  await viewer.send({ type: "play", streamId: 0 });
  await bench.settle();
  bench.push(hostFrame(1, 0));
  t.same([session.streamId, session.isWatching(0), session.isWatching(1)], [0, true, false]);
  t.notOk(viewer.said.some(({ type }) => type === "cursor"));
  await viewer.send({ type: "select_stream", streamId: 1 });
  t.match(await viewer.heard("cursor"), { streamId: 1, serial: 3 });
  t.same(host.fanouts.map(({ size }) => size), [0, 1], "it left the one and joined the other");
  t.same([session.streamId, session.isWatching(0), session.isWatching(1)], [1, false, true]);
  bench.push(hostFrame(2, 1));
  bench.push(hostFrame(51, 1, { streamId: 1 }));
  bench.push(hostFrame(52, 0, { streamId: 1 }));
  bench.push(hostFrame(53, 1, { streamId: 1 }));
  t.same(await bench.framesThatCame(), [1, 52, 53]);
  t.equal(session.sent!.framesSent, 3);
  await viewer.send({ type: "select_stream", streamId: 0 });
  await viewer.send({ type: "select_stream", streamId: 0 });
  await bench.settle();
  t.same([...session.streamIds], [0], "of what was left nothing stays");
  session.end("quit", "", false);
  await bench.running;
  t.equal(host.viewers, 0);
});

t.test("ViewerSession selects a stream before any was played, and only one that is there", async (t) => {
  const bench = await new Bench().start();
  await bench.viewer.send({ type: "select_stream", streamId: 1 });
  await bench.settle();
  t.equal(bench.session.streamId, 1);
  await bench.viewer.send({ type: "select_stream", streamId: 2 });
  t.match(await bench.viewer.heard("ended"), { reason: "unknown_stream", retry: false });
});

t.test("ViewerSession says which stream it is that was asked for by name", async (t) => {
  const { viewer, session } = await new Bench().start("player", "Right");
  t.equal(session.refusal, undefined);
  t.match(await viewer.heard("welcome"), { streamId: 1 });
  session.end("quit", "", false);
  const usual = await new Bench().start();
  t.notOk("streamId" in await usual.viewer.heard("welcome"), "said only to who asks");
  usual.session.end("quit", "", false);
  const lost = await new Bench().start("player", "Middle");
  t.equal(lost.session.refusal, 'There is no "Middle" here, only Left, Right');
  lost.session.end("quit", "", false);
});

t.test("ViewerSession gives input to the stream that hello or the player names", async (t) => {
  const bench = await new Bench().start("player", "Right");
  const input = (await bench.viewer.client.openUnidirectional()).getWriter();
  await input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE));
  await input.write(record("key", 1, 0x1e, true));
  await bench.settle();
  bench.session.releaseInput(0);
  t.same(bench.asked, ["1: key 30 true 0,0"], "the device of another stream was lost");
  await input.write(record("target", 2, 0));
  await input.write(record("key", 3, 0x1f, true));
  await bench.settle();
  bench.session.releaseInput(0);
  t.same(bench.asked.slice(1), ["1: key 30 false 0,0", "key 31 true 0,0", "key 31 false 0,0"]);
  bench.session.end("quit", "", false);
});

t.test("ViewerSession passes a player's input on and raises keys at the end", async (t) => {
  const bench = await new Bench().start();
  const input = (await bench.viewer.client.openUnidirectional()).getWriter();
  await input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE));
  await input.write(record("key", 1, 0x1e, true));
  bench.viewer.client.sendDatagram(
    encodePointerMotion({ relative: false, streamId: 0, sequence: 1, x: 5, y: 6 }),
  );
  await bench.settle();
  t.same(bench.asked, ["key 30 true 0,0", "absolute 0 false 5,6"]);
  bench.viewer.client.close(0, "tab closed");
  t.equal(await bench.running, "quit");
  t.equal(bench.asked.at(-1), "key 30 false 0,0");
});

t.test("ViewerSession raises keys after a second of silence, not while it beats", async (t) => {
  const bench = await new Bench().start();
  const input = (await bench.viewer.client.openUnidirectional()).getWriter();
  await input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE));
  await input.write(record("key", 1, 0x1e, true));
  const pressedMs = performance.now();
  for (let sequence = 2; sequence < 5; sequence++) {
    await pause(200);
    await input.write(record("beat", sequence));
  }
  while (bench.asked.length < 2 && performance.now() - pressedMs < 4000) await pause(10);
  const heldMs = performance.now() - pressedMs;
  t.equal(bench.asked[1], "key 30 false 0,0");
  t.ok(heldMs >= 1550 && heldMs < 4000, `${heldMs} ms, with the last beat after 600 ms`);
  t.equal(bench.session.inputStats.silences, 1);
  bench.session.end("quit", "", false);
});

t.test("ViewerSession takes no input of a viewer", async (t) => {
  const bench = await new Bench().start("viewer");
  bench.viewer.client.sendDatagram(
    encodePointerMotion({ relative: false, streamId: 0, sequence: 1, x: 5, y: 6 }),
  );
  await bench.settle();
  t.equal(bench.session.stats.datagramsRefused, 1);
  const input = (await bench.viewer.client.openUnidirectional()).getWriter();
  input.closed.catch(() => {});
  input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE)).catch(() => {});
  t.match(await bench.viewer.heard("ended"), { reason: "protocol", retry: false });
  t.same(bench.asked, []);
});

t.test("ViewerSession takes one input stream", async (t) => {
  const bench = await new Bench().start();
  for (let i = 0; i < 2; i++) {
    const input = (await bench.viewer.client.openUnidirectional()).getWriter();
    input.closed.catch(() => {});
    input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE)).catch(() => {});
  }
  t.equal((await bench.viewer.heard("ended")).reason, "protocol");
});

t.test("ViewerSession ends on a gap in the input stream", async (t) => {
  const bench = await new Bench().start();
  const input = (await bench.viewer.client.openUnidirectional()).getWriter();
  input.closed.catch(() => {});
  await input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE));
  await input.write(record("key", 1, 0x1e, true));
  await input.write(record("key", 3, 0x1e, false));
  t.match(await bench.viewer.heard("ended"), { reason: "protocol" });
  t.same(bench.asked, ["key 30 true 0,0", "key 30 false 0,0"], "the held key is raised");
});

t.test("ViewerSession answers probes in host time and refuses other datagrams", async (t) => {
  const bench = await new Bench().start("viewer");
  const { client } = bench.viewer;
  client.sendDatagram(encodeProbeRequest({ id: 9, viewerSendUs: 123 }));
  const reply = parseProbeReply((await client.readDatagram())!);
  t.match(reply, { id: 9, viewerSendUs: 123 });
  t.ok(reply.serverReceiveUs > 1_000_000_000, "host time");
  t.ok(reply.serverSendUs >= reply.serverReceiveUs);
  for (const bytes of [[0x00], [0x40, 1], [0x80, 0, 0], [0xc0], [0x80, ...Array(15).fill(255)]]) {
    client.sendDatagram(Uint8Array.from(bytes));
  }
  for (let i = 0; i < 300; i++) client.sendDatagram(encodeProbeRequest({ id: i, viewerSendUs: 1 }));
  await bench.settle();
  t.equal(bench.session.stats.probes < 130, true, `${bench.session.stats.probes} probes`);
  t.ok(bench.session.stats.datagramsRefused > 170);
  bench.session.end("quit", "", false);
});

t.test("ViewerSession gives feedback to the stream that it speaks of, from every role", async (t) => {
  for (const role of ROLES) {
    const bench = await new Bench().start(role);
    const { client } = bench.viewer;
    const report = (sequence: number, streamId: number, damagedFrameId = 0) => {
      client.sendDatagram(encodeFeedback({
        ...{ streamId, epoch: 0, sequence, newestSequence: 2, newestArrivalUs: 10, sentUs: 20 },
        ...{ packetsReceived: 3, firstMissingId: 0, missingLength: 0, deficit: 0, loss: 0 },
        ...{ burstLength: 1, lastCompleteFrameId: 1, damagedFrameId, presentedFrameId: 1 },
        ...{ presentedUs: 15, recovered: 0, decodeQueue: 0 },
        ...{ bitmap: Uint8Array.of(3), arrivals: [] },
      }));
    };
    report(0, 0);
    await bench.settle();
    t.equal(bench.session.stats.datagramsRefused, 1, "nothing plays yet");
    await bench.viewer.send({ type: "play", streamId: 0 });
    await bench.settle();
    bench.push(hostFrame(1, 0));
    bench.push(hostFrame(2, 1));
    report(1, 0, 2);
    report(2, 7);
    client.sendDatagram(Uint8Array.of(0xc0, 0, 1, 2));
    await bench.settle();
    t.match(bench.session.feed(0)?.stats, { feedbacks: 1, framesSent: 2 });
    t.same(bench.asked, ["invalidate 0 2"], "the frame after the last that was complete");
    t.equal(bench.session.stats.datagramsRefused, 3, "another stream, and no feedback at all");
    bench.session.end("quit", "", false);
  }
});

t.test("ViewerSession sends timings in batches when asked", async (t) => {
  const bench = await new Bench().start("viewer");
  await bench.viewer.send({ type: "timings_request", enabled: true });
  await bench.viewer.send({ type: "play", streamId: 0 });
  await bench.settle();
  for (let id = 1; id <= 30; id++) bench.push(hostFrame(id, id === 1 ? 0 : 1));
  const { frames } = await bench.viewer.heard("frame_timings");
  t.equal(frames.length, 30);
  t.match(frames[0], { frameId: 1, grabUs: 1, encodeUs: 4, emitUs: 500, bytes: 2500, qp: 24 });
  t.ok(frames[0]!.sendUs > 900_000_000, "host time less capture time");
  await bench.viewer.send({ type: "timings_request", enabled: false });
  await bench.settle();
  for (let id = 31; id <= 90; id++) bench.push(hostFrame(id, 1));
  await bench.settle();
  t.equal(bench.viewer.said.filter(({ type }) => type === "frame_timings").length, 1);
  bench.session.end("quit", "", false);
});

t.test("ViewerSession ends when the viewer quits", async (t) => {
  const bench = await new Bench().start();
  await bench.viewer.send({ type: "quit" });
  t.match(await bench.viewer.heard("ended"), { reason: "quit", retry: false });
  t.equal(await bench.running, "quit");
  t.equal((await bench.viewer.client.closed).code, 0);
});

t.test("ViewerSession attaches nothing for a play that is read after its end", async (t) => {
  const bench = await new Bench().start();
  const sending = bench.viewer.send({ type: "play", streamId: 0 });
  bench.session.end("quit", "The connection closed", true);
  await sending.catch(() => {});
  await bench.running;
  await bench.settle();
  t.equal(bench.host.viewers, 0);
});
