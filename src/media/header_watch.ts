/**
 * HeaderWatch: reads the headers of frames that native threads have already sent, at a moment when no
 * frame is due. Waking for each header at once would take a processor from the server process just
 * when it reads that very frame. When nothing moves, it sleeps in one native wait.
 */

import {
  type MediaRecordHeader,
  parseRecordHeader,
  RECORD_HEADER_BYTES,
} from "../ipc/media_record.ts";

/** Where headers come from; `MediaOutput` is one. */
export interface HeaderSource {
  /** Waits for the next header: its bytes, 0 after the timeout, undefined when closed. */
  next(buffer: Uint8Array<ArrayBuffer>, timeoutMs: number): Promise<number | undefined>;
  /** As `next`, without waiting. */
  take(buffer: Uint8Array<ArrayBuffer>): number | undefined;
}

/** What a `HeaderWatch` needs. */
export interface HeaderWatchOptions {
  readonly source: HeaderSource;
  readonly onHeader: (header: MediaRecordHeader) => void;
  /** Microseconds between two frames of the fastest stream. */
  readonly intervalUs: () => number;
  /** The host's CLOCK_MONOTONIC, which headers count, in microseconds. */
  readonly nowUs: () => number;
}

/** Frames that come faster are looked at together: two at 60 a second. */
const LOOK_US_MIN = 30_000;
const LOOK_US_MAX = 60_000;
/** A frame has left by then and the next is not captured yet. */
const PHASE = 0.7;
/** Without a header for this long, the wait moves into native code. */
const LIVELY_US = 1_000_000;
/** The native wait ends this often though nothing came; only then an idle process wakes. */
const NEXT_TIMEOUT_MS = 10_000;

/** Watches one source. */
export class HeaderWatch {
  readonly #options: HeaderWatchOptions;
  readonly #buffer = new Uint8Array(RECORD_HEADER_BYTES);
  #lastCaptureUs = 0;

  constructor(options: HeaderWatchOptions) {
    this.#options = options;
  }

  /** Gives headers until the source is closed. Rejects with what the source or the sink throws. */
  async run(): Promise<void> {
    const { source } = this.#options;
    while (true) {
      const bytes = await source.next(this.#buffer, NEXT_TIMEOUT_MS);
      if (bytes === undefined) return;
      if (bytes === 0) continue;
      this.#give();
      if (!await this.#watchLively()) return;
    }
  }

  /** Looks once in each interval until nothing has come for a while; false when closed. */
  async #watchLively(): Promise<boolean> {
    const { nowUs } = this.#options;
    let lastHeaderUs = nowUs();
    while (nowUs() - lastHeaderUs < LIVELY_US) {
      const delayMs = Math.ceil(this.#untilNextLookUs(nowUs()) / 1000);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const headers = this.#takeAll();
      if (headers === undefined) return false;
      if (headers > 0) lastHeaderUs = nowUs();
    }
    return true;
  }

  #untilNextLookUs(nowUs: number): number {
    const frameUs = this.#options.intervalUs();
    // Whole frames, so that each look falls between two of them.
    const lookUs = Math.min(LOOK_US_MAX, frameUs * Math.ceil(LOOK_US_MIN / frameUs));
    const phaseUs = (nowUs - this.#lastCaptureUs) % frameUs;
    const waitUs = lookUs - frameUs - phaseUs + PHASE * frameUs;
    // At low frame rates a look is shorter than a frame, and the wait can lie several frames back.
    const framesLate = Math.max(0, Math.ceil((lookUs / 2 - waitUs) / frameUs));
    return waitUs + framesLate * frameUs;
  }

  #takeAll(): number | undefined {
    for (let headers = 0;; headers++) {
      const bytes = this.#options.source.take(this.#buffer);
      if (bytes === undefined) return undefined;
      if (bytes === 0) return headers;
      this.#give();
    }
  }

  #give(): void {
    const header = parseRecordHeader(this.#buffer);
    this.#lastCaptureUs = header.captureTimeUs;
    this.#options.onHeader(header);
  }
}
