/**
 * DeviceInput: the input records of a stream, from bytes of the wire to calls of a device: scancodes
 * become key codes, positions of the picture become pixels of the screen. The end of the way back; a
 * record that no device takes is counted and costs nothing.
 */

import { ProtocolError } from "../core/errors.ts";
import type { InputSink } from "../input/input_sink.ts";
import { evdevCodeOf } from "../input/key_map.ts";
import {
  INPUT_RECORD_BYTES,
  type InputEvent,
  parseInputEvent,
  POINTER_SCALE,
} from "../wire/input.ts";

/** X counts notches of the wheel as buttons 4 to 7; as buttons they would scroll for ever. */
const WHEEL_BUTTON_FIRST = 4;
const WHEEL_BUTTON_LAST = 7;

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
}

/** Injects the records of one stream. */
export class DeviceInput implements Disposable {
  readonly #area: PictureArea;
  readonly #stats: DeviceInputStats = { events: 0, eventsRefused: 0 };
  #sink: InputSink | undefined;
  /** The pointer is moved by positions and not by distances. */
  #isAbsolute = true;
  #x = -1;
  #y = -1;

  /** `sink` undefined: there is no device, and every event is refused. It is owned from now on. */
  constructor(sink: InputSink | undefined, area: PictureArea) {
    this.#sink = sink;
    this.#area = area;
  }

  get stats(): Readonly<DeviceInputStats> {
    return this.#stats;
  }

  /** Takes concatenated 20-byte records, in order. Throws what the device throws when it is gone. */
  push(records: Uint8Array): void {
    for (let offset = 0; offset < records.byteLength; offset += INPUT_RECORD_BYTES) {
      this.#stats.events++;
      const event = this.#parse(records.subarray(offset, offset + INPUT_RECORD_BYTES));
      if (event === undefined || this.#sink === undefined || !this.#inject(this.#sink, event)) {
        this.#stats.eventsRefused++;
      }
    }
  }

  /** Releases every key and button that is held. */
  releaseAll(): void {
    this.#sink?.releaseAll();
  }

  /** Releases what is held and closes the device; idempotent. */
  [Symbol.dispose](): void {
    const sink = this.#sink;
    this.#sink = undefined;
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

  #inject(sink: InputSink, event: InputEvent): boolean {
    const { kind, down, code, x, y } = event;
    switch (kind) {
      case "key": {
        const evdevCode = evdevCodeOf(code);
        if (evdevCode === undefined) return false;
        sink.key(evdevCode, down);
        return true;
      }
      case "button":
        if (code >= WHEEL_BUTTON_FIRST && code <= WHEEL_BUTTON_LAST) return false;
        // The motion before it may be lost or late: a click happens where its record says.
        if (this.#isAbsolute) this.#moveTo(sink, x, y);
        sink.button(code, down);
        return true;
      case "wheel":
        sink.wheel(x, y);
        return true;
      case "absolute":
        this.#isAbsolute = true;
        this.#moveTo(sink, x, y);
        return true;
      case "relative":
        this.#isAbsolute = false;
        this.#x = -1;
        sink.pointerRelative(x, y);
        return true;
      case "release":
        sink.releaseAll();
        return true;
      case "beat":
      // The server has sent the record to its stream.
      case "target":
        return true;
      default:
        return false;
    }
  }

  #moveTo(sink: InputSink, x: number, y: number): void {
    if (x === this.#x && y === this.#y) return;
    this.#x = x;
    this.#y = y;
    const area = this.#area;
    sink.pointerAbsolute(
      area.x + Math.round(x * (area.width - 1) / POINTER_SCALE),
      area.y + Math.round(y * (area.height - 1) / POINTER_SCALE),
    );
  }
}
