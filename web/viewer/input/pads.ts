/**
 * Pads: gamepads of this computer and the one on the screen, looked at every `POLL_MS` while there is
 * one, the page has the focus and the host takes input; else all of them are at rest. It owns one
 * interval, and asks the browser through `readings`.
 */

import type { Rumble } from "./hands_messages.ts";
import { PadSet } from "./pad_state.ts";
import type { PadInSlot, PadReading, PadSink } from "./pad_state.ts";

/** As often as a timer of a page runs. */
const POLL_MS = 4;
/** Number of the gamepad on the screen; browsers number theirs from 0. */
export const SCREEN_PAD = -1;
/** Browsers take no longer effect at once; the host says it again. */
const RUMBLE_MS_MAX = 5000;
const FULL = 65_535;

/** A gamepad as a browser gives it. */
export interface BrowserPad extends PadReading {
  readonly vibrationActuator?: {
    playEffect(type: "dual-rumble", effect: object): Promise<unknown>;
    reset(): Promise<unknown>;
  } | null;
}

/** What gamepads need. */
export interface PadsParts {
  readonly sink: PadSink;
  readings(): readonly (BrowserPad | null)[];
  /** True while somebody plays here. */
  isPlaying(): boolean;
  /** Shakes the whole device, for the gamepad on the screen. */
  vibrate(ms: number): void;
  /** Gamepads came or went. */
  changed(pads: readonly PadInSlot[]): void;
  nowUs(): number;
}

/** All gamepads of one viewer. */
export class Pads {
  readonly #parts: PadsParts;
  readonly #set: PadSet;
  #screen: PadReading | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isPlaying = false;

  constructor(parts: PadsParts) {
    this.#parts = parts;
    this.#set = new PadSet(parts.sink);
  }

  /** Gamepads in use, by slot. */
  get pads(): readonly PadInSlot[] {
    return this.#set.pads;
  }

  /** Looks from now on, until there is none. */
  watch(): void {
    this.#timer ??= setInterval(() => this.poll(), POLL_MS);
  }

  /** The gamepad on the screen, or undefined when it is put away. */
  setScreen(reading: PadReading | undefined): void {
    this.#screen = reading;
    if (reading !== undefined) this.watch();
    this.poll();
  }

  /** A host takes input that knows of no gamepad. */
  announce(): void {
    if (this.#parts.isPlaying()) this.#set.announce();
  }

  /** Brings everything to rest; what is held acts again when somebody plays. */
  release(): void {
    this.#set.release();
    this.#isPlaying = false;
  }

  /** Looks once. */
  poll(): void {
    const parts = this.#parts;
    if (!parts.isPlaying()) {
      if (this.#isPlaying) this.release();
      return;
    }
    // Who could not play may have been unplugged at the host meanwhile.
    if (!this.#isPlaying) this.#set.announce();
    this.#isPlaying = true;
    const readings = [...parts.readings(), this.#screen];
    if (this.#set.update(readings, parts.nowUs())) parts.changed(this.#set.pads);
    if (this.#set.pads.length === 0 && readings.every((pad) => !pad)) this.#stop();
  }

  /** A program on the host shakes a gamepad. */
  rumble({ slot, strong, weak, durationMs }: Rumble): void {
    const pad = this.#set.pads.find((one) => one.slot === slot);
    if (pad === undefined) return;
    const isOver = strong === 0 && weak === 0;
    const duration = isOver ? 0 : Math.min(RUMBLE_MS_MAX, durationMs);
    if (pad.index === SCREEN_PAD) return this.#parts.vibrate(duration);
    const actuator = this.#parts.readings().find((one) => one?.index === pad.index)
      ?.vibrationActuator;
    const effect = {
      duration,
      startDelay: 0,
      strongMagnitude: strong / FULL,
      weakMagnitude: weak / FULL,
    };
    // A browser that refuses, as one does in the background, shakes nothing.
    const shaking = isOver ? actuator?.reset() : actuator?.playEffect("dual-rumble", effect);
    shaking?.catch(() => {});
  }

  /** Stops looking, with all at rest. */
  close(): void {
    this.release();
    this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
