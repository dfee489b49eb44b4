/**
 * CompletionCounter: when each frame of a stream had all its packets, against its own end on a path
 * that loses nothing. "Late > n" is a frame that was not complete n frames after its end; a frame that
 * never is counts as late as well. Arrays for all frames are made at the start.
 */

import { isRepairPacket, readU16, readU32 } from "../../src/wire/repair.ts";

/** Frames that late frames are counted by. */
export const LATENESS_FRAMES = [0, 1, 2] as const;
/** Slots from a lost packet to its recovery that are told apart. */
const MAX_SLOTS = 8191;
/** Source packets whose slot is remembered: more than any window reaches back. */
const REMEMBERED_PACKETS = 4096;
const FLAG_REACTIVE = 0x20;

/** Frames that came too late, as shares of all frames that count. */
export interface Completion {
  readonly frames: number;
  /** Share of frames not complete n frames after their end, by n. */
  readonly late: readonly [number, number, number];
  /** Share of frames that never were complete. */
  readonly never: number;
  readonly neverFrames: number;
  /** Repair packets per source packet, reactive ones included. */
  readonly overhead: number;
  readonly slotsP50: number;
  readonly slotsP99: number;
}

/** Counts the frames of one viewer. */
export class CompletionCounter {
  readonly #missing: Uint16Array;
  readonly #endUs: Float64Array;
  readonly #completeUs: Float64Array;
  readonly #slots = new Uint32Array(MAX_SLOTS + 1);
  readonly #sentSlots = new Float64Array(REMEMBERED_PACKETS);
  readonly #slotOfSequence = new Float64Array(65_536);
  /** Source ids that the receiver has, by their low bits. */
  readonly #heldIds = new Float64Array(REMEMBERED_PACKETS).fill(-1);
  readonly #frameIntervalUs: number;
  #slot = 0;
  #arrivedSlot = 0;
  #currentFrame = 0;
  #sources = 0;
  #repairs = 0;
  #recovered = 0;

  /** For frames 1 to `frames`. */
  constructor(frames: number, options: { readonly frameIntervalUs: number }) {
    this.#missing = new Uint16Array(frames + 1);
    this.#endUs = new Float64Array(frames + 1);
    this.#completeUs = new Float64Array(frames + 1).fill(Infinity);
    this.#frameIntervalUs = options.frameIntervalUs;
  }

  /** A media packet is sent, which arrives at `arrivalUs` unless it is lost. */
  noteSent(packet: Uint8Array, arrivalUs: number): void {
    this.#slotOfSequence[readU16(packet, 2)] = ++this.#slot;
    if (isRepairPacket(packet)) {
      this.#repairs++;
      if ((packet[0]! & FLAG_REACTIVE) !== 0) return;
    } else {
      this.#sources++;
      const frameId = readU32(packet, 10);
      this.#sentSlots[readU32(packet, 4) % REMEMBERED_PACKETS] = this.#slot;
      if (frameId !== this.#currentFrame) {
        this.#currentFrame = frameId;
        if (frameId < this.#missing.length) this.#missing[frameId] = readU16(packet, 16);
      }
    }
    if (this.#currentFrame >= this.#endUs.length) return;
    this.#endUs[this.#currentFrame] = Math.max(this.#endUs[this.#currentFrame]!, arrivalUs);
  }

  /** A media packet arrived; what is recovered until the next one is due to it. */
  noteArrived(packet: Uint8Array, nowUs: number): void {
    this.#arrivedSlot = this.#slotOfSequence[readU16(packet, 2)]!;
    if (isRepairPacket(packet)) return;
    this.#hold(readU32(packet, 4), readU32(packet, 10), nowUs);
  }

  /** A repair brought back a packet. */
  noteRecovered(packet: { sourceId: number; frameId: number }, nowUs: number): void {
    const slot = packet.sourceId % REMEMBERED_PACKETS;
    if (this.#heldIds[slot] === packet.sourceId) return;
    this.noteSlots(Math.max(0, this.#arrivedSlot - this.#sentSlots[slot]!));
    this.#hold(packet.sourceId, packet.frameId, nowUs);
  }

  #hold(sourceId: number, frameId: number, nowUs: number): void {
    const slot = sourceId % REMEMBERED_PACKETS;
    if (this.#heldIds[slot] === sourceId || frameId >= this.#missing.length) return;
    this.#heldIds[slot] = sourceId;
    if (--this.#missing[frameId]! === 0) this.#completeUs[frameId] = nowUs;
  }

  /** A frame of a counting model. */
  noteFrame(frameId: number, endUs: number, completeUs: number): void {
    this.#endUs[frameId] = endUs;
    this.#completeUs[frameId] = completeUs;
  }

  /** A lost packet came back so many slots after its own. */
  noteSlots(slots: number): void {
    this.#recovered++;
    this.#slots[Math.min(MAX_SLOTS, slots)]!++;
  }

  /** What came of frames `from` to `to`; `overhead` for models that send no packets here. */
  summary(from: number, to: number, overhead?: number): Completion {
    const late: [number, number, number] = [0, 0, 0];
    let never = 0;
    for (let frameId = from; frameId <= to; frameId++) {
      const lateUs = this.#completeUs[frameId]! - this.#endUs[frameId]!;
      if (lateUs === Infinity) never++;
      for (const frames of LATENESS_FRAMES) {
        if (lateUs > frames * this.#frameIntervalUs) late[frames]++;
      }
    }
    const frames = to - from + 1;
    return {
      frames,
      late: [late[0] / frames, late[1] / frames, late[2] / frames],
      never: never / frames,
      neverFrames: never,
      overhead: overhead ?? this.#repairs / Math.max(1, this.#sources),
      slotsP50: this.#slotsAt(0.5),
      slotsP99: this.#slotsAt(0.99),
    };
  }

  #slotsAt(share: number): number {
    let seen = 0;
    for (let slots = 0; slots <= MAX_SLOTS; slots++) {
      seen += this.#slots[slots]!;
      if (seen > 0 && seen >= this.#recovered * share) return slots;
    }
    return 0;
  }
}
