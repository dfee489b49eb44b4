/**
 * Tests of src/server/rungs/webrtc_gateway.ts, webrtc_session.ts, webrtc_streams.ts and webrtc_frames.ts
 * over a link in memory whose other end this test is: where sockets are opened, one crossing of a frame
 * for all who watch, what is told and asked, places by network, and ends.
 */

import t from "tap";
import type { GatewayControl } from "../../../../src/gateway/gateway_control.ts";
import { readGatewayFrame, readGatewaySound } from "../../../../src/gateway/gateway_frame.ts";
import { GatewayLink } from "../../../../src/gateway/gateway_link.ts";
import type { GatewayPeer } from "../../../../src/gateway/gateway_peer.ts";
import type { MediaSound } from "../../../../src/ipc/sound_record.ts";
import {
  rtcSetup,
  SESSIONS_PER_PREFIX_MAX,
  WebRtcGateway,
} from "../../../../src/server/rungs/webrtc_gateway.ts";
import type { HostFrame, SenderSettings } from "../../../../src/session/session_host.ts";
import { memoryPipes } from "../../../memory_pipes.ts";

const SETTINGS: SenderSettings = {
  controller: "trend",
  limits: { startBps: 8e6, minBps: 3e5, maxBps: 2e7 },
  frameIntervalUs: 16_667,
  videoBpsMax: 2e7,
};
const PATH: GatewayControl = {
  type: "rtc_path",
  ...{ targetBps: 5e6, videoBps: 4e6, rttUs: 9000, queueDelayUs: 10, loss: 0.25 },
  ...{ bytesInFlight: 7, queuedBytes: 8, rateCuts: 1, framesSent: 2, framesDropped: 3 },
  ...{ flightStops: 4, bytesSent: 5000, packetsSent: 6, packetsArrived: 5, packetsLost: 1 },
  ...{ packetsMissing: 2, repairsSent: 2, pictureLosses: 1, soundSent: 0 },
};

/** A gateway process in this one: what the server said to each peer. */
class Desk {
  readonly said = new Map<number, GatewayControl[]>();
  readonly peers = new Map<number, GatewayPeer>();
  readonly frames: number[] = [];
  sounds = 0;
  readonly gateway: WebRtcGateway;
  sound: ((sound: MediaSound) => void) | undefined;
  readonly link: GatewayLink;

  constructor() {
    const [server, other] = memoryPipes();
    this.link = new GatewayLink(server, { side: "server", ended: () => {} });
    new GatewayLink(other, {
      side: "gateway",
      ended: () => {},
      peerOpened: (peer) => {
        this.peers.set(peer.id, peer);
        this.said.set(peer.id, []);
        peer.listen({
          control: (message) => void this.said.get(peer.id)?.push(message),
          message: (kind, bytes) => {
            if (kind === "frame_out") this.frames.push(readGatewayFrame(bytes, 0)?.frameId ?? -1);
            if (kind === "sound_out" && readGatewaySound(bytes)?.channels === 2) this.sounds++;
            return true;
          },
        });
      },
    });
    const process = { link: () => Promise.resolve(this.link), stats: {} };
    this.gateway = new WebRtcGateway({
      config: { listen: "127.0.0.1", webrtcPorts: "0", webrtcAddress: "" },
      gateways: { gateway: () => process } as never,
      followSound: (sink) => {
        this.sound = sink;
        return () => this.sound = undefined;
      },
    });
  }

  open(use: "player" | "viewer" = "player", remoteAddress = "192.0.2.7") {
    return this.gateway.open({
      sdp: "v=0",
      use,
      remoteAddress,
      profileIdc: 66,
      settings: SETTINGS,
    });
  }

  /** The gateway says something to a peer that it knows. */
  async say(peerId: number, message: GatewayControl): Promise<void> {
    await this.settle();
    this.peers.get(peerId)?.sendControl(message);
    await this.settle();
  }

  /** Lets what is under way arrive. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function frame(frameId: number): HostFrame {
  const payload = Uint8Array.of(0, 0, 1, 0x65, 1);
  return {
    ...{ streamId: 0, frameId, referenceDistance: 0, captureTimeUs: 1000 * frameId, payload },
    ...{ grabUs: 0, convertUs: 0, firstSliceUs: 0, encodeUs: 0, emitUs: 0, bytes: 5, qp: 20 },
  };
}

t.test("sockets are where the host listens, and nowhere else", (t) => {
  const all = ["192.0.2.2", "fd00::2", "198.51.100.9", "127.0.0.1", "::1"];
  const setup = (listen: string, webrtcAddress = "") => rtcSetup({ listen, webrtcAddress }, all);
  t.same(setup("127.0.0.1"), { sockets: ["127.0.0.1"], bind4: "127.0.0.1", told: [] });
  t.same(setup("fd00::2", "203.0.113.1"), {
    ...{ sockets: ["fd00::2"], bind6: "fd00::2", told: ["203.0.113.1"] },
  });
  t.same(setup("0.0.0.0"), { sockets: ["192.0.2.2"], told: ["198.51.100.9", "127.0.0.1"] });
  t.same(setup("::", "203.0.113.1"), {
    sockets: ["192.0.2.2", "fd00::2"],
    told: ["203.0.113.1", "198.51.100.9", "127.0.0.1", "::1"],
  });
  t.throws(() => rtcSetup({ listen: "0.0.0.0", webrtcAddress: "" }, []), /no address/);
  t.end();
});

t.test("a frame crosses once, whoever watches, and sound as long as somebody hears", async (t) => {
  const desk = new Desk();
  const [one, other] = [await desk.open(), await desk.open()];
  await desk.say(one.peer!.id, { type: "rtc_answer", sdp: "one", hasVideo: true, hasAudio: true });
  t.match(await desk.gateway.answerOf(one), { sdp: "one", hasVideo: true });
  let asked = 0;
  const first = one.openFrames(0, () => asked++);
  const second = other.openFrames(0, () => {});
  for (const id of [1, 2]) {
    const shown = frame(id);
    first.push(shown);
    second.push(shown);
  }
  await desk.settle();
  t.same(desk.frames, [1, 2]);
  t.equal(desk.gateway.streamStats?.framesSent, 2);
  t.equal(first.lastFrameId, 2);
  desk.sound?.({
    ...{ frameId: 1, epoch: 1, channels: 2, frameUs: 10_000, captureTimeUs: 5, encodeUs: 1 },
    payload: Uint8Array.of(1, 2),
  });
  await desk.settle();
  t.equal(desk.sounds, 1);

  await desk.say(one.peer!.id, { type: "rtc_keyframe", streamId: 0 });
  t.equal(asked, 1, "only who watches there is asked");
  t.equal(first.videoBps, 8e6, "before anything is known");
  await desk.say(one.peer!.id, PATH);
  t.equal(first.videoBps, 4e6);
  t.match(first.stats, {
    framesSent: 2,
    framesSkipped: 3,
    loss: 0.25,
    rttUs: 9000,
    bytesSent: 5000,
  });
  t.match(first.pathReport(1e6), { targetBps: 5e6, sentBps: 40_000, keyframes: 1 });
  t.equal(first.pathReport(2e6).sentBps, 0);
  first.layers = "keyframes";
  first.layers = "keyframes";
  await desk.settle();
  const said = desk.said.get(one.peer!.id)!.map(({ type }) => type);
  t.same(said.slice(-2), ["rtc_watch", "rtc_layers"], "a layer is told once");

  one.close("The player ended it");
  t.equal(await one.ended, "The player ended it");
  t.equal(desk.sound, undefined, "nobody hears");
  first.push(frame(3));
  second.push(frame(4));
  await desk.settle();
  t.same(desk.frames, [1, 2, 4]);
  t.equal(desk.gateway.sessions.size, 1);
  desk.gateway.close();
  await desk.settle();
  t.equal(desk.gateway.sessions.size, 0);
  t.equal(desk.link.peers, 0, "no peer is left, of sessions or streams");
  desk.link.end("over");
});

t.test("a session that is refused, or whose gateway ends, tells who waits", async (t) => {
  const desk = new Desk();
  const refused = await desk.open();
  const answer = desk.gateway.answerOf(refused);
  answer.catch(() => {});
  await desk.settle();
  desk.peers.get(refused.peer!.id)?.close("A line is of no known form");
  await t.rejects(answer, { message: "A line is of no known form" });
  await t.rejects(refused.connected, { message: "A line is of no known form" });

  const connected: string[] = [];
  const session = await desk.gateway.open({
    ...{ sdp: "v=0", use: "viewer", remoteAddress: "192.0.2.7", profileIdc: 0, settings: SETTINGS },
    onConnected: ({ remoteAddress }) => connected.push(remoteAddress),
  });
  await desk.say(session.peer!.id, { type: "rtc_connected", remoteAddress: "192.0.2.7:9" });
  t.same(connected, ["192.0.2.7:9"]);
  const frames = session.openFrames(0, () => {});
  desk.link.end("Gateway ended: exit code 1");
  t.match(await session.ended, /exit code 1/);
  t.doesNotThrow(() => frames.push(frame(1)));
  t.equal(desk.gateway.sessions.size, 0);
});

t.test("a network has so many places, which come back", async (t) => {
  const desk = new Desk();
  const sessions = [];
  for (let i = 0; i < SESSIONS_PER_PREFIX_MAX; i++) {
    sessions.push(await desk.open("player", `192.0.2.${i}`));
  }
  await t.rejects(desk.open("player", "192.0.2.200"), /this network/);
  t.equal(desk.gateway.stats.refused, 1);
  await desk.open("player", "198.51.100.1");
  sessions[0]?.close("over");
  await desk.settle();
  await desk.open("player", "192.0.2.200");
  t.equal(desk.gateway.sessions.size, SESSIONS_PER_PREFIX_MAX + 1);
  desk.gateway.close();
  desk.link.end("over");
});
