/**
 * PictureCost: the model that quantisers are chosen by: bytes = complexity x 2^(-qp/6). Encode step;
 * functions only. It holds for small steps and is learned anew with each frame, so it may be wrong far
 * from where it was learned.
 */

/** Quantiser steps that halve the bytes. */
export const QP_PER_OCTAVE = 6;
/** The same for a keyframe that must become smaller than one that was seen: text shrinks slowly. */
const KEYFRAME_QP_PER_OCTAVE = 8;

/** Bytes at quantiser 0 of a picture that took `bytes` at `qp`. */
export function complexityOf(bytes: number, qp: number): number {
  return Math.max(1, bytes) * 2 ** (qp / QP_PER_OCTAVE);
}

/** The quantiser, not rounded, at which a picture of `complexity` takes `bytes`. */
export function qpFor(complexity: number, bytes: number): number {
  return QP_PER_OCTAVE * Math.log2(complexity / bytes);
}

/** Bytes of a picture of `complexity` at `qp`. */
export function bytesAt(complexity: number, qp: number): number {
  return complexity * 2 ** (-qp / QP_PER_OCTAVE);
}

/** A keyframe that was seen, or guessed. */
export interface KeyframeCost {
  readonly bytes: number;
  readonly qp: number;
}

/** The quantiser, not rounded, at which a keyframe takes `bytes`, from one that was seen. */
export function keyframeQpFor(seen: KeyframeCost, bytes: number): number {
  const octaves = Math.log2(seen.bytes / bytes);
  return seen.qp + octaves * (octaves > 0 ? KEYFRAME_QP_PER_OCTAVE : QP_PER_OCTAVE);
}

/** `value`, or the limit that it exceeds. */
export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
