/** Tests of src/ipc/media_record_router.ts. */

import t from "tap";
import { utf8 } from "../../../src/core/bytes.ts";
import { type Logger, silentLogger } from "../../../src/core/log.ts";
import type { MediaFrame, MediaHandlers } from "../../../src/ipc/media_handlers.ts";
import { encodeMediaMessage, type MediaMessage } from "../../../src/ipc/media_message.ts";
import { MediaRecordRouter } from "../../../src/ipc/media_record_router.ts";
import { MediaRecordSplitter } from "../../../src/ipc/media_record_splitter.ts";
import { recordBytes } from "./record_bytes.ts";

const STARTED = utf8(JSON.stringify({
  source: "pattern",
  display: "",
  width: 64,
  height: 48,
  screenWidth: 128,
  screenHeight: 96,
  temporalLayersMax: 2,
  fpsMax: 30,
  encoder: "x264",
  codec: "avc1.42c00a",
  convert: "libyuv",
}));

function setUp(over: Partial<MediaHandlers> = {}, log: Logger = silentLogger) {
  const calls: [string, unknown][] = [];
  const note = (name: string) => (value: unknown) => calls.push([name, value]);
  const router = new MediaRecordRouter({
    log,
    onMessage: note("message"),
    onFrameLost: (streamId, frameId) => calls.push(["lost", { streamId, frameId }]),
    handlers: {
      frame: note("frame"),
      cursor: note("cursor"),
      pointer: note("pointer"),
      started: note("started"),
      failed: note("failed"),
      stateChanged: note("state"),
      stats: note("stats"),
      ...over,
    },
  });
  const splitter = new MediaRecordSplitter((record) => router.route(record));
  return { calls, router, push: (bytes: Uint8Array) => splitter.push(bytes) };
}

t.test("MediaRecordRouter hands frames on with numbers that go on", async (t) => {
  const { calls, push } = setUp();
  const started = recordBytes({ kind: "status", serial: 1 }, STARTED);
  push(started);
  push(recordBytes({ frameId: 1, isKeyframe: true, emitUs: 5 }, new Uint8Array(7)));
  push(recordBytes({ frameId: 2, referenceDistance: 1 }, new Uint8Array(1)));
  push(started);
  push(recordBytes({ frameId: 1, isKeyframe: true }, new Uint8Array(1)));
  const frames = calls.filter(([name]) => name === "frame").map(([, frame]) => frame as MediaFrame);
  t.strictSame(frames.map(({ frameId }) => frameId), [1, 2, 3]);
  t.strictSame(frames.map(({ referenceDistance }) => referenceDistance), [0, 1, 0]);
  t.match(frames[0], { streamId: 0, bytes: 7, emitUs: 5, isUnchanged: false, droppedFrames: 0 });
  t.strictSame(calls[0], ["started", {
    streamId: 0,
    ...{ width: 64, height: 48, screenWidth: 128, screenHeight: 96, temporalLayersMax: 2 },
    ...{ fps: 30, capture: "pattern", encoder: "x264", codec: "avc1.42c00a" },
  }]);
});

t.test("MediaRecordRouter goes on numbering when the size of a stream changes", async (t) => {
  const { calls, push } = setUp();
  push(recordBytes({ kind: "status", serial: 1 }, STARTED));
  push(recordBytes({ frameId: 7, isKeyframe: true }, new Uint8Array(1)));
  // A move says nothing that the server must know.
  push(recordBytes({ kind: "status", serial: 3 }, STARTED));
  push(recordBytes({ kind: "status", serial: 2 }, STARTED));
  push(recordBytes({ frameId: 8, isKeyframe: true }, new Uint8Array(1)));
  push(recordBytes({ frameId: 9, referenceDistance: 1, layer: 1 }, new Uint8Array(1)));
  t.strictSame(calls.map(([name]) => name), ["started", "frame", "started", "frame", "frame"]);
  const frames = calls.filter(([name]) => name === "frame").map(([, frame]) => frame as MediaFrame);
  t.strictSame(frames.map(({ frameId }) => frameId), [7, 8, 9]);
  t.strictSame(frames.map(({ layer }) => layer), [0, 0, 1]);
});

t.test("MediaRecordRouter numbers streams apart", async (t) => {
  const { calls, push } = setUp();
  push(recordBytes({ streamId: 1, frameId: 1 }));
  push(recordBytes({ streamId: 2, frameId: 1 }));
  push(recordBytes({ streamId: 1, frameId: 2 }));
  const seen = calls.map(([, frame]) => {
    const { streamId, frameId } = frame as MediaFrame;
    return [streamId, frameId];
  });
  t.strictSame(seen, [[1, 1], [2, 1], [1, 2]]);
});

t.test("MediaRecordRouter reports failures with their reason", async (t) => {
  const { calls, push } = setUp();
  push(recordBytes({ kind: "status", serial: -5, streamId: 3 }, utf8("the display went away")));
  push(recordBytes({ kind: "status", serial: -77 }, utf8("odd")));
  const failed: MediaMessage = {
    type: "stream_failed",
    streamId: 4,
    reason: "unavailable",
    message: "no",
  };
  push(recordBytes({ kind: "message" }, encodeMediaMessage(failed)));
  t.strictSame(calls.filter(([name]) => name === "failed").map(([, value]) => value), [
    { streamId: 3, reason: "display_lost", message: "the display went away" },
    { streamId: 0, reason: "failed", message: "odd" },
    { streamId: 4, reason: "unavailable", message: "no" },
  ]);
});

t.test("MediaRecordRouter passes cursors and log lines on", async (t) => {
  const lines: string[] = [];
  const { calls, push } = setUp({}, { ...silentLogger, warn: (line) => void lines.push(line) });
  const cursor = { kind: "cursor", serial: 9, isCursorVisible: true, width: 1, height: 1 } as const;
  push(recordBytes({ ...cursor, hotspotX: -1 }, new Uint8Array([1, 2, 3, 4])));
  t.match(calls[0], ["cursor", { serial: 9, visible: true, width: 1, height: 1, hotspotX: -1 }]);
  t.match(calls[0], ["cursor", { shrunk: 1 }]);
  push(recordBytes({ ...cursor, frameId: 2 }, new Uint8Array(4)));
  t.match(calls[1], ["cursor", { shrunk: 2 }], "of a large pointer");
  push(recordBytes({ kind: "pointer", width: 65_535, height: 7, isCursorVisible: true }));
  t.same(calls[2], ["pointer", { streamId: 0, x: 65_535, y: 7, isInside: true }]);
  const log: MediaMessage = { type: "log", level: "warn", message: "No input" };
  push(recordBytes({ kind: "message" }, encodeMediaMessage(log)));
  t.strictSame(lines, ["No input"]);
});

t.test("MediaRecordRouter drops a frame that no packet can carry and has it repaired", async (t) => {
  const { calls, push, router } = setUp();
  push(recordBytes({ frameId: 1 }, new Uint8Array(4 * 1024 * 1024 + 1)));
  t.strictSame(calls, [["lost", { streamId: 0, frameId: 1 }]]);
  t.equal(router.stats.framesTooLarge, 1);
});

t.test("MediaRecordRouter outlives a handler that throws", async (t) => {
  const errors: string[] = [];
  const { push, router } = setUp({
    frame: () => {
      throw new Error("broken handler");
    },
  }, { ...silentLogger, error: (line) => void errors.push(line) });
  push(recordBytes({ frameId: 1 }));
  push(recordBytes({ frameId: 2 }));
  t.equal(router.stats.handlerErrors, 2);
  t.equal(errors.length, 2);
});

t.test("MediaRecordRouter refuses messages that break the format", async (t) => {
  const { push } = setUp();
  t.throws(() => push(recordBytes({ kind: "message" }, new Uint8Array([1]))), {
    name: "ProtocolError",
  });
  t.throws(() => setUp().push(recordBytes({ kind: "status", serial: 1 }, utf8("{}"))), {
    name: "ProtocolError",
  });
});
