/** Tests of src/ipc/media_command.ts. */

import t from "tap";
import {
  encodeMediaCommand,
  MAX_COMMAND_BYTES,
  MAX_COMMAND_INPUT_RECORDS,
  type MediaCommand,
  parseMediaCommand,
} from "../../../src/ipc/media_command.ts";
import { encodeMessage, MessageSplitter } from "../../../src/wire/framing.ts";

const START: MediaCommand = {
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
};

const RATE: MediaCommand = {
  type: "set_rate",
  streamId: 15,
  bitrateBps: 1,
  fps: 240,
  scaleQuarters: 3,
  temporalLayers: 2,
};

const COMMANDS: readonly MediaCommand[] = [
  START,
  { type: "stop_stream", streamId: 0 },
  RATE,
  { type: "keyframe", streamId: 1, cause: "join" },
  { type: "invalidate", streamId: 1, firstLostFrameId: 0xffff_ffff },
  { type: "input", streamId: 2, records: new Uint8Array(MAX_COMMAND_INPUT_RECORDS * 20).fill(255) },
  { type: "release_input", streamId: 2 },
  { type: "clock_probe", id: 9 },
  { type: "trim_memory" },
  { type: "heap_snapshot", path: "/tmp/heaps/media.heapsnapshot" },
  { type: "shutdown" },
];

t.test("Media commands survive the way through one byte stream", async (t) => {
  const splitter = new MessageSplitter(MAX_COMMAND_BYTES);
  for (const command of COMMANDS) {
    const payloads = [...splitter.push(encodeMediaCommand(command))];
    t.strictSame(payloads.map(parseMediaCommand), [command], command.type);
  }
});

t.test("parseMediaCommand refuses what it does not know and names it", async (t) => {
  const cases: [unknown, string][] = [
    [{ type: "launch" }, 'Cannot use command.type = "launch": expected a known message type'],
    [{ ...START, fps: 0 }, "Cannot use command.fps = 0: expected a whole number from 1 to 240"],
    [{ ...START, streamId: 16 }, "Cannot use command.streamId = 16"],
    [{ ...START, display: "x".repeat(64) }, "Cannot use command.display"],
    [{ ...START, extra: 1 }, "Cannot use command.extra = 1: expected no such field"],
    [{ type: "keyframe" }, "Cannot use command.streamId = undefined"],
    [{ type: "keyframe", streamId: 1, cause: "boredom" }, "Cannot use command.cause"],
    [{ ...RATE, scaleQuarters: 1 }, "Cannot use command.scaleQuarters = 1"],
    [{ ...RATE, temporalLayers: 3 }, "Cannot use command.temporalLayers = 3"],
    [{ type: "input", streamId: 0, records: new Uint8Array(5121) }, "Cannot use command.records"],
    [[], "Cannot use command.type"],
    [null, "Cannot use command.type"],
  ];
  for (const [value, message] of cases) {
    const payload = encodeMessage(value, MAX_COMMAND_BYTES).subarray(4);
    const check = {
      name: "ProtocolError",
      message: new RegExp(`^${message.replaceAll(".", "\\.")}`),
    };
    t.throws(() => parseMediaCommand(payload), check);
  }
  t.throws(() => parseMediaCommand(new Uint8Array([0xc1])), { name: "ProtocolError" });
});
