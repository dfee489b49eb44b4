/**
 * RtcFrames: the access units of a WebRTC connection, taken out of the browser's RTP receiver before
 * its jitter buffer and its decoder, and given to the receiver of the stream that each names. It holds
 * nothing itself; what is not taken by a receiver is dropped and counted.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { WholeFrameReceiver } from "../../../src/pipeline/whole_frame_receiver.ts";
import { findFrameSei, withoutFrameSei } from "../../../src/wire/frame_sei.ts";
import { MAX_STREAMS } from "../../../src/wire/codec.ts";
import type { EncodedUnit } from "../../transport/rtc_messages.ts";
import type { FrameReceiver, FrameSource } from "./frame_source.ts";

/** Counters of a source. */
export interface RtcFramesStats {
  /** Access units that came. */
  frames: number;
  /** Those that say nothing of themselves. */
  unmarked: number;
  /** Those of a stream that nobody watches here. */
  unwatched: number;
}

interface Watched {
  readonly receiver: WholeFrameReceiver;
  readonly arrived: (nowUs: number) => void;
}

/** The frames of one connection. */
export class RtcFrames implements FrameSource {
  readonly #clock: Clock;
  /** At most one for each stream of a host. */
  readonly #watched = new Map<number, Watched>();
  readonly #stats: RtcFramesStats = { frames: 0, unmarked: 0, unwatched: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get stats(): Readonly<RtcFramesStats> {
    return this.#stats;
  }

  open(streamId: number, arrived: (nowUs: number) => void): FrameReceiver {
    if (!(streamId >= 0 && streamId < MAX_STREAMS)) {
      throw new RangeError(`Cannot watch stream ${streamId}`);
    }
    const receiver = new WholeFrameReceiver({ streamId });
    this.#watched.set(streamId, { receiver, arrived });
    return receiver;
  }

  /** Takes one access unit with start codes; the bytes are its own from now on. */
  push(accessUnit: Uint8Array): void {
    this.#stats.frames++;
    const found = findFrameSei(accessUnit);
    if (found === undefined) {
      this.#stats.unmarked++;
      return;
    }
    const watched = this.#watched.get(found.mark.streamId);
    if (watched === undefined) {
      this.#stats.unwatched++;
      return;
    }
    const nowUs = this.#clock.nowUs();
    watched.receiver.pushFrame(found.mark, withoutFrameSei(accessUnit, found), nowUs);
    watched.arrived(nowUs);
  }

  /** Takes every frame of a receiver until its end. Nothing is passed on: see docs/ARCHITECTURE.md. */
  async read(frames: ReadableStream<EncodedUnit>): Promise<void> {
    const reader = frames.getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.push(new Uint8Array(next.value.data));
      }
    } catch {
      // The receiver is gone; the connection says why.
    }
  }
}
