/**
 * critical_streams: the HTTP/3 streams that must live as long as the connection: control (RFC 9114
 * section 6.2.1) and QPACK's two (RFC 9204 section 4.2). They carry SETTINGS and nothing else that
 * we act on; each function throws H3Error when the peer breaks the rules, and never returns else.
 */
import {
  decodeSettings,
  FRAME_CANCEL_PUSH,
  FRAME_GOAWAY,
  FRAME_MAX_PUSH_ID,
  FRAME_SETTINGS,
  H3_CLOSED_CRITICAL_STREAM,
  H3_EXCESSIVE_LOAD,
  H3_FRAME_UNEXPECTED,
  H3_MISSING_SETTINGS,
  H3Error,
  type H3Frame,
  H3FrameReader,
  QPACK_ENCODER_STREAM_ERROR,
  SKIPPED_BYTES_MAX,
} from "./h3_frames.ts";
import { PieceReader } from "./receive_stream.ts";

/** Bytes of one control frame; SETTINGS of browsers takes less than 100. */
const CONTROL_FRAME_BYTES_MAX = 1_024;

/** "Set Dynamic Table Capacity" to 0, the one instruction that fits our capacity of 0. */
const SET_CAPACITY_ZERO = 0x20;

/** Frames other than SETTINGS on a control stream before it counts as an attack. */
const CONTROL_FRAMES_MAX = 256;

const ALLOWED_FRAMES: ReadonlySet<number> = new Set([
  FRAME_CANCEL_PUSH,
  FRAME_GOAWAY,
  FRAME_MAX_PUSH_ID,
]);

/** Reads the peer's control stream behind its type; calls `onSettings` once. */
export async function readControlStream(
  readable: ReadableStream<Uint8Array>,
  onSettings: (settings: ReadonlyMap<number, number>) => void,
): Promise<never> {
  const reader = new PieceReader(readable);
  const splitter = new H3FrameReader(CONTROL_FRAME_BYTES_MAX);
  let frames = 0;
  for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) {
    splitter.push(bytes);
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
      checkControlFrame(frame, frames++);
      if (frame.type === FRAME_SETTINGS) onSettings(decodeSettings(frame.payload));
    }
  }
  throw new H3Error(H3_CLOSED_CRITICAL_STREAM, "Control stream ended");
}

function checkControlFrame(frame: H3Frame, index: number): void {
  if (index === 0) {
    if (frame.type === FRAME_SETTINGS) return;
    throw new H3Error(H3_MISSING_SETTINGS, `Control stream starts with frame type ${frame.type}`);
  }
  if (!ALLOWED_FRAMES.has(frame.type)) {
    throw new H3Error(H3_FRAME_UNEXPECTED, `Frame type ${frame.type} on the control stream`);
  }
  if (index >= CONTROL_FRAMES_MAX) {
    throw new H3Error(H3_EXCESSIVE_LOAD, `More than ${CONTROL_FRAMES_MAX} control frames`);
  }
}

/** Reads the peer's QPACK encoder stream: with a table of 0 bytes it has nothing to insert. */
export async function readQpackEncoderStream(
  readable: ReadableStream<Uint8Array>,
): Promise<never> {
  const reader = new PieceReader(readable);
  for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) {
    if (bytes.some((byte) => byte !== SET_CAPACITY_ZERO)) {
      throw new H3Error(QPACK_ENCODER_STREAM_ERROR, "QPACK insertion into a table of 0 bytes");
    }
  }
  throw new H3Error(H3_CLOSED_CRITICAL_STREAM, "QPACK encoder stream ended");
}

/** Reads the peer's QPACK decoder stream: its acknowledgements mean nothing without a table. */
export async function readQpackDecoderStream(
  readable: ReadableStream<Uint8Array>,
): Promise<never> {
  const reader = new PieceReader(readable);
  let size = 0;
  for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) {
    size += bytes.length;
    if (size > SKIPPED_BYTES_MAX) {
      throw new H3Error(H3_EXCESSIVE_LOAD, `More than ${SKIPPED_BYTES_MAX} bytes from QPACK`);
    }
  }
  throw new H3Error(H3_CLOSED_CRITICAL_STREAM, "QPACK decoder stream ended");
}
