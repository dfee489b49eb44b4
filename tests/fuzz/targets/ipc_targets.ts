/**
 * Fuzz targets of src/ipc: what crosses the pipes between server and media process must be taken or
 * refused with ProtocolError, whatever comes, with memory bounded by one record.
 */

import { utf8 } from "../../../src/core/bytes.ts";
import { encodeMediaCommand, parseMediaCommand } from "../../../src/ipc/media_command.ts";
import {
  encodeMediaMessage,
  parseMediaMessage,
  parseStartedText,
} from "../../../src/ipc/media_message.ts";
import { MAX_RECORD_PAYLOAD_BYTES, RECORD_HEADER_BYTES } from "../../../src/ipc/media_record.ts";
import { MediaRecordSplitter } from "../../../src/ipc/media_record_splitter.ts";
import { concat, recordBytes } from "../../unit/ipc/record_bytes.ts";
import type { SeededRandom } from "../../seeded.ts";
import { expectProtocolErrorsOnly, type FuzzTarget, mutate } from "./wire_targets.ts";

const PREFIX_BYTES = 4;

const records = [
  recordBytes({ frameId: 1, isKeyframe: true }, new Uint8Array(40)),
  recordBytes({ kind: "cursor", width: 2, height: 2 }, new Uint8Array(16)),
  recordBytes({ kind: "status", serial: -5 }, utf8("the display went away")),
  recordBytes({ kind: "message" }),
];

const commands = [
  encodeMediaCommand({
    type: "start_stream",
    streamId: 3,
    source: "x11",
    display: ":7",
    width: 0,
    height: 0,
    fps: 60,
    encoder: "auto",
    bitrateBps: 20_000_000,
    framebufferShmId: -1,
  }),
  encodeMediaCommand({
    type: "set_rate",
    streamId: 15,
    bitrateBps: 5_000_000,
    fps: 30,
    scaleQuarters: 2,
    temporalLayers: 2,
  }),
  encodeMediaCommand({ type: "keyframe", streamId: 0, cause: "join" }),
  encodeMediaCommand({ type: "input", streamId: 0, records: new Uint8Array(40) }),
  encodeMediaCommand({ type: "shutdown" }),
].map((framed) => framed.subarray(PREFIX_BYTES));

const messages = [
  encodeMediaMessage({
    type: "media_ready",
    pid: 42,
    candidates: [{ kind: "encode", name: "x264", usable: true, detail: "164" }],
  }),
  encodeMediaMessage({ type: "clock_reply", id: 7, monotonicUs: 2 ** 40 }),
  encodeMediaMessage({ type: "stream_failed", streamId: 1, reason: "failed", message: "no" }),
];

const started = [
  utf8(
    '{"source":"pattern","display":"","width":48,"height":36,"screenWidth":64,"screenHeight":48,' +
      '"temporalLayersMax":2,"fpsMax":30,"encoder":"x264","codec":"avc1.42c00a","convert":"libyuv"}',
  ),
];

/** Whole and broken records, cut anywhere; every payload must be inside of what was pushed. */
function fuzzSplitter(random: SeededRandom): void {
  let payloadBytes = 0;
  const splitter = new MediaRecordSplitter(({ header, payload }) => {
    if (payload.byteLength !== header.payloadBytes) throw new Error("A payload of another size");
    payloadBytes += payload.byteLength;
  });
  const count = 1 + random.int(4);
  const stream = concat(
    ...Array.from(
      { length: count },
      () => random.next() < 0.7 ? random.pick(records) : mutate(random, records),
    ),
  );
  expectProtocolErrorsOnly(() => {
    for (let offset = 0; offset < stream.byteLength;) {
      const end = offset + 1 + random.int(90);
      splitter.push(stream.subarray(offset, end));
      offset = end;
    }
  });
  const limit = RECORD_HEADER_BYTES + MAX_RECORD_PAYLOAD_BYTES;
  if (splitter.bufferBytes > limit) throw new Error(`A buffer of ${splitter.bufferBytes} bytes`);
  if (payloadBytes > stream.byteLength) throw new Error("More payload than was pushed");
}

function parserTarget(
  name: string,
  parse: (bytes: Uint8Array) => unknown,
  valid: readonly Uint8Array[],
): FuzzTarget {
  return {
    name,
    run: (random) => expectProtocolErrorsOnly(() => parse(mutate(random, valid))),
  };
}

/** Every parser of src/ipc. */
export const ipcTargets: readonly FuzzTarget[] = [
  { name: "media record splitter", run: fuzzSplitter },
  parserTarget("media command", parseMediaCommand, commands),
  parserTarget("media message", parseMediaMessage, messages),
  parserTarget("started text", parseStartedText, started),
];
