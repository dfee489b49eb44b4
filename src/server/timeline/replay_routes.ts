/**
 * Replay routes: what is held of each stream and since when, its frames as a frame stream, and the
 * switches of who shares a screen: pause, resume, blank. They pass the guards and the permission table
 * as every route does; times are microseconds of the host's clock, which capture times count.
 */

import type { Hono } from "hono";
import * as z from "zod";
import type { Logger } from "../../core/log.ts";
import type { BrowserSession } from "../../session/session_registry.ts";
import { MAX_STREAMS } from "../../wire/codec.ts";
import { FRAME_STREAM_TYPE } from "../../wire/frame_stream.ts";
import type { HostReplays } from "./host_replays.ts";
import { READERS_MAX } from "./host_replays.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { describeReplay } from "./replay_report.ts";
import { readBody, Refusal } from "../pages/request_guard.ts";
import type { StreamReplay } from "./stream_replay.ts";

const READERS_RETRY_SECONDS = 1;

/** What the routes of the replay need. */
export interface ReplayRoutesOptions {
  readonly replays: HostReplays;
  /** The stream that is called so, or the first. */
  readonly findStream: (nameOrId: string | undefined) => number | undefined;
  /** The clock of capture times now; undefined before the media process told it. */
  readonly hostTimeUs: () => number | undefined;
  /** Throws Refusal unless the caller may call the route; the session of who is no dashboard. */
  readonly authorize: (context: RouteContext, route?: string) => BrowserSession | undefined;
  /** As `authorize`, for a reader that is under way: never throws. */
  readonly mayStill: (context: RouteContext, route: string) => boolean;
  readonly nowMs: () => number;
  readonly log: Logger;
}

const timeUs = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const streamId = z.number().int().min(0).max(MAX_STREAMS - 1).optional();
const streamBody = z.strictObject({ stream: streamId });
const blankBody = z.strictObject({ stream: streamId, fromUs: timeUs, toUs: timeUs })
  .refine(({ fromUs, toUs }) => fromUs <= toUs, "fromUs after toUs");

const FRAMES_ROUTE = "GET /api/replay/frames";

/** Adds the routes to `app`. */
export function addReplayRoutes(app: Hono<Environment>, options: ReplayRoutesOptions): void {
  app.get("/api/replay", (context) => showReplay(context, options));
  app.get("/api/replay/frames", (context) => readFrames(context, options));
  app.post("/api/replay/pause", (context) => setPaused(context, options, true));
  app.post("/api/replay/resume", (context) => setPaused(context, options, false));
  app.post("/api/replay/blank", (context) => blank(context, options));
}

function showReplay(context: RouteContext, options: ReplayRoutesOptions): Response {
  options.authorize(context);
  const { replays, hostTimeUs, nowMs } = options;
  const wanted = context.req.query("stream");
  const shown = wanted === undefined ? replays.all : [replayOf(wanted, options)];
  const nowUs = hostTimeUs();
  return Response.json({
    isOn: replays.limits !== undefined,
    nowUs: nowUs ?? null,
    wallClockOffsetUs: nowUs === undefined ? null : Math.round(nowMs() * 1000) - nowUs,
    streams: shown.map(describeReplay),
  });
}

function readFrames(context: RouteContext, options: ReplayRoutesOptions): Response {
  const session = options.authorize(context);
  const { replays, mayStill } = options;
  const replay = replayOf(context.req.query("stream"), options);
  const atUs = readTime(context, "atUs");
  const toUs = context.req.query("toUs") === undefined ? atUs : readTime(context, "toUs");
  const follows = readSwitch(context, "follow");
  const withSound = readSwitch(context, "sound");
  if (toUs < atUs) throw badField("toUs", "before atUs");
  const { buffer } = replay;
  if (buffer === undefined || (buffer.span === undefined && !follows)) {
    throw new Refusal(404, "nothing_held", { message: "Cannot replay: nothing is held" });
  }
  // No transform: compression would hold frames back.
  const headers = { "content-type": FRAME_STREAM_TYPE, "cache-control": "no-store, no-transform" };
  if (context.req.method === "HEAD") return new Response(null, { headers });
  const reader = replays.read({
    ...{ replay, atUs, toUs, follows, withSound },
    reader: session?.id ?? "dashboard",
    isAllowed: () => mayStill(context, FRAMES_ROUTE),
  });
  if (reader === undefined) {
    throw new Refusal(503, "too_many_readers", {
      message: `Cannot serve more than ${READERS_MAX} readers of replays at once`,
      retryAfterSeconds: READERS_RETRY_SECONDS,
    });
  }
  return new Response(reader.body, { headers });
}

async function setPaused(
  context: RouteContext,
  options: ReplayRoutesOptions,
  isPaused: boolean,
): Promise<Response> {
  const session = options.authorize(context);
  const { stream } = await readBody(context.req.raw, streamBody);
  const hostUs = options.hostTimeUs() ?? 0;
  for (const replay of replaysOf(stream, options)) {
    if (isPaused) replay.pause(hostUs);
    else replay.resume(hostUs);
  }
  options.log.info(isPaused ? "Replay paused" : "Replay resumed", { stream, by: session?.id });
  return new Response(null, { status: 204 });
}

async function blank(context: RouteContext, options: ReplayRoutesOptions): Promise<Response> {
  const session = options.authorize(context);
  const { stream, fromUs, toUs } = await readBody(context.req.raw, blankBody);
  let frames = 0;
  for (const replay of replaysOf(stream, options)) frames += replay.blank(fromUs, toUs);
  options.log.info("Replay blanked", { stream, frames, by: session?.id });
  return Response.json({ frames });
}

/** The replays that a switch is for: one, or all. */
function replaysOf(
  stream: number | undefined,
  options: ReplayRoutesOptions,
): readonly StreamReplay[] {
  if (stream !== undefined) return [replayOf(String(stream), options)];
  if (options.replays.limits === undefined) throw replayIsOff();
  return options.replays.all;
}

function replayOf(wanted: string | undefined, options: ReplayRoutesOptions): StreamReplay {
  if (options.replays.limits === undefined) throw replayIsOff();
  const id = options.findStream(wanted);
  const replay = id === undefined ? undefined : options.replays.get(id);
  if (replay !== undefined) return replay;
  throw new Refusal(404, "no_stream", { message: "Cannot find that stream" });
}

function replayIsOff(): Refusal {
  return new Refusal(404, "replay_off", {
    message: "Cannot replay: this host runs with --replay 0",
  });
}

function readTime(context: RouteContext, name: string): number {
  const text = context.req.query(name) ?? "";
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw badField(name, "expected microseconds");
}

function readSwitch(context: RouteContext, name: string): boolean {
  const text = context.req.query(name) ?? "0";
  if (text === "1" || text === "0") return text === "1";
  throw badField(name, "expected 0 or 1");
}

function badField(name: string, why: string): Refusal {
  return new Refusal(400, "bad_field", { message: `Cannot use ${name}: ${why}` });
}
