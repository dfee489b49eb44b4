/**
 * Publish budget: what published streams may hold in the server process: their producers' packets,
 * rings for their viewers, replays and recordings. Their replays share the bytes of one display's.
 */

import type { BudgetLine } from "../../memory/memory_budget.ts";
import { DATAGRAM_CLASS_COUNT } from "../../pipeline/media_group.ts";
import { INDEX_BYTES_PER_FRAME } from "../../replay/held_frames.ts";
import { heldSoundBytes } from "../../replay/held_sound.ts";
import { replayFrames } from "../../replay/replay_buffer.ts";
import { FRAME_LAYERS } from "../../wire/control.ts";
import type { ServerConfig } from "../config/config.ts";
import { recordQueueBytes } from "../timeline/host_recordings.ts";
import { replayLimits, replaySoundLimits } from "../timeline/host_replays.ts";

/** Most bytes of a MediaReceiver: coding window, packets out of order, one frame. */
const RECEIVER_BYTES = 8_000_000;

/** Lines of the budget for what is published. */
export function publishLines(
  config:
    & Pick<ServerConfig, "maxPublished" | "bitrate">
    & Parameters<typeof replayLimits>[0]
    & Parameters<typeof replaySoundLimits>[0],
  codingRingBytes: number,
): BudgetLine[] {
  const { maxPublished: count, bitrate } = config;
  if (count === 0) return [];
  const process = "server";
  return [
    {
      ...{ owner: "reorder", process, bytes: RECEIVER_BYTES, count },
      why: "packets and frames of each producer, until they are in order",
    },
    {
      ...{ owner: "fec", process, bytes: codingRingBytes },
      count: count * DATAGRAM_CLASS_COUNT * FRAME_LAYERS.length,
      why: "coding rings of published streams, as for a display",
    },
    {
      ...{ owner: "recording_cache", process, bytes: recordQueueBytes(bitrate), count },
      why: "frames on their way to the disk, while a published stream is recorded",
    },
    ...heldLines(config, count),
  ];
}

function heldLines(
  config: Parameters<typeof replayLimits>[0] & Parameters<typeof replaySoundLimits>[0],
  count: number,
): BudgetLine[] {
  const limits = replayLimits(config);
  if (limits === undefined) return [];
  const sound = replaySoundLimits(config);
  const process = "server";
  return [
    {
      ...{ owner: "replay", process, bytes: limits.bytes },
      why: `encoded frames of ${limits.seconds} s that published streams share`,
    },
    {
      ...{ owner: "replay", process, count },
      bytes: replayFrames(limits) * INDEX_BYTES_PER_FRAME +
        (sound === undefined ? 0 : heldSoundBytes(sound)),
      why: "their index and the sound of each published stream",
    },
  ];
}
