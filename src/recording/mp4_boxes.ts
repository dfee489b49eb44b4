/**
 * MP4 boxes: the few that parts of a recording are made of, written into a buffer of fixed size and
 * found again. Numbers are big endian, as ISO/IEC 14496-12 has them; a box is at most 4 GiB here.
 */

/** Units of a second in which the times of video are: microseconds. */
export const VIDEO_TIMESCALE = 1_000_000;
/** Units of a second in which the times of Opus are. */
export const AUDIO_TIMESCALE = 48_000;
/** Numbers of the tracks. */
export const VIDEO_TRACK = 1;
/** See `VIDEO_TRACK`. */
export const AUDIO_TRACK = 2;

/** Bytes of a box's size and type. */
export const BOX_HEADER_BYTES = 8;

/** Writes boxes one into the other. */
export class BoxWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #offset = 0;

  /** Writes to a buffer of `bytes`. */
  constructor(bytes: number) {
    this.#bytes = new Uint8Array(bytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get offset(): number {
    return this.#offset;
  }

  /** What was written. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#offset);
  }

  /** A box of `type` with what `content` writes. */
  box(type: string, content: () => void): void {
    const start = this.#offset;
    this.u32(0).text(type);
    content();
    this.#view.setUint32(start, this.#offset - start);
  }

  /** A box with a version and flags. */
  fullBox(type: string, versionAndFlags: number, content: () => void): void {
    this.box(type, () => {
      this.u32(versionAndFlags);
      content();
    });
  }

  /** Unsigned 8 bits. */
  u8(value: number): this {
    this.#view.setUint8(this.#offset++, value);
    return this;
  }

  /** Unsigned 32 bits. */
  u32(value: number): this {
    this.#view.setUint32(this.#offset, value);
    this.#offset += 4;
    return this;
  }

  /** Unsigned 64 bits from a safe integer. */
  u64(value: number): this {
    this.#view.setBigUint64(this.#offset, BigInt(value));
    this.#offset += 8;
    return this;
  }

  /** Latin letters, one byte each. */
  text(text: string): this {
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
    return this;
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#offset);
    this.#offset += bytes.byteLength;
    return this;
  }

  /** Writes over what was written at `offset`. */
  patchU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value);
  }
}

/** Where a box is. */
export interface BoxPlace {
  readonly type: string;
  /** Of its header. */
  readonly start: number;
  /** Of what follows its header. */
  readonly content: number;
  readonly end: number;
}

/** The box at `offset`; undefined when its header is not whole or says nonsense. */
export function boxAt(bytes: Uint8Array, offset: number): BoxPlace | undefined {
  if (offset + BOX_HEADER_BYTES > bytes.byteLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(offset);
  if (size < BOX_HEADER_BYTES) return undefined;
  const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
  return { type, start: offset, content: offset + BOX_HEADER_BYTES, end: offset + size };
}

/** The first box of a path of types, such as moov, trak, mdia, within `bytes`. */
export function findBox(bytes: Uint8Array, path: readonly string[]): BoxPlace | undefined {
  let [from, to] = [0, bytes.byteLength];
  let found: BoxPlace | undefined;
  for (const type of path) {
    found = boxesIn(bytes, from, to).find((box) => box.type === type);
    if (found === undefined) return undefined;
    [from, to] = [found.content, Math.min(found.end, to)];
  }
  return found;
}

/** The boxes between two offsets, as far as they are whole. */
export function boxesIn(bytes: Uint8Array, from: number, to: number): BoxPlace[] {
  const boxes: BoxPlace[] = [];
  for (let at = from; at < to;) {
    const box = boxAt(bytes, at);
    if (box === undefined || box.end > to) break;
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}
