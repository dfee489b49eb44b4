/**
 * Pacer: lets a frame leave at once as long as it stays within a micro-burst, and spreads only what
 * exceeds it; part of send. Pacing every packet would cost half a frame. One ring, bounded in bytes and
 * in time: what does not fit or could not leave in time is refused, what waited too long is dropped,
 * and both are counted.
 */

/** Longest micro-burst: 50 ms of 20 Mbit/s. */
export const MICRO_BURST_BYTES_MAX = 128 * 1024;
/** Shortest: ten packets, which every queue on a path has room for. */
export const MICRO_BURST_BYTES_MIN = 16 * 1024;
/** Time of the target that may go out at once: what it adds to the path's queue at worst. */
export const MICRO_BURST_US = 50_000;
/** Packets wait at most this long. */
export const PACER_AGE_US_MAX = 500_000;
/** Pace of what exceeds the micro-burst, in targets: above what a path that is used well can carry. */
const PACE = 2;
/** A timer is worth it for this much of the pace, not for each packet. */
const QUANTUM_US = 1_000;
/** Most bytes that wait. */
export const PACER_BYTES_MAX = 512 * 1024;

/** What a pacer is made for. */
export interface PacerOptions {
  readonly targetBps: number;
  /** Longest packet. */
  readonly packetBytesMax: number;
  /** Bytes of the queue; `PACER_BYTES_MAX` unless given. */
  readonly queueBytes?: number;
}

/** Counters since the start. */
export interface PacerStats {
  /** Packets that had to wait. */
  paced: number;
  /** Packets refused because the queue was full, or too long to leave in time. */
  refused: number;
  /** Packets dropped because they had waited too long. */
  expired: number;
  /** Time that the packets which left had waited, as a sum. */
  waitedUs: number;
}

/** What became of a packet: the caller sends it now, or the pacer has a copy, or has no room. */
export type PacerOutcome = "send" | "queued" | "refused";

/** The queue of one viewer. */
export class Pacer {
  readonly stats: PacerStats = { paced: 0, refused: 0, expired: 0, waitedUs: 0 };
  readonly #packetBytesMax: number;
  readonly #slots: number;
  /** Made when the first packet has to wait: most viewers never need it. */
  #ring: Uint8Array<ArrayBuffer> | undefined;
  readonly #lengths: Uint16Array;
  readonly #sinceUs: Float64Array;
  #ageUsMax = PACER_AGE_US_MAX;
  #head = 0;
  #size = 0;
  #bytes = 0;
  #paceBps = 0;
  #burstBytes = 0;
  /** Bytes of the micro-burst that are used, at `#levelUs`. */
  #level = 0;
  #levelUs = 0;

  constructor(options: PacerOptions) {
    const { packetBytesMax, queueBytes = PACER_BYTES_MAX } = options;
    if (!(packetBytesMax >= 1 && packetBytesMax <= 65_535 && queueBytes >= packetBytesMax)) {
      throw new RangeError(`Cannot pace packets of ${packetBytesMax} in ${queueBytes} bytes`);
    }
    this.#packetBytesMax = packetBytesMax;
    this.#slots = Math.floor(queueBytes / packetBytesMax);
    this.#lengths = new Uint16Array(this.#slots);
    this.#sinceUs = new Float64Array(this.#slots);
    this.setTarget(options.targetBps);
  }

  /** Bytes that it holds, from now on for ever. */
  get bufferBytes(): number {
    return (this.#ring?.byteLength ?? 0) + this.#lengths.byteLength + this.#sinceUs.byteLength;
  }

  /** Bytes that wait. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  /** Packets that wait. */
  get queuedPackets(): number {
    return this.#size;
  }

  /** How long the last of what waits will wait from the last call on, at the pace of now. */
  get queuedUs(): number {
    return this.#size === 0 ? 0 : this.#leaveUs(this.#bytes);
  }

  /** Bytes that may leave at once after a quiet time. */
  get microBurstBytes(): number {
    return this.#burstBytes;
  }

  /** The controller's target, from which pace and micro-burst follow. */
  setTarget(targetBps: number): void {
    const bps = Math.max(1, targetBps);
    this.#paceBps = bps * PACE;
    const wanted = bps / 8e6 * MICRO_BURST_US;
    this.#burstBytes = Math.min(MICRO_BURST_BYTES_MAX, Math.max(MICRO_BURST_BYTES_MIN, wanted));
  }

  /** Packets wait at most this long from now on; `PACER_AGE_US_MAX` unless told. */
  setAgeMax(ageUsMax: number): void {
    this.#ageUsMax = ageUsMax;
  }

  /** Takes one packet; copies it only when it must wait. */
  push(packet: Uint8Array, nowUs: number): PacerOutcome {
    this.#drain(nowUs);
    this.#dropOld(nowUs);
    if (this.#size === 0 && this.#level + packet.byteLength <= this.#burstBytes) {
      this.#level += packet.byteLength;
      return "send";
    }
    const hasRoom = this.#size < this.#slots && packet.byteLength <= this.#packetBytesMax;
    // What would be too old when its turn comes is not worth the bytes until then.
    if (!hasRoom || this.#leaveUs(this.#bytes + packet.byteLength) > this.#ageUsMax) {
      this.stats.refused++;
      return "refused";
    }
    const slot = (this.#head + this.#size) % this.#slots;
    this.#ring ??= new Uint8Array(this.#slots * this.#packetBytesMax);
    this.#ring.set(packet, slot * this.#packetBytesMax);
    this.#lengths[slot] = packet.byteLength;
    this.#sinceUs[slot] = nowUs;
    this.#size++;
    this.#bytes += packet.byteLength;
    this.stats.paced++;
    return "queued";
  }

  /** Bytes that left past this queue: they use up the micro-burst, but never more than all of it. */
  noteOther(bytes: number, nowUs: number): void {
    this.#drain(nowUs);
    this.#level = Math.max(this.#level, Math.min(this.#burstBytes, this.#level + bytes));
  }

  /** The next packet that may leave, valid until the next push; undefined when none may yet. */
  pull(nowUs: number): Uint8Array<ArrayBuffer> | undefined {
    this.#drain(nowUs);
    this.#dropOld(nowUs);
    const ring = this.#ring;
    if (this.#size === 0 || ring === undefined) return undefined;
    const length = this.#lengths[this.#head]!;
    if (this.#level + length > this.#burstBytes) return undefined;
    const start = this.#head * this.#packetBytesMax;
    this.#level += length;
    this.stats.waitedUs += nowUs - this.#sinceUs[this.#head]!;
    this.#shift();
    return ring.subarray(start, start + length);
  }

  /** When to pull again; undefined while nothing waits. */
  get deadline(): number | undefined {
    if (this.#size === 0) return undefined;
    const quantum = Math.max(this.#lengths[this.#head]!, this.#paceBps / 8e6 * QUANTUM_US);
    const leavesUs = this.#levelUs + Math.ceil(this.#leaveUs(Math.min(this.#bytes, quantum)));
    return Math.min(leavesUs, this.#sinceUs[this.#head]! + this.#ageUsMax + 1);
  }

  /** Drops all that waits, uncounted. */
  clear(): void {
    this.#head = 0;
    this.#size = 0;
    this.#bytes = 0;
  }

  /** How long it takes from the last call on until the first `bytes` that wait have left. */
  #leaveUs(bytes: number): number {
    return Math.max(0, this.#level + bytes - this.#burstBytes) * 8e6 / this.#paceBps;
  }

  #drain(nowUs: number): void {
    const elapsedUs = Math.max(0, nowUs - this.#levelUs);
    this.#levelUs = Math.max(nowUs, this.#levelUs);
    this.#level = Math.max(0, this.#level - this.#paceBps / 8e6 * elapsedUs);
  }

  #dropOld(nowUs: number): void {
    while (this.#size > 0 && this.#sinceUs[this.#head]! < nowUs - this.#ageUsMax) {
      this.#shift();
      this.stats.expired++;
    }
  }

  #shift(): void {
    this.#bytes -= this.#lengths[this.#head]!;
    this.#head = (this.#head + 1) % this.#slots;
    this.#size--;
  }
}
