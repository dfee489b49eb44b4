/**
 * Slow field: GF(2^8) and linear equations over it in the plainest form, sharing no code with src/fec,
 * so that tests compare the codec with something that is obviously right.
 */

/** Schoolbook product modulo 0x11D. */
export function slowMultiply(left: number, right: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if (((right >> bit) & 1) === 1) product ^= left << bit;
  for (let bit = 15; bit >= 8; bit--) {
    if (((product >> bit) & 1) === 1) product ^= 0x11d << (bit - 8);
  }
  return product;
}

/** The inverse by trying all. */
export function slowInverse(value: number): number {
  for (let candidate = 1; candidate < 256; candidate++) {
    if (slowMultiply(value, candidate) === 1) return candidate;
  }
  throw new RangeError(`Cannot invert ${value}`);
}

/**
 * Gaussian elimination over a dense matrix: the unknowns (by column) that the equations determine.
 * Each row has one coefficient per column.
 */
export function determinedColumns(rows: readonly (readonly number[])[], columns: number): number[] {
  const work = rows.map((row) => [...row]);
  const pivots: number[] = [];
  let next = 0;
  for (let column = 0; column < columns && next < work.length; column++) {
    const found = work.findIndex((row, index) => index >= next && row[column] !== 0);
    if (found === -1) continue;
    [work[next], work[found]] = [work[found]!, work[next]!];
    const pivotRow = work[next]!;
    const factor = slowInverse(pivotRow[column]!);
    for (let at = 0; at < columns; at++) pivotRow[at] = slowMultiply(pivotRow[at]!, factor);
    for (const row of work) {
      const own = row[column]!;
      if (row === pivotRow || own === 0) continue;
      for (let at = 0; at < columns; at++) row[at]! ^= slowMultiply(own, pivotRow[at]!);
    }
    pivots.push(column);
    next++;
  }
  return pivots.filter((column, row) =>
    work[row]!.every((coefficient, at) => at === column || coefficient === 0)
  );
}
