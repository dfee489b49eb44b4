/**
 * WhipFeedback: what a receiver of RTP tells the publisher, as RTCP: which packets to send again (RFC
 * 4585), that it needs a keyframe, and when each packet arrived (transport-wide feedback), by which
 * publishers find their rate. Arrivals of at most `MAX_ARRIVALS` packets are held.
 */

import { distance16 } from "../../core/sequence.ts";

/** Packets of which one report tells, arrived or not; some 10 ms at 50 Mbit/s. */
export const MAX_ARRIVALS = 256;

const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const FORMAT_ASK = 1;
const FORMAT_PICTURE_LOSS = 1;
const FORMAT_ARRIVALS = 15;
const HEADER_BYTES = 12;
const ARRIVALS_HEADER_BYTES = HEADER_BYTES + 8;
/** Sequences behind the first of a request that its mask reaches. */
const MASK_BITS = 16;
const TICK_US = 250;
/** Ticks of a step of the reference time: 64 ms. */
const REFERENCE_TICKS = 256;
const SYMBOLS_PER_CHUNK = 7;
const MAX_RUN = 0x1fff;
const STATUS_SMALL = 1;
const STATUS_LARGE = 2;

/** Who speaks and of what. */
export interface FeedbackSources {
  /** Our own source. */
  readonly sender: number;
  /** The source of the media. */
  readonly media: number;
}

/** Asks for packets again; `sequences` rise, modulo 2^16. */
export function writeAsk(
  sources: FeedbackSources,
  sequences: readonly number[],
): Uint8Array<ArrayBuffer> {
  const entries: [number, number][] = [];
  for (const sequence of sequences) {
    const last = entries.at(-1);
    const steps = last === undefined ? 0 : distance16(last[0], sequence);
    if (last !== undefined && steps >= 1 && steps <= MASK_BITS) last[1] |= 1 << (steps - 1);
    else entries.push([sequence, 0]);
  }
  const bytes = new Uint8Array(HEADER_BYTES + 4 * entries.length);
  const view = writeHeader(bytes, TRANSPORT_FEEDBACK, FORMAT_ASK, sources);
  entries.forEach(([first, mask], index) => {
    view.setUint16(HEADER_BYTES + 4 * index, first);
    view.setUint16(HEADER_BYTES + 4 * index + 2, mask);
  });
  return bytes;
}

/** Asks for a keyframe. */
export function writePictureLoss(sources: FeedbackSources): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES);
  writeHeader(bytes, PAYLOAD_FEEDBACK, FORMAT_PICTURE_LOSS, sources);
  return bytes;
}

/** Remembers when packets arrived, until it was told. */
export class ArrivalFeedback {
  readonly #arrivals = new Map<number, number>();
  #first: number | undefined;
  #newest = 0;
  #count = 0;

  /** Packets that the next report tells of. */
  get pending(): number {
    return this.#arrivals.size;
  }

  /** Takes a packet by its transport-wide sequence; false when a report is due before. */
  push(sequence: number, nowUs: number): boolean {
    this.#first ??= sequence;
    const steps = distance16(this.#first, sequence);
    // It was told as missing already.
    if (steps < 0 && steps > -MAX_ARRIVALS) return true;
    if (steps < 0 || steps >= MAX_ARRIVALS) {
      if (this.#arrivals.size > 0) return false;
      this.#first = sequence;
    }
    const isNewest = this.#arrivals.size === 0 || distance16(this.#newest, sequence) > 0;
    if (isNewest) this.#newest = sequence;
    if (!this.#arrivals.has(sequence)) this.#arrivals.set(sequence, nowUs);
    return true;
  }

  /** The report of what arrived since the last one; undefined when nothing did. */
  report(sources: FeedbackSources): Uint8Array<ArrayBuffer> | undefined {
    const first = this.#first;
    if (first === undefined || this.#arrivals.size === 0) return undefined;
    const count = distance16(first, this.#newest) + 1;
    const { statuses, deltas, reference } = this.#differences(first, count);
    const chunks = chunksOf(statuses);
    const deltaBytes = deltas.reduce((sum, delta) => sum + (isSmall(delta) ? 1 : 2), 0);
    const size = ARRIVALS_HEADER_BYTES + 2 * chunks.length + deltaBytes;
    const bytes = new Uint8Array(4 * Math.ceil(size / 4));
    const view = writeHeader(bytes, TRANSPORT_FEEDBACK, FORMAT_ARRIVALS, sources);
    view.setUint16(12, first);
    view.setUint16(14, statuses.length);
    view.setUint32(16, ((reference << 8) | this.#count) >>> 0);
    let at = ARRIVALS_HEADER_BYTES;
    for (const chunk of chunks) {
      view.setUint16(at, chunk);
      at += 2;
    }
    for (const delta of deltas) {
      if (isSmall(delta)) view.setUint8(at++, delta);
      else {
        view.setInt16(at, delta);
        at += 2;
      }
    }
    this.#count = (this.#count + 1) & 0xff;
    this.#first = (this.#newest + 1) & 0xffff;
    this.#arrivals.clear();
    return bytes;
  }

  /** Status of each packet, and for those that arrived the ticks since the one before. */
  #differences(
    first: number,
    count: number,
  ): { statuses: number[]; deltas: number[]; reference: number } {
    const statuses: number[] = [];
    const deltas: number[] = [];
    let reference: number | undefined;
    let ticks = 0;
    for (let step = 0; step < count; step++) {
      const arrivalUs = this.#arrivals.get((first + step) & 0xffff);
      if (arrivalUs === undefined) {
        statuses.push(0);
        continue;
      }
      const arrivedTicks = Math.round(arrivalUs / TICK_US);
      if (reference === undefined) {
        reference = Math.floor(arrivedTicks / REFERENCE_TICKS);
        ticks = reference * REFERENCE_TICKS;
      }
      // A report covers some 100 ms: what lies further apart is told as far as a delta goes.
      const delta = Math.max(-0x8000, Math.min(0x7fff, arrivedTicks - ticks));
      ticks += delta;
      deltas.push(delta);
      statuses.push(isSmall(delta) ? STATUS_SMALL : STATUS_LARGE);
    }
    return { statuses, deltas, reference: (reference ?? 0) & 0xffffff };
  }
}

/** Statuses as runs of one, or as seven at a time. */
function chunksOf(statuses: readonly number[]): number[] {
  const chunks: number[] = [];
  for (let at = 0; at < statuses.length;) {
    const status = statuses[at]!;
    let run = 1;
    while (at + run < statuses.length && statuses[at + run] === status && run < MAX_RUN) run++;
    if (run >= SYMBOLS_PER_CHUNK || at + run === statuses.length) {
      chunks.push((status << 13) | run);
      at += run;
      continue;
    }
    let chunk = 0xc000;
    for (let index = 0; index < SYMBOLS_PER_CHUNK; index++) {
      chunk |= (statuses[at + index] ?? 0) << (2 * (SYMBOLS_PER_CHUNK - 1 - index));
    }
    chunks.push(chunk);
    at += SYMBOLS_PER_CHUNK;
  }
  return chunks;
}

function isSmall(delta: number): boolean {
  return delta >= 0 && delta <= 0xff;
}

function writeHeader(
  bytes: Uint8Array,
  type: number,
  format: number,
  { sender, media }: FeedbackSources,
): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(0, 0x80 | format);
  view.setUint8(1, type);
  view.setUint16(2, bytes.byteLength / 4 - 1);
  view.setUint32(4, sender);
  view.setUint32(8, media);
  return view;
}
