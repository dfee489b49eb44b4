/**
 * SimulatedViewer: one viewer of a simulated stream: the real MediaSender, a link each way, the real
 * MediaReceiver, and feedback on the way back. It calls both at their deadlines and nobody else does.
 * Frames count as drawn when they are yielded; there is no decoder.
 */

import type {
  ControllerLimits,
  ControllerName,
} from "../../src/congestion/congestion_controller.ts";
import { MediaReceiver, type ReceivedFrame } from "../../src/pipeline/media_receiver.ts";
import { MediaSender } from "../../src/pipeline/media_sender.ts";
import { parseFeedback } from "../../src/wire/feedback.ts";
import type { SourcePacket } from "../../src/wire/packet.ts";
import type { EventLog } from "./event_log.ts";
import type { LinkModel } from "./link_model.ts";
import type { EventTarget, SimulatedClock } from "./simulated_clock.ts";
import { SimulatedLink } from "./simulated_link.ts";

/** Default datagrams: the smallest that a path must offer. */
const DATAGRAM_BYTES = 1000;

/** What of a viewer is looked at; all are called at the time of the clock. */
export interface ViewerWatch {
  /** A media packet is sent; it arrives at `arrivalUs` unless it is lost on the way. */
  onSent?(packet: Uint8Array, arrivalUs: number): void;
  /** A media packet arrived. */
  onArrived?(packet: Uint8Array, nowUs: number): void;
  /** A repair brought back a packet that was missing. */
  onRecovered?(packet: SourcePacket, nowUs: number): void;
  /** A frame went to the decoder. */
  onYielded?(frame: ReceivedFrame, nowUs: number): void;
  /** The ladder asks the encoder. */
  onInvalidate?(firstLostFrameId: number, nowUs: number): void;
  onKeyframeNeeded?(nowUs: number): void;
}

/** What a viewer is made of. */
export interface SimulatedViewerOptions extends ViewerWatch {
  /** Way of media; several viewers and flows may share one model. */
  readonly forward: LinkModel;
  /** Way of feedback. */
  readonly backward: LinkModel;
  readonly limits: ControllerLimits;
  readonly controller?: ControllerName;
  /** See MediaSender. */
  readonly redundancyFactor?: number;
  readonly fixedRedundancy?: number;
  readonly maxDatagramBytes?: number;
  /** What the viewer's clock is ahead of the server's. */
  readonly clockAheadUs?: number;
}

/** Counters of a viewer, besides those of its sender and receiver. */
export interface SimulatedViewerStats {
  packetsSent: number;
  packetsLost: number;
  bytesSent: number;
  feedbackSent: number;
  feedbackBytes: number;
  invalidations: number;
  keyframesAsked: number;
}

/** Where a viewer lives. */
export interface ViewerPlace {
  readonly clock: SimulatedClock;
  readonly log: EventLog;
  readonly streamId: number;
  /** Number of the viewer in the log. */
  readonly index: number;
  readonly frameIntervalUs: number;
  invalidate(firstLostFrameId: number): void;
  requestKeyframe(): void;
}

/** One viewer. */
export class SimulatedViewer implements EventTarget {
  readonly sender: MediaSender;
  readonly receiver: MediaReceiver;
  readonly #place: ViewerPlace;
  readonly #options: SimulatedViewerOptions;
  readonly #forward: SimulatedLink;
  readonly #backward: SimulatedLink;
  readonly #aheadUs: number;
  readonly #stats: SimulatedViewerStats = {
    packetsSent: 0,
    packetsLost: 0,
    bytesSent: 0,
    feedbackSent: 0,
    feedbackBytes: 0,
    invalidations: 0,
    keyframesAsked: 0,
  };
  #wakeAtUs = Infinity;
  #isClosed = false;

  constructor(place: ViewerPlace, options: SimulatedViewerOptions) {
    const { clock, streamId } = place;
    this.#place = place;
    this.#options = options;
    this.#aheadUs = options.clockAheadUs ?? 0;
    this.#forward = new SimulatedLink(clock, {
      model: options.forward,
      receive: (datagram, nowUs) => this.#receiveMedia(datagram, nowUs),
    });
    this.#backward = new SimulatedLink(clock, {
      model: options.backward,
      receive: (datagram, nowUs) => this.#receiveFeedback(datagram, nowUs),
    });
    this.sender = new MediaSender({
      connection: {
        maxDatagramSize: options.maxDatagramBytes ?? DATAGRAM_BYTES,
        sendDatagram: (datagram) => this.#sendMedia(datagram),
      },
      streamId,
      limits: options.limits,
      frameIntervalUs: place.frameIntervalUs,
      onInvalidate: (firstLostFrameId) => this.#invalidate(firstLostFrameId),
      onKeyframeNeeded: () => this.#requestKeyframe(),
      ...options.controller === undefined ? {} : { controller: options.controller },
      ...options.redundancyFactor === undefined
        ? {}
        : { redundancyFactor: options.redundancyFactor },
      ...options.fixedRedundancy === undefined ? {} : { fixedRedundancy: options.fixedRedundancy },
    });
    this.receiver = new MediaReceiver({
      streamId,
      onRecovered: (packet) => options.onRecovered?.(packet, clock.nowUs()),
    });
  }

  get stats(): Readonly<SimulatedViewerStats> {
    return this.#stats;
  }

  /** Nothing more is sent or received; what is on its way is lost. */
  close(): void {
    this.#isClosed = true;
    this.sender.close();
  }

  /** Sees to it that both ends are called at their deadlines; after whatever may have moved them. */
  settle(): void {
    const senderUs = this.sender.deadline ?? Infinity;
    const receiverUs = (this.receiver.deadline ?? Infinity) - this.#aheadUs;
    const dueUs = Math.max(this.#place.clock.nowUs(), Math.min(senderUs, receiverUs));
    if (dueUs >= this.#wakeAtUs || dueUs === Infinity || this.#isClosed) return;
    this.#wakeAtUs = dueUs;
    this.#place.clock.schedule(dueUs, this, dueUs);
  }

  /** A deadline, unless an earlier one was set after it. */
  onEvent(dueUs: number, nowUs: number): void {
    if (dueUs !== this.#wakeAtUs || this.#isClosed) return;
    this.#wakeAtUs = Infinity;
    if ((this.sender.deadline ?? Infinity) <= nowUs) this.sender.pull(nowUs);
    this.#pullReceiver(nowUs);
    this.settle();
  }

  #sendMedia(datagram: Uint8Array): boolean {
    const { clock, log, index } = this.#place;
    const nowUs = clock.nowUs();
    const outcome = this.#forward.send(datagram, nowUs);
    const sequence = datagram[2]! | (datagram[3]! << 8);
    this.#stats.packetsSent++;
    this.#stats.bytesSent += datagram.byteLength;
    log.add(nowUs, "packetSent", index, sequence, datagram.byteLength);
    if (outcome !== "delivered") {
      this.#stats.packetsLost++;
      log.add(nowUs, "packetLost", index, sequence, datagram.byteLength);
    }
    this.#options.onSent?.(datagram, this.#forward.model.arrivalUs);
    return true;
  }

  #receiveMedia(datagram: Uint8Array, nowUs: number): void {
    if (this.#isClosed) return;
    const sequence = datagram[2]! | (datagram[3]! << 8);
    this.#place.log.add(nowUs, "packetArrived", this.#place.index, sequence, datagram.byteLength);
    this.#options.onArrived?.(datagram, nowUs);
    this.receiver.push(datagram, nowUs + this.#aheadUs);
    this.#pullReceiver(nowUs);
    this.settle();
  }

  #receiveFeedback(datagram: Uint8Array, nowUs: number): void {
    if (this.#isClosed) return;
    this.#place.log.add(nowUs, "feedbackArrived", this.#place.index, datagram.byteLength);
    this.sender.onFeedback(parseFeedback(datagram), nowUs);
    this.settle();
  }

  #pullReceiver(nowUs: number): void {
    const { log, index } = this.#place;
    const localUs = nowUs + this.#aheadUs;
    for (let frame = this.receiver.pull(localUs); frame; frame = this.receiver.pull(localUs)) {
      log.add(nowUs, "frameYielded", index, frame.frameId);
      this.receiver.notePresented(frame.frameId, localUs);
      this.#options.onYielded?.(frame, nowUs);
    }
    const feedback = this.receiver.pullFeedback(localUs);
    if (feedback === undefined) return;
    this.#stats.feedbackSent++;
    this.#stats.feedbackBytes += feedback.byteLength;
    const outcome = this.#backward.send(feedback, nowUs);
    log.add(nowUs, outcome === "delivered" ? "feedbackSent" : "feedbackLost", index);
  }

  #invalidate(firstLostFrameId: number): void {
    const { clock, log, index } = this.#place;
    this.#stats.invalidations++;
    log.add(clock.nowUs(), "invalidate", index, firstLostFrameId);
    if (this.#options.onInvalidate === undefined) this.#place.invalidate(firstLostFrameId);
    else this.#options.onInvalidate(firstLostFrameId, clock.nowUs());
  }

  #requestKeyframe(): void {
    const { clock, log, index } = this.#place;
    this.#stats.keyframesAsked++;
    log.add(clock.nowUs(), "keyframe", index);
    if (this.#options.onKeyframeNeeded === undefined) this.#place.requestKeyframe();
    else this.#options.onKeyframeNeeded(clock.nowUs());
  }
}
