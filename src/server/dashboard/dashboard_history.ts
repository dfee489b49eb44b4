/**
 * DashboardHistory: the last ten minutes of the host, a row of figures a second, so that a dashboard
 * that is opened has a past at once. It is a ring of fixed size over one buffer of the ledger.
 */

import { ManagedBuffer } from "../../memory/managed_buffer.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";

/** Rows of figures, oldest overwritten first. */
export class DashboardHistory implements Disposable {
  readonly #buffer: ManagedBuffer;
  readonly #values: Float64Array<ArrayBuffer>;
  readonly #columns: number;
  readonly #capacity: number;
  #rows = 0;

  /** Holds `capacity` rows of `columns` figures, booked in `account`. */
  constructor(
    account: MemoryAccount,
    { columns, capacity }: { columns: number; capacity: number },
  ) {
    this.#columns = columns;
    this.#capacity = capacity;
    this.#buffer = new ManagedBuffer(account, historyBytes(columns, capacity));
    this.#values = new Float64Array(this.#buffer.bytes.buffer);
  }

  /** Rows that were ever pushed; the number of the next one. */
  get sequence(): number {
    return this.#rows;
  }

  /** Takes a row; undefined and numbers that are none are not known. */
  push(row: readonly (number | undefined)[]): void {
    const start = (this.#rows % this.#capacity) * this.#columns;
    for (let column = 0; column < this.#columns; column++) {
      this.#values[start + column] = row[column] ?? NaN;
    }
    this.#rows++;
  }

  /** A list for each column, oldest first, of the rows from number `sequence` on that it still has. */
  since(sequence: number): (number | null)[][] {
    const first = Math.max(0, this.#rows - this.#capacity, sequence);
    return Array.from({ length: this.#columns }, (_, column) => {
      const values: (number | null)[] = [];
      for (let row = first; row < this.#rows; row++) {
        const value = this.#values[(row % this.#capacity) * this.#columns + column]!;
        values.push(Number.isFinite(value) ? value : null);
      }
      return values;
    });
  }

  /** Gives the buffer back; nothing can be pushed after it. */
  [Symbol.dispose](): void {
    this.#buffer[Symbol.dispose]();
  }
}

/** Bytes of a history. */
export function historyBytes(columns: number, capacity: number): number {
  return columns * capacity * Float64Array.BYTES_PER_ELEMENT;
}
