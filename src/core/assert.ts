/**
 * assert: the one check for programmer's errors, on any stage of the sentence. A failed assertion
 * is a defect in this program, never an answer to bad input: that throws a domain error instead.
 */

/** Thrown when an invariant of this program does not hold. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws `AssertionError` with `message` unless `condition` is true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
