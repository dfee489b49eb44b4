/**
 * RecoveryMatrix: the linear equations between missing source symbols, kept in reduced row echelon
 * form (incremental Gauss-Jordan): part of the recover step. A column is a missing symbol, a row is a
 * repair that still counts; both are bounded by `unknownsMax`, in memory taken at the start.
 */

import { distance32 } from "../core/sequence.ts";
import { coefficientOf } from "./coefficient.ts";
import { inverse, multiply } from "./galois_field.ts";
import { alignRegion, REGION_ALIGNMENT } from "./kernel.ts";
import type { FecKernel } from "./kernel.ts";

/** No row, no column. */
export const NONE = 255;
/** Most columns: their numbers and `NONE` are bytes. */
export const MAX_UNKNOWNS = 240;

/** Where the matrix lives in the kernel's memory. */
export interface MatrixRegions {
  /** `(unknownsMax + 1) * unknownsMax` bytes: coefficients of each row, and of the candidate. */
  readonly coefficients: number;
  /** `unknownsMax * stride` bytes: the right-hand side of each row. */
  readonly payloads: number;
  /** Room for `TERM_BYTES`, for scaling. */
  readonly term: number;
}

/** Sizes of a matrix. */
export interface MatrixSize {
  /** A multiple of 16, at most `MAX_UNKNOWNS`. */
  readonly unknownsMax: number;
  readonly stride: number;
}

/** Equations over missing symbols. */
export class RecoveryMatrix {
  readonly #kernel: FecKernel;
  readonly #regions: MatrixRegions;
  readonly #size: number;
  readonly #stride: number;
  readonly #sourceIds: Uint32Array;
  readonly #isOpen: Uint8Array;
  /** Row whose pivot is this column. */
  readonly #rowOfColumn: Uint8Array;
  readonly #pivotOfRow: Uint8Array;
  #columns = 0;
  #rows = 0;
  #payloadBytes = 0;

  /** Throws RangeError for a size that its byte-sized numbers cannot express. */
  constructor(kernel: FecKernel, regions: MatrixRegions, size: MatrixSize) {
    const { unknownsMax } = size;
    if (unknownsMax < 16 || unknownsMax > MAX_UNKNOWNS || unknownsMax % REGION_ALIGNMENT !== 0) {
      throw new RangeError(`Cannot recover ${unknownsMax} symbols at a time`);
    }
    this.#kernel = kernel;
    this.#regions = regions;
    this.#size = unknownsMax;
    this.#stride = size.stride;
    this.#sourceIds = new Uint32Array(unknownsMax);
    this.#isOpen = new Uint8Array(unknownsMax);
    this.#rowOfColumn = new Uint8Array(unknownsMax).fill(NONE);
    this.#pivotOfRow = new Uint8Array(unknownsMax).fill(NONE);
  }

  /** Missing symbols that are looked for. */
  get columns(): number {
    return this.#columns;
  }

  /** Independent repairs that are kept for them. */
  get rows(): number {
    return this.#rows;
  }

  /** Most rows and columns. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that it holds outside of the kernel. */
  get bufferBytes(): number {
    return this.#sourceIds.byteLength + this.#isOpen.byteLength + this.#rowOfColumn.byteLength +
      this.#pivotOfRow.byteLength;
  }

  /** Forgets everything. */
  clear(): void {
    this.#isOpen.fill(0);
    this.#rowOfColumn.fill(NONE);
    this.#pivotOfRow.fill(NONE);
    this.#columns = 0;
    this.#rows = 0;
  }

  /** Opens a column for a missing symbol; `NONE` when all are taken. */
  openColumn(sourceId: number): number {
    const column = this.#isOpen.indexOf(0);
    if (column === -1) return NONE;
    this.#isOpen[column] = 1;
    this.#sourceIds[column] = sourceId;
    this.#columns++;
    return column;
  }

  /** The missing symbol of a column. */
  sourceIdOf(column: number): number {
    return this.#sourceIds[column]!;
  }

  /** The column of a row's pivot, or `NONE` for a row that is not in use. */
  pivotOf(row: number): number {
    return this.#pivotOfRow[row]!;
  }

  /** Rows that need no symbol older than `firstSourceId`. */
  rowsFrom(firstSourceId: number): number {
    let count = 0;
    for (let row = 0; row < this.#size; row++) {
      if (this.#pivotOfRow[row] !== NONE && !this.#reachesBefore(row, firstSourceId)) count++;
    }
    return count;
  }

  /** Address of a row's right-hand side. */
  payloadOf(row: number): number {
    return this.#regions.payloads + row * this.#stride;
  }

  /** Bytes of every right-hand side, whole vectors; what follows them is stale. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** Coefficient of a column in a row. */
  coefficientAt(row: number, column: number): number {
    return this.#kernel.bytes[this.#rowAt(row) + column]!;
  }

  /** True when a row has one coefficient left, its pivot: its right-hand side is the symbol. */
  isSolved(row: number): boolean {
    const pivot = this.#pivotOfRow[row]!;
    if (pivot === NONE) return false;
    const at = this.#rowAt(row);
    for (let column = 0; column < this.#size; column++) {
      if (column !== pivot && this.#kernel.bytes[at + column] !== 0) return false;
    }
    return true;
  }

  /**
   * Writes a repair's coefficients of the columns whose symbols lie in its window to the candidate
   * row; returns how many there are.
   */
  startCandidate(seed: number, window: { lastSourceId: number; windowLength: number }): number {
    const { bytes } = this.#kernel;
    const at = this.#rowAt(this.#size);
    let count = 0;
    for (let column = 0; column < this.#size; column++) {
      let coefficient = 0;
      if (this.#isOpen[column] === 1) {
        const sourceId = this.#sourceIds[column]!;
        if ((window.lastSourceId - sourceId) >>> 0 < window.windowLength) {
          coefficient = coefficientOf(seed, sourceId);
          count++;
        }
      }
      bytes[at + column] = coefficient;
    }
    return count;
  }

  /**
   * Eliminates the pivots of other rows from the candidate and calls `addRow` with each row and its
   * factor, which the right-hand side needs too. False when nothing is left: it depends on them.
   */
  reduceCandidate(addRow: (row: number, factor: number) => void): boolean {
    const { bytes } = this.#kernel;
    const at = this.#rowAt(this.#size);
    for (let row = 0; row < this.#size; row++) {
      const pivot = this.#pivotOfRow[row]!;
      if (pivot === NONE) continue;
      const factor = bytes[at + pivot]!;
      if (factor === 0) continue;
      this.#kernel.multiplyAdd(at, this.#rowAt(row), factor, this.#size);
      addRow(row, factor);
    }
    return this.#firstColumn(at) !== NONE;
  }

  /** A row for the candidate, which `acceptCandidate` needs once its right-hand side is there. */
  freeRow(): number {
    // Each row has a pivot of its own, so a candidate that is independent finds a free row.
    return this.#pivotOfRow.indexOf(NONE);
  }

  /** Makes the candidate a row, whose right-hand side the caller has written. */
  acceptCandidate(row: number): void {
    const at = this.#rowAt(this.#size);
    this.#kernel.bytes.copyWithin(this.#rowAt(row), at, at + this.#size);
    this.#rows++;
    this.#choosePivot(row, this.#firstColumn(at));
  }

  /** Makes every right-hand side at least as long as a symbol of `symbolBytes`, with zeros. */
  reservePayload(symbolBytes: number): void {
    const bytes = alignRegion(symbolBytes);
    const held = this.#rows === 0 ? 0 : this.#payloadBytes;
    if (bytes <= held) return;
    this.#payloadBytes = bytes;
    for (let row = 0; row < this.#size; row++) {
      if (this.#pivotOfRow[row] === NONE) continue;
      const at = this.payloadOf(row);
      this.#kernel.bytes.fill(0, at + held, at + bytes);
    }
  }

  /** Puts a symbol that arrived after all into the equations and closes its column. */
  substitute(column: number, address: number, symbolBytes: number): void {
    const bytes = alignRegion(symbolBytes);
    if (this.#rows > 0) this.reservePayload(bytes);
    for (let row = 0; row < this.#size; row++) {
      if (this.#pivotOfRow[row] === NONE) continue;
      const coefficient = this.coefficientAt(row, column);
      if (coefficient === 0) continue;
      this.#kernel.multiplyAdd(this.payloadOf(row), address, coefficient, bytes);
      this.#kernel.bytes[this.#rowAt(row) + column] = 0;
    }
    const pivoted = this.#rowOfColumn[column]!;
    this.#close(column);
    if (pivoted === NONE) return;
    const next = this.#firstColumn(this.#rowAt(pivoted));
    if (next === NONE) this.#freeRow(pivoted);
    else this.#choosePivot(pivoted, next);
  }

  /** Closes a column whose symbol is given up or solved, and drops one equation that needs it. */
  dropColumn(column: number): void {
    let row = this.#rowOfColumn[column]!;
    if (row === NONE) {
      row = this.#rowWith(column);
      // Without its column, this row can no longer say anything; the others are freed from it.
      if (row !== NONE) this.#eliminate(row, column);
    }
    if (row !== NONE) this.#freeRow(row);
    this.#close(column);
  }

  #reachesBefore(row: number, firstSourceId: number): boolean {
    const at = this.#rowAt(row);
    for (let column = 0; column < this.#size; column++) {
      if (this.#kernel.bytes[at + column] === 0) continue;
      if (distance32(firstSourceId, this.#sourceIds[column]!) < 0) return true;
    }
    return false;
  }

  #close(column: number): void {
    this.#rowOfColumn[column] = NONE;
    this.#isOpen[column] = 0;
    this.#columns--;
  }

  #freeRow(row: number): void {
    const pivot = this.#pivotOfRow[row]!;
    if (pivot !== NONE && this.#rowOfColumn[pivot] === row) this.#rowOfColumn[pivot] = NONE;
    this.#pivotOfRow[row] = NONE;
    this.#rows--;
  }

  #choosePivot(row: number, column: number): void {
    const factor = inverse(this.coefficientAt(row, column));
    this.#scale(this.#rowAt(row), factor, this.#size);
    this.#scale(this.payloadOf(row), factor, this.#payloadBytes);
    this.#pivotOfRow[row] = column;
    this.#rowOfColumn[column] = row;
    this.#eliminate(row, column);
  }

  /** Clears `column` in all rows but `row`. */
  #eliminate(row: number, column: number): void {
    const own = inverse(this.coefficientAt(row, column));
    for (let other = 0; other < this.#size; other++) {
      if (other === row || this.#pivotOfRow[other] === NONE) continue;
      const coefficient = this.coefficientAt(other, column);
      if (coefficient === 0) continue;
      const factor = multiply(coefficient, own);
      this.#kernel.multiplyAdd(this.#rowAt(other), this.#rowAt(row), factor, this.#size);
      this.#kernel.multiplyAdd(
        this.payloadOf(other),
        this.payloadOf(row),
        factor,
        this.#payloadBytes,
      );
    }
  }

  #scale(address: number, factor: number, bytes: number): void {
    if (factor === 1) return;
    const term = this.#regions.term;
    this.#kernel.words[term >> 2] = address;
    this.#kernel.words[(term >> 2) + 1] = factor;
    this.#kernel.combine(address, term, 1, bytes);
  }

  #rowWith(column: number): number {
    for (let row = 0; row < this.#size; row++) {
      if (this.#pivotOfRow[row] !== NONE && this.coefficientAt(row, column) !== 0) return row;
    }
    return NONE;
  }

  #firstColumn(at: number): number {
    for (let column = 0; column < this.#size; column++) {
      if (this.#kernel.bytes[at + column] !== 0) return column;
    }
    return NONE;
  }

  #rowAt(row: number): number {
    return this.#regions.coefficients + row * this.#size;
  }
}
