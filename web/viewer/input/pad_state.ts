/**
 * PadSet: gamepads of this computer as the four of the wire: which is which, and what of them changed.
 * Looked at many times a second, it sends only changes, as they are: no dead zone, since every game has
 * its own. It owns no clock and asks no browser.
 */

import { PAD_AXES, PAD_AXIS_SCALE, PAD_BUTTONS, PAD_SLOTS } from "../../../src/wire/pad.ts";
import type { PadAxes } from "../../../src/wire/pad.ts";

/** What of a Gamepad is used. */
export interface PadReading {
  /** Its name, as the browser has it. */
  readonly id: string;
  /** Its number in the browser, which stays while it is plugged in. */
  readonly index: number;
  /** "standard" when the browser knows its layout. */
  readonly mapping: string;
  readonly axes: readonly number[];
  readonly buttons: readonly { readonly pressed: boolean; readonly value: number }[];
}

/** Takes what changed. */
export interface PadSink {
  pad(slot: number, buttons: number | undefined): void;
  movePad(slot: number, axes: PadAxes): void;
  settlePad(slot: number, axis: number, value: number): void;
}

/** A gamepad that is in use. */
export interface PadInSlot {
  readonly slot: number;
  readonly index: number;
  readonly name: string;
}

/** Sticks rest when nothing has moved for this long. */
const REST_US = 40_000;
const AT_REST: PadAxes = [0, 0, 0, 0, 0, 0];
const TRIGGERS = [6, 7] as const;
/** Buttons of the raw layout that Linux gives to pads without a known mapping, in the wire's order. */
const RAW_BUTTONS = [0, 1, 2, 3, 4, 5, -1, -1, 6, 7, 9, 10, -1, -1, -1, -1, 8];
const RAW_AXES = [0, 1, 3, 4] as const;
const RAW_TRIGGERS = [2, 5] as const;
const RAW_HAT = [6, 7] as const;
/** A trigger counts as pressed from here on where the browser gives it as an axis. */
const TRIGGER_PRESSED = 0.12;

interface Slot {
  readonly index: number;
  readonly name: string;
  buttons: number;
  axes: PadAxes;
  settled: PadAxes;
  movedUs: number;
}

/** What a gamepad says, in units of the wire. */
export interface PadValues {
  readonly buttons: number;
  readonly axes: PadAxes;
}

/** Gamepads in their slots. */
export class PadSet {
  readonly #sink: PadSink;
  readonly #slots: (Slot | undefined)[] = new Array(PAD_SLOTS).fill(undefined);

  constructor(sink: PadSink) {
    this.#sink = sink;
  }

  /** Gamepads in use, by slot. */
  get pads(): readonly PadInSlot[] {
    return this.#slots.flatMap((pad, slot) =>
      pad === undefined ? [] : { slot, index: pad.index, name: pad.name }
    );
  }

  /** Slot of the gamepad that the browser numbers `index`. */
  slotOf(index: number): number | undefined {
    const slot = this.#slots.findIndex((pad) => pad?.index === index);
    return slot === -1 ? undefined : slot;
  }

  /** Looks at all gamepads there are; true when one came or went. */
  update(readings: readonly (PadReading | null | undefined)[], nowUs: number): boolean {
    let hasChanged = false;
    for (const [slot, pad] of this.#slots.entries()) {
      if (pad === undefined || readings.some((one) => one?.index === pad.index)) continue;
      this.#slots[slot] = undefined;
      this.#sink.pad(slot, undefined);
      hasChanged = true;
    }
    for (const reading of readings) {
      if (reading === null || reading === undefined) continue;
      let slot = this.slotOf(reading.index);
      if (slot === undefined) {
        slot = this.#plug(reading);
        if (slot === undefined) continue;
        hasChanged = true;
      }
      this.#compare(slot, padValues(reading), nowUs);
    }
    return hasChanged;
  }

  /** A new connection: the host knows of none. */
  announce(): void {
    for (const [slot, pad] of this.#slots.entries()) {
      if (pad === undefined) continue;
      this.#toRest(pad);
      this.#sink.pad(slot, 0);
    }
  }

  /** Nobody plays: every button is up and every stick at rest, until somebody does. */
  release(): void {
    for (const [slot, pad] of this.#slots.entries()) {
      if (pad === undefined) continue;
      if (pad.buttons !== 0) this.#sink.pad(slot, 0);
      for (const axis of PAD_AXES.keys()) {
        if (pad.axes[axis] !== 0 || pad.settled[axis] !== 0) this.#sink.settlePad(slot, axis, 0);
      }
      this.#toRest(pad);
    }
  }

  #plug({ index, id }: PadReading): number | undefined {
    const slot = this.#slots.indexOf(undefined);
    if (slot === -1) return undefined;
    this.#slots[slot] = {
      index,
      name: padName(id),
      buttons: 0,
      axes: AT_REST,
      settled: AT_REST,
      movedUs: 0,
    };
    this.#sink.pad(slot, 0);
    return slot;
  }

  #compare(slot: number, { buttons, axes }: PadValues, nowUs: number): void {
    const pad = this.#slots[slot];
    if (pad === undefined) return;
    if (axes.some((value, axis) => value !== pad.axes[axis])) {
      pad.axes = axes;
      pad.movedUs = nowUs;
      this.#sink.movePad(slot, axes);
    } else if (pad.settled !== pad.axes && nowUs - pad.movedUs >= REST_US) {
      for (const [axis, value] of axes.entries()) {
        if (value !== pad.settled[axis]) this.#sink.settlePad(slot, axis, value);
      }
      pad.settled = pad.axes;
    }
    // After the sticks: a button acts where they point.
    if (buttons !== pad.buttons) {
      pad.buttons = buttons;
      this.#sink.pad(slot, buttons);
    }
  }

  #toRest(pad: Slot): void {
    pad.buttons = 0;
    pad.axes = AT_REST;
    pad.settled = AT_REST;
  }
}

/** Buttons and axes of a gamepad. */
export function padValues(reading: PadReading): PadValues {
  const isRaw = reading.mapping !== "standard" && reading.axes.length >= 8;
  return isRaw ? rawValues(reading) : standardValues(reading);
}

/** The browser's name of a gamepad without the numbers of its maker. */
export function padName(id: string): string {
  const name = id.replace(/\s*\((?:[^)]*STANDARD GAMEPAD|Vendor:).*$/i, "")
    .replace(/^[0-9a-f]{4}-[0-9a-f]{4}-/i, "").trim();
  return name === "" ? "Gamepad" : name.slice(0, 48);
}

function standardValues({ axes, buttons }: PadReading): PadValues {
  let bits = 0;
  for (let bit = 0; bit < PAD_BUTTONS.length; bit++) {
    if (buttons[bit]?.pressed === true) bits |= 1 << bit;
  }
  const [left, right] = TRIGGERS.map((button) => buttons[button]?.value ?? 0);
  return {
    buttons: bits,
    axes: [
      ...[0, 1, 2, 3].map((axis) => stick(axes[axis])) as [number, number, number, number],
      trigger(left),
      trigger(right),
    ],
  };
}

/** Triggers are axes from -1 there, and the cross is two axes. */
function rawValues({ axes, buttons }: PadReading): PadValues {
  let bits = 0;
  for (const [bit, button] of RAW_BUTTONS.entries()) {
    if (buttons[button]?.pressed === true) bits |= 1 << bit;
  }
  const triggers = RAW_TRIGGERS.map((axis) => ((axes[axis] ?? -1) + 1) / 2);
  for (const [index, button] of TRIGGERS.entries()) {
    if ((triggers[index] ?? 0) > TRIGGER_PRESSED) bits |= 1 << button;
  }
  const [x = 0, y = 0] = RAW_HAT.map((axis) => axes[axis] ?? 0);
  if (y < -0.5) bits |= 1 << PAD_BUTTONS.indexOf("up");
  if (y > 0.5) bits |= 1 << PAD_BUTTONS.indexOf("down");
  if (x < -0.5) bits |= 1 << PAD_BUTTONS.indexOf("left");
  if (x > 0.5) bits |= 1 << PAD_BUTTONS.indexOf("right");
  return {
    buttons: bits,
    axes: [
      ...RAW_AXES.map((axis) => stick(axes[axis])) as [number, number, number, number],
      trigger(triggers[0]),
      trigger(triggers[1]),
    ],
  };
}

function stick(value = 0): number {
  // Minus zero is at rest too.
  return Math.round(Math.max(-1, Math.min(1, finite(value))) * PAD_AXIS_SCALE) + 0;
}

function trigger(value = 0): number {
  return Math.round(Math.max(0, Math.min(1, finite(value))) * PAD_AXIS_SCALE);
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
