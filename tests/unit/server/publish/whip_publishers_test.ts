/**
 * Publishers of WHIP in the server process, with a gateway that is played: who is let in, what becomes
 * of frames and times, and every way in which one ends.
 */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import type { GatewayControl } from "../../../../src/gateway/gateway_control.ts";
import { GatewayLink } from "../../../../src/gateway/gateway_link.ts";
import type { GatewayPeer } from "../../../../src/gateway/gateway_peer.ts";
import {
  encodePublisherFrame,
  encodePublisherSound,
} from "../../../../src/gateway/publisher_media.ts";
import { PublishedStreams } from "../../../../src/server/publish/published_streams.ts";
import { WhipPublishers } from "../../../../src/server/publish/whip_publishers.ts";
import type { WhipOffer } from "../../../../src/server/publish/whip_publishers.ts";
import { StreamSet } from "../../../../src/server/streams/stream_set.ts";
import { until } from "../../../end_to_end/host_process.ts";
import { memoryPipes } from "../../../memory_pipes.ts";
import { DELTA, keyframeOf } from "./access_units.ts";

const HOST_US = 1e12;
const STATE = {
  type: "whip_state",
  ...{ isConnected: true, remoteAddress: "192.0.2.1:5000", hasSound: true, packets: 100 },
  ...{ packetsLost: 2, packetsRecovered: 3, unitsDamaged: 1, heldBytes: 0 },
} as const;

/** A host with one display, and a gateway that does what a test says. */
class Bench {
  readonly clock = new ManualClock(5_000_000);
  readonly published: PublishedStreams;
  readonly publishers: WhipPublishers;
  /** The gateway's end of each peer, and what the server said to it. */
  readonly peers: {
    readonly peer: GatewayPeer;
    readonly said: GatewayControl[];
    ended?: string;
  }[] = [];
  isAllowed = true;
  /** What the gateway does with an offer. */
  answer: (peer: GatewayPeer) => void = (peer) => {
    peer.sendControl({ type: "whip_answer", sdp: "v=0\r\n" });
  };
  readonly #link: GatewayLink;

  constructor({ max = 3, keepMs = 0 } = {}) {
    const nothing = () => {};
    const set = new StreamSet({
      ...{ names: ["Display"], bitrateBps: 4e6, fps: 30, controller: "trend", keepWarmMs: 0 },
      port: {
        ...{ start: nothing, stop: nothing, setRate: nothing, requestKeyframe: nothing },
        ...{ invalidate: nothing, sendInput: nothing },
      },
      ...{ clock: this.clock, log: silentLogger },
      audience: { broadcast: nothing, tell: nothing, releaseInput: nothing },
    });
    this.published = new PublishedStreams({
      ...{ max, keepMs, clock: this.clock, log: silentLogger, makeReplay: undefined },
      limits: { maxWidth: 1280, maxHeight: 720, maxFps: 60, maxBitrateBps: 4e6 },
      streams: () => set,
      hostTimeUs: (nowUs) => HOST_US + nowUs,
      ...{ onChanged: nothing, onReused: nothing, onEnded: nothing },
    });
    const [server, gateway] = memoryPipes();
    this.#link = new GatewayLink(server, { side: "server", ended: nothing });
    new GatewayLink(gateway, {
      side: "gateway",
      ended: nothing,
      peerOpened: (peer, message) => {
        const entry: (typeof this.peers)[number] = { peer, said: [message] };
        this.peers.push(entry);
        peer.listen({
          control: (said) => void entry.said.push(said),
          ended: (reason) => entry.ended = reason,
        });
        this.answer(peer);
      },
    });
    this.publishers = new WhipPublishers({
      ...{ published: this.published, clock: this.clock, log: silentLogger },
      link: () => Promise.resolve(this.#link),
      hostTimeUs: (nowUs) => HOST_US + nowUs,
    });
  }

  open(change: Partial<WhipOffer> = {}) {
    return this.publishers.open({
      ...{ name: "Game", sdp: "v=0\r\n", remoteAddress: "192.0.2.1", owner: "token", by: "Game" },
      isAllowed: () => this.isAllowed,
      ...change,
    });
  }

  /** Why an offer is refused, as status and reason. */
  async refusal(change: Partial<WhipOffer> = {}): Promise<string> {
    try {
      await this.open(change);
      return "";
    } catch (error) {
      const { status, reason } = error as { status?: number; reason?: string };
      return `${status} ${reason}`;
    }
  }

  /** A frame of the newest publisher, captured `ageUs` before the gateway hands it on. */
  frame(
    frameId: number,
    { isKeyframe = frameId === 1, ageUs = 3000, sentUs = 1_000_000, width = 640 } = {},
  ) {
    const bytes = Uint8Array.from(isKeyframe ? keyframeOf(width, 480) : DELTA);
    const header = encodePublisherFrame({ frameId, isKeyframe, captureUs: sentUs - ageUs, sentUs });
    this.peers.at(-1)!.peer.send("frame_in", bytes, header);
  }

  stream() {
    return this.published.offered.find(({ name }) => name === "Game");
  }
}

t.test("An offer becomes a stream, and its frames are those of a host", async (t) => {
  const bench = new Bench();
  const { id, sdp } = await bench.open();
  t.match(id, /^[\w-]{43}$/);
  t.equal(sdp, "v=0\r\n");
  t.match(bench.peers[0]!.said[0], { type: "whip_offer", bitrateBps: 4e6 });
  const stream = bench.stream()!;
  const times: number[] = [];
  stream.stream.record({
    describe: () => {},
    push: ({ captureTimeUs }) => times.push(captureTimeUs),
  });
  t.match(await heard(bench, "whip_keyframe"), { type: "whip_keyframe" });
  bench.frame(1);
  bench.frame(2, { sentUs: 1_033_000 });
  await until(() => times.length === 2, "frames");
  // The clock stands still: the second seems to have come a frame sooner, which is the truer offset.
  t.same(times, [HOST_US + 5_000_000 - 3000, HOST_US + 5_000_000 - 3000 + 1]);
  bench.clock.advance(33_000);
  bench.frame(3, { sentUs: 1_066_000 });
  await until(() => times.length === 3, "a third");
  t.equal(times[2], HOST_US + 5_033_000 - 3000);
  t.match(stream.facts, { encoder: "publisher", fps: 30 });
  bench.peers[0]!.peer.sendControl(STATE);
  await until(() => stream.facts.hasSound, "sound");
  const sound = encodePublisherSound({
    ...{ frameId: 1, channels: 2, frameUs: 20_000, captureUs: 1, sentUs: 1_066_000 },
  });
  bench.peers[0]!.peer.send("sound_in", Uint8Array.of(0xfc, 1, 2), sound);
  t.match(stream.producer?.report(), { packetsLost: 2, packetsRecovered: 3, framesDropped: 1 });
  t.equal(bench.publishers.end("game", id), true, "names are the same in any case");
  await until(() => bench.peers[0]!.ended !== undefined, "the end at the gateway");
  t.equal(bench.stream(), undefined);
  t.equal(bench.publishers.end("Game", id), false, "once");
  t.equal(bench.publishers.size, 0);
});

t.test("One publisher for each name, a few for each network and in all", async (t) => {
  const bench = new Bench({ max: 2 });
  const first = await bench.open();
  t.equal(await bench.refusal({ name: "GAME" }), "409 name_taken");
  t.equal(await bench.refusal({ name: "Display" }), "409 name_taken", "a display has it");
  await until(
    () => bench.peers.length === 2 && bench.peers[1]!.ended !== undefined,
    "no peer is left",
  );
  await bench.open({ name: "Other" });
  t.equal(await bench.refusal({ name: "Third", remoteAddress: "198.51.100.1" }), "429 full");
  t.ok(bench.publishers.end("Game", first.id));
  t.equal(await bench.refusal(), "", "its name and its place are free");
  const off = new Bench({ max: 0 });
  t.equal(await off.refusal(), "403 off");
  const wide = new Bench({ max: 8 });
  let release = () => {};
  wide.answer = (peer) => {
    const before = release;
    release = () => {
      before();
      peer.sendControl({ type: "whip_refusal", status: 400, reason: "No" });
    };
  };
  const waiting = Array.from({ length: 8 }, (_, index) => {
    return wide.refusal({ name: `N${index}`, remoteAddress: `192.0.2.${index % 2}` });
  });
  t.equal(
    await wide.refusal({ name: "N8", remoteAddress: "198.51.100.1" }),
    "429 full",
    "offers that wait count",
  );
  t.equal(await wide.refusal({ name: "n1" }), "409 name_taken", "and so do their names");
  await until(() => wide.peers.length === 8, "offers");
  release();
  t.same(new Set(await Promise.all(waiting)), new Set(["400 bad_offer"]));
  wide.answer = (peer) => peer.sendControl({ type: "whip_answer", sdp: "" });
  t.equal(await wide.refusal({ name: "N1" }), "", "nothing is left of them");
});

t.test("Whatever ends a publisher frees its name", async (t) => {
  const ends: Record<string, (bench: Bench) => void> = {
    "the gateway": (bench) => bench.peers[0]!.peer.close("Nothing is heard"),
    "its permission": (bench) => {
      bench.isAllowed = false;
      bench.peers[0]!.peer.sendControl(STATE);
    },
    "nonsense": (bench) => void bench.peers[0]!.peer.send("frame_in", new Uint8Array(40)),
    "an admin": (bench) => void bench.published.end(bench.stream()!.id),
    "the host": (bench) => bench.publishers.close(),
  };
  for (const [name, end] of Object.entries(ends)) {
    const bench = new Bench();
    await bench.open();
    end(bench);
    await until(() => bench.publishers.size === 0, name);
    t.equal(bench.stream(), undefined, `${name}: the stream`);
    t.equal(await bench.refusal(), "", `${name}: the name`);
  }
});

t.test("A publisher that comes back has its stream again, and nobody else has", async (t) => {
  const bench = new Bench({ keepMs: 60_000 });
  await bench.open();
  const stream = bench.stream()!;
  bench.frame(1);
  await until(() => stream.isTaking, "a frame");
  bench.peers[0]!.peer.close("Nothing is heard");
  await until(() => bench.publishers.size === 0, "its end");
  t.equal(stream.phase, "waiting");
  t.equal(await bench.refusal({ owner: "s1" }), "409 name_taken", "the name is kept for it");
  const { id } = await bench.open();
  t.equal(bench.stream(), stream);
  t.equal(stream.phase, "live");
  bench.frame(1);
  await until(() => stream.stats.frames === 2, "frames count on");
  t.ok(bench.publishers.end("Game", id));
  t.equal(stream.phase, "ended", "who ends it itself is not waited for");
});

t.test("A gateway that ends or answers nothing refuses with words", async (t) => {
  const bench = new Bench();
  bench.answer = (peer) => peer.close("The gateway is not set up");
  t.equal(await bench.refusal(), "503 unavailable");
  bench.answer = (peer) => peer.sendControl({ type: "whip_refusal", status: 406, reason: "AV1" });
  t.equal(await bench.refusal(), "406 bad_offer");
  t.equal(bench.publishers.size, 0);
  t.match(bench.publishers.stats, { opened: 0, refused: 2 });
});

t.test("Pictures that are refused for 3 s end their publisher with the reason", async (t) => {
  const bench = new Bench();
  await bench.open();
  const stream = bench.stream()!;
  for (let frameId = 1; frameId < 40 && bench.publishers.size > 0; frameId++) {
    bench.frame(frameId, { isKeyframe: true, width: 1920 });
    await until(() => stream.stats.refused === frameId || bench.publishers.size === 0, "a frame");
    bench.clock.advance(100_000);
  }
  await until(() => bench.peers[0]!.ended !== undefined, "its end");
  t.match(bench.peers[0]!.ended, /Pictures of 1920x480 are larger than 1280x720/);
  t.equal(stream.stats.frames, 0);
});

async function heard(bench: Bench, type: string): Promise<GatewayControl> {
  return await until(() => bench.peers[0]!.said.find((said) => said.type === type), type);
}
