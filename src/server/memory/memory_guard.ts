/**
 * MemoryGuard: keeps the host below its limit of memory: looks every few seconds and every some frames,
 * asks those who hold memory they can do without to give it up, says so in the log, and names the
 * reason for which nobody else can be let in.
 */

import process from "node:process";
import { showBytes } from "../../core/byte_size.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MemoryPressure, type PressureChange } from "../../memory/memory_pressure.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import { collectGarbage } from "./idle_collection.ts";

/** The host is looked at this often, and sooner when frames come fast. */
const CHECK_MS = 5000;
const CHECK_FRAMES = 600;
/** Figures go to the log at `debug` after this many frames. */
const LOG_FRAMES = 300;
/** A smaller picture stays small for this long: each change costs its viewers a keyframe. */
const SMALL_PICTURE_US = 60_000_000;
/** Warnings are at least this far apart. */
const WARN_US = 30_000_000;

/** What a guard is made of. */
export interface MemoryGuardOptions {
  /** Bytes; 0 takes the limit of the control group, else the memory of the machine. */
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sample: () => MemorySample;
  /** Has the media process free frames that nobody uses. */
  readonly trim: () => void;
  /** Makes pictures and their encoder smaller, or as large as they can be again. */
  readonly economise: (isShort: boolean) => void;
  /** Halves what can be replayed, more at each call, or holds all of it again. */
  readonly shortenReplay: (isShort: boolean) => void;
  readonly onChange: (change: PressureChange) => void;
  /** Default: what the runtime has. */
  readonly collect?: () => void;
}

/** Guards one host. */
export class MemoryGuard {
  readonly pressure: MemoryPressure;
  readonly #options: MemoryGuardOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #frames = 0;
  #warnedUs: number | undefined;
  #isClosedToNew = false;

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    const { log, trim, economise, shortenReplay, collect = collectGarbage } = options;
    this.pressure = new MemoryPressure({
      limitBytes: options.limitBytes || machineLimitBytes(),
      onChange: (change) => this.#onChange(change),
      onFault: (name, error) => log.error("Cannot give up memory", { name, error: String(error) }),
    });
    this.pressure.add({ name: "frames and encoders", level: "high", order: 10, respond: trim });
    this.pressure.add({ name: "warning", level: "high", order: 20, respond: () => this.#warn() });
    // It stops the process for 10 to 60 ms, a frame or a few: worth it only when it is serious.
    this.pressure.add({ name: "garbage", level: "critical", order: 10, respond: collect });
    this.pressure.add({
      name: "replay",
      level: "critical",
      order: 15,
      respond: () => shortenReplay(true),
      recover: () => shortenReplay(false),
      holdUs: SMALL_PICTURE_US,
    });
    this.pressure.add({
      name: "picture size",
      level: "critical",
      order: 30,
      respond: () => economise(true),
      recover: () => economise(false),
      holdUs: SMALL_PICTURE_US,
    });
    this.pressure.add({
      name: "admission",
      level: "critical",
      order: 20,
      respond: () => this.#isClosedToNew = true,
      recover: () => this.#isClosedToNew = false,
    });
  }

  /** Why nobody else can be let in; undefined while somebody can. */
  get refusal(): string | undefined {
    return this.#isClosedToNew ? "The host is short of memory" : undefined;
  }

  /** Looks from now on, until it is closed. */
  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_MS);
  }

  /** Counts a frame; some hundred of them are worth a look. */
  onFrame(): void {
    this.#frames++;
    if (this.#frames % CHECK_FRAMES === 0) this.check();
    if (this.#frames % LOG_FRAMES === 0) this.#logFigures();
  }

  /** Looks now. */
  check(): void {
    // Native allocations are in the resident bytes already.
    this.pressure.push(this.#options.sample().rssBytes, this.#options.clock.nowUs());
  }

  /** Ends the timer. */
  close(): void {
    clearInterval(this.#timer);
  }

  #onChange(change: PressureChange): void {
    const { from, to, usedBytes, limitBytes } = change;
    this.#options.log.info("Memory pressure", { from, to, usedBytes, limitBytes });
    this.#options.onChange(change);
  }

  #warn(): void {
    const nowUs = this.#options.clock.nowUs();
    if (this.#warnedUs !== undefined && nowUs - this.#warnedUs < WARN_US) return;
    this.#warnedUs = nowUs;
    const { usedBytes, limitBytes, level } = this.pressure;
    const largest = this.#options.sample().owners.toSorted((a, b) => {
      return b.currentBytes - a.currentBytes;
    })[0];
    this.#options.log.warn("Memory is short", {
      level,
      used: showBytes(usedBytes),
      limit: showBytes(limitBytes),
      largestOwner: largest?.owner,
      largestBytes: largest?.currentBytes,
    });
  }

  #logFigures(): void {
    const { rssBytes, heapUsedBytes, native, ledgerBytes } = this.#options.sample();
    const { level } = this.pressure;
    const nativeBytes = native.bytes;
    const figures = { level, rssBytes, heapUsedBytes, nativeBytes, ledgerBytes };
    this.#options.log.debug("Memory", figures);
  }
}

/** The limit of the control group when it is below the memory of the machine, else that. */
export function machineLimitBytes(): number {
  const { total } = Deno.systemMemoryInfo();
  const group = process.constrainedMemory();
  return group > 0 && group < total ? group : total;
}
