/**
 * MemoryPressure: how near the host is to its limit of memory, and who gives some up when. It rises at
 * once and falls after a while below a lower mark, so that it does not swing. Responders act in order
 * when their level begins, again while it lasts, and undo it when it ends.
 */

/** How near the limit is. */
export type PressureLevel = "normal" | "high" | "critical";

/** Levels, as numbers for people who plot them. */
export const PRESSURE_LEVELS: readonly PressureLevel[] = ["normal", "high", "critical"];

/** Shares of the limit: a level begins at the first and ends below the second. */
export const PRESSURE_MARKS = {
  high: { begins: 0.75, ends: 0.7 },
  critical: { begins: 0.9, ends: 0.85 },
} as const;

/** A level ends when the use stayed below its mark for this long. */
const CALM_US = 5_000_000;
/** A responder acts again this long after it did, while its level lasts. */
const REPEAT_US = 30_000_000;
/** Responders of one host: a few for each owner of memory. */
const MAX_RESPONDERS = 64;

/** Somebody who can give memory up. */
export interface PressureResponder {
  /** For the log. */
  readonly name: string;
  readonly level: "high" | "critical";
  /** Those with a lower figure act first. */
  readonly order: number;
  /** Gives up what it can. */
  readonly respond: () => void;
  /** The level has ended, and at least `holdUs` went by since the last response. */
  readonly recover?: () => void;
  /** For what frees so much that undoing it at once would bring the level back; default 0. */
  readonly holdUs?: number;
}

/** A change of level. */
export interface PressureChange {
  readonly from: PressureLevel;
  readonly to: PressureLevel;
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** What a pressure is made of. */
export interface MemoryPressureOptions {
  readonly limitBytes: number;
  readonly onChange: (change: PressureChange) => void;
  /** A responder threw: a fault of the program, which must not keep the others from acting. */
  readonly onFault: (name: string, error: unknown) => void;
}

/** Counters of a pressure. */
export interface MemoryPressureStats {
  changes: number;
  /** Times that responders were asked. */
  responses: number;
}

/** Watches one limit. */
export class MemoryPressure {
  readonly limitBytes: number;
  readonly #options: MemoryPressureOptions;
  readonly #responders: PressureResponder[] = [];
  readonly #actedUs = new Map<PressureResponder, number>();
  readonly #stats: MemoryPressureStats = { changes: 0, responses: 0 };
  #level: PressureLevel = "normal";
  #usedBytes = 0;
  #calmSinceUs: number | undefined;

  /** Throws RangeError for a limit that is none. */
  constructor(options: MemoryPressureOptions) {
    const { limitBytes } = options;
    if (!(limitBytes > 0)) throw new RangeError(`Cannot use a memory limit of ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
    this.#options = options;
  }

  get level(): PressureLevel {
    return this.#level;
  }

  get stats(): Readonly<MemoryPressureStats> {
    return this.#stats;
  }

  /** Bytes in use when it was told last. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Adds somebody who can give memory up. */
  add(responder: PressureResponder): void {
    if (this.#responders.length >= MAX_RESPONDERS) {
      throw new RangeError(`Cannot add the responder ${responder.name}: there are too many`);
    }
    this.#responders.push(responder);
    this.#responders.sort((a, b) => a.order - b.order);
  }

  /** Takes how much is in use now. */
  push(usedBytes: number, nowUs: number): PressureLevel {
    this.#usedBytes = usedBytes;
    const share = usedBytes / this.limitBytes;
    const wanted = levelOf(share);
    if (rankOf(wanted) > rankOf(this.#level)) this.#enter(wanted);
    else this.#calm(share, nowUs);
    this.#recover(nowUs);
    this.#act(nowUs);
    return this.#level;
  }

  /** Falls by one level when the use was low for long enough. */
  #calm(share: number, nowUs: number): void {
    if (this.#level === "normal" || share >= PRESSURE_MARKS[this.#level].ends) {
      this.#calmSinceUs = undefined;
      return;
    }
    this.#calmSinceUs ??= nowUs;
    if (nowUs - this.#calmSinceUs < CALM_US) return;
    this.#enter(this.#level === "critical" ? "high" : "normal");
    // The next level down has a mark of its own to stay below.
    this.#calmSinceUs = nowUs;
  }

  #enter(to: PressureLevel): void {
    const from = this.#level;
    this.#level = to;
    this.#calmSinceUs = undefined;
    this.#stats.changes++;
    const { limitBytes } = this;
    this.#options.onChange({ from, to, usedBytes: this.#usedBytes, limitBytes });
  }

  #recover(nowUs: number): void {
    if (this.#actedUs.size === 0) return;
    for (const responder of this.#responders.toReversed()) {
      const actedUs = this.#actedUs.get(responder);
      if (actedUs === undefined || rankOf(responder.level) <= rankOf(this.#level)) continue;
      if (nowUs - actedUs < (responder.holdUs ?? 0)) continue;
      this.#actedUs.delete(responder);
      if (responder.recover !== undefined) this.#guard(responder, responder.recover);
    }
  }

  #act(nowUs: number): void {
    for (const responder of this.#responders) {
      if (rankOf(responder.level) > rankOf(this.#level)) continue;
      const actedUs = this.#actedUs.get(responder);
      if (actedUs !== undefined && nowUs - actedUs < REPEAT_US) continue;
      this.#actedUs.set(responder, nowUs);
      this.#stats.responses++;
      this.#guard(responder, responder.respond);
    }
  }

  #guard(responder: PressureResponder, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.onFault(responder.name, error);
    }
  }
}

function levelOf(share: number): PressureLevel {
  if (share >= PRESSURE_MARKS.critical.begins) return "critical";
  return share >= PRESSURE_MARKS.high.begins ? "high" : "normal";
}

function rankOf(level: PressureLevel): number {
  return PRESSURE_LEVELS.indexOf(level);
}
