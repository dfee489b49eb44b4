/**
 * RecordingDelivery: joins the keeper of recordings with those who download and play them: the handler
 * of its files, the timer that ends what took too long, the warnings, and the answer to pressure.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type { PressureLevel } from "../../memory/memory_pressure.ts";
import type { DeliveryStats } from "../../recording/delivery_stats.ts";
import { DeliveryWatch } from "../../recording/delivery_watch.ts";
import { RecordingHandler } from "../../recording/recording_handler.ts";
import type { DeliveryRequest } from "../../recording/recording_handler.ts";
import { isRecordingId } from "../../recording/recording_source.ts";
import type { RecordingSource } from "../../recording/recording_source.ts";

const TICK_MS = 1000;
/** Ticks between two looks for warnings. */
const WATCH_TICKS = 5;

/** What delivery is made of. */
export interface RecordingDeliveryOptions {
  readonly source: RecordingSource;
  readonly account: MemoryAccount;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Delivers the recordings of one host. */
export class RecordingDelivery {
  readonly #options: RecordingDeliveryOptions;
  readonly #handler: RecordingHandler;
  readonly #watch = new DeliveryWatch();
  readonly #timer: ReturnType<typeof setInterval>;
  #ticks = 0;

  /** Delivers what `source` keeps; undefined when nobody keeps anything. */
  static over(
    source: RecordingSource | undefined,
    options: Omit<RecordingDeliveryOptions, "source">,
  ): RecordingDelivery | undefined {
    return source === undefined ? undefined : new RecordingDelivery({ ...options, source });
  }

  constructor(options: RecordingDeliveryOptions) {
    const { source, account, clock } = options;
    this.#options = options;
    this.#handler = new RecordingHandler({
      folder: source.folder,
      account,
      nowUs: () => clock.nowUs(),
      newBoundary: () => crypto.randomUUID().replaceAll("-", ""),
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** What it holds and has done. */
  get stats(): DeliveryStats {
    return this.#handler.stats;
  }

  /** Answers for the file of a recording; undefined when there is none. */
  async serve(id: string, request: DeliveryRequest): Promise<Response | undefined> {
    const entry = isRecordingId(id) ? this.#options.source.find(id) : undefined;
    return entry === undefined ? undefined : await this.#handler.serve(entry, request);
  }

  /** Deletes a recording and ends those who read it; false when there is none. */
  async delete(id: string): Promise<boolean> {
    const entry = isRecordingId(id) ? this.#options.source.find(id) : undefined;
    if (entry === undefined || !await this.#options.source.delete(id)) return false;
    this.#handler.forget(entry.path);
    return true;
  }

  /** Holds less the shorter memory is. */
  onPressure(level: PressureLevel): void {
    this.#handler.economise(level === "normal" ? 0 : level === "high" ? 1 : 2);
  }

  /** Ends everything. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#handler.close();
  }

  #tick(): void {
    const nowUs = this.#options.clock.nowUs();
    this.#handler.tick(nowUs);
    if (++this.#ticks % WATCH_TICKS !== 0) return;
    for (const { why, fields } of this.#watch.push(this.stats, nowUs)) {
      this.#options.log.warn("Delivery of recordings", { why, ...fields });
    }
  }
}
