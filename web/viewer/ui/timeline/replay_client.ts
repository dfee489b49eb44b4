/**
 * ReplayClient: what the timeline asks of the host's API. Each request has a time limit; an answer
 * that does not come is no error, the next one will.
 */

import type { RecordingRow, ReplayAnswer } from "./timeline_model.ts";

const TIMEOUT_MS = 4000;
/** Answers longer than this come from something else. */
const ANSWER_CHARS_MAX = 4 * 1024 * 1024;

/** What became of a wish: done, or why not in the host's words. */
export type WishOutcome = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** What is held of a stream; undefined when the host does not say. */
export async function fetchReplay(streamId: number): Promise<ReplayAnswer | undefined> {
  const answer = await getJson(`/api/replay?stream=${streamId}`) as ReplayAnswer | undefined;
  return Array.isArray(answer?.streams) ? answer : undefined;
}

/** The recordings of a stream; none when the host does not say. */
export async function fetchRecordings(streamId: number): Promise<readonly RecordingRow[]> {
  const answer = await getJson(`/api/recordings?stream=${streamId}`) as
    | { recordings?: RecordingRow[] }
    | undefined;
  return Array.isArray(answer?.recordings) ? answer.recordings : [];
}

/** Has the host do something. */
export async function wish(path: string, body: object): Promise<WishOutcome> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) {
      await response.body?.cancel();
      return { ok: true };
    }
    return { ok: false, message: await messageOf(response) };
  } catch {
    return { ok: false, message: "The host does not answer" };
  }
}

/** What the host says of a refusal. */
export async function messageOf(response: Response): Promise<string> {
  try {
    const { error } = await response.json() as { error?: { message?: string } };
    if (typeof error?.message === "string") return error.message.slice(0, 200);
  } catch {
    // Not one of its own answers.
  }
  return `The host answered ${response.status}`;
}

async function getJson(path: string): Promise<unknown> {
  try {
    const response = await fetch(path, {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok || text.length > ANSWER_CHARS_MAX) return undefined;
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
