/**
 * VideoEncoder candidates: the names of the native encoders and their place in the candidate list,
 * the encode step of the sentence. The encoders themselves run inside a native stream.
 */

/** Native encoders, in the order in which they are tried. */
export type EncoderName = "x264" | "openh264";

/** Position of each encoder in the native candidate list; `encoderIndex` of a record. */
export const ENCODER_INDEX: Readonly<Record<EncoderName, number>> = { x264: 0, openh264: 1 };

/** Name of the encoder with position `index`, or undefined. */
export function encoderName(index: number): EncoderName | undefined {
  return index === 0 ? "x264" : index === 1 ? "openh264" : undefined;
}
