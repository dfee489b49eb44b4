/**
 * Host budget: the memory of a configuration as a sum, line by line from the limits that the code
 * keeps. What no code of ours bounds (the runtime, the encoder library, QUIC) is a measured figure and
 * says so.
 */

import { stagingFrameBytes } from "../../core/picture_layout.ts";
import { MAX_PENDING_COMMAND_BYTES, READ_BYTES as IPC_READ_BYTES } from "../../ipc/media_child.ts";
import { MAX_RECORD_PAYLOAD_BYTES, RECORD_HEADER_BYTES } from "../../ipc/media_record.ts";
import {
  IDLE_ENCODER_BYTES,
  IDLE_ENCODER_SECONDS,
  IDLE_ENCODERS,
  OUTPUT_RING_BYTES,
  STAGING_FRAMES,
} from "../../memory/media_limits.ts";
import { type BudgetLine, MemoryBudget } from "../../memory/memory_budget.ts";
import { INPUT_RECORD_BYTES, MAX_WAITING_RECORDS } from "../../wire/input.ts";
import { RELIABLE_CLASS } from "../../pipeline/media_group.ts";
import { MAX_QUEUED_BYTES } from "../../session/control_channel.ts";
import { FOLLOWERS_MAX } from "../../session/session_registry.ts";
import { QUIC_LIMITS } from "../../transport/quic/quic_limits.ts";
import { DELIVERY_LIMITS } from "../../recording/delivery_limits.ts";
import { FRAME_LAYERS } from "../../wire/control.ts";
import { HISTORY_SAMPLES } from "../../wire/dashboard.ts";
import { MAX_CLIENT_MESSAGE_BYTES } from "../../wire/framing.ts";
import { INDEX_BYTES_PER_FRAME } from "../../replay/held_frames.ts";
import { heldSoundBytes } from "../../replay/held_sound.ts";
import { replayFrames } from "../../replay/replay_buffer.ts";
import { UPLOAD_WINDOW_BYTES } from "../../files/upload_credit.ts";
import { FILE_CHUNK_BYTES } from "../../wire/file_transfer.ts";
import { MAX_FRAME_BYTES } from "../../wire/frame.ts";
import type { ServerConfig } from "../config/config.ts";
import type { PictureSize } from "../config/option_schemas.ts";
import { clipboardLines } from "../clipboard/clipboard_settings.ts";
import type { ClipboardChoice } from "../clipboard/clipboard_settings.ts";
import { planDisplays } from "../displays/displays.ts";
import type { DisplayChoice } from "../displays/displays.ts";
import { MAX_READERS, READER_BYTES_MAX } from "../dashboard/dashboard_feed.ts";
import { historyBytes } from "../dashboard/dashboard_history.ts";
import { DASHBOARD_COLUMNS } from "../dashboard/dashboard_sampler.ts";
import { DOWNLOADS_MAX } from "../files/file_delivery.ts";
import { UPLOADS_MAX } from "../files/host_files.ts";
import { gatewayLines } from "../gateways/gateway_budget.ts";
import { publishLines } from "../publish/publish_budget.ts";
import { recordQueueBytes } from "../timeline/host_recordings.ts";
import { READERS_MAX, replayLimits, replaySoundLimits } from "../timeline/host_replays.ts";
import { PIECE_BYTES } from "../timeline/replay_reader.ts";
import { MAX_TOTAL_BYTES as MAX_PAGE_BYTES } from "../pages/static_files.ts";

/** Options of sound that a replay holds, and how many streams may have their own. */
type SoundOptions = "audio" | "audioBitrate" | "audioFrame" | "maxPublished";

/** Options of the ways by which viewers come beside QUIC. */
type RungOptions = "tcp" | "webrtc";

/** Resident bytes of the server process before a viewer, measured: 85, and 98 to 110 from src. */
const SERVER_RUNTIME_BYTES = 110_000_000;
/** Resident bytes of the media process without its stream, measured: 62, and 74 from src. */
const MEDIA_RUNTIME_BYTES = 75_000_000;
/** Bytes that x264 holds for each pixel at most, measured: 23.7 at 1080p, 15.5 at 2160p. */
const ENCODER_BYTES_PER_PIXEL = 24;
/** Tables of x264 and room for its frames. */
const ENCODER_FIXED_BYTES = 4_000_000;
/** Captured pixels: 32 bits each, once. */
const CAPTURE_BYTES_PER_PIXEL = 4;
/** What the runtime holds of a QUIC connection, measured over a thousand: 99 kB. */
const CONNECTION_BYTES = 99_000;
/** The runtime queues this much of datagrams below us for a peer that is slow. */
const QUIC_DATAGRAM_BYTES = 1024 * 1024;
/** What a group of viewers that share packets holds for those packets and for repairs. */
export const CODING_RING_BYTES = 770_000;
/** What a viewer's sender holds: packets that wait for their time, and the fates of those sent. */
export const SENDER_RING_BYTES = 645_000;
/** Private memory of sound that is captured while viewers speak, measured: 3.3 MB. */
const SOUND_BYTES = 4_000_000;
/** Room for one datagram in our own queues. */
const DATAGRAM_BYTES = 2048;

/** What tells how large screens may become, and into how many streams they may be divided. */
type ScreenOptions = Pick<ServerConfig, "maxSize" | "maxMonitors">;

/** The budget of a host that runs with `config`. */
export function hostBudget(
  config:
    & Pick<
      ServerConfig,
      | "files"
      | "size"
      | "maxViewers"
      | "replay"
      | "replayBytes"
      | "bitrate"
      | "fps"
      | SoundOptions
      | RungOptions
    >
    & ScreenOptions
    & ClipboardChoice
    & DisplayChoice,
): MemoryBudget {
  const plans = planDisplays(config);
  const displays = plans.length;
  // Monitors are parts of a screen: whatever their number, they have no more pixels than it has.
  const divided = config.maxMonitors > 0
    ? plans.filter(({ kind }) => kind === "display").length
    : 0;
  const isVirtual = plans.some(({ kind }) => kind === "virtual");
  return new MemoryBudget([
    ...serverLines(
      config.maxViewers + FOLLOWERS_MAX,
      displays + (divided > 0 ? config.maxMonitors : 0),
    ),
    ...replayLines(config, displays),
    recordingLine(config.bitrate, displays),
    ...DELIVERY_LINES,
    ...publishLines(config, CODING_RING_BYTES),
    ...gatewayLines(config),
    ...(config.files === "off" ? [] : FILE_LINES),
    ...(config.audio === "off" ? [] : SOUND_LINES),
    ...clipboardLines(config, displays),
    ...mediaLines(isVirtual ? largestOf(config) : config.size, displays + divided),
  ]);
}

/** The size that viewers may give a virtual screen. */
function largestOf({ size, maxSize }: Pick<ServerConfig, "size" | "maxSize">): PictureSize {
  return {
    width: Math.max(size.width, maxSize.width),
    height: Math.max(size.height, maxSize.height),
  };
}

function serverLines(viewers: number, displays: number): BudgetLine[] {
  const process = "server";
  const recordBytes = RECORD_HEADER_BYTES + MAX_RECORD_PAYLOAD_BYTES;
  return [
    {
      owner: "runtime",
      process,
      bytes: SERVER_RUNTIME_BYTES,
      why: "Deno and the program, measured",
    },
    {
      owner: "native",
      process,
      bytes: CONNECTION_BYTES,
      count: viewers + QUIC_LIMITS.unauthenticatedMax,
      why: "QUIC connections of viewers and of peers that have not authenticated, measured",
    },
    {
      owner: "ipc",
      process,
      bytes: IPC_READ_BYTES + recordBytes + MAX_PENDING_COMMAND_BYTES,
      why: "one read of the pipe, one record of the greatest size, commands that wait",
    },
    {
      owner: "fec",
      process,
      bytes: CODING_RING_BYTES,
      count: displays * RELIABLE_CLASS * FRAME_LAYERS.length,
      why: "coding rings, one for viewers who share display, size of datagram and layers",
    },
    ...viewerLines(viewers),
    { owner: "pages", process, bytes: MAX_PAGE_BYTES, why: "the built pages, read once" },
    {
      owner: "dashboard",
      process,
      bytes: historyBytes(DASHBOARD_COLUMNS.length, HISTORY_SAMPLES),
      why: "figures of the last ten minutes, one row a second",
    },
    {
      owner: "dashboard",
      process,
      bytes: READER_BYTES_MAX,
      count: MAX_READERS,
      why: "what open pages of the dashboard have not read yet",
    },
  ];
}

function viewerLines(viewers: number): BudgetLine[] {
  const process = "server";
  return [
    {
      owner: "packet",
      process,
      bytes: SENDER_RING_BYTES,
      count: viewers,
      why: "packets that wait (512 KiB and 0.5 s, 4 s of keyframes alone), and fates of those sent",
    },
    {
      owner: "send_queue",
      process,
      bytes: QUIC_LIMITS.outstandingDatagramsMax * DATAGRAM_BYTES + QUIC_DATAGRAM_BYTES,
      count: viewers,
      why: "datagrams on their way to each viewer, ours and those in QUIC",
    },
    {
      owner: "receive_queue",
      process,
      bytes: QUIC_LIMITS.unreadDatagramsMax * DATAGRAM_BYTES,
      count: viewers,
      why: "datagrams of each viewer that nobody has read yet",
    },
    {
      owner: "control",
      process,
      bytes: MAX_QUEUED_BYTES + MAX_CLIENT_MESSAGE_BYTES,
      count: viewers,
      why: "control messages that wait for each viewer, and one that comes in",
    },
  ];
}

/** What recorders may hold, should all displays be recorded. */
function recordingLine(bitrateKbps: number, count: number): BudgetLine {
  return {
    owner: "recording_cache",
    process: "server",
    bytes: recordQueueBytes(bitrateKbps),
    count,
    why: "frames on their way to the disk, while a display is recorded",
  };
}

const DELIVERY_LINES: readonly BudgetLine[] = [
  {
    owner: "recording_cache",
    process: "server",
    bytes: DELIVERY_LIMITS.cache.bytes,
    why: "segments of recordings that were read last",
  },
  {
    owner: "recording_cache",
    process: "server",
    bytes: DELIVERY_LIMITS.budgetBytes * 2,
    why: "what readers of recordings may make the runtime hold, whatever their number",
  },
];

const FILE_LINES: readonly BudgetLine[] = [
  {
    owner: "files",
    process: "server",
    bytes: FILE_CHUNK_BYTES,
    count: DOWNLOADS_MAX,
    why: "one buffer for each file that somebody takes",
  },
  {
    owner: "native",
    process: "server",
    bytes: UPLOAD_WINDOW_BYTES,
    count: UPLOADS_MAX,
    why: "bytes of files that were granted and are not written yet, in QUIC",
  },
];

const SOUND_LINES: readonly BudgetLine[] = [
  {
    owner: "native",
    process: "media",
    bytes: SOUND_BYTES,
    why: "sound: its libraries and encoder, and rings of four voices, measured",
  },
];

function replayLines(
  config: Parameters<typeof replayLimits>[0] & Parameters<typeof replaySoundLimits>[0],
  count: number,
): BudgetLine[] {
  const limits = replayLimits(config);
  if (limits === undefined) return [];
  const sound = config.audio === "off" ? undefined : replaySoundLimits(config);
  const process = "server";
  const each = count === 1 ? "" : `, for each of ${count} displays`;
  return [
    {
      owner: "replay",
      process,
      bytes: limits.bytes + replayFrames(limits) * INDEX_BYTES_PER_FRAME,
      count,
      why: `encoded frames of ${limits.seconds} s and their index${each}`,
    },
    {
      owner: "replay",
      process,
      bytes: sound === undefined ? 0 : heldSoundBytes(sound),
      count,
      why: `sound of ${limits.seconds} s${each}`,
    },
    {
      owner: "replay",
      process,
      bytes: PIECE_BYTES + MAX_FRAME_BYTES,
      count: READERS_MAX,
      why: "a piece of each answer that is being read, one frame of the greatest size included",
    },
  ];
}

function mediaLines({ width, height }: ServerConfig["size"], count: number): BudgetLine[] {
  const process = "media";
  const pixels = width * height;
  const encoderBytes = pixels * ENCODER_BYTES_PER_PIXEL + ENCODER_FIXED_BYTES;
  const each = count === 1 ? "" : `, for each of ${count} displays`;
  return [
    {
      owner: "runtime",
      process,
      bytes: MEDIA_RUNTIME_BYTES,
      why: "Deno and the program, measured",
    },
    {
      owner: "native",
      process,
      bytes: OUTPUT_RING_BYTES,
      why: "ring of encoded frames of all displays",
    },
    {
      owner: "native",
      process,
      bytes: pixels * CAPTURE_BYTES_PER_PIXEL,
      count,
      why: `the captured picture${each}`,
    },
    {
      owner: "runtime",
      process,
      bytes: MAX_WAITING_RECORDS * INPUT_RECORD_BYTES,
      count,
      why: `input that waits behind a character${each}`,
    },
    {
      owner: "staging",
      process,
      bytes: stagingFrameBytes(width, height),
      count: STAGING_FRAMES * count,
      why: `raw frames of ${width}x${height} between capture and encoder${each}`,
    },
    {
      owner: "encoder",
      process,
      bytes: encoderBytes,
      count,
      why: `x264 for ${width}x${height}, measured at ${ENCODER_BYTES_PER_PIXEL} bytes a pixel at ` +
        `most${each}`,
    },
    {
      owner: "encoder",
      process,
      bytes: Math.min(encoderBytes, IDLE_ENCODER_BYTES),
      count: IDLE_ENCODERS,
      why: `an idle one, for ${IDLE_ENCODER_SECONDS} s after a stream ended or changed its size`,
    },
  ];
}
