/**
 * Request guard: what every HTTP request passes before a route sees it: the Host is ours, a changing
 * request comes from our own page and is JSON, its body is small and arrives in time, its fields are
 * exactly those of the schema. Answers to refusals have one shape.
 */

import type * as z from "zod";
import type { AllowedHosts } from "./allowed_hosts.ts";

/** Largest body of any request. */
export const MAX_BODY_BYTES = 16 * 1024;
/** How long a body may take. */
const BODY_TIMEOUT_MS = 5000;

/** A request that is refused: becomes the answer's status and body. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  /** Machine-readable cause. */
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    reason: string,
    options: { message: string; retryAfterSeconds?: number },
  ) {
    super(options.message);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** The answer that the peer gets. */
  toResponse(): Response {
    const headers = new Headers();
    if (this.retryAfterSeconds !== undefined) {
      headers.set("retry-after", String(this.retryAfterSeconds));
    }
    const body = { error: { reason: this.reason, message: this.message } };
    return Response.json(body, { status: this.status, headers });
  }
}

/** The Host that a request names. Throws Refusal when it is not ours. */
export function checkHost(request: Request, hosts: AllowedHosts): string {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  if (!hosts.isHost(host)) {
    throw new Refusal(403, "foreign_host", { message: `Cannot serve the host "${host}"` });
  }
  return host;
}

/** Throws Refusal unless a request comes from a page of ours. GET may come without an Origin. */
export function checkOrigin(request: Request, hosts: AllowedHosts, host: string): void {
  const isReading = request.method === "GET" || request.method === "HEAD";
  const site = request.headers.get("sec-fetch-site");
  // "none" is an address that somebody typed: good enough to read, never to change.
  const isOwnSite = site === null || site === "same-origin" || (isReading && site === "none");
  const origin = request.headers.get("origin");
  const isOwnOrigin = origin === null ? isReading : hosts.isSameOrigin(origin, host);
  if (isOwnSite && isOwnOrigin) return;
  throw new Refusal(403, "foreign_origin", {
    message: `Cannot accept a request of origin "${origin ?? "none"}"`,
  });
}

/** The body of a request, checked. Rejects with Refusal. */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refusal(415, "bad_content_type", {
      message: `Cannot accept content of type "${type ?? "none"}": expected application/json`,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(await readText(request));
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(400, "bad_json", { message: "Cannot read the body as JSON" });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.join(".") || "body";
  throw new Refusal(400, "bad_field", { message: `Cannot use ${path}: ${issue?.message}` });
}

/** The body of a request as text of at most `bytesMax`. Rejects with Refusal. */
export async function readText(request: Request, bytesMax = MAX_BODY_BYTES): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge(bytesMax);
  if (request.body === null) return "";
  const reader = request.body.getReader();
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), BODY_TIMEOUT_MS);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.byteLength;
      if (bytes > bytesMax) {
        reader.cancel().catch(() => {});
        throw tooLarge(bytesMax);
      }
      parts.push(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
  return await new Blob(parts as BlobPart[]).text();
}

function tooLarge(bytesMax: number): Refusal {
  return new Refusal(413, "too_large", {
    message: `Cannot accept a body of more than ${bytesMax} bytes`,
  });
}
