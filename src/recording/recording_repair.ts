/**
 * Recording repair: looks at a file that is there and says what is in it. One that a kill or a power
 * cut left with half a part is cut off behind the last whole one. It reads the indexes of the parts
 * alone, one at a time.
 */

import type { RecordingRow } from "./catalog.ts";
import { boxesIn, findBox } from "./mp4_boxes.ts";
import { PartReader, type ReadableFile } from "./part_reader.ts";

/** Reads a file at any place; one read at a time. */
export class PositionedFile implements ReadableFile {
  readonly bytes: number;
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile, bytes: number) {
    this.#file = file;
    this.bytes = bytes;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    await this.#file.seek(offset, Deno.SeekMode.Start);
    let at = 0;
    while (at < target.byteLength) {
      const read = await this.#file.read(target.subarray(at));
      if (read === null) break;
      at += read;
    }
    return at;
  }
}

/** What a file turned out to be. */
export type Inspection =
  | { readonly kind: "recording"; readonly row: RecordingRow; readonly bytesCut: number }
  /** A kill came before its first part was whole. */
  | { readonly kind: "empty" }
  /** It is none, or its beginning was damaged. */
  | { readonly kind: "damaged" }
  /** Another process writes it. */
  | { readonly kind: "busy" };

/** Looks at the file of recording `id` and mends it. Rejects with the system's error. */
export async function inspectRecording(path: string, id: string): Promise<Inspection> {
  using file = await Deno.open(path, { read: true, write: true });
  if (!await file.tryLock(true)) return { kind: "busy" };
  const { size } = await file.stat();
  const source = new PositionedFile(file, size);
  const reader = new PartReader(source);
  const first = await reader.open() ? await reader.next() : undefined;
  if (first === undefined) return { kind: await reader.isCutShort() ? "empty" : "damaged" };
  let [last, frames] = [first, first.frames.length];
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    last = part;
    frames += part.frames.length;
  }
  // What follows damage may be worth something to somebody: only half a part is cut off.
  const isCut = !reader.isEnded && reader.offset < size && await reader.isCutShort();
  const bytesCut = isCut ? size - reader.offset : 0;
  if (bytesCut > 0) {
    await file.truncate(reader.offset);
    await file.syncData();
  }
  const header = new Uint8Array(reader.headerBytes);
  await source.read(0, header);
  return {
    kind: "recording",
    bytesCut,
    row: {
      id,
      ...describeHeader(header),
      streamId: streamOf(id),
      startedMs: Math.round(first.wallClockUs / 1000),
      startUs: first.startUs,
      endUs: reader.endUs ?? last.endUs,
      bytes: size - bytesCut,
      frames,
      state: reader.isEnded ? "complete" : "repaired",
    },
  };
}

/** Reads what a header says of the picture. */
function describeHeader(
  header: Uint8Array,
): Pick<RecordingRow, "name" | "codec" | "width" | "height"> {
  const table = findBox(header, ["moov", "trak", "mdia", "minf", "stbl", "stsd"]);
  // Past version, flags and count stands the entry; its fields have fixed places.
  const entry = table === undefined ? 0 : table.content + 8;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = table === undefined ? [0, 0] : [
    view.getUint16(entry + 32),
    view.getUint16(entry + 34),
  ];
  const inner = table === undefined ? [] : boxesIn(header, entry + 86, table.end);
  const record = inner.find(({ type }) => type === "avcC");
  const hex = record === undefined
    ? []
    : [...header.subarray(record.content + 1, record.content + 4)]
      .map((byte) => byte.toString(16).padStart(2, "0"));
  return { name: titleOf(header), codec: `avc1.${hex.join("")}`, width, height };
}

/** The title that a header has; empty when it has none. */
function titleOf(header: Uint8Array): string {
  const meta = findBox(header, ["moov", "udta", "meta"]);
  if (meta === undefined) return "";
  const list = boxesIn(header, meta.content + 4, meta.end).find(({ type }) => type === "ilst");
  if (list === undefined) return "";
  const title = boxesIn(header, list.content, list.end).find(({ type }) => type === "\u00a9nam");
  const data = title === undefined ? undefined : boxesIn(header, title.content, title.end)[0];
  if (data === undefined) return "";
  return new TextDecoder().decode(header.subarray(data.content + 8, data.end));
}

/** Ids say which stream it was: the part between the last two lines. */
function streamOf(id: string): number {
  return Number(/-(\d{1,2})-[a-z0-9]+$/.exec(id)?.[1] ?? 0);
}
