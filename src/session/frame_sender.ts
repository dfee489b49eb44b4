/**
 * FrameSender: what a MediaFeed does with a viewer over a connection that carries frames: as a
 * MediaSender, without packets: it owns no timer and no rate, only hands frames on and answers damage
 * with an older reference or a keyframe.
 */

import type { Feedback } from "../wire/feedback.ts";
import type { MediaSenderStats, SenderReport } from "../pipeline/sender_report.ts";
import type { FrameLayers } from "../wire/control.ts";
import type { ConnectionFrames, FramedConnection, FrameViewer } from "./frame_viewer.ts";
import type { HostFrame } from "./host_frame.ts";

/** Damage that was answered is answered again after so long: an answer takes its time. */
const ANSWER_INTERVAL_US = 150_000;
/** Damage that older references did not mend in so long needs a keyframe. */
const MEND_US = 500_000;
/**
 * A viewer reports each 100 ms while frames come to it. Who says nothing for so long gets none: the
 * browser holds back what follows a packet that never came, up to the next keyframe.
 */
const STUCK_US = 700_000;

/** What a sender is made of. */
export interface FrameSenderOptions {
  readonly connection: FramedConnection;
  readonly streamId: number;
  /** The encoder must not refer to `firstLostFrameId`, nor to any frame since. */
  readonly onInvalidate: (firstLostFrameId: number) => void;
  readonly onKeyframeNeeded: () => void;
}

/** Sends one stream to one viewer, frame by frame. */
export class FrameSender implements FrameViewer {
  readonly #options: FrameSenderOptions;
  #streamId: number;
  #frames: ConnectionFrames;
  #isOpen = true;
  #share = 1;
  #feedbacks = 0;
  #damagedSinceUs: number | undefined;
  #answeredUs = -Infinity;
  /** The first frame that was sent since the viewer was heard. */
  #unheardSinceUs: number | undefined;
  #stuckUs = STUCK_US;
  readonly #ladder = { reference: 0, keyframe: 0 };

  constructor(options: FrameSenderOptions) {
    this.#options = options;
    this.#streamId = options.streamId;
    this.#frames = this.#open();
  }

  /** In the words of a sender of packets; what there is no such thing of is 0. */
  get stats(): MediaSenderStats {
    const { stats } = this.#frames;
    const ladder = { ...stats.ladder, ...this.#ladder };
    return { ...stats, feedbacks: this.#feedbacks, ladder };
  }

  get videoBps(): number {
    return this.#frames.videoBps * this.#share;
  }

  get frameRateShare(): number {
    return this.#frames.frameRateShare;
  }

  get layers(): FrameLayers {
    return this.#frames.layers;
  }

  set layers(layers: FrameLayers) {
    this.#frames.layers = layers;
  }

  get share(): number {
    return this.#share;
  }

  /** Of what the path allows: the rest is for other streams of the same viewer. 0 to 1. */
  set share(share: number) {
    this.#share = share;
    this.#frames.share = share;
  }

  get lastFrameId(): number {
    return this.#frames.lastFrameId;
  }

  get isSilent(): boolean {
    return this.#frames.isSilent;
  }

  /** Frames wait where they are cut into packets, not here. */
  readonly isPacing = false;
  /** It needs no time of its own. */
  readonly deadline = undefined;

  push(frame: HostFrame, nowUs: number): void {
    this.#frames.push(frame, nowUs);
    this.#unheardSinceUs ??= nowUs;
    if (nowUs - this.#unheardSinceUs < this.#stuckUs) return;
    // Longer each time: a path that is gone needs none.
    this.#stuckUs *= 2;
    this.#askKeyframe();
  }

  pull(_nowUs: number): void {}

  /** Whoever carries the bytes counts them: all of them go over the same path. */
  noteOther(_bytes: number, _nowUs: number): void {}

  /** Takes a report of the viewer: only what is damaged matters, the path is known otherwise. */
  onFeedback(feedback: Feedback, nowUs: number): void {
    if (feedback.streamId !== this.#streamId) return;
    this.#feedbacks++;
    this.#unheardSinceUs = undefined;
    this.#stuckUs = STUCK_US;
    const { damagedFrameId } = feedback;
    if (damagedFrameId === 0) {
      this.#damagedSinceUs = undefined;
      return;
    }
    const sinceUs = this.#damagedSinceUs ??= nowUs;
    if (nowUs - this.#answeredUs < ANSWER_INTERVAL_US) return;
    this.#answeredUs = nowUs;
    const isHopeless = feedback.lastCompleteFrameId === 0 || nowUs - sinceUs >= MEND_US;
    if (isHopeless) this.#askKeyframe();
    else {
      this.#ladder.reference++;
      this.#options.onInvalidate(damagedFrameId);
    }
  }

  pathReport(nowUs: number): SenderReport {
    const report = this.#frames.pathReport(nowUs);
    return {
      ...report,
      referenceRepairs: this.#ladder.reference,
      keyframes: this.#ladder.keyframe,
    };
  }

  /** Leaves for another stream over the same path, which begins with `begin`. */
  moveTo(streamId: number): void {
    this.leave();
    this.#streamId = streamId;
  }

  /** Ends what goes to the viewer until it is begun again; idempotent. */
  leave(): void {
    this.#frames.close();
    this.#isOpen = false;
    this.#damagedSinceUs = undefined;
    this.#unheardSinceUs = undefined;
    this.#stuckUs = STUCK_US;
  }

  /** Begins again after `leave`. */
  begin(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#frames = this.#open();
  }

  #askKeyframe(): void {
    this.#ladder.keyframe++;
    this.#options.onKeyframeNeeded();
  }

  #open(): ConnectionFrames {
    const { connection, onKeyframeNeeded } = this.#options;
    const frames = connection.openFrames(this.#streamId, onKeyframeNeeded);
    frames.share = this.#share;
    return frames;
  }
}
