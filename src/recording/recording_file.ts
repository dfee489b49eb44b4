/**
 * Recording file: a header and parts on a disk. Each part is appended at once and synchronised, so that
 * a file whose process was killed lacks its last part at most; one that could not be written whole is
 * taken back. At the end come the duration and an index for players, of `INDEX_MAX` places at most.
 */

import { BoxWriter, VIDEO_TRACK } from "./mp4_boxes.ts";
import type { Mp4Header } from "./mp4_header.ts";
import { endBox } from "./part_reader.ts";
import type { SealedPart } from "./recording_part.ts";

/** Places of the index for players; when there are more, every other one goes. */
export const INDEX_MAX = 8192;

const PLACE_BYTES = 19;
const RANDOM_ACCESS_FIXED_BYTES = 64;
/** Version 1, with 64-bit times. */
const LONG_TIMES = 0x0100_0000;

/** Times of a recording as they go into its end. */
export interface RecordingEnd {
  readonly startUs: number;
  readonly endUs: number;
  readonly wallClockOffsetUs: number;
}

/** A file that is written. */
export class RecordingFile {
  readonly #file: Deno.FsFile;
  readonly #header: Mp4Header;
  #bytes: number;
  #startUs: number | undefined;
  #places: { timeUs: number; offset: number }[] = [];
  #step = 1;
  #keyframes = 0;

  /** Makes a file that is not there yet, for this user alone. Rejects with the system's error. */
  static async create(path: string, header: Mp4Header): Promise<RecordingFile> {
    const file = await Deno.open(path, { createNew: true, read: true, write: true, mode: 0o600 });
    try {
      // Tells another process, which may find the file, that it is not one to mend.
      await file.lock(true);
      await writeAll(file, header.bytes);
      await file.syncData();
    } catch (error) {
      file.close();
      throw error;
    }
    return new RecordingFile(file, header);
  }

  private constructor(file: Deno.FsFile, header: Mp4Header) {
    this.#file = file;
    this.#header = header;
    this.#bytes = header.bytes.byteLength;
  }

  /** Bytes that are on the disk for sure. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a part and waits until it is on the disk. Rejects with the system's error. */
  async append(part: SealedPart): Promise<void> {
    try {
      for (const piece of part.pieces) await writeAll(this.#file, piece);
      await this.#file.syncData();
    } catch (error) {
      // What plays until here still plays.
      await this.#file.truncate(this.#bytes).catch(() => {});
      await this.#file.seek(this.#bytes, Deno.SeekMode.Start).catch(() => {});
      throw error;
    }
    this.#startUs ??= part.startUs;
    if (part.startsWithKeyframe) this.#note(part.startUs - this.#startUs, part.moofOffset);
    this.#bytes += part.bytes;
  }

  /** Writes what ends a recording and closes the file; never rejects. */
  async finish({ startUs, endUs, wallClockOffsetUs }: RecordingEnd): Promise<void> {
    try {
      await writeAll(this.#file, endBox(startUs, endUs, startUs + wallClockOffsetUs));
      await writeAll(this.#file, this.#randomAccess());
      await this.#writeDuration(endUs - startUs);
      await this.#file.syncData();
      this.#bytes = (await this.#file.stat()).size;
    } catch {
      // No room for the end: without it the file plays just as well.
      await this.#file.truncate(this.#bytes).catch(() => {});
    } finally {
      this.#file.close();
    }
  }

  #note(timeUs: number, moofOffset: number): void {
    if (this.#keyframes++ % this.#step !== 0) return;
    this.#places.push({ timeUs, offset: this.#bytes + moofOffset });
    if (this.#places.length < INDEX_MAX) return;
    this.#places = this.#places.filter((_place, i) => i % 2 === 0);
    this.#step *= 2;
  }

  /** The mfra box: where players find the keyframes. */
  #randomAccess(): Uint8Array {
    const writer = new BoxWriter(RANDOM_ACCESS_FIXED_BYTES + this.#places.length * PLACE_BYTES);
    writer.box("mfra", () => {
      writer.fullBox("tfra", LONG_TIMES, () => {
        writer.u32(VIDEO_TRACK).u32(0).u32(this.#places.length);
        for (const { timeUs, offset } of this.#places) {
          writer.u64(timeUs).u64(offset).u8(1).u8(1).u8(1);
        }
      });
      writer.fullBox("mfro", 0, () => writer.u32(writer.offset + 4));
    });
    return writer.written;
  }

  async #writeDuration(durationUs: number): Promise<void> {
    const { durationOffset, durationTimescale } = this.#header;
    const units = Math.round(durationUs * durationTimescale / 1_000_000);
    if (units > 0xffff_ffff) return;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, units);
    await this.#file.seek(durationOffset, Deno.SeekMode.Start);
    await writeAll(this.#file, bytes);
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
}
