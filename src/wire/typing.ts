/**
 * Typing: the two input records that say more than which key went down: a character of text, which
 * takes whatever keys the host's layout has or lacks, and the state of the viewer's lock keys.
 */

/** Bits of a lock state. */
export const LOCK_CAPS = 1;
export const LOCK_NUM = 2;
export const LOCK_SCROLL = 4;
const LOCKS_ALL = 7;
const KNOWN_SHIFT = 4;

/** State of the lock keys. */
export interface LockState {
  /** Bits of those that are on. */
  readonly on: number;
  /** Bits of those that the viewer's platform has; the others stay as the host has them. */
  readonly known: number;
}

/** The code of a `locks` record. */
export function encodeLocks({ on, known }: LockState): number {
  return (known << KNOWN_SHIFT) | (on & known);
}

/** The state that a `locks` record says. */
export function locksOf(code: number): LockState {
  return { on: code & LOCKS_ALL, known: (code >> KNOWN_SHIFT) & LOCKS_ALL };
}

/** True for a code that `encodeLocks` makes. */
export function isLocksCode(code: number): boolean {
  const state = locksOf(code);
  return encodeLocks(state) === code;
}

/** True for what a `text` record may carry: a character of Unicode, a tab or a line's end. */
export function isTextCodePoint(codePoint: number): boolean {
  if (codePoint === 0x09 || codePoint === 0x0a) return true;
  if (codePoint < 0x20 || (codePoint >= 0x7f && codePoint < 0xa0)) return false;
  // Halves of pairs are no characters.
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return false;
  return codePoint <= 0x10_ffff;
}
