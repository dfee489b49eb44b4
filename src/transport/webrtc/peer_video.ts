/**
 * PeerVideo: the picture of one player: which frames it gets, how they leave, what is sent again, and
 * what its reports ask for. Frames that the path has no room for are dropped whole, up to one that the
 * player can decode; nothing waits longer than the queue of `QUEUE_BYTES_MAX` allows. It owns no clock:
 * who does calls `pull` at `deadline`.
 */

import type { ControllerLimits, ControllerName } from "../../congestion/congestion_controller.ts";
import { PeerPath } from "./peer_path.ts";
import type { ReceptionReport, TransportReport } from "./rtcp_reports.ts";
import type { RtpStream, RtpUnit } from "./rtp_stream.ts";
import { SendQueue } from "./send_queue.ts";

/** What may be spent on packets that are sent again: bytes at once, and of the target. */
const REPAIR_BURST_BYTES = 96 * 1024;
const REPAIR_SHARE = 0.5;
/** The same packet is not sent again within a round trip, and not within this. */
const REPAIR_QUIET_US_MIN = 10_000;
/** Keyframes are asked for this often at most. */
const KEYFRAME_US = 300_000;
/** Share of the flight limit to which the flight drains before frames go on. */
const DRAINED_SHARE = 0.5;
/** Frames that are remembered, to know which others can be decoded. */
const FRAMES = 512;
/** A frame of a stream that went on without this player. */
const STREAMS = 16;
/** What is left of the rate for the picture: repairs and sound take the rest. */
const VIDEO_SHARE = 0.9;
/** Without transport-wide reports: loss above this lowers the rate, below it raises it. */
const LOSS_HIGH = 0.1;
const LOSS_LOW = 0.02;
const PROBE_PACKETS_MAX = 32;
/** A path that is silent is asked this often. */
const SILENCE_PROBE_US = 100_000;

/** What is known of a frame. */
export interface VideoFrame {
  readonly streamId: number;
  readonly frameId: number;
  readonly referenceDistance: number;
  readonly captureTimeUs: number;
}

/** What the picture of a player is made of. */
export interface PeerVideoOptions {
  readonly stream: RtpStream;
  readonly controller?: ControllerName;
  readonly limits: ControllerLimits;
  /** Reports of arrivals were agreed on. */
  readonly hasTransportReports: boolean;
  readonly onKeyframeNeeded: (streamId: number) => void;
  /** Wall clock, milliseconds. */
  readonly wallMs: () => number;
}

/** Counters of one player's picture. */
export interface PeerVideoStats {
  framesSent: number;
  /** Frames that the player could not use, or its path could not take. */
  framesDropped: number;
  /** Times that too much was in flight. */
  flightStops: number;
  bytesSent: number;
  /** Packets that the player asked for again, and those of them that were sent. */
  packetsMissing: number;
  repairsSent: number;
  /** Keyframes that the player asked for. */
  pictureLosses: number;
}

/** The picture of one player. */
export class PeerVideo {
  readonly stats: PeerVideoStats = {
    framesSent: 0,
    framesDropped: 0,
    flightStops: 0,
    bytesSent: 0,
    packetsMissing: 0,
    repairsSent: 0,
    pictureLosses: 0,
  };
  readonly path: PeerPath;
  readonly #options: PeerVideoOptions;
  readonly #queue = new SendQueue();
  /** By stream: ids of frames that were sent whole and could be decoded. */
  readonly #decodable = new Map<number, Int32Array>();
  readonly #askedUs = new Map<number, number>();
  #isFlightFull = false;
  #repairBytes = REPAIR_BURST_BYTES;
  #repairUs = 0;
  #askedPathUs = -Infinity;
  #lossTargetBps: number;
  #fractionLost = 0;

  constructor(options: PeerVideoOptions) {
    this.#options = options;
    const { controller = "trend", limits } = options;
    this.path = new PeerPath({ controller, limits });
    this.#lossTargetBps = limits.startBps;
    this.#queue.setTarget(this.targetBps);
  }

  get stream(): RtpStream {
    return this.#options.stream;
  }

  /** What may be sent to the player in all. */
  get targetBps(): number {
    return this.#options.hasTransportReports ? this.path.targetBps : this.#lossTargetBps;
  }

  /** What of it is for the picture. */
  get videoBps(): number {
    return this.targetBps * VIDEO_SHARE;
  }

  /** Share of packets lost, as the player says. */
  get loss(): number {
    return this.#fractionLost;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  get deadline(): number | undefined {
    return this.#queue.deadline;
  }

  /** The player begins with a stream, or begins anew. */
  begin(streamId: number, nowUs: number): void {
    this.#decodable.delete(streamId);
    this.#askedUs.delete(streamId);
    this.#needKeyframe(streamId, nowUs);
  }

  /** The player watches a stream no longer. */
  leave(streamId: number): void {
    this.#decodable.delete(streamId);
    this.#askedUs.delete(streamId);
  }

  /** Sends a frame, whose payloads stay as they are, or drops it whole. */
  push(frame: VideoFrame, payloads: readonly Uint8Array<ArrayBuffer>[], nowUs: number): void {
    const { streamId, captureTimeUs } = frame;
    if (!this.#canDecode(frame)) {
      this.stats.framesDropped++;
      if (!this.path.isSilent && this.#hasRoom()) this.#needKeyframe(streamId, nowUs);
      return;
    }
    const rtpTime = this.#options.stream.rtpTime(captureTimeUs);
    const units = payloads.map((payload, index): RtpUnit => {
      return { payload, rtpTime, marker: index === payloads.length - 1 };
    });
    if (this.path.isSilent || !this.#hasRoom() || !this.#queue.push(units)) {
      this.stats.framesDropped++;
      return;
    }
    this.#noteSent(frame);
    this.path.noteFrame(payloads.reduce((sum, { byteLength }) => sum + byteLength, 0));
    this.stats.framesSent++;
    this.pull(nowUs);
    this.#probe(nowUs);
  }

  /** Sends what waits for its time. */
  pull(nowUs: number): void {
    for (;;) {
      const unit = this.#queue.pull(nowUs);
      if (unit === undefined) break;
      const bytes = this.#options.stream.send(unit, this.#options.wallMs());
      if (bytes > 0) this.#note(bytes, unit.marker, nowUs);
    }
    if (this.path.pull(nowUs)) this.#queue.clear();
    if (this.path.isSilent && nowUs - this.#askedPathUs >= SILENCE_PROBE_US) this.#askPath(nowUs);
  }

  /** Sends one packet again over a path that is silent: an answer to it ends the silence. */
  #askPath(nowUs: number): void {
    this.#askedPathUs = nowUs;
    const { stream, wallMs } = this.#options;
    const sequence = stream.sequenceBack(1);
    const bytes = stream.repair(sequence, { nowUs, quietUs: 0, wallMs: wallMs() });
    if (bytes > 0) this.#note(bytes, false, nowUs);
    // Without repairs there is nothing small to ask with: the next keyframe does.
    else this.path.endSilence();
  }

  /** The player needs a keyframe of what it watches. */
  onPictureLost(nowUs: number): void {
    this.stats.pictureLosses++;
    for (const streamId of this.#decodable.keys()) {
      // What it has is of no use to it: only a keyframe is.
      this.#decodable.get(streamId)?.fill(0);
      this.#needKeyframe(streamId, nowUs);
    }
  }

  /** The player asks for packets again. */
  onMissing(sequences: readonly number[], nowUs: number): void {
    this.stats.packetsMissing += sequences.length;
    const rate = this.targetBps / 8e6 * REPAIR_SHARE;
    const refill = (nowUs - this.#repairUs) * rate;
    this.#repairBytes = Math.min(REPAIR_BURST_BYTES, this.#repairBytes + refill);
    this.#repairUs = nowUs;
    for (const sequence of sequences) {
      if (this.#repairBytes <= 0) return;
      const bytes = this.#repair(sequence, nowUs);
      this.#repairBytes -= bytes;
      if (bytes > 0) this.stats.repairsSent++;
    }
  }

  onTransport(report: TransportReport, nowUs: number): void {
    if (this.path.observe(report, nowUs)) this.#queue.setTarget(this.targetBps);
  }

  onReception(report: ReceptionReport): void {
    this.#fractionLost = report.fractionLost;
    if (this.#options.hasTransportReports) return;
    const { minBps, maxBps } = this.#options.limits;
    if (report.fractionLost > LOSS_HIGH) this.#lossTargetBps *= 1 - report.fractionLost / 2;
    else if (report.fractionLost < LOSS_LOW) this.#lossTargetBps *= 1.05;
    this.#lossTargetBps = Math.min(maxBps, Math.max(minBps, this.#lossTargetBps));
    this.#queue.setTarget(this.targetBps);
  }

  /** Bytes that left beside the picture. */
  noteOther(bytes: number, nowUs: number): void {
    this.#note(bytes, false, nowUs);
    this.#queue.noteOther(bytes, nowUs);
  }

  close(): void {
    this.#queue.clear();
    this.#decodable.clear();
    this.#options.stream.clear();
  }

  #repair(sequence: number, nowUs: number): number {
    const quietUs = Math.max(REPAIR_QUIET_US_MIN, Math.min(this.path.rttUs, 100_000));
    const wallMs = this.#options.wallMs();
    const bytes = this.#options.stream.repair(sequence, { nowUs, quietUs, wallMs });
    if (bytes > 0) {
      this.#note(bytes, false, nowUs);
      this.#queue.noteOther(bytes, nowUs);
    }
    return bytes;
  }

  /** Sends packets a second time where the controller wants to know what more the path carries. */
  #probe(nowUs: number): void {
    const wanted = this.path.probeBytes(nowUs);
    if (wanted === 0 || !this.#options.stream.canRepair) return;
    let bytes = 0;
    for (let back = 1; back <= PROBE_PACKETS_MAX && bytes < wanted; back++) {
      bytes += this.#repair(this.#options.stream.sequenceBack(back), nowUs);
    }
  }

  #note(bytes: number, endsFrame: boolean, nowUs: number): void {
    this.stats.bytesSent += bytes;
    if (this.#options.hasTransportReports) this.path.noteSent(bytes, endsFrame, nowUs);
  }

  /** False while too much is in flight, until half of it has drained. */
  #hasRoom(): boolean {
    const inFlight = this.path.isKnown ? this.path.bytesInFlight : 0;
    const bytes = inFlight + this.#queue.bytes;
    const isFull = bytes > this.path.flightBytesMax * (this.#isFlightFull ? DRAINED_SHARE : 1);
    if (isFull && !this.#isFlightFull) this.stats.flightStops++;
    this.#isFlightFull = isFull;
    return !isFull;
  }

  #canDecode({ streamId, frameId, referenceDistance }: VideoFrame): boolean {
    if (referenceDistance === 0) return true;
    const reference = (frameId - referenceDistance) | 0;
    return this.#decodable.get(streamId)?.[reference & (FRAMES - 1)] === reference;
  }

  #noteSent({ streamId, frameId }: VideoFrame): void {
    let known = this.#decodable.get(streamId);
    if (known === undefined) {
      if (this.#decodable.size >= STREAMS) this.#decodable.clear();
      this.#decodable.set(streamId, known = new Int32Array(FRAMES));
    }
    known[frameId & (FRAMES - 1)] = frameId | 0;
  }

  #needKeyframe(streamId: number, nowUs: number): void {
    if (nowUs - (this.#askedUs.get(streamId) ?? -Infinity) < KEYFRAME_US) return;
    this.#askedUs.set(streamId, nowUs);
    this.#options.onKeyframeNeeded(streamId);
  }
}
