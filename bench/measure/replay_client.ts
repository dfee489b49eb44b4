/**
 * ReplayClient: a session of its own that reads a host's replay as a viewer's page would, and takes the
 * frame stream apart. One answer is in memory at a time.
 */

import { FrameStreamReader } from "../../src/wire/frame_stream.ts";
import type { FrameStreamRecord } from "../../src/wire/frame_stream.ts";

/** A frame of a replay. */
export type ReplayFrame = Extract<FrameStreamRecord, { kind: "frame" }>;

/** What is held. */
export interface ReplaySpanReport {
  readonly startUs: number;
  readonly endUs: number;
  readonly frames: number;
  readonly bytes: number;
}

/** Of `GET /api/replay`, what measurements need. */
export interface ReplayStreamReport {
  readonly span: ReplaySpanReport | null;
  readonly segments: readonly { readonly startUs: number; readonly frames: number }[];
}

/** Reads one host's replay. */
export class ReplayClient {
  readonly #origin: string;
  readonly #cookie: string;

  /** Redeems `link`, which nobody has used yet. */
  static async open(link: string): Promise<ReplayClient> {
    const { origin, hash } = new URL(link);
    const response = await fetch(`${origin}/api/session`, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: JSON.stringify({ secret: new URLSearchParams(hash.slice(1)).get("s") }),
    });
    await response.text();
    if (!response.ok) throw new Error(`Cannot open a session: ${response.status}`);
    return new ReplayClient(origin, response.headers.get("set-cookie")?.split(";")[0] ?? "");
  }

  private constructor(origin: string, cookie: string) {
    this.#origin = origin;
    this.#cookie = cookie;
  }

  /** What the first stream holds. */
  async report(): Promise<ReplayStreamReport> {
    const response = await this.#fetch("/api/replay?stream=0");
    return (await response.json()).streams[0];
  }

  /** Pauses the replay, or lets it go on. */
  async setPaused(isPaused: boolean): Promise<void> {
    const response = await this.#fetch(`/api/replay/${isPaused ? "pause" : "resume"}`, {
      method: "POST",
      headers: { origin: this.#origin, "content-type": "application/json" },
      body: "{}",
    });
    await response.body?.cancel();
  }

  /** The frames from the keyframe before `atUs` to the one of `toUs`, handed on as they come. */
  async read(
    { atUs, toUs = atUs }: { readonly atUs: number; readonly toUs?: number },
    onFrame: (frame: ReplayFrame) => void,
  ): Promise<void> {
    const response = await this.#fetch(`/api/replay/frames?atUs=${atUs}&toUs=${toUs}`);
    const reader = new FrameStreamReader();
    for await (const piece of response.body!) {
      for (const record of reader.push(piece)) if (record.kind === "frame") onFrame(record);
    }
  }

  /** Takes the same and looks at nothing: what a reader costs who is another machine. */
  async take({ atUs, toUs }: { readonly atUs: number; readonly toUs: number }): Promise<number> {
    const response = await this.#fetch(`/api/replay/frames?atUs=${atUs}&toUs=${toUs}`);
    let bytes = 0;
    for await (const piece of response.body!) bytes += piece.byteLength;
    return bytes;
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, cookie: this.#cookie };
    const response = await fetch(`${this.#origin}${path}`, { ...init, headers });
    if (response.ok) return response;
    throw new Error(`Cannot read ${path}: ${response.status} ${await response.text()}`);
  }
}
