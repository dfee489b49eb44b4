/**
 * File routes: the list of the drop folder, its files, and what is under way in both directions, for
 * those who hold the permission for files; who administers the host may stop and end what is under way.
 */

import type { Hono } from "hono";
import * as z from "zod";
import type { BrowserSession } from "../../session/session_registry.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { readBody, Refusal } from "../pages/request_guard.ts";
import type { FileRequest } from "./file_delivery.ts";

const LIST_ROUTE = "/api/files";
const FILE_ROUTE = "/api/files/:name";
const TRANSFERS_ROUTE = "/api/transfers";
const TRANSFER_ROUTE = "/api/transfers/:id";

/** What a person may do to a transfer. */
export const TRANSFER_ACTIONS = ["pause", "resume", "cancel"] as const;
/** One of `TRANSFER_ACTIONS`. */
export type TransferAction = (typeof TRANSFER_ACTIONS)[number];

/** What the routes ask of the host's files. */
export interface FileRoutesHost {
  /** The folder as viewers see it; undefined when nothing may be taken from it. */
  list(): Promise<Record<string, unknown> | undefined>;
  /** Answers for one file; undefined when there is none, or nothing may be taken. */
  serve(name: string, request: FileRequest): Promise<Response | undefined>;
  transfers(): Record<string, unknown>[];
  /** False when there is no such transfer. */
  act(id: string, action: TransferAction): boolean;
}

/** What the routes need. */
export interface FileRoutesOptions {
  readonly fileHost: () => FileRoutesHost | undefined;
  /** Throws Refusal unless the caller may call the route. */
  readonly authorize: (context: RouteContext, route?: string) => BrowserSession | undefined;
  /** As `authorize`, for a reader that is under way: never throws. */
  readonly mayStill: (context: RouteContext, route: string) => boolean;
}

const actionBody = z.strictObject({ action: z.enum(TRANSFER_ACTIONS) });

/** Adds the routes to `app`. */
export function addFileRoutes(app: Hono<Environment>, options: FileRoutesOptions): void {
  app.get(LIST_ROUTE, (context) => list(context, options));
  app.get(FILE_ROUTE, (context) => serve(context, options));
  app.get(TRANSFERS_ROUTE, (context) => transfers(context, options));
  app.post(TRANSFER_ROUTE, (context) => act(context, options));
}

async function list(context: RouteContext, options: FileRoutesOptions): Promise<Response> {
  options.authorize(context);
  const found = await options.fileHost()?.list();
  if (found === undefined) throw noFiles();
  return Response.json(found);
}

async function serve(context: RouteContext, options: FileRoutesOptions): Promise<Response> {
  const route = `GET ${FILE_ROUTE}`;
  const session = options.authorize(context, route);
  const response = await options.fileHost()?.serve(context.req.param("name") ?? "", {
    method: context.req.method === "HEAD" ? "HEAD" : "GET",
    headers: context.req.raw.headers,
    browserSessionId: session?.id ?? "",
    isAllowed: () => options.mayStill(context, route),
  });
  if (response === undefined) throw noFiles();
  return response;
}

function transfers(context: RouteContext, options: FileRoutesOptions): Response {
  options.authorize(context);
  return Response.json({ transfers: options.fileHost()?.transfers() ?? [] });
}

async function act(context: RouteContext, options: FileRoutesOptions): Promise<Response> {
  options.authorize(context, `POST ${TRANSFER_ROUTE}`);
  const { action } = await readBody(context.req.raw, actionBody);
  if (options.fileHost()?.act(context.req.param("id") ?? "", action) !== true) {
    throw new Refusal(404, "no_transfer", { message: "Cannot find that transfer" });
  }
  return new Response(null, { status: 204 });
}

function noFiles(): Refusal {
  return new Refusal(404, "no_file", { message: "Cannot find that file" });
}
