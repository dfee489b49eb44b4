/**
 * Clip sources: the frames of a clip, out of a replay or a recording. A replay is copied in pieces with
 * a turn for the rest of the server between them; a recording is read part by part. A clip ends where
 * the picture changes its form, where frames were blanked, and where its source ends.
 */

import { setImmediate } from "node:timers";
import {
  decoderRecord,
  parameterSets,
  sampleBytesMax,
  writeLengths,
} from "../../wire/access_unit.ts";
import type { ClipFrame, ClipItem, ClipSource } from "../../recording/clip.ts";
import type { RecordedReader } from "../../recording/recorded_frames.ts";
import type { RecordingRow } from "../../recording/catalog.ts";
import type { ReplayBuffer } from "../../replay/replay_buffer.ts";
import type { HeldSound, SoundPacket } from "../../replay/held_sound.ts";
import { ReplayCursor } from "../../replay/replay_cursor.ts";
import { SoundCursor } from "../../replay/sound_cursor.ts";
import { BT601_LIMITED } from "../../wire/codec.ts";
import type { StreamDescription } from "../../wire/codec.ts";

/** Bytes of a replay that are copied before the rest of the server has its turn. */
const TURN_BYTES = 512 * 1024;
/** Room for most frames before they get their lengths. */
const SCRATCH_BYTES = 128 * 1024;

/** The frames of a replay from `fromUs` on; undefined when none is held there. */
export function replayClipSource(
  buffer: ReplayBuffer,
  { fromUs, nowUs, sound }: {
    readonly fromUs: number;
    readonly nowUs: () => number;
    readonly sound: HeldSound | undefined;
  },
): ClipSource | undefined {
  const cursor = ReplayCursor.open(buffer, fromUs, nowUs());
  if (cursor === undefined) return undefined;
  let description: StreamDescription | undefined;
  for (;;) {
    const step = cursor.pull(nowUs());
    if (step.kind === "description") description = step.description;
    else if (step.kind !== "frame" || description === undefined) break;
    else {
      const payload = new Uint8Array(step.frame.byteLength);
      const sets = cursor.read(payload) ? parameterSets(payload) : undefined;
      if (sets === undefined) break;
      const first = clipFrame(payload, step.frame);
      const heard = sound === undefined ? undefined : firstPacket(sound, fromUs);
      const packets = heard === undefined ? undefined : new SoundCursor(sound!, fromUs);
      const channels = heard?.channels;
      const items = replayItems(cursor, { first, nowUs, packets, channels });
      const close = () => cursor[Symbol.dispose]();
      const record = decoderRecord(sets);
      return { description, decoderRecord: record, soundChannels: channels, items, close };
    }
  }
  cursor[Symbol.dispose]();
  return undefined;
}

/** The frames of a recording that was opened at a keyframe. */
export function recordingClipSource(row: RecordingRow, reader: RecordedReader): ClipSource {
  const { name, codec, width, height } = row;
  return {
    description: {
      ...{ name, codec, codedWidth: width, codedHeight: height },
      colorSpace: BT601_LIMITED,
    },
    decoderRecord: reader.decoderRecord,
    soundChannels: reader.soundChannels,
    items: recordedItems(reader),
    close: () => reader[Symbol.dispose](),
  };
}

/**
 * A clip that goes on in the next file of a recording that was split, for as long as the picture keeps
 * its form. `next` opens what follows a capture time; one file is open at a time.
 */
export function joinedClipSource(
  first: ClipSource,
  next: (lastUs: number) => Promise<ClipSource | undefined>,
): ClipSource {
  let current: ClipSource | undefined = first;
  const close = () => {
    current?.close();
    current = undefined;
  };
  async function* items(): AsyncGenerator<ClipItem> {
    while (current !== undefined) {
      let lastUs = -1;
      for await (const item of current.items) {
        if (item.kind === "frame") lastUs = item.frame.captureTimeUs;
        yield item;
      }
      const following = lastUs < 0 ? undefined : await next(lastUs);
      if (following === undefined) return;
      // Closed while it waited, or a decoder would have to be set up anew.
      if (current === undefined || !isSameForm(first, following)) return following.close();
      current.close();
      current = following;
    }
  }
  return { ...first, items: items(), close };
}

function isSameForm(left: ClipSource, right: ClipSource): boolean {
  const { codedWidth, codedHeight } = left.description;
  return right.description.codedWidth === codedWidth &&
    right.description.codedHeight === codedHeight &&
    left.soundChannels === right.soundChannels &&
    left.decoderRecord.length === right.decoderRecord.length &&
    left.decoderRecord.every((byte, index) => byte === right.decoderRecord[index]);
}

/** The first packet from a time on, which says how many channels there are. */
function firstPacket(sound: HeldSound, fromUs: number): SoundPacket | undefined {
  return new SoundCursor(sound, fromUs).pull(Infinity)?.packet;
}

async function* replayItems(
  cursor: ReplayCursor,
  { first, nowUs, packets, channels }: {
    readonly first: ClipFrame;
    readonly nowUs: () => number;
    readonly packets: SoundCursor | undefined;
    /** Packets of other channels would need a decoder of their own, and are left out. */
    readonly channels: number | undefined;
  },
): AsyncGenerator<ClipItem> {
  function* soundBefore(us: number): Generator<ClipItem> {
    for (let next = packets?.pull(us); next !== undefined; next = packets?.pull(us)) {
      const { packet, payload } = next;
      if (packet.channels === channels) yield { kind: "packet", packet: { ...packet, payload } };
    }
  }
  yield { kind: "frame", frame: first };
  let scratch = new Uint8Array(SCRATCH_BYTES);
  for (let bytes = 0;;) {
    const step = cursor.pull(nowUs());
    if (step.kind === "gap" && step.cause === "evicted") throw new Error("Cannot keep up");
    if (step.kind !== "frame") return yield* soundBefore(Infinity);
    yield* soundBefore(step.frame.captureTimeUs);
    if (scratch.byteLength < step.frame.byteLength) scratch = new Uint8Array(step.frame.byteLength);
    const payload = scratch.subarray(0, step.frame.byteLength);
    if (!cursor.read(payload)) return;
    yield { kind: "frame", frame: clipFrame(payload, step.frame) };
    bytes += payload.byteLength;
    if (bytes < TURN_BYTES) continue;
    bytes = 0;
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

async function* recordedItems(reader: RecordedReader): AsyncGenerator<ClipItem> {
  for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) {
    for (const { payload, ...times } of batch.packets) {
      yield { kind: "packet", packet: { ...times, payload: payload.slice() } };
    }
    for (const { frame, sample } of batch.frames) {
      const { captureTimeUs, referenceDistance } = frame;
      const isKeyframe = referenceDistance === 0;
      yield { kind: "frame", frame: { captureTimeUs, isKeyframe, sample: sample.slice() } };
    }
  }
}

function clipFrame(
  payload: Uint8Array,
  frame: { readonly captureTimeUs: number; readonly referenceDistance: number },
): ClipFrame {
  const room = new Uint8Array(sampleBytesMax(payload.byteLength));
  const sample = room.subarray(0, writeLengths(payload, room, 0));
  const { captureTimeUs, referenceDistance } = frame;
  return { captureTimeUs, isKeyframe: referenceDistance === 0, sample };
}
