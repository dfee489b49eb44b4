/**
 * Recording files: the routes under which recordings are found, read and deleted: a list by time, the
 * files with all that RFC 9110 says of ranges, and their end. Who may watch may read; who may play, or
 * has the dashboard, may delete.
 */

import type { Hono } from "hono";
import * as z from "zod";
import type { Logger } from "../../core/log.ts";
import type { FolderEntry, RecordingFolder } from "../../recording/recording_folder.ts";
import type { BrowserSession } from "../../session/session_registry.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import type { RecordingDelivery } from "./recording_delivery.ts";
import { readBody, Refusal } from "../pages/request_guard.ts";

const FILE_ROUTE = "/recordings/:file";
const DELETE_ROUTE = "/api/recordings/:id";
const LIST_LIMIT = 100;
const LIST_LIMIT_MAX = 1000;
const FILE_NAME = /^([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.mp4$/;

/** What the routes of recordings need; without a folder they answer that there are none. */
export interface RecordingFilesOptions {
  readonly recordings: {
    readonly folder: Pick<RecordingFolder, "list" | "find" | "totals"> | undefined;
  };
  readonly delivery: () => Pick<RecordingDelivery, "serve" | "delete"> | undefined;
  /** Throws Refusal unless the caller may call the route. */
  readonly authorize: (context: RouteContext, route?: string) => BrowserSession | undefined;
  /** As `authorize`, for a reader that is under way: never throws. */
  readonly mayStill: (context: RouteContext, route: string) => boolean;
  readonly log: Logger;
}

const emptyBody = z.strictObject({});

/** Adds the routes to `app`. */
export function addRecordingFiles(app: Hono<Environment>, options: RecordingFilesOptions): void {
  app.get("/api/recordings", (context) => list(context, options));
  app.delete(DELETE_ROUTE, (context) => remove(context, options));
  app.get(FILE_ROUTE, (context) => serve(context, options));
}

function list(context: RouteContext, options: RecordingFilesOptions): Response {
  options.authorize(context);
  const fromMs = readNumber(context, "from") ?? readNumber(context, "start");
  const durationMs = readNumber(context, "duration");
  const toMs = readNumber(context, "to") ??
    (durationMs === undefined ? undefined : (fromMs ?? 0) + durationMs);
  const streamId = readNumber(context, "stream");
  const limit = Math.min(readNumber(context, "limit") ?? LIST_LIMIT, LIST_LIMIT_MAX);
  const { folder } = options.recordings;
  const entries = folder?.list({ fromMs, toMs, streamId, limit }) ?? [];
  const totals = folder?.totals ?? { recordings: 0, bytes: 0 };
  return Response.json({ recordings: entries.map(describe), totals });
}

/** A recording as the API shows it: nothing of where it is on this machine. */
function describe(entry: FolderEntry): Record<string, unknown> {
  const { path: _path, title: _title, ...row } = entry;
  const durationMs = Math.round((row.endUs - row.startUs) / 1000);
  return { ...row, durationMs, url: `/recordings/${row.id}.mp4` };
}

async function serve(context: RouteContext, options: RecordingFilesOptions): Promise<Response> {
  const route = `GET ${FILE_ROUTE}`;
  options.authorize(context, route);
  const id = FILE_NAME.exec(context.req.param("file") ?? "")?.[1];
  if (id === undefined) {
    throw new Refusal(400, "bad_field", { message: "Cannot use this name of a recording" });
  }
  const { raw } = context.req;
  const isHead = context.req.method === "HEAD";
  const response = await options.delivery()?.serve(id, {
    method: isHead ? "HEAD" : "GET",
    headers: raw.headers,
    sent: isHead ? undefined : context.env.sent?.(),
    isAllowed: () => options.mayStill(context, route),
    isDownload: context.req.query("download") === "1",
  });
  if (response === undefined) throw noRecording();
  return response;
}

async function remove(context: RouteContext, options: RecordingFilesOptions): Promise<Response> {
  const session = options.authorize(context, `DELETE ${DELETE_ROUTE}`);
  await readBody(context.req.raw, emptyBody);
  const id = context.req.param("id") ?? "";
  if (options.recordings.folder?.find(id)?.state === "recording") {
    throw new Refusal(409, "still_recording", { message: "Cannot delete a running recording" });
  }
  if (await options.delivery()?.delete(id) !== true) throw noRecording();
  options.log.info("Recording deleted", { recording: id, by: session?.id ?? "dashboard" });
  return new Response(null, { status: 204 });
}

function readNumber(context: RouteContext, name: string): number | undefined {
  const text = context.req.query(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new Refusal(400, "bad_field", { message: `Cannot use ${name}: expected a whole number` });
}

function noRecording(): Refusal {
  return new Refusal(404, "no_recording", { message: "Cannot find that recording" });
}
