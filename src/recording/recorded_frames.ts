/**
 * Recorded frames: reads a recording from any time on, from the keyframe before it: one part in memory
 * at a time. Where parts are is remembered for the last `FILES_MAX` recordings, so that going to and
 * fro in one costs a read or two; a place is kept for every keyframe, `PLACES_MAX` at most.
 */

import { findBox } from "./mp4_boxes.ts";
import { packetsOf, soundChannels } from "./part_sound.ts";
import { PartReader, type RecordedFrame, type RecordedPart } from "./part_reader.ts";
import { PositionedFile } from "./recording_repair.ts";

/** Recordings whose parts are remembered. */
export const FILES_MAX = 8;
/** Places of each; a longer one is read on from the last. */
export const PLACES_MAX = 50_000;

/** A packet of sound. */
export interface RecordedPacket {
  readonly captureTimeUs: number;
  readonly durationUs: number;
  readonly payload: Uint8Array;
}

/** What is in one part; its bytes are valid until the next part is asked for. */
export interface FrameBatch {
  readonly part: RecordedPart;
  readonly frames: readonly { readonly frame: RecordedFrame; readonly sample: Uint8Array }[];
  /** Those of the part, where sound is asked for. */
  readonly packets: readonly RecordedPacket[];
}

interface Places {
  /** Of parts that begin with a keyframe. */
  readonly startsUs: number[];
  readonly offsets: number[];
  /** Where to look for parts that were not there yet. */
  nextOffset: number;
  /** Avc decoder configuration. */
  readonly decoderRecord: Uint8Array;
  /** Channels of its sound; undefined without any. */
  readonly soundChannels: number | undefined;
}

/** Finds frames in recordings. */
export class RecordedFrames {
  /** Least recently used first. */
  readonly #places = new Map<string, Places>();

  /** Recordings that are remembered. */
  get size(): number {
    return this.#places.size;
  }

  /** Opens a recording at the keyframe before `atUs`; undefined when it has no whole part. */
  async open(
    { id, path }: { readonly id: string; readonly path: string },
    atUs: number,
    options: { readonly withSound?: boolean } = {},
  ): Promise<RecordedReader | undefined> {
    const file = await Deno.open(path, { read: true });
    try {
      const { size } = await file.stat();
      const reader = new PartReader(new PositionedFile(file, size));
      const places = await this.#find(id, file, reader);
      if (places === undefined || places.offsets.length === 0) {
        file.close();
        return undefined;
      }
      const after = places.startsUs.findLastIndex((startUs) => startUs <= atUs);
      reader.seek(places.offsets[Math.max(0, after)]!);
      return new RecordedReader(file, reader, {
        decoderRecord: places.decoderRecord,
        soundChannels: options.withSound === true ? places.soundChannels : undefined,
        startUs: places.startsUs[0]!,
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Forgets a recording that was deleted. */
  forget(id: string): void {
    this.#places.delete(id);
  }

  async #find(id: string, file: Deno.FsFile, reader: PartReader): Promise<Places | undefined> {
    if (!await reader.open()) return undefined;
    let places = this.#places.get(id);
    if (places === undefined) {
      const header = new Uint8Array(reader.headerBytes);
      const { size } = await file.stat();
      await new PositionedFile(file, size).read(0, header);
      const decoderRecord = decoderRecordOf(header);
      if (decoderRecord === undefined) return undefined;
      places = {
        ...{ startsUs: [], offsets: [], nextOffset: reader.headerBytes, decoderRecord },
        soundChannels: soundChannels(header),
      };
    }
    this.#places.delete(id);
    this.#places.set(id, places);
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= FILES_MAX) break;
      this.#places.delete(oldest);
    }
    reader.seek(places.nextOffset);
    for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
      if (places.offsets.length >= PLACES_MAX) break;
      if (part.frames[0]?.referenceDistance === 0) {
        places.startsUs.push(part.startUs);
        places.offsets.push(part.start);
      }
      places.nextOffset = part.end;
    }
    return places;
  }
}

/** What a reader knows of its file. */
interface RecordedFile {
  /** Avc decoder configuration. */
  readonly decoderRecord: Uint8Array;
  /** Channels of the sound that is to be read; undefined for none. */
  readonly soundChannels: number | undefined;
  /** Capture time at which it begins. */
  readonly startUs: number;
}

/** Reads on from where it was opened; give it back with `using`. */
export class RecordedReader implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #reader: PartReader;
  readonly #facts: RecordedFile;
  #buffer = new Uint8Array(256 * 1024);
  #isClosed = false;

  constructor(file: Deno.FsFile, reader: PartReader, facts: RecordedFile) {
    this.#file = file;
    this.#reader = reader;
    this.#facts = facts;
  }

  /** Avc decoder configuration. */
  get decoderRecord(): Uint8Array {
    return this.#facts.decoderRecord;
  }

  /** Channels of the sound that is read; undefined for none. */
  get soundChannels(): number | undefined {
    return this.#facts.soundChannels;
  }

  /** The next part that has something to give; undefined at the end. */
  async next(): Promise<FrameBatch | undefined> {
    const withSound = this.#facts.soundChannels !== undefined;
    let part = await this.#reader.next();
    while (part !== undefined && part.frames.length === 0 && !withSound) {
      part = await this.#reader.next();
    }
    if (part === undefined) return undefined;
    const last = part.frames.at(-1);
    const from = withSound ? part.moofOffset : part.dataOffset;
    const to = withSound || last === undefined ? part.end : last.offset + last.bytes;
    const data = await this.#read(from, to - from);
    if (data === undefined) return undefined;
    const frames = part.frames.map((frame) => {
      const start = frame.offset - from;
      return { frame, sample: data.subarray(start, start + frame.bytes) };
    });
    return { part, frames, packets: withSound ? this.#packets(data) : [] };
  }

  /** Closes the file; idempotent. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }

  #packets(data: Uint8Array): RecordedPacket[] {
    return packetsOf(data).flatMap(({ timeUs, durationUs, offset, bytes }) => {
      // A list that lies is no reason to read behind the part.
      if (offset + bytes > data.byteLength) return [];
      const captureTimeUs = this.#facts.startUs + timeUs;
      return { captureTimeUs, durationUs, payload: data.subarray(offset, offset + bytes) };
    });
  }

  async #read(offset: number, bytes: number): Promise<Uint8Array | undefined> {
    if (bytes > this.#buffer.byteLength) this.#buffer = new Uint8Array(bytes);
    const data = this.#buffer.subarray(0, bytes);
    const { size } = await this.#file.stat();
    const read = await new PositionedFile(this.#file, size).read(offset, data);
    return read < bytes ? undefined : data;
  }
}

/** The avcC record in a header. */
function decoderRecordOf(header: Uint8Array): Uint8Array | undefined {
  const table = findBox(header, ["moov", "trak", "mdia", "minf", "stbl", "stsd"]);
  if (table === undefined) return undefined;
  // The entry's own fields come before the boxes in it.
  const inside = header.subarray(table.content + 8 + 86, table.end);
  const record = findBox(inside, ["avcC"]);
  return record === undefined ? undefined : inside.slice(record.content, record.end);
}
