/**
 * Clip routes: a piece of a replay or a recording as MP4, and the frames of a recording as a frame
 * stream. They take their pace from who reads them; `CLIPS_MAX` clips and `READERS_MAX` readers at
 * once. Times are capture times in microseconds.
 */

import type { Hono } from "hono";
import type { ClipRange, ClipSource } from "../../recording/clip.ts";
import type { FolderEntry } from "../../recording/recording_folder.ts";
import { fileNameOf } from "../../recording/recording_source.ts";
import { RecordedFrames } from "../../recording/recorded_frames.ts";
import type { BrowserSession } from "../../session/session_registry.ts";
import { FRAME_STREAM_TYPE } from "../../wire/frame_stream.ts";
import { joinedClipSource, recordingClipSource, replayClipSource } from "./clip_sources.ts";
import type { HostRecordings } from "./host_recordings.ts";
import type { HostReplays } from "./host_replays.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { type ReaderPlace, ReaderPlaces } from "../pages/reader_places.ts";
import { recordedFrameStream } from "./recorded_frame_stream.ts";
import { Refusal } from "../pages/request_guard.ts";

/** Clips that are written at once. */
export const CLIPS_MAX = 2;
/** Readers of frames of recordings at once. */
export const READERS_MAX = 8;

/** Longest clip. */
export const CLIP_US_MAX = 600_000_000;

const RETRY_SECONDS = 2;
const WITH_SOUND = { withSound: true };
/** A reader that took nothing for this long makes room for another one. */
const STALLED_US = 10_000_000;
const FRAMES_ROUTE = "/api/recordings/:id/frames";
/** A recording is of this run of the machine when its clocks agree with ours this well. */
const SAME_CLOCK_US = 60_000_000;
/** A file that begins so soon after another ends is its continuation. */
const JOIN_US = 1_000_000;

/** What the routes need. */
export interface ClipRoutesOptions {
  readonly replays: HostReplays;
  readonly recordings: HostRecordings;
  /** The stream that is called so, or the first. */
  readonly findStream: (nameOrId: string | undefined) => number | undefined;
  readonly hostTimeUs: () => number | undefined;
  readonly nowUs: () => number;
  readonly nowMs: () => number;
  /** Throws Refusal unless the caller may call the route. */
  readonly authorize: (context: RouteContext, route?: string) => BrowserSession | undefined;
  readonly mayStill: (context: RouteContext, route: string) => boolean;
}

/** Adds the routes to `app`. */
export function addClipRoutes(app: Hono<Environment>, options: ClipRoutesOptions): void {
  const clips = new Clips(options);
  app.get("/api/clips", (context) => clips.clip(context));
  app.get(FRAMES_ROUTE, (context) => clips.frames(context));
}

class Clips {
  readonly #options: ClipRoutesOptions;
  readonly #recorded = new RecordedFrames();
  readonly #clips: ReaderPlaces;
  readonly #readers: ReaderPlaces;

  constructor(options: ClipRoutesOptions) {
    this.#options = options;
    const shared = { stalledUs: STALLED_US, nowUs: options.nowUs };
    this.#clips = new ReaderPlaces({ places: CLIPS_MAX, ...shared });
    this.#readers = new ReaderPlaces({ places: READERS_MAX, ...shared });
  }

  async clip(context: RouteContext): Promise<Response> {
    this.#options.authorize(context);
    const fromUs = readTime(context, "from");
    const toUs = readTime(context, "to");
    if (toUs < fromUs) throw badField("to", "before from");
    if (toUs - fromUs > CLIP_US_MAX) {
      throw badField("to", `more than ${CLIP_US_MAX / 1e6} s after from`);
    }
    const abort = new AbortController();
    const place = this.#clips.enter(() => abort.abort());
    if (place === undefined) throw tooMany("clips", CLIPS_MAX);
    try {
      const source = await this.#source(context, fromUs);
      const title = fileNameOf(`${source.description.name} clip`);
      const headers = {
        "content-type": "video/mp4",
        "cache-control": "no-store, no-transform",
        "content-disposition": `attachment; filename="${title}.mp4"`,
      };
      if (context.req.method === "HEAD") {
        source.close();
        place.leave();
        return new Response(null, { headers });
      }
      const isAllowed = () => this.#options.mayStill(context, "GET /api/clips");
      const reading = { isAllowed, place, signal: abort.signal };
      return new Response(clipBody(source, { fromUs, toUs }, reading), { headers });
    } catch (error) {
      place.leave();
      throw error;
    }
  }

  async frames(context: RouteContext): Promise<Response> {
    const route = `GET ${FRAMES_ROUTE}`;
    this.#options.authorize(context, route);
    const atUs = readTime(context, "atUs");
    const toUs = context.req.query("toUs") === undefined ? atUs : readTime(context, "toUs");
    if (toUs < atUs) throw badField("toUs", "before atUs");
    const withSound = context.req.query("sound") === "1";
    const entry = this.#options.recordings.folder?.find(context.req.param("id") ?? "");
    if (entry === undefined) throw noRecording();
    const headers = {
      "content-type": FRAME_STREAM_TYPE,
      "cache-control": "no-store, no-transform",
    };
    if (context.req.method === "HEAD") return new Response(null, { headers });
    const abort = new AbortController();
    const place = this.#readers.enter(() => abort.abort());
    if (place === undefined) throw tooMany("readers of recordings", READERS_MAX);
    try {
      const reader = await this.#recorded.open(entry, atUs, { withSound });
      if (reader === undefined) throw noRecording();
      const isAllowed = () => {
        place.tookSome();
        return !abort.signal.aborted && this.#options.mayStill(context, route);
      };
      const onEnd = () => place.leave();
      const body = recordedFrameStream({ row: entry, reader, atUs, toUs, isAllowed, onEnd });
      abort.signal.addEventListener("abort", () => void body.end());
      return new Response(body.stream, { headers });
    } catch (error) {
      place.leave();
      throw error;
    }
  }

  /** From the recording that is named; else from the replay, else from a recording of that time. */
  async #source(context: RouteContext, fromUs: number): Promise<ClipSource> {
    const { replays, recordings, findStream, nowUs } = this.#options;
    const named = context.req.query("recording");
    if (named !== undefined) {
      const entry = recordings.folder?.find(named);
      if (entry === undefined) throw noRecording();
      return await this.#recordingSource(entry, fromUs);
    }
    const streamId = findStream(context.req.query("stream"));
    if (streamId === undefined) {
      throw new Refusal(404, "no_stream", { message: "Cannot find that stream" });
    }
    const replay = replays.get(streamId);
    const buffer = replay?.buffer;
    const span = buffer?.span;
    if (buffer !== undefined && span !== undefined && span.startUs <= fromUs) {
      const source = replayClipSource(buffer, { fromUs, nowUs, sound: replay?.sound });
      if (source !== undefined) return source;
    }
    const entry = this.#recordingAt(streamId, fromUs);
    if (entry !== undefined) return await this.#recordingSource(entry, fromUs);
    throw new Refusal(404, "nothing_held", {
      message: "Cannot make a clip: neither the replay nor a recording has that time",
    });
  }

  async #recordingSource(entry: FolderEntry, fromUs: number): Promise<ClipSource> {
    const reader = await this.#recorded.open(entry, fromUs, WITH_SOUND);
    if (reader === undefined) throw noRecording();
    let last = entry;
    return joinedClipSource(recordingClipSource(entry, reader), async (lastUs) => {
      const following = this.#following(last, lastUs);
      if (following === undefined) return undefined;
      last = following;
      const more = await this.#recorded.open(following, following.startUs, WITH_SOUND);
      return more === undefined ? undefined : recordingClipSource(following, more);
    });
  }

  /** The file in which a recording went on that was split after `lastUs`. */
  #following(entry: FolderEntry, lastUs: number): FolderEntry | undefined {
    const wallUs = ({ startedMs, startUs }: FolderEntry) => startedMs * 1000 - startUs;
    const atMs = (lastUs + wallUs(entry)) / 1000;
    const around = SAME_CLOCK_US / 1000;
    return this.#options.recordings.folder
      ?.list({ streamId: entry.streamId, fromMs: atMs - around, toMs: atMs + around })
      .filter((other) => {
        return other.id !== entry.id && Math.abs(wallUs(other) - wallUs(entry)) < SAME_CLOCK_US &&
          other.startUs > lastUs && other.startUs - Math.max(lastUs, entry.endUs) < JOIN_US;
      })
      .toSorted((a, b) => a.startUs - b.startUs)[0];
  }

  #recordingAt(streamId: number, fromUs: number): FolderEntry | undefined {
    const { recordings, hostTimeUs, nowMs } = this.#options;
    const nowUs = hostTimeUs();
    if (nowUs === undefined) return undefined;
    const offsetUs = nowMs() * 1000 - nowUs;
    const atMs = (fromUs + offsetUs) / 1000;
    const around = SAME_CLOCK_US / 1000;
    return recordings.folder?.list({ streamId, fromMs: atMs - around, toMs: atMs + around })
      .find(({ startUs, endUs, startedMs }) => {
        return startUs <= fromUs && fromUs <= endUs &&
          Math.abs(startedMs * 1000 - startUs - offsetUs) < SAME_CLOCK_US;
      });
  }
}

/** The bytes of a clip; its place is free when it has ended in whatever way. */
function clipBody(
  source: ClipSource,
  range: ClipRange,
  { isAllowed, place, signal }: {
    isAllowed: () => boolean;
    place: ReaderPlace;
    signal: AbortSignal;
  },
): ReadableStream<Uint8Array> {
  let pipeEnd: TransformStreamDefaultController<Uint8Array> | undefined;
  const pipe = new TransformStream<Uint8Array, Uint8Array>(
    {
      start: (controller) => void (pipeEnd = controller),
      transform: (bytes, controller) => {
        // A session that was ended reads no more.
        if (!isAllowed()) throw new Error("Cannot read on: the session has ended");
        place.tookSome();
        controller.enqueue(bytes);
      },
    },
    { highWaterMark: 1 },
    { highWaterMark: 1 },
  );
  signal.addEventListener("abort", () => pipeEnd?.error(new Error("Cannot wait any longer")));
  const write = async () => {
    try {
      const { writeClip } = await import("../../recording/clip.ts");
      await writeClip(source, range, pipe.writable);
    } catch (error) {
      // A file that is not whole must not look like one.
      pipeEnd?.error(error);
    } finally {
      source.close();
      place.leave();
    }
  };
  void write();
  return pipe.readable;
}

function tooMany(what: string, most: number): Refusal {
  return new Refusal(503, "too_many_readers", {
    message: `Cannot serve more than ${most} ${what} at once`,
    retryAfterSeconds: RETRY_SECONDS,
  });
}

function noRecording(): Refusal {
  return new Refusal(404, "no_recording", { message: "Cannot find that recording" });
}

function readTime(context: RouteContext, name: string): number {
  const text = context.req.query(name) ?? "";
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw badField(name, "expected microseconds");
}

function badField(name: string, why: string): Refusal {
  return new Refusal(400, "bad_field", { message: `Cannot use ${name}: ${why}` });
}
