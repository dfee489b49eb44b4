import t from "tap";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import { describeReplay } from "../../../../src/server/timeline/replay_report.ts";
import { PAUSES_MAX, StreamReplay } from "../../../../src/server/timeline/stream_replay.ts";
import { DESCRIPTION, replayFrame } from "../../replay/replay_frames.ts";

/** A replay of 2 s, and how often it asked for a keyframe. */
function bench(seconds = 2) {
  const ledger = new MemoryLedger();
  const asked = { times: 0 };
  const replay = new StreamReplay({
    streamId: 3,
    limits: { seconds, bytes: 100_000, fps: 100 },
    account: ledger.account("replay"),
    onSegmentDue: () => asked.times++,
    onNoRoom: () => {},
  });
  /** Frames of 10 ms, a keyframe first. */
  const push = (fromMs: number, toMs: number, keyframeMs = fromMs) => {
    for (let ms = fromMs; ms < toMs; ms += 10) {
      const isKeyframe = ms === keyframeMs;
      replay.push(replayFrame(1 + ms / 10, ms * 1000, { isKeyframe }), ms * 1000);
    }
  };
  const bytes = () => ledger.snapshot().find(({ owner }) => owner === "replay")!.currentBytes;
  return { replay, asked, push, bytes };
}

t.test("StreamReplay takes nothing before capture, and gives all back at the end", (t) => {
  const { replay, push, bytes } = bench();
  push(0, 100);
  t.equal(replay.buffer, undefined);
  t.equal(bytes(), 0);
  replay.open();
  t.ok(bytes() > 100_000, "payload and index are booked");
  replay.describe(DESCRIPTION);
  push(100, 200);
  t.equal(replay.buffer?.span?.frames, 10);
  replay[Symbol.dispose]();
  t.equal(bytes(), 0);
  t.equal(replay.stats.pushed, 10, "counters outlive the buffer");
  replay.open();
  t.equal(replay.buffer, undefined, "closed is closed");
  t.end();
});

t.test("StreamReplay is none where there is no room for it, and says so once", (t) => {
  const said: string[] = [];
  const account = new MemoryLedger().account("replay");
  const replay = new StreamReplay({
    ...{ streamId: 0, account, limits: { seconds: 30, bytes: 2 ** 53 - 1, fps: 60 } },
    onSegmentDue: () => {},
    onNoRoom: (why) => said.push(why),
  });
  replay.open();
  replay.describe(DESCRIPTION);
  replay.push(replayFrame(1, 0, { isKeyframe: true }), 0);
  replay.open();
  t.equal(said.length, 1);
  t.match(said[0], /array buffer/i);
  t.equal(replay.buffer, undefined);
  t.equal(account.reading.currentBytes, 0);
  replay[Symbol.dispose]();
  t.end();
});

t.test("StreamReplay asks for a keyframe when a segment is due, and not before", (t) => {
  const { replay, push, asked } = bench();
  replay.open();
  replay.describe(DESCRIPTION);
  push(0, 1000);
  t.equal(asked.times, 0);
  push(1000, 1030, -1);
  t.equal(asked.times, 3, "with each frame until one comes");
  push(1030, 1500);
  t.equal(asked.times, 3);
  t.same(describeReplay(replay).segments, [
    { startUs: 0, frames: 103, bytes: 10_300 },
    { startUs: 1_030_000, frames: 47, bytes: 4_700 },
  ]);
  replay[Symbol.dispose]();
  t.end();
});

t.test("StreamReplay asks rarely where the picture changes rarely", (t) => {
  const { replay, asked } = bench(60);
  replay.open();
  replay.describe(DESCRIPTION);
  const push = (id: number, ms: number) =>
    replay.push(replayFrame(id, ms * 1000, { isKeyframe: id === 1 }), ms * 1000);
  for (let id = 1; id <= 10; id++) push(id, id * 999);
  t.equal(asked.times, 0, "a key pressed each second is no reason for a keyframe each second");
  push(11, 10_999);
  t.equal(asked.times, 1, "after 10 s it is");
  replay[Symbol.dispose]();
  t.end();
});

t.test("StreamReplay remembers pauses for as long as something from before them is held", (t) => {
  const { replay, push, asked } = bench();
  replay.open();
  replay.describe(DESCRIPTION);
  push(0, 200);
  replay.pause(200_000);
  replay.pause(210_000);
  push(200, 400);
  t.ok(replay.isPaused);
  t.same(describeReplay(replay).gaps, [{ cause: "paused", fromUs: 200_000, toUs: null }]);
  t.equal(replay.buffer?.span?.frames, 20);
  replay.resume(400_000);
  t.equal(asked.times, 1, "to go on it needs a keyframe");
  push(400, 500, -1);
  t.equal(replay.buffer?.span?.frames, 20, "changes of what was not held are nothing");
  push(500, 600);
  t.same(describeReplay(replay).gaps, [{ cause: "paused", fromUs: 200_000, toUs: 400_000 }]);
  push(1600, 2600);
  push(2600, 3700);
  t.same(replay.pauses, [], "what lies before all that is held is forgotten");
  for (let i = 0; i < 2 * PAUSES_MAX; i++) {
    replay.pause(4_000_000 + i * 1000);
    replay.resume(4_000_500 + i * 1000);
  }
  t.equal(replay.pauses.length, PAUSES_MAX);
  replay[Symbol.dispose]();
  t.end();
});

t.test("StreamReplay says where it was blanked", (t) => {
  const { replay, push } = bench();
  replay.open();
  replay.describe(DESCRIPTION);
  push(0, 500);
  t.equal(replay.blank(100_000, 150_000), 40, "with what follows up to the next keyframe");
  t.same(describeReplay(replay).gaps, [{ cause: "blanked", fromUs: 100_000, toUs: 490_000 }]);
  push(500, 600);
  t.same(describeReplay(replay).gaps, [{ cause: "blanked", fromUs: 100_000, toUs: 500_000 }]);
  replay[Symbol.dispose]();
  t.end();
});

t.test("StreamReplay blanks what was still on the screen, however long ago it was drawn", (t) => {
  const { replay, push } = bench();
  replay.open();
  replay.describe(DESCRIPTION);
  push(0, 100);
  push(1900, 1910);
  t.equal(replay.blank(1_000_000, 1_200_000), 1, "nothing changed since 90 ms");
  t.ok(replay.buffer?.frame(9)?.isBlanked);
  t.notOk(replay.buffer?.frame(8)?.isBlanked, "which was gone by then");
  t.notOk(replay.buffer?.frame(10)?.isBlanked);
  replay[Symbol.dispose]();
  t.end();
});

t.test("StreamReplay is empty when capture ended as long ago as it holds", async (t) => {
  const { replay, push, bytes } = bench(1);
  replay.open();
  replay.describe(DESCRIPTION);
  push(0, 100);
  replay.captureEnded();
  replay.open();
  push(100, 200, -1);
  t.equal(replay.buffer?.span?.frames, 20, "capture that goes on keeps it");
  replay.captureEnded();
  const waiting = replay.changed(new AbortController().signal);
  t.ok(bytes() > 0);
  await waiting;
  t.equal(bytes(), 0);
  t.equal(replay.buffer, undefined);
  replay[Symbol.dispose]();
});

t.test("StreamReplay wakes who waits for a frame, also by abort", async (t) => {
  const { replay, push } = bench();
  replay.open();
  replay.describe(DESCRIPTION);
  const abort = new AbortController();
  const frame = replay.changed(new AbortController().signal);
  push(0, 10);
  await frame;
  const aborted = replay.changed(abort.signal);
  t.equal(replay.waiting, 1);
  abort.abort();
  await aborted;
  t.equal(replay.waiting, 0);
  await replay.changed(abort.signal);
  t.equal(replay.waiting, 0, "an aborted wait begins no other");
  replay[Symbol.dispose]();
});
