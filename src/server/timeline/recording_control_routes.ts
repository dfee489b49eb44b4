/**
 * Recording control routes: start and stop of what is recorded. They pass the guards and the permission
 * table as every route does. Without a stream they mean all streams of the host.
 */

import type { Hono } from "hono";
import * as z from "zod";
import type { Logger } from "../../core/log.ts";
import type { BrowserSession } from "../../session/session_registry.ts";
import { MAX_STREAMS } from "../../wire/codec.ts";
import type { HostRecordings, StartOutcome } from "./host_recordings.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { readBody, Refusal } from "../pages/request_guard.ts";

/** What the routes need. */
export interface RecordingControlOptions {
  readonly recordings: HostRecordings;
  /** Throws Refusal unless the caller may call the route; the session of who is no dashboard. */
  readonly authorize: (context: RouteContext, route?: string) => BrowserSession | undefined;
  readonly log: Logger;
}

const streamBody = z.strictObject({
  stream: z.number().int().min(0).max(MAX_STREAMS - 1).optional(),
});

/** Adds the routes to `app`. */
export function addRecordingControlRoutes(
  app: Hono<Environment>,
  options: RecordingControlOptions,
): void {
  app.post("/api/recordings/start", (context) => start(context, options));
  app.post("/api/recordings/stop", (context) => stop(context, options));
}

async function start(context: RouteContext, options: RecordingControlOptions): Promise<Response> {
  const session = options.authorize(context);
  const { stream } = await readBody(context.req.raw, streamBody);
  const { recordings, log } = options;
  const outcomes: StartOutcome[] = [];
  for (const id of streamsOf(stream, options)) {
    const outcome = await recordings.start(id);
    if (outcome.kind === "refused") throw refusalOf(outcome.reason);
    outcomes.push(outcome);
  }
  log.info("Recording asked for", { stream, by: session?.id });
  const isNew = outcomes.some(({ kind }) => kind === "started");
  return Response.json(describe(options), { status: isNew ? 201 : 200 });
}

async function stop(context: RouteContext, options: RecordingControlOptions): Promise<Response> {
  const session = options.authorize(context);
  const { stream } = await readBody(context.req.raw, streamBody);
  const { recordings, log } = options;
  await Promise.all(streamsOf(stream, options).map((id) => recordings.stop(id)));
  log.info("Recording ended", { stream, by: session?.id });
  return Response.json(describe(options));
}

function describe({ recordings }: RecordingControlOptions): Record<string, unknown> {
  const streams = recordings.streamIds.map((id) => {
    const { type: _type, ...state } = recordings.state(id);
    return state;
  });
  return { streams };
}

function streamsOf(
  stream: number | undefined,
  { recordings }: RecordingControlOptions,
): readonly number[] {
  const ids = recordings.streamIds;
  if (stream === undefined) return ids;
  if (ids.includes(stream)) return [stream];
  throw new Refusal(404, "no_stream", { message: "Cannot find that stream" });
}

function refusalOf(reason: Extract<StartOutcome, { kind: "refused" }>["reason"]): Refusal {
  if (reason === "no_stream") {
    return new Refusal(404, "no_stream", { message: "Cannot find that stream" });
  }
  const why = {
    no_folder: "the folder of recordings cannot be used",
    quota: "the recordings have reached --record-quota",
    disk_full: "less than 5 % of the disk is free",
    write_failed: "the disk refuses it",
    asked: "it was stopped",
    shutdown: "the host is ending",
  }[reason];
  return new Refusal(507, reason, { message: `Cannot record: ${why}` });
}
