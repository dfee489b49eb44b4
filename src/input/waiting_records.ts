/**
 * WaitingRecords: input records that came while the device was still busy with a character, in order.
 * Text and what follows it must not change places; what lets go of something that went down before
 * all of them need not wait. Holds at most `MAX_WAITING_RECORDS` records, then refuses.
 */

import { INPUT_RECORD_BYTES, type InputEvent, MAX_WAITING_RECORDS } from "../wire/input.ts";

/** Records in the order of their arrival. */
export class WaitingRecords {
  /** Made when the first one waits. */
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #first = 0;
  #count = 0;
  /** Keys and buttons that go down among them. */
  readonly #downs = new Map<string, number>();

  /** Records that wait. */
  get size(): number {
    return this.#count;
  }

  /** The next one; the bytes are valid until `shift`. Undefined when none waits. */
  get first(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#bytes === undefined || this.#count === 0) return undefined;
    const at = this.#first * INPUT_RECORD_BYTES;
    return this.#bytes.subarray(at, at + INPUT_RECORD_BYTES);
  }

  /** True when `event` must wait for those before it. */
  holds(event: InputEvent): boolean {
    if (this.#count === 0 || !isOrdered(event)) return false;
    const isEnd = (event.kind === "key" || event.kind === "button") && !event.down;
    return !isEnd || this.#downs.has(nameOf(event));
  }

  /** Adds a record; false when there is no room. */
  push(record: Uint8Array, event: InputEvent): boolean {
    if (this.#count >= MAX_WAITING_RECORDS) return false;
    this.#bytes ??= new Uint8Array(MAX_WAITING_RECORDS * INPUT_RECORD_BYTES);
    const slot = (this.#first + this.#count) % MAX_WAITING_RECORDS;
    this.#bytes.set(record, slot * INPUT_RECORD_BYTES);
    this.#count++;
    if (event.down) this.#downs.set(nameOf(event), (this.#downs.get(nameOf(event)) ?? 0) + 1);
    return true;
  }

  /** Takes the first one away, which was `event`. */
  shift(event: InputEvent): void {
    this.#first = (this.#first + 1) % MAX_WAITING_RECORDS;
    this.#count--;
    if (!event.down) return;
    const left = (this.#downs.get(nameOf(event)) ?? 1) - 1;
    if (left > 0) this.#downs.set(nameOf(event), left);
    else this.#downs.delete(nameOf(event));
  }

  /** Forgets all of them. */
  clear(): void {
    this.#count = 0;
    this.#downs.clear();
  }
}

/** Motion and devices of their own do not wait for text. */
function isOrdered({ kind }: InputEvent): boolean {
  return kind === "key" || kind === "button" || kind === "wheel" || kind === "text" ||
    kind === "locks" || kind === "release";
}

function nameOf({ kind, code }: InputEvent): string {
  return `${kind} ${code}`;
}
