/**
 * ViewerRepair: what a sender does about the gaps and damage that its viewer reports: reactive
 * repairs of what is still needed, a repair of a tail that nobody heard of, and the ladder when that
 * cannot work in time. How much each may cost is bounded by ReactiveRepairs and RepairLadder.
 */

import { add16, add32, distance32 } from "../core/sequence.ts";
import type { SourceRange } from "../fec/fec_encoder.ts";
import { FEC_MAX_DATAGRAM_BYTES } from "../fec/symbol_ring.ts";
import type { Feedback } from "../wire/feedback.ts";
import { MAX_CODING_WINDOW } from "../wire/repair.ts";
import { RELIABLE_CLASS } from "./media_group.ts";
import type { MediaGroup } from "./media_group.ts";
import type { PacketOutlet } from "./packet_outlet.ts";
import { ReactiveRepairs } from "./reactive_repairs.ts";
import { RepairLadder } from "./repair_ladder.ts";
import type { SenderPath } from "./sender_path.ts";
import type { ViewerFrames } from "./viewer_frames.ts";

/** Frames that a repair may be late beyond the round trip it needs anyway. */
const FRAME_BUDGET = 3;
/** Nothing arrived for this time and that of so many packets: what was sent before is lost. */
const TAIL_US = 800;
const TAIL_PACKETS = 3;
/** A viewer reports a new coding epoch within the round trip and this. */
const EPOCH_MARGIN_US = 50_000;

/** What the repairs of a viewer are made of. */
export interface ViewerRepairOptions {
  readonly path: SenderPath;
  readonly outlet: PacketOutlet;
  readonly frames: ViewerFrames;
  readonly frameIntervalUs: number;
  readonly onInvalidate: (firstLostFrameId: number) => void;
  readonly onKeyframeNeeded: () => void;
}

/** Repairs one viewer's picture. */
export class ViewerRepair {
  readonly ladder = new RepairLadder();
  readonly #options: ViewerRepairOptions;
  readonly #reactive: ReactiveRepairs;
  /** The group that made the packets under way; it may have been left. */
  #group: MediaGroup | undefined;
  #epochUs = 0;
  #newestFrameId = 0;
  #probe: Uint8Array | undefined;

  constructor(options: ViewerRepairOptions) {
    this.#options = options;
    this.#reactive = new ReactiveRepairs(options.frameIntervalUs);
  }

  /** Reactive repairs sent, tails included. */
  get reactiveRepairs(): number {
    return this.#reactive.count;
  }

  /** The encoder made a frame, whether or not this viewer gets it. */
  noteFrame(frameId: number, nowUs: number): void {
    // The first keyframe is on its way without the ladder: who attaches a viewer asks for it.
    if (this.#newestFrameId === 0) this.ladder.noteKeyframe(nowUs);
    this.#newestFrameId = frameId;
  }

  /** Source ids begin anew, with packets of `group`. */
  startEpoch(group: MediaGroup, nowUs: number): void {
    this.#group = group;
    this.#epochUs = nowUs;
    this.#probe = undefined;
    this.#reactive.clear();
  }

  /** The viewer leaves: there is nothing to repair, and no group to do it. */
  close(): void {
    this.#group = undefined;
    this.#probe = undefined;
    this.#newestFrameId = 0;
    this.ladder.heal();
  }

  /**
   * Acts on a report of a viewer that is in a group. Without `mayClimb` it only repairs: the next
   * keyframe comes by itself.
   */
  judge(feedback: Feedback, mayClimb: boolean, nowUs: number): void {
    const { path, outlet } = this.#options;
    if (feedback.epoch !== outlet.epoch) {
      // The report is older than the epoch, unless the viewer has had time to see it begin.
      const isOld = nowUs - this.#epochUs < path.rttUs + EPOCH_MARGIN_US;
      const isDamaged = !isOld && feedback.damagedFrameId !== 0;
      if (isDamaged && mayClimb && outlet.queuedBytes === 0) this.climb(nowUs);
      return;
    }
    const isDead = feedback.missingLength > 0 && this.#repairGap(feedback, nowUs);
    // What waits in the pacer may be the answer: another one would only make the queue longer.
    if (!mayClimb || outlet.queuedBytes > 0) return;
    if (isDead || feedback.damagedFrameId !== 0) this.climb(nowUs);
    else this.ladder.heal();
  }

  /** The viewer cannot go on with what it was sent. */
  climb(nowUs: number): void {
    const { path, frames, onInvalidate, onKeyframeNeeded } = this.#options;
    const lastCompleteFrameId = frames.lastCompleteId;
    const newestFrameId = this.#newestFrameId;
    if (newestFrameId === 0) return;
    const action = this.ladder.climb(
      { rttUs: path.rttUs, lastCompleteFrameId, newestFrameId },
      nowUs,
    );
    if (action === "none") return;
    if (action === "reference") return onInvalidate(add32(lastCompleteFrameId, 1));
    if (action === "rate") path.slowDown(nowUs);
    onKeyframeNeeded();
  }

  /** Nothing was heard of the newest packets: `count` repairs over what is not known to be complete. */
  repairTail(count: number, nowUs: number): void {
    const { frames } = this.#options;
    const lastSourceId = frames.lastSourceId;
    const firstSourceId = frames.unacknowledgedFrom;
    if (lastSourceId === undefined || firstSourceId === undefined) return;
    if (distance32(firstSourceId, lastSourceId) < 0) return;
    const oldest = add32(lastSourceId, 1 - MAX_CODING_WINDOW);
    const isLong = distance32(firstSourceId, oldest) > 0;
    const range = { firstSourceId: isLong ? oldest : firstSourceId, lastSourceId };
    for (let sent = 0; sent < count && this.#send(range, nowUs); sent++);
  }

  /** One small packet that a viewer reports; it repairs the last packet, should that be missing. */
  probe(nowUs: number): boolean {
    const lastSourceId = this.#options.frames.lastSourceId;
    if (lastSourceId === undefined) return false;
    // The group's ring goes on without this viewer, so that the packet must be kept.
    const range = { firstSourceId: lastSourceId, lastSourceId };
    this.#probe ??= this.#group?.reactiveRepair(range)?.slice();
    if (this.#probe === undefined) return false;
    this.#options.outlet.send(this.#probe, nowUs);
    return true;
  }

  /** Sends repairs for what is missing and still needed; true when that cannot be in time. */
  #repairGap(feedback: Feedback, nowUs: number): boolean {
    const { path, frames, frameIntervalUs } = this.#options;
    const { firstMissingId, missingLength, deficit, newestSequence } = feedback;
    const firstSourceId = frames.neededFrom(firstMissingId);
    const newest = this.#newestDue(feedback);
    if (firstSourceId === undefined || newest === undefined) return false;
    const reported = add32(firstMissingId, missingLength - 1);
    const lastSourceId = distance32(newest, reported) > 0 ? newest : reported;
    const length = distance32(firstSourceId, lastSourceId) + 1;
    // A newer frame that the viewer can decode makes all of it needless.
    if (length < 1) return false;
    // Repairs would feed the queue that overflowed; another reference costs no frame more.
    if (length > MAX_CODING_WINDOW || path.isCongested || !this.#canRepair) return true;
    const { rttUs } = path;
    const gap = {
      deficit: Math.min(deficit, length),
      surplus: path.reactiveSurplus,
      framePackets: Math.max(frames.newestPackets, length),
      ...{ newestSequence, rttUs },
    };
    const { repairs, unmet, limit } = this.#reactive.answer(gap, nowUs);
    for (let sent = 0; sent < repairs; sent++) {
      if (!this.#send({ firstSourceId, lastSourceId }, nowUs)) return true;
      this.ladder.noteReactive();
    }
    const ageUs = nowUs - (frames.sentUsOf(firstSourceId) ?? nowUs);
    const leftUs = rttUs + FRAME_BUDGET * frameIntervalUs - ageUs;
    // What was answered before, and is missing still, had its chance after a second round trip.
    return leftUs < -rttUs || unmet > limit * Math.max(0, Math.floor(leftUs / frameIntervalUs));
  }

  /** The newest source packet that has had the time to arrive; what was sent after it is on its way. */
  #newestDue(feedback: Feedback): number | undefined {
    const { outlet, path } = this.#options;
    const heldUs = (feedback.sentUs - feedback.newestArrivalUs) >>> 0;
    const packetUs = FEC_MAX_DATAGRAM_BYTES * 8e6 / path.targetBps;
    // After a pause of several packets, the rest of a frame is lost and not slow.
    if (heldUs > TAIL_US + TAIL_PACKETS * packetUs) return outlet.lastSourceId;
    return outlet.lastSourceIdAt(feedback.newestSequence);
  }

  /** What a rung that loses nothing did not take is gone: there is nothing to make repairs of. */
  get #canRepair(): boolean {
    return this.#group?.datagramClass !== RELIABLE_CLASS;
  }

  #send(range: SourceRange, nowUs: number): boolean {
    const { outlet } = this.#options;
    const packet = this.#group?.reactiveRepair(range);
    if (packet === undefined) return false;
    this.#reactive.note(add16(outlet.newestSequence, 1), nowUs);
    outlet.send(packet, nowUs);
    return true;
  }
}
