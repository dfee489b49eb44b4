/**
 * StreamReuse: keeps the media streams of a publishing page by what was asked for, so that going back
 * to a source asks nobody again and starts at once. At most `STREAMS_MAX` for `STREAM_TTL_MS` after
 * their last use, and only while their tracks live. Whatever is not kept any more is stopped.
 */

/** Most streams that are kept, used ones included. */
export const STREAMS_MAX = 5;
/** How long a stream that nobody uses is kept. */
export const STREAM_TTL_MS = 5 * 60 * 1000;

/** What it needs of a track. */
export interface ReusableTrack {
  readonly readyState: "live" | "ended";
  enabled: boolean;
  stop(): void;
}

/** What it needs of a stream. */
export interface ReusableStream {
  getTracks(): readonly ReusableTrack[];
}

/** Counters of it. */
export interface StreamReuseStats {
  opened: number;
  reused: number;
  /** Times that a stream could have been there: it was asked for before. */
  reusable: number;
  /** Streams that were stopped because their time was over, their tracks ended, or room was needed. */
  expired: number;
  invalid: number;
  displaced: number;
}

interface Entry<S> {
  readonly stream: S;
  isUsed: boolean;
  usedMs: number;
}

/** Keeps streams by key. */
export class StreamReuse<S extends ReusableStream> {
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry<S>>();
  /** Keys that were asked for; bounded, because constraints come from few switches. */
  readonly #known = new Set<string>();
  readonly #stats: StreamReuseStats = {
    opened: 0,
    reused: 0,
    reusable: 0,
    expired: 0,
    invalid: 0,
    displaced: 0,
  };
  #isClosed = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get stats(): Readonly<StreamReuseStats> {
    return this.#stats;
  }

  /** Streams that are kept now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Keys of what is kept and can be used at once. */
  get keys(): readonly string[] {
    this.sweep();
    return [...this.#entries.keys()];
  }

  /** True while a stream for `constraints` is kept and lives. */
  has(constraints: unknown): boolean {
    this.sweep();
    return this.#entries.has(keyOf(constraints));
  }

  /**
   * The stream for `constraints`: a kept one, or what `open` yields. Rejects as `open` does. A stream
   * that comes after `close` is stopped, and the answer is undefined.
   */
  async take(constraints: unknown, open: () => Promise<S>): Promise<S | undefined> {
    this.sweep();
    const key = keyOf(constraints);
    if (this.#known.has(key)) this.#stats.reusable++;
    const kept = this.#entries.get(key);
    if (kept !== undefined) {
      this.#stats.reused++;
      this.#enter(kept);
      return kept.stream;
    }
    const stream = await open();
    this.#stats.opened++;
    this.#noteKnown(key);
    if (this.#isClosed) {
      stop(stream);
      return undefined;
    }
    const meanwhile = this.#entries.get(key);
    if (meanwhile !== undefined && isValid(meanwhile.stream)) {
      // Somebody asked for the same, was quicker and uses it: one of them is enough.
      stop(stream);
      this.#enter(meanwhile);
      return meanwhile.stream;
    }
    this.#drop(key);
    this.#makeRoom();
    this.#entries.set(key, { stream, isUsed: true, usedMs: this.#nowMs() });
    return stream;
  }

  /** A stream that was taken is used from now on, whatever was said of it in between. */
  use(stream: S): void {
    for (const entry of this.#entries.values()) if (entry.stream === stream) this.#enter(entry);
  }

  /** Nobody uses the stream any more; it is kept, and takes no pictures meanwhile. */
  release(stream: S): void {
    for (const entry of this.#entries.values()) {
      if (entry.stream !== stream) continue;
      entry.isUsed = false;
      entry.usedMs = this.#nowMs();
      for (const track of stream.getTracks()) track.enabled = false;
    }
    this.sweep();
  }

  /** Stops a stream and keeps it no longer. */
  discard(stream: S): void {
    for (const [key, entry] of this.#entries) {
      if (entry.stream === stream) this.#drop(key);
    }
    stop(stream);
  }

  /** Streams that are kept and not used. */
  get unused(): number {
    this.sweep();
    return [...this.#entries.values()].filter(({ isUsed }) => !isUsed).length;
  }

  /** Stops what is kept and not used. */
  dropUnused(): void {
    for (const [key, { isUsed }] of this.#entries) if (!isUsed) this.#drop(key);
  }

  /** Stops what is too old, or has ended. */
  sweep(): void {
    const nowMs = this.#nowMs();
    for (const [key, entry] of this.#entries) {
      const isOld = !entry.isUsed && nowMs - entry.usedMs >= STREAM_TTL_MS;
      const isAlive = isValid(entry.stream);
      if (isAlive && !isOld) continue;
      this.#stats[isAlive ? "expired" : "invalid"]++;
      this.#drop(key);
    }
  }

  /** Stops every track of every stream. */
  close(): void {
    this.#isClosed = true;
    for (const key of [...this.#entries.keys()]) this.#drop(key);
  }

  #enter(entry: Entry<S>): void {
    entry.isUsed = true;
    entry.usedMs = this.#nowMs();
    for (const track of entry.stream.getTracks()) track.enabled = true;
  }

  #noteKnown(key: string): void {
    if (this.#known.size < 64) this.#known.add(key);
  }

  #makeRoom(): void {
    while (this.#entries.size >= STREAMS_MAX) {
      const [oldest] = [...this.#entries].toSorted(([, a], [, b]) =>
        Number(a.isUsed) - Number(b.isUsed) || a.usedMs - b.usedMs
      );
      if (oldest === undefined) return;
      this.#stats.displaced++;
      this.#drop(oldest[0]);
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry !== undefined) stop(entry.stream);
  }
}

/** True while every track of a stream lives. */
function isValid(stream: ReusableStream): boolean {
  const tracks = stream.getTracks();
  return tracks.length > 0 && tracks.every(({ readyState }) => readyState === "live");
}

function stop(stream: ReusableStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The same for constraints that say the same, in whichever order. */
function keyOf(constraints: unknown): string {
  return JSON.stringify(constraints, (_name, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1));
  });
}
