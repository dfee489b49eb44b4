/**
 * Tests of src/transport/webrtc/peer_video.ts and peer_path.ts over a simulated path with a simulated
 * clock: the rate finds the path's, frames are dropped whole, what is lost is repaired, a path that was
 * gone comes back, and a player without transport-wide reports is served too.
 */

import { Buffer } from "node:buffer";
import t from "tap";
import type { RtpHeader } from "werift";
import { packetizeH264 } from "../../../../src/transport/webrtc/h264_packetizer.ts";
import { PeerVideo } from "../../../../src/transport/webrtc/peer_video.ts";
import { RtpStream } from "../../../../src/transport/webrtc/rtp_stream.ts";
import { randomFromSeed } from "../../../seeded.ts";

const FRAME_US = 16_667;
const REPORT_US = 50_000;
const DELAY_US = 10_000;
const LIMITS = { startBps: 8e6, minBps: 300e3, maxBps: 20e6 };

/** One packet on the path. */
interface Sent {
  readonly sequence: number;
  readonly rtp: number;
  readonly isRepair: boolean;
  readonly marker: boolean;
  readonly arrivalUs: number;
}

/** A player behind a path of some rate that loses some packets. */
class Player {
  readonly video: PeerVideo;
  readonly keyframesAsked: number[] = [];
  /** Packets of the stream that arrived, by number. */
  readonly arrived = new Set<number>();
  bytes = 0;
  pathBps = 50e6;
  loss = 0;
  isGone = false;
  /** Time that the packet sent last waits on the path. */
  queueUs = 0;
  nowUs = 1_000_000;
  #freeUs = 0;
  #sequence = 0;
  #reportCount = 0;
  #reportedUs = 0;
  #first: number | undefined;
  #highest: number | undefined;
  #under: Sent[] = [];
  #frameId = 0;
  readonly #missing = new Set<number>();
  readonly #random = randomFromSeed(77);

  constructor({ hasTransportReports = true, repairs = true } = {}) {
    const stream = new RtpStream({
      ...{ ssrc: 1, payloadType: 102, mid: "0", clockRate: 90_000, name: "test" },
      repair: repairs ? { ssrc: 2, payloadType: 103 } : undefined,
      extensions: { mid: 1, sendTime: 2, transportSequence: 3, playoutDelay: 4 },
      send: (payload, header) => this.#send(payload, header),
      transportSequence: () => this.video.path.nextSequence,
    });
    this.video = new PeerVideo({
      ...{ stream, limits: LIMITS, hasTransportReports },
      onKeyframeNeeded: () => this.keyframesAsked.push(this.nowUs),
      wallMs: () => this.nowUs / 1000,
    });
    this.video.begin(0, this.nowUs);
  }

  /** Lets `seconds` pass while an encoder follows the rate, with a keyframe when it is asked for. */
  run(seconds: number, fixedBps?: number): void {
    const endUs = this.nowUs + seconds * 1e6;
    let asked = this.keyframesAsked.length - (this.#frameId === 0 ? 1 : 0);
    while (this.nowUs < endUs) {
      const isKeyframe = this.keyframesAsked.length > asked;
      asked = this.keyframesAsked.length;
      const bps = fixedBps ?? Math.min(15e6, this.video.videoBps);
      const bytes = Math.max(200, Math.round(bps / 60 / 8)) * (isKeyframe ? 4 : 1);
      const unit = new Uint8Array(bytes + 4).fill(0x55);
      unit.set([0, 0, 1, isKeyframe ? 0x65 : 0x41]);
      const frame = {
        ...{ streamId: 0, frameId: ++this.#frameId, captureTimeUs: this.nowUs },
        referenceDistance: isKeyframe ? 0 : 1,
      };
      this.video.push(frame, packetizeH264(unit), this.nowUs);
      const nextUs = this.nowUs + FRAME_US;
      for (; this.nowUs < nextUs; this.nowUs += 1000) {
        this.video.pull(this.nowUs);
        this.#report();
      }
    }
  }

  #send(payload: Buffer, header: RtpHeader): number {
    const bytes = payload.byteLength + 40;
    this.bytes += bytes;
    const sequence = this.#sequence++ & 0xffff;
    const startUs = Math.max(this.nowUs, this.#freeUs);
    this.queueUs = startUs - this.nowUs;
    // What finds 300 ms of others before it is lost.
    if (this.isGone || this.queueUs > 300_000) return bytes;
    this.#freeUs = startUs + bytes * 8e6 / this.pathBps;
    if (this.#random.next() < this.loss) return bytes;
    const isRepair = header.ssrc === 2;
    const rtp = isRepair ? payload.readUInt16BE(0) : header.sequenceNumber;
    const arrivalUs = this.#freeUs + DELAY_US;
    this.#under.push({ sequence, rtp, isRepair, marker: header.marker, arrivalUs });
    return bytes;
  }

  /** What has arrived is reported, and what is missing asked for. */
  #report(): void {
    if (this.nowUs - this.#reportedUs < REPORT_US || this.isGone) return;
    const arrivals = this.#under.filter(({ arrivalUs }) => arrivalUs <= this.nowUs - DELAY_US);
    if (arrivals.length === 0) return;
    this.#reportedUs = this.nowUs;
    this.#under = this.#under.filter(({ arrivalUs }) => arrivalUs > this.nowUs - DELAY_US);
    const first = arrivals[0]!.sequence;
    const newest = arrivals.at(-1)!.sequence;
    this.video.onTransport({
      ...{ count: this.#reportCount++ & 0xff, first, packets: newest - first + 1 },
      arrivals: arrivals.map(({ sequence, arrivalUs }) => ({ sequence, arrivalUs })),
    }, this.nowUs);
    for (const { rtp, isRepair } of arrivals) {
      this.arrived.add(rtp);
      this.#missing.delete(rtp);
      if (isRepair) continue;
      this.#first ??= rtp;
      const from = this.#highest === undefined ? rtp : this.#highest + 1;
      for (let missing = from; missing < rtp; missing++) this.#missing.add(missing);
      this.#highest = Math.max(rtp, this.#highest ?? rtp);
    }
    if (this.#missing.size > 0) this.video.onMissing([...this.#missing].slice(-100), this.nowUs);
  }

  /** Packets of the stream that never came, up to a moment ago. */
  get missing(): number {
    return this.#missing.size;
  }
}

t.test("the rate finds that of the path and keeps its queue short", (t) => {
  const player = new Player();
  player.pathBps = 4e6;
  player.run(6);
  t.equal(player.keyframesAsked.length >= 1, true);
  let longest = 0;
  const before = player.bytes;
  for (let i = 0; i < 100; i++) {
    player.run(0.1);
    longest = Math.max(longest, player.queueUs);
  }
  const bps = (player.bytes - before) * 8 / 10;
  t.ok(bps > 2.4e6 && bps < 4.2e6, `${(bps / 1e6).toFixed(2)} of 4 Mbit/s`);
  t.ok(longest < 150_000, `queue of ${(longest / 1000).toFixed(0)} ms at most`);
  player.pathBps = 50e6;
  player.run(15);
  t.ok(player.video.targetBps > 8e6, `${(player.video.targetBps / 1e6).toFixed(1)} Mbit/s again`);
  t.end();
});

t.test("what is lost is sent again, and chance losses cost no rate", (t) => {
  const player = new Player();
  player.loss = 0.02;
  player.run(10);
  t.ok(player.video.stats.repairsSent > 50, `${player.video.stats.repairsSent} repairs`);
  t.ok(player.missing < 20, `${player.missing} packets are under way`);
  t.ok(player.video.targetBps > 7e6, `${(player.video.targetBps / 1e6).toFixed(1)} Mbit/s`);
  t.end();
});

t.test("a path that takes nothing gets no queue, and frames go on when it is back", (t) => {
  const player = new Player();
  player.run(3);
  player.isGone = true;
  player.run(3);
  t.equal(player.video.path.isSilent, true);
  t.ok(player.video.queuedBytes < 300_000, `${player.video.queuedBytes} bytes wait`);
  const asked = player.keyframesAsked.length;
  player.run(1);
  t.equal(player.keyframesAsked.length, asked, "nobody is asked for a keyframe meanwhile");
  const sent = player.video.stats.framesSent;
  player.isGone = false;
  player.run(2);
  t.equal(player.video.path.isSilent, false);
  t.ok(player.keyframesAsked.length > asked, "then it is");
  t.ok(player.video.stats.framesSent > sent + 60, "and the picture goes on");
  t.end();
});

t.test("a frame is dropped with all that refer to it, up to a keyframe", (t) => {
  const player = new Player();
  player.run(1);
  const { framesDropped } = player.video.stats;
  player.pathBps = 1e6;
  player.run(4, 6e6);
  t.ok(player.video.stats.framesDropped > framesDropped + 30, "more than the path takes");
  t.ok(player.video.queuedBytes < 1_100_000, "and little of it waits here");
  t.end();
});

t.test("picture losses are answered by a keyframe, not by each of them", (t) => {
  const player = new Player();
  player.run(1);
  const asked = player.keyframesAsked.length;
  for (let i = 0; i < 20; i++) player.video.onPictureLost(player.nowUs);
  t.equal(player.keyframesAsked.length, asked + 1);
  t.equal(player.video.stats.pictureLosses, 20);
  player.run(1);
  t.ok(player.keyframesAsked.length <= asked + 2);
  t.end();
});

t.test("without transport-wide reports the rate follows the losses", (t) => {
  const player = new Player({ hasTransportReports: false, repairs: false });
  player.run(1);
  const reception = { ssrc: 1, packetsLost: 0, jitter: 0, lastReport: 0, delay: 0 };
  for (let i = 0; i < 5; i++) player.video.onReception({ ...reception, fractionLost: 0.3 });
  const low = player.video.targetBps;
  t.ok(low < 4e6, `${low} after losses`);
  for (let i = 0; i < 10; i++) player.video.onReception({ ...reception, fractionLost: 0 });
  t.ok(player.video.targetBps > low);
  player.run(1);
  t.equal(player.video.stats.repairsSent, 0);
  t.ok(player.video.stats.framesSent > 60);
  t.end();
});

t.test("what a report says of packets that were never sent is not believed", (t) => {
  const player = new Player();
  player.run(1);
  const before = player.video.targetBps;
  for (const first of [0, 40_000, 65_000]) {
    const arrivals = [0, 1, 2].map((i) => ({ sequence: (first + i) & 0xffff, arrivalUs: i }));
    player.video.onTransport({ count: 200, first, packets: 3, arrivals }, player.nowUs);
  }
  player.video.onMissing(Array.from({ length: 2000 }, (_, i) => i * 31 & 0xffff), player.nowUs);
  t.ok(Math.abs(player.video.targetBps - before) < before);
  player.video.close();
  player.video.pull(player.nowUs);
  t.equal(player.video.deadline, undefined);
  t.end();
});
