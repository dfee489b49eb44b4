/**
 * MediaSender: sends one stream to one viewer and reacts to what the viewer reports: redundancy,
 * reactive repairs, the ladder, rate and pacing. Its packets are made by the MediaGroup that it shares
 * with viewers of the same kind. It owns no clock: who does calls `pull` at `deadline`. What it holds
 * is bounded by the pacer's queue and by rings of fixed size.
 */

import type { ControllerLimits, ControllerName } from "../congestion/congestion_controller.ts";
import { PACER_AGE_US_MAX } from "../congestion/pacer.ts";
import { RepairSchedule } from "../fec/repair_schedule.ts";
import type { FrameLayers } from "../wire/control.ts";
import type { Feedback } from "../wire/feedback.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { PACKET_FLAG_END } from "../wire/packet.ts";
import { KeyframePulse } from "./keyframe_pulse.ts";
import { datagramClassOf, isInLayers } from "./media_group.ts";
import type { GroupMember, MediaGroup } from "./media_group.ts";
import { PacketOutlet } from "./packet_outlet.ts";
import type { DatagramSink } from "./packet_outlet.ts";
import { probePackets } from "./probe_packets.ts";
import { emptySenderCounts, reportOf, statsOf } from "./sender_report.ts";
import type { MediaSenderStats, ReportParts, SenderReport } from "./sender_report.ts";
import { SenderPath } from "./sender_path.ts";
import { SilenceWatch } from "./silence_watch.ts";
import type { Flight } from "./silence_watch.ts";
import { ViewerFrames } from "./viewer_frames.ts";
import { ViewerRepair } from "./viewer_repair.ts";

export type { DatagramSink } from "./packet_outlet.ts";
export type { MediaSenderStats, SenderReport } from "./sender_report.ts";

/** How long the packets of a keyframe may wait where keyframes are all that a viewer gets. */
const KEYFRAME_AGE_US_MAX = 4_000_000;
/** Share of the flight limit to which the flight drains before frames go on. */
const DRAINED_SHARE = 0.5;
/** Bytes that a probe of the path's capacity adds are sent in repairs of about this size. */
const PROBE_PACKET_BYTES = 1200;

/** What a sender is made of. */
export interface MediaSenderOptions {
  readonly connection: DatagramSink;
  readonly streamId: number;
  /** Default "trend". */
  readonly controller?: ControllerName;
  readonly limits: ControllerLimits;
  readonly frameIntervalUs: number;
  /** What the encoder makes at most: a path that carries it is not tried further. Default: no limit. */
  readonly videoBpsMax?: number;
  /** The encoder must not refer to `firstLostFrameId`, nor to any frame since. */
  readonly onInvalidate: (firstLostFrameId: number) => void;
  readonly onKeyframeNeeded: () => void;
  /** Weight of bursts in the redundancy, for measurements; default: by the round trip. */
  readonly redundancyFactor?: number;
  /** A redundancy that follows no report, for measurements. */
  readonly fixedRedundancy?: number;
  /** The rung loses nothing: long packets, no repairs, no probes, nothing expires. */
  readonly isReliable?: boolean;
}

/** Sends one stream to one viewer. */
export class MediaSender implements GroupMember {
  readonly #options: MediaSenderOptions;
  readonly #isReliable: boolean;
  readonly #path: SenderPath;
  readonly #outlet: PacketOutlet;
  readonly #frames = new ViewerFrames();
  readonly #schedule = new RepairSchedule();
  readonly #repair: ViewerRepair;
  readonly #silence = new SilenceWatch();
  readonly #pulse = new KeyframePulse();
  readonly #counts = emptySenderCounts();
  #streamId: number;
  #layers: FrameLayers = "all";
  #group: MediaGroup | undefined;
  #isFlightFull = false;
  #frameBytesStart = 0;
  #isKeyframe = false;
  #probeRepairs = 0;
  #unheardSinceUs: number | undefined;
  #unheardFromUs: number | undefined;
  #heardSequence = -1;
  #reportedUs = 0;
  #reportedBytes = 0;
  #isClosed = false;

  constructor(options: MediaSenderOptions) {
    this.#options = options;
    const { connection, streamId, limits, frameIntervalUs, isReliable = false } = options;
    this.#isReliable = isReliable;
    this.#streamId = streamId;
    this.#path = new SenderPath({
      controller: options.controller ?? "trend",
      ...{ limits, frameIntervalUs },
      redundancyFactor: options.redundancyFactor,
      fixedRedundancy: isReliable ? 0 : options.fixedRedundancy,
    });
    const { sent, targetBps } = this.#path;
    this.#outlet = new PacketOutlet({ connection, streamId, sent, targetBps, isReliable });
    this.#repair = new ViewerRepair({
      ...{ path: this.#path, outlet: this.#outlet, frames: this.#frames, frameIntervalUs },
      onInvalidate: options.onInvalidate,
      onKeyframeNeeded: options.onKeyframeNeeded,
    });
  }

  get stats(): MediaSenderStats {
    return statsOf({ ...this.#counts, silences: this.#silence.silences }, this.#parts());
  }

  /** Of what the path allows: the rest is for other streams of the same viewer. 0 to 1. */
  share = 1;

  /** What the path allows for the picture, bits a second. */
  get videoBps(): number {
    return this.#path.videoBps * this.share;
  }

  /** Share of the full frame rate that the path carries smoothly. */
  get frameRateShare(): number {
    return this.#path.frameRateShare;
  }

  /** Which frames the viewer gets; a change takes effect at a frame that it can decode. */
  get layers(): FrameLayers {
    return this.#layers;
  }

  set layers(layers: FrameLayers) {
    if (layers === this.#layers) return;
    this.#layers = layers;
    // A keyframe of what the others can follow may take seconds of this path.
    this.#outlet.setAgeMax(layers === "keyframes" ? KEYFRAME_AGE_US_MAX : PACER_AGE_US_MAX);
  }

  /** Size of datagrams of the path, as groups have it. Asks the transport. */
  get datagramClass(): number | undefined {
    return datagramClassOf(this.#options.connection.maxDatagramSize, this.#isReliable);
  }

  /** The group that it is a member of. */
  get group(): MediaGroup | undefined {
    return this.#group;
  }

  /** Newest frame that was sent, 0 before the first; its last packets may wait in the pacer. */
  get lastFrameId(): number {
    return this.#frames.newestId;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#outlet.bufferBytes;
  }

  /** The viewer was not heard for so long that nothing but probes is sent. */
  get isSilent(): boolean {
    return this.#silence.isSilent;
  }

  /** True while packets wait in the pacer. */
  get isPacing(): boolean {
    return this.#outlet.queuedBytes > 0;
  }

  /** When to call `pull`, or undefined. It moves with each frame and report. */
  get deadline(): number | undefined {
    if (this.#isClosed) return undefined;
    const paceUs = this.#outlet.deadline;
    const watchUs = this.#silence.deadline(this.#flight());
    if (paceUs === undefined || watchUs === undefined) return paceUs ?? watchUs;
    return Math.min(paceUs, watchUs);
  }

  /** True when the viewer gets this frame; it may then have to enter another group. */
  admit(frame: EncodedFrame, nowUs: number): boolean {
    if (this.#isClosed) return false;
    this.#repair.noteFrame(frame.frameId, nowUs);
    if (!isInLayers(this.#layers, frame)) {
      if (this.#layers === "keyframes") this.#wishKeyframe(nowUs);
      return this.#group?.layers === this.#layers;
    }
    if (this.#silence.isSilent || !this.#hasRoom()) {
      this.#counts.framesSkipped++;
      return false;
    }
    const group = this.#group;
    const stays = group?.layers === this.#layers && group.datagramClass === this.datagramClass;
    if (stays || this.#frames.canDecode(frame, group !== undefined)) return true;
    this.#counts.framesSkipped++;
    this.#repair.climb(nowUs);
    return false;
  }

  /** Leaves its group and enters `group`, from whose next frame on it gets all; undefined for none. */
  enter(group: MediaGroup | undefined, nowUs: number): void {
    this.#group?.remove(this);
    this.#group = group;
    if (group === undefined) return;
    this.#repair.startEpoch(group, nowUs);
    this.#outlet.startEpoch();
    this.#frames.startEpoch();
    this.#schedule.clear();
    group.add(this);
  }

  get roundTripFrames(): number {
    return this.#path.roundTripFrames;
  }

  get acknowledgedSourceId(): number | undefined {
    return this.#frames.acknowledgedSourceId;
  }

  get repairsDue(): number {
    return this.#schedule.pending + this.#probeRepairs;
  }

  beginFrame(frame: EncodedFrame, firstSourceId: number, nowUs: number): boolean {
    const answers = this.#repair.ladder.isDamaged && this.#frames.canDecode(frame, false);
    if (answers) this.#repair.ladder.noteAnswer(nowUs);
    this.#frames.push(frame, firstSourceId, nowUs);
    this.#schedule.redundancy = this.#path.redundancy;
    this.#schedule.minRepairsPerFrame = this.#path.minRepairsPerFrame;
    this.#frameBytesStart = this.#outlet.bytesSent;
    this.#isKeyframe = frame.referenceDistance === 0;
    this.#silence.noteMedia();
    return answers;
  }

  sendSource(packet: Uint8Array, nowUs: number): void {
    const endsFrame = (packet[0]! & PACKET_FLAG_END) !== 0;
    this.#frames.notePacket();
    this.#schedule.push(endsFrame);
    this.#outlet.send(packet, nowUs);
    if (!endsFrame) return;
    if (!this.#isReliable) this.#probeRepairs = this.#probes(PROBE_PACKET_BYTES);
    // Where nothing is lost there are no repairs: copies are dropped by who gets them.
    else this.#sendAgain(packet, nowUs);
  }

  sendRepair(packet: Uint8Array, nowUs: number): void {
    if (!this.#schedule.take()) this.#probeRepairs--;
    this.#outlet.send(packet, nowUs);
    this.#counts.repairsSent++;
    this.#repair.ladder.noteRepair();
  }

  clearRepairs(): void {
    this.#schedule.clear();
    this.#probeRepairs = 0;
  }

  endFrame(nowUs: number): void {
    this.#counts.framesSent++;
    this.#unheardSinceUs = nowUs;
    this.#unheardFromUs ??= nowUs;
    const queued = this.#outlet.queuedBytes;
    const bytes = this.#outlet.bytesSent - this.#frameBytesStart + queued;
    this.#path.noteFrame(bytes, this.#frames.newestPackets);
    if (this.#isKeyframe) this.#pulse.note(bytes, this.#path.videoBps, nowUs);
  }

  /** Takes a report of the viewer. */
  onFeedback(feedback: Feedback, nowUs: number): void {
    if (this.#isClosed || feedback.streamId !== this.#streamId) return;
    const { isSilent } = this.#silence;
    const isKnown = this.#path.observe(feedback, nowUs, isSilent) &&
      this.#frames.noteComplete(feedback.lastCompleteFrameId);
    if (!isKnown) {
      this.#counts.feedbacksRefused++;
      return;
    }
    this.#counts.feedbacks++;
    if (feedback.missingLength > 0) this.#counts.missingReports++;
    this.#silence.noteReport();
    this.#outlet.setTarget(this.#path.targetBps);
    this.#noteHeard(feedback.newestSequence, nowUs);
    // While the path takes nothing, another frame would be made for nothing.
    const isPulsed = this.#layers === "keyframes";
    if (this.#group !== undefined) this.#repair.judge(feedback, !isPulsed, nowUs);
    else if (!isPulsed && this.#hasRoom()) this.#repair.climb(nowUs);
  }

  /** Bytes that left beside the picture: they count against what the path takes. */
  noteOther(bytes: number, nowUs: number): void {
    this.#path.noteOther(bytes, nowUs);
    this.#outlet.noteOther(bytes, nowUs);
  }

  /** Sends what waits for its time: paced packets, repairs of a silent tail, probes. */
  pull(nowUs: number): void {
    if (this.#isClosed) return;
    this.#outlet.pull(nowUs);
    if (!this.#isReliable) this.#path.sent.expire(nowUs);
    for (;;) {
      const action = this.#silence.pull(this.#flight(), nowUs);
      if (action === "none") return;
      if (action === "tail") {
        this.#repair.repairTail(this.#silence.tailTries, nowUs);
        continue;
      }
      if (action === "broken") {
        this.#path.cut(nowUs);
        this.#repair.ladder.noteRateCut();
        continue;
      }
      if (action === "silence") this.#outlet.clear();
      if (this.#repair.probe(nowUs)) this.#counts.probesSent++;
    }
  }

  /** How the path is; the highest rung and the rate count from the last call on. */
  pathReport(nowUs: number): SenderReport {
    const sent = this.#outlet.bytesSent - this.#reportedBytes;
    const elapsedUs = Math.max(1, nowUs - this.#reportedUs);
    this.#reportedUs = nowUs;
    this.#reportedBytes = this.#outlet.bytesSent;
    const sentBps = sent * 8e6 / elapsedUs;
    return reportOf(this.#parts(), { sentBps, layers: this.#layers });
  }

  /** Leaves the stream: sends nothing until it is attached again, and then begins with a keyframe. */
  leave(): void {
    this.#group?.remove(this);
    this.#group = undefined;
    this.#repair.close();
    this.#frames.clear();
    this.#silence.clear();
    this.#outlet.clear();
    this.#path.sent.lossAll();
    this.#unheardSinceUs = undefined;
    this.#unheardFromUs = undefined;
  }

  /**
   * Leaves the stream for another one, over the same path: what is known of that stays. The viewer
   * begins anew there, so that its reports count from 0 again.
   */
  moveTo(streamId: number): void {
    this.leave();
    this.#streamId = streamId;
    this.#outlet.moveTo(streamId);
    this.#path.sent.beginStream();
    this.#heardSequence = -1;
  }

  /** Leaves the stream for good. */
  close(): void {
    this.leave();
    this.#isClosed = true;
  }

  #parts(): ReportParts {
    const { ladder, reactiveRepairs } = this.#repair;
    return { path: this.#path, outlet: this.#outlet, ladder, reactiveRepairs };
  }

  #noteHeard(newestSequence: number, nowUs: number): void {
    const isNewest = newestSequence === this.#outlet.newestSequence;
    const isNews = newestSequence !== this.#heardSequence;
    this.#heardSequence = newestSequence;
    this.#unheardFromUs = isNewest ? undefined : nowUs;
    if (isNewest) this.#unheardSinceUs = undefined;
    else if (isNews) this.#unheardSinceUs = nowUs;
  }

  #flight(): Flight {
    return {
      unheardSinceUs: this.#unheardSinceUs,
      unheardFromUs: this.#unheardFromUs,
      rttUs: this.#path.emptyRttUs,
    };
  }

  /** False while too much is in flight, until half of it has drained. */
  #hasRoom(): boolean {
    const bytes = this.#path.sent.bytesInFlight + this.#outlet.queuedBytes;
    const limit = this.#path.flightBytesMax;
    const isFull = bytes > limit * (this.#isFlightFull ? DRAINED_SHARE : 1);
    if (isFull && !this.#isFlightFull) this.#counts.flightStops++;
    this.#isFlightFull = isFull;
    return !isFull;
  }

  /** Who gets keyframes only must ask for them: nobody else needs any. */
  #wishKeyframe(nowUs: number): void {
    const canTake = !this.#silence.isSilent && this.#hasRoom();
    if (canTake && this.#pulse.take(nowUs)) this.#options.onKeyframeNeeded();
  }

  #sendAgain(packet: Uint8Array, nowUs: number): void {
    for (let left = this.#probes(packet.length); left > 0; left--) this.#outlet.send(packet, nowUs);
  }

  /** Packets of that size that the controller wants to be sent with this frame to try the path. */
  #probes(packetBytes: number): number {
    const sentBytes = this.#outlet.bytesSent - this.#frameBytesStart;
    return probePackets(this.#path, { ...this.#options, sentBytes }, packetBytes);
  }
}
