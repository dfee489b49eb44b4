/**
 * DashboardFeed: one sampler for all pages of the dashboard: a row of the history every second whether
 * or not somebody looks, and a sample for each page that does. At most `MAX_READERS` pages; a slow
 * one misses samples, a dead one is given up, and all are told when the host ends.
 */

import type { Logger } from "../../core/log.ts";
import type { MediaFrame } from "../../ipc/media_handlers.ts";
import type { MemoryLedger } from "../../memory/memory_ledger.ts";
import { HISTORY_SAMPLES, SAMPLE_INTERVAL_MS } from "../../wire/dashboard.ts";
import type { DashboardHello, DashboardHistory } from "../../wire/dashboard.ts";
import { DashboardHistory as History } from "./dashboard_history.ts";
import { DashboardReader, eventText } from "./dashboard_reader.ts";
import type { SampledStream } from "./dashboard_sample.ts";
import { DASHBOARD_COLUMNS, DashboardSampler } from "./dashboard_sampler.ts";
import type { DashboardSources, HostReading } from "./dashboard_sampler.ts";
import { DashboardStages } from "./dashboard_stages.ts";

/** Pages that may look at once. */
export const MAX_READERS = 8;
/** Bytes that may wait for one page: a history of the longest numbers, and a sample. */
export const READER_BYTES_MAX = DASHBOARD_COLUMNS.length * HISTORY_SAMPLES * 18 + 64 * 1024;
/** The page tries again this long after its stream broke, for the first time. */
const RETRY_MS = 1000;

/** What a feed is made of. */
export interface DashboardFeedOptions {
  readonly ledger: MemoryLedger;
  readonly sources: Omit<DashboardSources, "streams">;
  readonly streams: () => readonly Omit<SampledStream, "stages">[];
  readonly hello: () => Omit<DashboardHello, "columns">;
  /** The host's monotonic time, which frames are stamped with, for a time of the server's clock. */
  readonly hostTimeUs: (nowUs: number) => number | undefined;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** What a page asks for. */
export interface SubscribeOptions {
  /** Id of the last event that the page saw, when it comes back. */
  readonly lastEventId: string | undefined;
  /** False as soon as the page may not look any more. */
  readonly isAllowed: () => boolean;
}

/** Counters of a feed. */
export interface DashboardFeedStats {
  /** Pages that looked, and those that were turned away. */
  opened: number;
  refused: number;
  /** Samples that a slow page missed. */
  dropped: number;
}

/** Feeds the dashboards of one host. */
export class DashboardFeed {
  readonly #options: DashboardFeedOptions;
  readonly #sampler: DashboardSampler;
  readonly #history: History;
  readonly #stages = new Map<number, DashboardStages>();
  readonly #readers = new Map<DashboardReader, () => boolean>();
  readonly #stats: DashboardFeedStats = { opened: 0, refused: 0, dropped: 0 };
  readonly #forgetWatch: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The newest reading, with the number of its row. */
  #newest: { readonly reading: HostReading; readonly sequence: number } | undefined;
  #isClosed = false;

  constructor(options: DashboardFeedOptions) {
    this.#options = options;
    const streams = () => {
      return options.streams().map((stream) => {
        return { ...stream, stages: this.#stages.get(stream.id)?.read() ?? [] };
      });
    };
    this.#sampler = new DashboardSampler({ ...options.sources, streams });
    this.#history = new History(options.ledger.account("dashboard"), {
      columns: DASHBOARD_COLUMNS.length,
      capacity: HISTORY_SAMPLES,
    });
    this.#forgetWatch = options.ledger.watch("dashboard", () => ({
      currentBytes: [...this.#readers.keys()].reduce((sum, { heldBytes }) => sum + heldBytes, 0),
    }));
  }

  get stats(): Readonly<DashboardFeedStats> {
    return this.#stats;
  }

  /** Pages that look now. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Samples from now on. */
  start(): void {
    this.#timer ??= setInterval(() => this.tick(), SAMPLE_INTERVAL_MS);
  }

  /** Takes one sample and gives it to every page. */
  tick(): void {
    if (this.#isClosed) return;
    const reading = this.#sampler.read();
    this.#newest = { reading, sequence: this.#history.sequence };
    this.#history.push(reading.row);
    if (this.#readers.size === 0) return;
    const event = encode(this.#sampleText());
    for (const [reader, isAllowed] of [...this.#readers]) {
      if (isAllowed()) reader.offer(event);
      else reader.close(encode(eventText("end", { reason: "signed_out" })));
    }
  }

  /** A stream of events for one page; undefined when too many look already. */
  subscribe(options: SubscribeOptions): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    if (this.#isClosed || this.#readers.size >= MAX_READERS) {
      this.#stats.refused++;
      return undefined;
    }
    const reader: DashboardReader = new DashboardReader({
      greeting: encode(this.#greeting(options.lastEventId)),
      nowMs: this.#options.nowMs,
      onEnd: () => this.#forget(reader),
    });
    this.#readers.set(reader, options.isAllowed);
    this.#stats.opened++;
    this.#options.log.info("Dashboard opened", { readers: this.#readers.size });
    return reader.stream;
  }

  /** Takes the times of a frame that came at `receivedUs`; free while nobody looks. */
  onFrame(frame: MediaFrame & { readonly streamId?: number }, receivedUs: number): void {
    if (this.#readers.size === 0) return;
    const { hostTimeUs, sources } = this.#options;
    const hostUs = hostTimeUs(receivedUs);
    // Without the host's clock the way through the pipe cannot be told.
    const encodedUs = frame.grabUs + frame.convertUs + frame.encodeUs;
    const ipcUs = hostUs === undefined ? 0 : hostUs - frame.captureTimeUs - encodedUs;
    const streamId = frame.streamId ?? 0;
    let stages = this.#stages.get(streamId);
    if (stages === undefined) this.#stages.set(streamId, stages = new DashboardStages());
    stages.push({
      captureUs: frame.grabUs,
      convertUs: frame.convertUs,
      encodeUs: frame.encodeUs,
      ipcUs: Math.max(0, ipcUs),
      sendUs: Math.max(0, sources.nowUs() - receivedUs),
    });
  }

  /** Tells every page that the host ends, and ends its stream; idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    const event = encode(eventText("end", { reason: "shutdown" }));
    for (const reader of [...this.#readers.keys()]) reader.close(event);
    this.#newest = undefined;
    this.#history[Symbol.dispose]();
    this.#forgetWatch();
  }

  #forget(reader: DashboardReader): void {
    if (!this.#readers.delete(reader)) return;
    this.#stats.dropped += reader.dropped;
    // Times of now would be mixed with these when somebody looks again.
    if (this.#readers.size === 0) this.#stages.clear();
    this.#options.log.info("Dashboard closed", { readers: this.#readers.size });
  }

  #greeting(lastEventId: string | undefined): string {
    const hello = { ...this.#options.hello(), columns: [...DASHBOARD_COLUMNS] };
    const from = this.#sequenceAfter(lastEventId);
    const history: DashboardHistory = {
      isWhole: from === undefined,
      values: this.#history.since(from ?? 0),
    };
    const known = eventText("hello", hello) + eventText("history", history) + this.#sampleText();
    return `retry: ${RETRY_MS}\n${known}`;
  }

  /** The newest sample as an event; nothing before the first. */
  #sampleText(): string {
    if (this.#newest === undefined) return "";
    const { reading, sequence } = this.#newest;
    return eventText("sample", this.#sampler.sample(reading, sequence), this.#idOf(sequence));
  }

  /** Number of the first row that the page lacks; undefined when it needs all of them. */
  #sequenceAfter(lastEventId: string | undefined): number | undefined {
    const [run, sequence = ""] = (lastEventId ?? "").split(".");
    if (run !== String(this.#options.hello().startedMs) || !/^\d{1,15}$/.test(sequence)) {
      return undefined;
    }
    const next = Number(sequence) + 1;
    const oldest = this.#history.sequence - HISTORY_SAMPLES;
    return next < oldest || next > this.#history.sequence ? undefined : next;
  }

  #idOf(sequence: number): string {
    return `${this.#options.hello().startedMs}.${sequence}`;
  }
}

const encoder = new TextEncoder();

function encode(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}
