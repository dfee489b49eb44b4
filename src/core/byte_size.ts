/**
 * Byte sizes as people read them: `12.3 MB`, in powers of 1,000 so that a figure in bytes beside it
 * begins with the same digits.
 */

const UNITS = ["kB", "MB", "GB", "TB"];

/** `bytes` with one decimal and a unit; negative numbers keep their sign. */
export function showBytes(bytes: number): string {
  let value = Math.abs(bytes);
  if (value < 1000) return `${bytes} B`;
  let unit = -1;
  // From 999.95 on a unit would be shown as 1000.0 of it.
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${bytes < 0 ? "-" : ""}${value.toFixed(1)} ${UNITS[unit]}`;
}
