/**
 * DeviceInput: the input records of a stream, from bytes of the wire to calls of a device: scancodes
 * become key codes, positions of the picture become pixels of the screen. The end of the way back; a
 * record that no device takes is counted and costs nothing.
 */

import { NativeError, ProtocolError } from "../core/errors.ts";
import type { InputSink } from "../input/input_sink.ts";
import { evdevCodeOf } from "../input/key_map.ts";
import { WaitingRecords } from "../input/waiting_records.ts";
import type { RumbleMessage } from "../ipc/input_message.ts";
import { penOf, touchOf } from "../wire/contact.ts";
import {
  INPUT_RECORD_BYTES,
  type InputEvent,
  parseInputEvent,
  POINTER_SCALE,
} from "../wire/input.ts";
import { PAD_SLOTS, padAxisOf } from "../wire/pad.ts";
import { locksOf } from "../wire/typing.ts";

/** X counts notches of the wheel as buttons 4 to 7; as buttons they would scroll for ever. */
const WHEEL_BUTTON_FIRST = 4;
const WHEEL_BUTTON_LAST = 7;
/** How often pads are asked for rumble; a program that stores an effect waits for so long. */
const RUMBLE_POLL_US = 8000;

/** Where the picture lies on the screen, in pixels. */
export interface PictureArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Counters of a `DeviceInput`. */
export interface DeviceInputStats {
  events: number;
  /** Events that no device took: no such key, no device, bad record. */
  eventsRefused: number;
  /** Most records that waited at once behind a character; nothing else ever waits. */
  waitingMax: number;
}

/** Takes what a pad of the stream is to shake like. */
export type RumbleSink = (rumble: Omit<RumbleMessage, "streamId">) => void;

/** Injects the records of one stream. */
export class DeviceInput implements Disposable {
  readonly #area: PictureArea;
  readonly #onRumble: RumbleSink;
  readonly #stats: DeviceInputStats = { events: 0, eventsRefused: 0, waitingMax: 0 };
  readonly #waiting = new WaitingRecords();
  readonly #hasPad: boolean[] = Array.from({ length: PAD_SLOTS }, () => false);
  #sink: InputSink | undefined;
  /** The device is busy with a character until then. */
  #busyUntilUs: number | undefined;
  #rumblesAtUs: number | undefined;
  /** The pointer is moved by positions and not by distances. */
  #isAbsolute = true;
  #x = -1;
  #y = -1;

  /** `sink` undefined: there is no device, and every event is refused. It is owned from now on. */
  constructor(sink: InputSink | undefined, area: PictureArea, onRumble: RumbleSink = () => {}) {
    this.#sink = sink;
    this.#area = area;
    this.#onRumble = onRumble;
  }

  get stats(): Readonly<DeviceInputStats> {
    return this.#stats;
  }

  /** What the device can do; undefined when there is none. */
  get abilities(): InputSink["abilities"] | undefined {
    return this.#sink?.abilities;
  }

  /** When `pull` has something to do, microseconds of the clock of `push`, or undefined. */
  get deadline(): number | undefined {
    if (this.#busyUntilUs === undefined) return this.#rumblesAtUs;
    return Math.min(this.#busyUntilUs, this.#rumblesAtUs ?? Infinity);
  }

  /** Takes concatenated 20-byte records, in order. Throws what the device throws when it is gone. */
  push(records: Uint8Array, nowUs: number): void {
    for (let offset = 0; offset < records.byteLength; offset += INPUT_RECORD_BYTES) {
      this.#stats.events++;
      const record = records.subarray(offset, offset + INPUT_RECORD_BYTES);
      const event = this.#parse(record);
      const isTaken = event !== undefined && this.#sink !== undefined &&
        this.#take(this.#sink, event, record, nowUs);
      if (!isTaken) this.#stats.eventsRefused++;
    }
  }

  /** Does what is due: types what waited, asks pads for rumble. Throws as `push`. */
  pull(nowUs: number): void {
    if (this.#sink === undefined) return;
    if (this.#busyUntilUs !== undefined && nowUs >= this.#busyUntilUs) {
      this.#drain(this.#sink, nowUs);
    }
    if (this.#rumblesAtUs === undefined || nowUs < this.#rumblesAtUs) return;
    this.#rumblesAtUs = nowUs + RUMBLE_POLL_US;
    for (const rumble of this.#sink.takeRumbles()) this.#onRumble(rumble);
  }

  /** The screen has another size. */
  setScreen(width: number, height: number): void {
    this.#sink?.setScreen(width, height);
  }

  /** Releases everything that is held; what waits is forgotten. */
  releaseAll(): void {
    this.#waiting.clear();
    this.#busyUntilUs = undefined;
    this.#sink?.releaseAll();
  }

  /** Releases what is held and closes the device; idempotent. */
  [Symbol.dispose](): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#waiting.clear();
    this.#busyUntilUs = undefined;
    this.#rumblesAtUs = undefined;
    sink?.[Symbol.dispose]();
  }

  #parse(record: Uint8Array): InputEvent | undefined {
    try {
      return parseInputEvent(record);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  /** Injects an event, or lets it wait for a character before it; false when nobody takes it. */
  #take(sink: InputSink, event: InputEvent, record: Uint8Array, nowUs: number): boolean {
    const waitUs = this.#waiting.holds(event) ? 0 : this.#guarded(sink, event, nowUs);
    if (waitUs === undefined) return false;
    if (waitUs === 0 && !this.#waiting.holds(event)) return true;
    if (waitUs > 0) this.#busyUntilUs = nowUs + waitUs;
    const hasRoom = this.#waiting.push(record, event);
    this.#stats.waitingMax = Math.max(this.#stats.waitingMax, this.#waiting.size);
    return hasRoom;
  }

  #drain(sink: InputSink, nowUs: number): void {
    this.#busyUntilUs = undefined;
    for (let record = this.#waiting.first; record !== undefined; record = this.#waiting.first) {
      const event = parseInputEvent(record);
      const waitUs = this.#guarded(sink, event, nowUs);
      if (waitUs === undefined) this.#stats.eventsRefused++;
      else if (waitUs > 0) {
        this.#busyUntilUs = nowUs + waitUs;
        return;
      }
      this.#waiting.shift(event);
    }
  }

  /** As `#inject`; undefined too for what this device cannot do. */
  #guarded(sink: InputSink, event: InputEvent, nowUs: number): number | undefined {
    try {
      return this.#inject(sink, event, nowUs);
    } catch (error) {
      if (error instanceof NativeError && error.reason === "unsupported") return undefined;
      throw error;
    }
  }

  /** 0 when it is done, else after how many microseconds to try again; undefined when it cannot be. */
  #inject(sink: InputSink, event: InputEvent, nowUs: number): number | undefined {
    const { kind, down, code, x, y } = event;
    switch (kind) {
      case "key": {
        const evdevCode = evdevCodeOf(code);
        if (evdevCode === undefined) return undefined;
        sink.key(evdevCode, down);
        return 0;
      }
      case "button":
        if (code >= WHEEL_BUTTON_FIRST && code <= WHEEL_BUTTON_LAST) return undefined;
        // The motion before it may be lost or late: a click happens where its record says.
        if (this.#isAbsolute) this.#moveTo(sink, x, y);
        sink.button(code, down);
        return 0;
      case "wheel":
        sink.wheel(x, y);
        return 0;
      case "absolute":
        this.#isAbsolute = true;
        this.#moveTo(sink, x, y);
        return 0;
      case "relative":
        this.#isAbsolute = false;
        this.#x = -1;
        sink.pointerRelative(x, y);
        return 0;
      case "release":
        sink.releaseAll();
        return 0;
      case "text":
        return sink.text(x);
      case "locks": {
        const { on, known } = locksOf(code);
        sink.locks(on, known);
        return 0;
      }
      case "touch":
      case "touch_cancel":
      case "pen":
        this.#contact(sink, event);
        return 0;
      case "pad":
      case "pad_axis":
        this.#pad(sink, event, nowUs);
        return 0;
      case "beat":
      // The server has sent the record to its stream.
      case "target":
        return 0;
    }
  }

  #contact(sink: InputSink, event: InputEvent): void {
    // The pointer goes with the first finger and the pen where a display has nothing better.
    this.#x = -1;
    if (event.kind === "touch_cancel") {
      sink.touch({ id: event.code, phase: "cancel", x: 0, y: 0, pressure: 0 });
    } else if (event.kind === "touch") {
      const touch = touchOf(event);
      const phase = event.down ? "down" : "up";
      sink.touch({ ...touch, phase, x: this.#columnOf(touch.x), y: this.#rowOf(touch.y) });
    } else {
      const pen = penOf(event);
      const place = { x: this.#columnOf(pen.x), y: this.#rowOf(pen.y) };
      sink.pen({ ...pen, ...place, isDown: event.down });
    }
  }

  #pad(sink: InputSink, { kind, code, down, x }: InputEvent, nowUs: number): void {
    if (kind === "pad") return this.#plug(sink, code, { isPresent: down, buttons: x, nowUs });
    const { slot, axis } = padAxisOf(code);
    // It was plugged into a device before this one, or into another slot.
    if (!this.#hasPad[slot]) this.#plug(sink, slot, { isPresent: true, buttons: 0, nowUs });
    sink.padAxis(slot, axis, x);
  }

  #plug(
    sink: InputSink,
    slot: number,
    { isPresent, buttons, nowUs }: { isPresent: boolean; buttons: number; nowUs: number },
  ): void {
    sink.pad(slot, isPresent, buttons);
    this.#hasPad[slot] = isPresent;
    const hasPads = this.#hasPad.includes(true);
    this.#rumblesAtUs = hasPads ? this.#rumblesAtUs ?? nowUs + RUMBLE_POLL_US : undefined;
  }

  #moveTo(sink: InputSink, x: number, y: number): void {
    if (x === this.#x && y === this.#y) return;
    this.#x = x;
    this.#y = y;
    sink.pointerAbsolute(this.#columnOf(x), this.#rowOf(y));
  }

  /** Pixel of the screen for a position of the picture. */
  #columnOf(x: number): number {
    return this.#area.x + Math.round(x * (this.#area.width - 1) / POINTER_SCALE);
  }

  #rowOf(y: number): number {
    return this.#area.y + Math.round(y * (this.#area.height - 1) / POINTER_SCALE);
  }
}
