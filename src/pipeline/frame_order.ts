/**
 * FrameOrder: joins reorder and depacketize up to decode: which frame goes to the decoder next, when a
 * gap is waited for, gone round or given up. A frame goes there only after its reference. It holds one
 * open frame, at most 4 MiB.
 */

import { add32, distance32 } from "../core/sequence.ts";
import { Depacketizer } from "../packet/depacketizer.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { emptySourcePacket, parseSourcePacket } from "../wire/packet.ts";
import { readU16, readU32 } from "../wire/repair.ts";
import { emptyGap } from "./recovery_path.ts";
import type { Gap, RecoveryPath } from "./recovery_path.ts";
import { ReferenceChain } from "./reference_chain.ts";

/** A gap that neither a repair nor a frame that goes round it has ended by then is given up. */
export const GAP_PATIENCE_US = 400_000;
/** A jump of frame ids above this is a stream that started again. */
const FRAME_JUMP_MAX = 1000;

/** Counters of frames. */
export interface FrameOrderStats {
  framesYielded: number;
  /** Complete frames whose reference is missing. */
  framesUndecodable: number;
  /** Frames between two yielded ones that were not: lost, undecodable, or not sent. */
  framesSkipped: number;
}

/** Takes packets from a recovery path and yields frames that can be decoded. */
export class FrameOrder {
  readonly #path: RecoveryPath;
  readonly #depacketizer = new Depacketizer();
  readonly #chain = new ReferenceChain();
  readonly #stats: FrameOrderStats = { framesYielded: 0, framesUndecodable: 0, framesSkipped: 0 };
  readonly #packet = emptySourcePacket();
  readonly #found = emptyGap();
  #gap: Readonly<Gap> | undefined;
  #nowUs = 0;
  /** Something came since the frames behind the gap were looked at. */
  #mayGoRound = false;

  constructor(path: RecoveryPath) {
    this.#path = path;
  }

  get stats(): Readonly<FrameOrderStats> {
    return this.#stats;
  }

  /** Newest frame that was yielded and is whole; 0 when there is none. */
  get lastFrameId(): number {
    return this.#chain.lastFrameId;
  }

  /** Frames from this one on need a repair of references; 0 when all is well. */
  get damagedFrameId(): number {
    return this.#chain.damagedFrameId;
  }

  /** Bytes held: the open frame and the frames remembered. */
  get bufferBytes(): number {
    return this.#depacketizer.bufferBytes + this.#chain.bufferBytes;
  }

  /** When `pull` must be called although nothing arrives, or undefined. */
  get deadline(): number | undefined {
    const gap = this.#gap;
    if (gap === undefined) return undefined;
    return this.#nowUs < gap.lostAtUs ? gap.lostAtUs : gap.sinceUs + GAP_PATIENCE_US;
  }

  /** Packets came into the path. */
  notePackets(): void {
    this.#mayGoRound = true;
  }

  /** The decoder lost frames: see ReferenceChain. */
  noteLost(firstFrameId: number, lastGoodFrameId: number): void {
    this.#chain.noteLost(firstFrameId, lastGoodFrameId);
  }

  /** The next frame to decode, or undefined. Its payload is valid until the next call. */
  pull(nowUs: number): EncodedFrame | undefined {
    this.#nowUs = nowUs;
    for (;;) {
      const bytes = this.#path.pull();
      if (bytes !== undefined) {
        const frame = this.#join(bytes);
        if (frame !== undefined) return frame;
      } else if (!this.#passGap(nowUs)) {
        return undefined;
      }
    }
  }

  #join(bytes: Uint8Array): EncodedFrame | undefined {
    const outcome = this.#depacketizer.push(parseSourcePacket(bytes, this.#packet), bytes);
    if (outcome === "orphan" || outcome === "mismatch" || outcome === "too_large") {
      this.#chain.noteDamage();
      return undefined;
    }
    const frame = this.#depacketizer.frame;
    if (frame === undefined) return undefined;
    if (!this.#chain.isDecodable(frame.frameId, frame.referenceDistance)) {
      this.#stats.framesUndecodable++;
      this.#chain.noteDamage();
      return undefined;
    }
    const skipped = distance32(this.#chain.lastFrameId, frame.frameId) - 1;
    if (this.#chain.lastFrameId !== 0 && skipped > 0 && skipped < FRAME_JUMP_MAX) {
      this.#stats.framesSkipped += skipped;
    }
    this.#chain.noteYielded(frame.frameId);
    this.#stats.framesYielded++;
    return frame;
  }

  /** Goes past what is missing when waiting is of no use; false when there is nothing but to wait. */
  #passGap(nowUs: number): boolean {
    const gap = this.#path.gap(nowUs, this.#found);
    this.#gap = gap;
    if (gap === undefined || nowUs < gap.lostAtUs) return false;
    const wayRound = this.#mayGoRound ? this.#findWayRound(gap) : undefined;
    this.#mayGoRound = false;
    if (wayRound !== undefined) {
      this.#path.skipTo(wayRound);
      return true;
    }
    const isPatient = nowUs < gap.sinceUs + GAP_PATIENCE_US;
    if (isPatient && !this.#path.isHopeless(gap.firstId)) return false;
    this.#path.skipGap(gap);
    this.#chain.noteDamage();
    this.#depacketizer.abandon();
    this.#mayGoRound = true;
    return true;
  }

  /** First packet of the oldest frame behind the gap that is whole and can be decoded. */
  #findWayRound(gap: Gap): number | undefined {
    let held = this.#path.peekAfter(gap.firstId);
    while (held !== undefined) {
      const { id, packet } = held;
      const packetCount = readU16(packet, 16);
      const firstId = add32(id, -readU16(packet, 14));
      const canDecode = this.#chain.isDecodable(readU32(packet, 10), packet[19]!);
      const isBehind = distance32(gap.firstId, firstId) > 0;
      if (canDecode && isBehind && this.#path.holds(firstId, packetCount)) return firstId;
      // The rest of its frame would say the same.
      const lastId = add32(firstId, packetCount - 1);
      held = this.#path.peekAfter(distance32(id, lastId) > 0 ? lastId : id);
    }
    return undefined;
  }
}
