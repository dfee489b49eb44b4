/**
 * Part sound: the packets of sound in a part of a recording, as its moof lists them: their times, sizes
 * and places. Frames have an index of our own (part_reader.ts); sound has what every player reads.
 */

import { AUDIO_TIMESCALE, AUDIO_TRACK, boxesIn, type BoxPlace, findBox } from "./mp4_boxes.ts";

const US_PER_SECOND = 1_000_000;
/** Data offset, then duration and size of each: what recording_part.ts writes. */
const RUN_FLAGS = 0x0301;

/** One packet, its place counted from the beginning of the moof. */
export interface PacketPlace {
  /** After the beginning of the recording. */
  readonly timeUs: number;
  readonly durationUs: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Channels of the sound that a header promises; undefined when it promises none. */
export function soundChannels(header: Uint8Array): number | undefined {
  const movie = findBox(header, ["moov"]);
  if (movie === undefined) return undefined;
  for (const track of boxesIn(header, movie.content, movie.end)) {
    if (track.type !== "trak") continue;
    const inside = header.subarray(track.content, track.end);
    const table = findBox(inside, ["mdia", "minf", "stbl", "stsd"]);
    if (table === undefined) continue;
    // Past version, flags and count stands the entry; channels have a fixed place in it.
    const [entry] = boxesIn(inside, table.content + 8, table.end);
    if (entry?.type !== "Opus" || entry.content + 18 > entry.end) continue;
    return new DataView(inside.buffer, inside.byteOffset).getUint16(entry.content + 16);
  }
  return undefined;
}

/** The packets that `moof`, a whole box, lists; none when it lists no sound or makes no sense. */
export function packetsOf(moof: Uint8Array): PacketPlace[] {
  const box = findBox(moof, ["moof"]);
  if (box === undefined) return [];
  const fragment = boxesIn(moof, box.content, box.end).find((inner) => isSound(moof, inner));
  if (fragment === undefined) return [];
  const inside = moof.subarray(fragment.content, fragment.end);
  const time = findBox(inside, ["tfdt"]);
  const run = findBox(inside, ["trun"]);
  if (time === undefined || run === undefined) return [];
  const view = new DataView(inside.buffer, inside.byteOffset, inside.byteLength);
  if (view.getUint32(run.content) !== RUN_FLAGS) return [];
  const count = view.getUint32(run.content + 4);
  if (run.content + 12 + count * 8 > run.end || time.content + 12 > time.end) return [];
  const packets: PacketPlace[] = [];
  let units = Number(view.getBigUint64(time.content + 4));
  let offset = view.getUint32(run.content + 8);
  for (let i = 0; i < count; i++) {
    const duration = view.getUint32(run.content + 12 + i * 8);
    const bytes = view.getUint32(run.content + 16 + i * 8);
    packets.push({ timeUs: toUs(units), durationUs: toUs(duration), offset, bytes });
    units += duration;
    offset += bytes;
  }
  return packets;
}

function isSound(moof: Uint8Array, box: BoxPlace): boolean {
  if (box.type !== "traf") return false;
  const inside = moof.subarray(box.content, box.end);
  const header = findBox(inside, ["tfhd"]);
  if (header === undefined || header.content + 8 > header.end) return false;
  return new DataView(inside.buffer, inside.byteOffset).getUint32(header.content + 4) ===
    AUDIO_TRACK;
}

function toUs(units: number): number {
  return Math.round(units * US_PER_SECOND / AUDIO_TIMESCALE);
}
