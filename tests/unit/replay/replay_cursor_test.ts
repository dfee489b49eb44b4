/** Tests of src/replay/replay_cursor.ts. */

import t from "tap";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { ReplayBuffer } from "../../../src/replay/replay_buffer.ts";
import { type CursorStep, ReplayCursor } from "../../../src/replay/replay_cursor.ts";
import { seededRandom } from "../../seeded.ts";
import { DESCRIPTION, replayFrame } from "./replay_frames.ts";

const FRAME_US = 10_000;

function filled(frames: number, seconds = 10) {
  const limits = { seconds, bytes: 1_000_000, fps: 100 };
  const replay = new ReplayBuffer(limits, new MemoryLedger().account("replay"));
  replay.describe(DESCRIPTION);
  push(replay, 1, frames);
  return replay;
}

function push(replay: ReplayBuffer, from: number, to: number) {
  for (let id = from; id <= to; id++) {
    replay.push(replayFrame(id, id * FRAME_US, { isKeyframe: id % 100 === 1 }), id * FRAME_US);
  }
}

function frameIds(steps: readonly CursorStep[]): number[] {
  return steps.flatMap((step) => step.kind === "frame" ? [step.frame.frameId] : []);
}

function pullAll(cursor: ReplayCursor): CursorStep[] {
  const steps: CursorStep[] = [];
  for (;;) {
    const step = cursor.pull(0);
    steps.push(step);
    if (step.kind === "live") return steps;
  }
}

t.test("A cursor begins at the keyframe, says what is only decoded, and ends live", (t) => {
  const replay = filled(250);
  using cursor = ReplayCursor.open(replay, 150 * FRAME_US, 0)!;
  t.equal(cursor.targetUs, 150 * FRAME_US);
  const steps = pullAll(cursor);
  t.same(steps[0], { kind: "description", description: DESCRIPTION });
  const ids = frameIds(steps);
  t.equal(ids[0], 101);
  t.equal(ids.at(-1), 250);
  t.equal(ids.length, 150);
  const shown = steps.filter((step) => step.kind === "frame" && step.isShown);
  t.equal(frameIds(shown)[0], 150);
  push(replay, 251, 252);
  t.same(frameIds(pullAll(cursor)), [251, 252], "and follows what comes");
  t.end();
});

t.test("10,000 random times give the frame on the screen then", (t) => {
  const random = seededRandom("replay cursor");
  const replay = filled(1000, 20);
  let wrong = 0;
  for (let index = 0; index < 10_000; index++) {
    const timeUs = random.int(1000 * FRAME_US) + FRAME_US;
    using cursor = ReplayCursor.open(replay, timeUs, 0)!;
    let frame;
    for (let step = cursor.pull(0); step.kind !== "live"; step = cursor.pull(0)) {
      if (step.kind !== "frame" || !step.isShown) continue;
      frame = step.frame;
      break;
    }
    const target = new Uint8Array(100);
    const expected = Math.min(1000, Math.floor(timeUs / FRAME_US));
    const isRead = cursor.read(target);
    if (frame?.frameId !== expected || !isRead || target[0] !== 1 + expected % 255) wrong++;
  }
  t.equal(wrong, 0);
  t.end();
});

t.test("A cursor that was overtaken says what is gone and goes on at a keyframe", (t) => {
  const replay = filled(200, 2);
  using cursor = ReplayCursor.open(replay, 0, 0)!;
  cursor.pull(0);
  cursor.pull(0);
  push(replay, 201, 1000);
  const steps = pullAll(cursor);
  t.match(steps[0], { kind: "gap", cause: "evicted" });
  t.match(steps[1], { kind: "frame", frame: { referenceDistance: 0 } });
  t.equal(frameIds(steps).at(-1), 1000);
  t.end();
});

t.test("A frame that goes between pull and read is not read", (t) => {
  const replay = filled(100, 2);
  using cursor = ReplayCursor.open(replay, 0, 0)!;
  cursor.pull(0);
  t.equal(cursor.pull(0).kind, "frame");
  push(replay, 101, 1000);
  t.equal(cursor.read(new Uint8Array(100)), false);
  t.end();
});

t.test("What was blanked is a gap", (t) => {
  const replay = filled(300);
  replay.blank(150 * FRAME_US, 160 * FRAME_US);
  using cursor = ReplayCursor.open(replay, 140 * FRAME_US, 0)!;
  const steps = pullAll(cursor);
  const gap = steps.findIndex(({ kind }) => kind === "gap");
  t.same(steps[gap], { kind: "gap", cause: "blanked", toUs: 201 * FRAME_US });
  t.match(steps[gap + 1], { kind: "frame", frame: { frameId: 201, referenceDistance: 0 } });
  t.end();
});

t.test("A replay without frames has no cursor", (t) => {
  t.equal(ReplayCursor.open(filled(0), 0, 0), undefined);
  t.end();
});
