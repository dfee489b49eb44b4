/**
 * EventLink: keeps the stream of events alive: signs in where there is a token, reads, and after a loss
 * comes back with growing pauses and the id of what it saw last. Each try has one timer and one
 * request; what the host refuses for good ends it.
 */

import { EventParser } from "./event_parser.ts";
import type { ServerEvent } from "./event_parser.ts";

/** First pause before another try, and the longest: it doubles from one to the other. */
export const RETRY_MS_MIN = 500;
export const RETRY_MS_MAX = 8000;
/** Pauses vary by this share, so that pages do not come back all at once. */
const JITTER = 0.25;
/** A sample comes every second: a stream that is silent for this long is dead. */
export const SILENCE_MS = 5000;

/** Why the host does not let this page in. */
export type RefusalCause =
  /** The page has neither token nor cookie. */
  | "no_token"
  | "bad_token"
  /** It was let in before. */
  | "expired"
  /** The browser is signed in as a viewer or player only. */
  | "forbidden"
  /** Too many wrong tokens came from this network. */
  | "too_often"
  /** Host and page are of different versions. */
  | "version";

/** What the link is doing. */
export type LinkState =
  | { readonly name: "connecting" }
  | { readonly name: "live" }
  | { readonly name: "reconnecting"; readonly attempt: number; readonly why: LossCause }
  | { readonly name: "refused"; readonly cause: RefusalCause };

/** Why the stream is not there. */
export type LossCause =
  | "network"
  /** The host said that it ends. */
  | "shutdown"
  /** As many dashboards are open as the host allows. */
  | "full";

/** What a link works with. */
export interface EventLinkParts {
  readonly request: (path: string, init: RequestInit) => Promise<Response>;
  /** Takes an event; throws when it is not one that this page knows. */
  readonly onEvent: (event: ServerEvent) => void;
  readonly changed: (state: LinkState) => void;
  readonly setTimer: (run: () => void, waitMs: number) => number;
  readonly clearTimer: (timer: number) => void;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Keeps one stream. */
export class EventLink {
  readonly #parts: EventLinkParts;
  #state: LinkState = { name: "connecting" };
  #secret: string | undefined;
  #lastEventId: string | undefined;
  #attempt = 0;
  #why: LossCause = "network";
  #timer: number | undefined;
  #abort: AbortController | undefined;

  constructor(parts: EventLinkParts) {
    this.#parts = parts;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Begins, or begins again; with `secret` it signs in first. */
  start(secret?: string): void {
    this.#stop();
    this.#secret = secret;
    this.#attempt = 0;
    this.#set({ name: "connecting" });
    void this.#try();
  }

  /** Tries at once when it waits for the next try. */
  hurry(): void {
    if (this.#timer === undefined || this.#state.name !== "reconnecting") return;
    this.#stop();
    void this.#try();
  }

  /** Ends; it can be started again. */
  stop(): void {
    this.#stop();
  }

  async #try(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      if (this.#secret !== undefined) await this.#signIn(this.#secret, abort.signal);
      if (!abort.signal.aborted && this.#state.name !== "refused") await this.#read(abort);
    } catch {
      if (this.#abort === abort) this.#retryLater();
    }
  }

  async #signIn(secret: string, signal: AbortSignal): Promise<void> {
    const response = await this.#parts.request("/api/admin/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ secret }),
      ...{ credentials: "same-origin", cache: "no-store", signal },
    });
    await response.body?.cancel();
    if (response.ok) this.#secret = undefined;
    else if (response.status === 429) this.#refuse("too_often");
    // 400: no token at all, as one that was copied in part.
    else if (response.status === 400 || response.status === 401) this.#refuse("bad_token");
    else if (response.status === 403) this.#refuse("forbidden");
    else throw new Error(`Cannot sign in: the host answered ${response.status}`);
  }

  async #read(abort: AbortController): Promise<void> {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (this.#lastEventId !== undefined) headers["last-event-id"] = this.#lastEventId;
    const response = await this.#parts.request("/api/dashboard/events", {
      ...{ headers, credentials: "same-origin", cache: "no-store", signal: abort.signal },
    });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return this.#turnedAway(response.status);
    }
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    this.#why = "network";
    try {
      for (;;) {
        this.#watch(abort);
        const { value, done } = await reader.read();
        if (done) break;
        for (const event of parser.push(decoder.decode(value, { stream: true }))) {
          if (this.#abort !== abort || !this.#take(event)) return;
        }
      }
    } finally {
      reader.cancel().catch(() => {});
    }
    if (this.#abort === abort) this.#retryLater();
  }

  /** False when the stream is over with this event. */
  #take(event: ServerEvent): boolean {
    if (event.name === "end") {
      const { reason } = JSON.parse(event.data) as { reason?: unknown };
      if (reason === "signed_out") {
        this.#refuse("expired");
        return false;
      }
      this.#why = "shutdown";
      return true;
    }
    try {
      this.#parts.onEvent(event);
    } catch {
      this.#refuse("version");
      return false;
    }
    this.#lastEventId = event.id ?? this.#lastEventId;
    this.#attempt = 0;
    this.#set({ name: "live" });
    return true;
  }

  #turnedAway(status: number): void {
    if (status === 401) this.#refuse(this.#lastEventId === undefined ? "no_token" : "expired");
    else if (status === 403) this.#refuse("forbidden");
    else {
      this.#why = status === 503 ? "full" : "network";
      this.#retryLater();
    }
  }

  /** Gives the stream up unless something comes in time. */
  #watch(abort: AbortController): void {
    const { setTimer, clearTimer } = this.#parts;
    if (this.#timer !== undefined) clearTimer(this.#timer);
    this.#timer = setTimer(() => {
      this.#timer = undefined;
      abort.abort();
      if (this.#abort === abort) this.#retryLater();
    }, SILENCE_MS);
  }

  #retryLater(): void {
    this.#stop();
    this.#attempt++;
    this.#set({ name: "reconnecting", attempt: this.#attempt, why: this.#why });
    const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (this.#attempt - 1));
    const jitter = 1 + JITTER * (2 * this.#parts.random() - 1);
    this.#timer = this.#parts.setTimer(() => {
      this.#timer = undefined;
      void this.#try();
    }, pauseMs * jitter);
  }

  #refuse(cause: RefusalCause): void {
    this.#stop();
    this.#secret = undefined;
    this.#set({ name: "refused", cause });
  }

  #stop(): void {
    if (this.#timer !== undefined) this.#parts.clearTimer(this.#timer);
    this.#timer = undefined;
    const abort = this.#abort;
    this.#abort = undefined;
    abort?.abort();
  }

  #set(state: LinkState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#parts.changed(state);
  }
}
