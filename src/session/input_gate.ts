/**
 * InputGate: what stands between a session's input and the devices of the host beside its permissions:
 * whether its hands hold control of a stream, and which player of the host each of its pads is. Records
 * of pads are given the host's slot on their way out, whatever made them.
 */

import { INPUT_RECORD_BYTES, parseInputEvent } from "../wire/input.ts";
import { encodePadAxis, padAxisOf } from "../wire/pad.ts";

/** Asked for each record; answers at once and never throws. */
export interface InputGate {
  /** True when keyboard and pointer of the session count on a stream; notes that they moved. */
  takesHands(streamId: number, nowUs: number): boolean;
  /** The host's slot of a pad of the session, plugged in where it is not; undefined when none is free. */
  slotOf(pad: number, nowUs: number): number | undefined;
  /** A pad of the session is gone. */
  unplugged(pad: number, nowUs: number): void;
}

/** The gate of a host without people: all hands count, and pads keep their numbers. */
export const OPEN_GATE: InputGate = {
  takesHands: () => true,
  slotOf: (pad) => pad,
  unplugged: () => {},
};

const CODE_OFFSET = 2;

/**
 * Gives pads in 20-byte records their slots of the host, in place; the records that are left, which is
 * all of them but those of pads without a slot.
 */
export function mapPads(records: Uint8Array, gate: InputGate, nowUs: number): Uint8Array {
  let kept = 0;
  for (let at = 0; at < records.byteLength; at += INPUT_RECORD_BYTES) {
    const record = records.subarray(at, at + INPUT_RECORD_BYTES);
    if (!mapPad(record, gate, nowUs)) continue;
    if (kept !== at) records.copyWithin(kept, at, at + INPUT_RECORD_BYTES);
    kept += INPUT_RECORD_BYTES;
  }
  return records.subarray(0, kept);
}

/** False when a record is of a pad without a slot. */
function mapPad(record: Uint8Array, gate: InputGate, nowUs: number): boolean {
  const { kind, code, down } = parseInputEvent(record);
  if (kind !== "pad" && kind !== "pad_axis") return true;
  const { slot: pad, axis } = kind === "pad" ? { slot: code, axis: 0 } : padAxisOf(code);
  const slot = gate.slotOf(pad, nowUs);
  if (slot === undefined) return false;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  view.setUint16(CODE_OFFSET, kind === "pad" ? slot : encodePadAxis(slot, axis), true);
  if (kind === "pad" && !down) gate.unplugged(pad, nowUs);
  return true;
}
