/**
 * EventLog: what happened in a simulation, as fixed records of 24 bytes: time, kind, three numbers.
 * The same seed gives the same bytes. It keeps a digest of all records and, when asked, the records
 * themselves up to a limit, because a long run has hundreds of millions.
 */

/** What can happen; the number is the record's kind. */
export const EVENT_KINDS = {
  /** Frame id, bytes, reference distance. */
  frame: 1,
  /** Viewer, transport sequence, bytes. */
  packetSent: 2,
  packetLost: 3,
  packetArrived: 4,
  /** Viewer, frame id, 0. */
  frameComplete: 5,
  frameYielded: 6,
  /** Viewer, bytes, 0. */
  feedbackSent: 7,
  feedbackLost: 8,
  feedbackArrived: 9,
  /** Viewer, first lost frame id, 0. */
  invalidate: 10,
  /** Viewer, 0, 0. */
  keyframe: 11,
} as const;

/** Name of a kind of event. */
export type EventKind = keyof typeof EVENT_KINDS;

const RECORD_BYTES = 24;

/** The log of one simulation. */
export class EventLog {
  readonly #kept: DataView | undefined;
  readonly #counts = new Float64Array(Object.keys(EVENT_KINDS).length + 1);
  #keptBytes = 0;
  #low = 0x811c9dc5;
  #high = 0x1b873593;

  /** Keeps the first `recordsKept` records. */
  constructor(options: { readonly recordsKept?: number } = {}) {
    const kept = options.recordsKept ?? 0;
    this.#kept = kept === 0 ? undefined : new DataView(new ArrayBuffer(kept * RECORD_BYTES));
  }

  /** Adds one record; numbers are 32-bit. */
  add(atUs: number, kind: EventKind, first: number, second = 0, third = 0): void {
    const code = EVENT_KINDS[kind];
    this.#counts[code]!++;
    const timeLow = atUs % 0x1_0000_0000;
    const timeHigh = Math.floor(atUs / 0x1_0000_0000);
    this.#mix(timeLow);
    this.#mix((timeHigh << 8) | code);
    this.#mix(first);
    this.#mix(second);
    this.#mix(third);
    const view = this.#kept;
    if (view === undefined || this.#keptBytes === view.byteLength) return;
    view.setUint32(this.#keptBytes, timeLow, true);
    view.setUint32(this.#keptBytes + 4, timeHigh, true);
    view.setUint32(this.#keptBytes + 8, code, true);
    view.setUint32(this.#keptBytes + 12, first, true);
    view.setUint32(this.#keptBytes + 16, second, true);
    view.setUint32(this.#keptBytes + 20, third, true);
    this.#keptBytes += RECORD_BYTES;
  }

  /** Events of a kind so far. */
  count(kind: EventKind): number {
    return this.#counts[EVENT_KINDS[kind]]!;
  }

  /** Digest of all records, 16 hexadecimal digits. */
  get digest(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, "0"))
      .join("");
  }

  /** The records that were kept. */
  get bytes(): Uint8Array {
    if (this.#kept === undefined) return new Uint8Array();
    return new Uint8Array(this.#kept.buffer, 0, this.#keptBytes);
  }

  #mix(word: number): void {
    const low = Math.imul(this.#low ^ word, 0x85ebca6b);
    const high = Math.imul(this.#high ^ (word + (low >>> 15)), 0xc2b2ae35);
    this.#low = low ^ (high >>> 13);
    this.#high = high ^ (low >>> 16);
  }
}
