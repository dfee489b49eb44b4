/**
 * MachineWatch: what a publishing page can learn of its machine: battery, screen, and the memory that
 * the page uses. Each browser says some of it; what it does not say is left out. One timer.
 */

import type { DeviceFacts } from "./device_class.ts";

const MEMORY_INTERVAL_MS = 5000;
/** The exact figure covers the worker as well, and takes a while to make. */
const EXACT_EVERY = 4;
const MB = 1024 * 1024;
/** Share of the heap's limit from which on memory is short, and bounds of the threshold. */
const HEAP_SHARE = 0.4;
const THRESHOLD_BYTES_MAX = 1024 * MB;
const THRESHOLD_BYTES = 512 * MB;

/** What the compiler does not know of browsers. */
interface Battery extends EventTarget {
  readonly charging: boolean;
  readonly level: number;
}
interface MachineNavigator {
  getBattery?(): Promise<Battery>;
}
interface MachinePerformance {
  readonly memory?: { readonly usedJSHeapSize: number; readonly jsHeapSizeLimit: number };
  measureUserAgentSpecificMemory?(): Promise<{ readonly bytes: number }>;
}

/** Who hears of it. */
export interface MachineHandlers {
  changed(facts: DeviceFacts): void;
  memory(usedBytes: number): void;
}

/** Watches one machine. */
export class MachineWatch {
  readonly #handlers: MachineHandlers;
  #battery: Battery | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #rounds = 0;
  #exactBytes = 0;

  constructor(handlers: MachineHandlers) {
    this.#handlers = handlers;
  }

  /** Begins to look. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#measure(), MEMORY_INTERVAL_MS);
    this.#measure();
    const { getBattery } = navigator as unknown as MachineNavigator;
    try {
      this.#battery = await getBattery?.call(navigator);
    } catch {
      // A policy forbids it: then the machine counts as one that is plugged in.
    }
    for (const name of ["chargingchange", "levelchange"]) {
      this.#battery?.addEventListener(name, () => this.#handlers.changed(this.facts));
    }
    this.#handlers.changed(this.facts);
  }

  get facts(): DeviceFacts {
    const battery = this.#battery;
    return {
      isTouch: matchMedia("(pointer: coarse)").matches,
      screenSide: Math.min(screen.width, screen.height),
      battery: battery === undefined
        ? undefined
        : { isCharging: battery.charging, level: battery.level },
    };
  }

  /** From how many bytes on memory is short on this machine. */
  get thresholdBytes(): number {
    const { memory } = performance as unknown as MachinePerformance;
    if (memory === undefined) return THRESHOLD_BYTES;
    return Math.min(THRESHOLD_BYTES_MAX, HEAP_SHARE * memory.jsHeapSizeLimit);
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    const { memory, measureUserAgentSpecificMemory: measure } =
      performance as unknown as MachinePerformance;
    if (memory !== undefined) {
      this.#handlers.memory(Math.max(this.#exactBytes, memory.usedJSHeapSize));
    }
    if (this.#rounds++ % EXACT_EVERY !== 0 || measure === undefined) return;
    try {
      const { bytes } = await measure.call(performance);
      this.#exactBytes = bytes;
      this.#handlers.memory(bytes);
    } catch {
      // The page is not isolated, or is going away.
    }
  }
}
