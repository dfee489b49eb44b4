/** Tests of src/replay/replay_buffer.ts, against a list of frames that is kept whole. */

import fc from "fast-check";
import t from "tap";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { ReplayBuffer, type ReplayLimits } from "../../../src/replay/replay_buffer.ts";
import { LEASE_US } from "../../../src/replay/segment_leases.ts";
import { DESCRIPTION, replayFrame } from "./replay_frames.ts";

const FRAME_US = 16_667;

function buffer(limits: Partial<ReplayLimits> = {}) {
  const ledger = new MemoryLedger();
  const replay = new ReplayBuffer(
    { seconds: 4, bytes: 100_000, fps: 60, ...limits },
    ledger.account("replay"),
  );
  replay.describe(DESCRIPTION);
  return { ledger, replay };
}

/** Pushes frames 1 to `count`, a keyframe at each `every`. */
function fill(replay: ReplayBuffer, count: number, options = { every: 60, bytes: 100 }) {
  for (let id = 1; id <= count; id++) {
    const isKeyframe = (id - 1) % options.every === 0;
    replay.push(
      replayFrame(id, id * FRAME_US, { bytes: options.bytes, isKeyframe }),
      id * FRAME_US,
    );
  }
}

function contentOf(replay: ReplayBuffer, serial: number): Uint8Array {
  const target = new Uint8Array(replay.frame(serial)!.byteLength);
  t.ok(replay.read(serial, target));
  return target;
}

t.test("Nothing is held before a keyframe and a description", (t) => {
  const ledger = new MemoryLedger();
  const limits = { seconds: 4, bytes: 1000, fps: 60 };
  const replay = new ReplayBuffer(limits, ledger.account("replay"));
  t.equal(replay.push(replayFrame(1, 0, { isKeyframe: true }), 0), "paused");
  replay.describe(DESCRIPTION);
  t.equal(replay.push(replayFrame(2, 1), 1), "no_keyframe");
  t.equal(replay.span, undefined);
  t.equal(replay.wantsKeyframe(2), true);
  t.equal(replay.push(replayFrame(3, 2, { isKeyframe: true }), 2), "held");
  t.equal(replay.wantsKeyframe(3), false);
  t.same(replay.span, { startUs: 2, endUs: 2, frames: 1, bytes: 100, segments: 1 });
  t.end();
});

t.test("A segment is due after a second, and the oldest goes once the rest is long enough", (t) => {
  const { replay } = buffer();
  fill(replay, 60);
  t.equal(replay.wantsKeyframe(60 * FRAME_US), false);
  t.equal(replay.wantsKeyframe(62 * FRAME_US), true);
  fill(replay, 1000);
  const { startUs, endUs, segments } = replay.span!;
  t.ok(endUs - startUs >= 4_000_000, "as long as was asked for");
  t.ok(endUs - startUs < 5_100_000, "and at most a segment more");
  t.equal(segments, 5);
  t.equal(replay.frame(replay.firstSerial)!.referenceDistance, 0);
  t.end();
});

t.test("The room in bytes wins over the time", (t) => {
  const { replay } = buffer({ bytes: 15_000 });
  fill(replay, 600);
  const { bytes, frames } = replay.span!;
  t.ok(bytes <= 15_000 && bytes > 9_000, `${bytes} bytes`);
  t.equal(frames * 100, bytes);
  t.end();
});

t.test("A segment that outgrows the room ends the replay until the next keyframe", (t) => {
  const { replay } = buffer({ bytes: 1000 });
  fill(replay, 30, { every: 1000, bytes: 100 });
  t.equal(replay.span, undefined);
  t.equal(replay.wantsKeyframe(0), true);
  t.equal(replay.push(replayFrame(31, 31 * FRAME_US, { isKeyframe: true }), 0), "held");
  const big = replayFrame(32, 32 * FRAME_US, { bytes: 1001 });
  t.equal(replay.push(big, 0), "too_large");
  t.equal(
    replay.push(replayFrame(33, 33 * FRAME_US), 0),
    "no_keyframe",
    "it refers to what is not held",
  );
  t.end();
});

t.test("A frame is found by its time", (t) => {
  const { replay } = buffer();
  fill(replay, 120);
  const serial = replay.serialAt(90.5 * FRAME_US)!;
  t.equal(replay.frame(serial)!.frameId, 90);
  t.equal(replay.frame(replay.keyframeBefore(serial)!)!.frameId, 61);
  t.equal(
    replay.frame(replay.serialAt(-1)!)!.frameId,
    1,
    "the oldest stands for what is before it",
  );
  t.equal(replay.frame(replay.serialAt(Infinity)!)!.frameId, 120);
  t.equal(replay.serialAt(0), 0);
  t.equal(replay.segmentOf(serial)!.startUs, 61 * FRAME_US);
  t.end();
});

t.test("A lease keeps a segment from going for its age, not from making room", (t) => {
  const { replay } = buffer({ seconds: 1, bytes: 50_000 });
  fill(replay, 61);
  const lease = replay.lease(replay.segments[0]!, 0)!;
  for (let id = 62; id <= 240; id++) {
    const isKeyframe = id % 60 === 1;
    replay.push(replayFrame(id, id * FRAME_US, { isKeyframe }), LEASE_US - 1);
  }
  t.equal(replay.frame(0)!.frameId, 1, "held for the reader");
  replay.push(replayFrame(241, 241 * FRAME_US, { isKeyframe: true }), LEASE_US);
  t.equal(replay.frame(0), undefined, "until its time is up");
  replay.release(lease);

  const second = replay.lease(replay.segments[0]!, 0);
  t.ok(second);
  const first = replay.firstSerial;
  const large = { bytes: 49_000, isKeyframe: true };
  replay.push(replayFrame(242, 242 * FRAME_US, large), 0);
  t.equal(replay.frame(first), undefined, "what is live has a place");
  t.equal(replay.stats.leasesRevoked, 1);
  t.end();
});

t.test("What is blanked is overwritten, with all that depends on it", (t) => {
  const { replay } = buffer();
  fill(replay, 180);
  t.equal(replay.blank(70 * FRAME_US, 80 * FRAME_US), 51, "frames 70 to 120");
  for (let serial = replay.firstSerial; serial < replay.endSerial; serial++) {
    const { frameId, isBlanked } = replay.frame(serial)!;
    const isGone = frameId >= 70 && frameId <= 120;
    if (isBlanked !== isGone) t.fail(`frame ${frameId}`);
    const expected = isGone ? 0 : 1 + frameId % 255;
    if (!contentOf(replay, serial).every((byte) => byte === expected)) {
      t.fail(`bytes of ${frameId}`);
    }
  }
  t.equal(replay.wantsKeyframe(180 * FRAME_US), false);
  replay.blank(175 * FRAME_US, 180 * FRAME_US);
  t.equal(replay.push(replayFrame(181, 181 * FRAME_US), 0), "no_keyframe");
  t.equal(replay.stats.framesBlanked, 57);
  t.end();
});

t.test("Paused, it takes nothing and goes on with a keyframe", (t) => {
  const { replay } = buffer();
  fill(replay, 10);
  replay.pause();
  t.equal(replay.push(replayFrame(11, 11 * FRAME_US), 0), "paused");
  t.equal(replay.wantsKeyframe(11 * FRAME_US), false);
  replay.resume();
  t.equal(replay.push(replayFrame(12, 12 * FRAME_US), 0), "no_keyframe");
  t.equal(replay.push(replayFrame(13, 13 * FRAME_US, { isKeyframe: true }), 0), "held");
  t.equal(replay.span!.frames, 11);
  t.end();
});

t.test("Its memory is booked, halved on request, and given back", (t) => {
  const { replay, ledger } = buffer();
  const booked = () => ledger.account("replay").reading.currentBytes;
  t.equal(booked(), 100_000 + replay.indexBytes);
  fill(replay, 240, { every: 60, bytes: 400 });
  replay.limit(0.5);
  t.equal(replay.capacityBytes, 50_000);
  t.equal(booked(), 50_000 + replay.indexBytes);
  t.ok(replay.span!.bytes <= 50_000);
  t.equal(replay.frame(replay.endSerial - 1)!.frameId, 240, "the newest stay");
  t.ok(contentOf(replay, replay.endSerial - 1).every((byte) => byte === 241));
  replay[Symbol.dispose]();
  replay[Symbol.dispose]();
  t.equal(booked(), 0);
  t.equal(replay.push(replayFrame(241, 241 * FRAME_US, { isKeyframe: true }), 0), "paused");
  t.end();
});

t.test("What is held is what was pushed, whatever happens to it", (t) => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ bytes: fc.integer({ min: 0, max: 900 }) }) },
    { weight: 3, arbitrary: fc.constant("keyframe" as const) },
    { weight: 2, arbitrary: fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
    { weight: 1, arbitrary: fc.record({ blank: fc.tuple(fc.nat(200), fc.nat(50)) }) },
    { weight: 1, arbitrary: fc.constant("pause" as const) },
  );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { replay } = buffer({ seconds: 2, bytes: 4000, fps: 20 });
        const pushed = new Map<number, { bytes: Uint8Array; isKeyframe: boolean }>();
        let frameId = 0;
        const push = (bytes: number, isKeyframe: boolean) => {
          const frame = replayFrame(++frameId, frameId * 50_000, { bytes, isKeyframe });
          const serial = replay.endSerial;
          if (replay.push(frame, frameId * 50_000) === "held") {
            pushed.set(serial, { bytes: frame.payload, isKeyframe });
          }
        };
        for (const one of steps) {
          if (one === "keyframe") push(500, true);
          else if (one === "pause") {
            if (replay.isPaused) replay.resume();
            else replay.pause();
          } else if ("bytes" in one) push(one.bytes, false);
          else if ("share" in one) replay.limit(one.share);
          else {
            const [from, frames] = one.blank;
            replay.blank(from * 50_000, (from + frames) * 50_000);
          }
        }
        let sum = 0;
        for (let serial = replay.firstSerial; serial < replay.endSerial; serial++) {
          const frame = replay.frame(serial)!;
          const { bytes, isKeyframe } = pushed.get(serial)!;
          sum += bytes.byteLength;
          if ((frame.referenceDistance === 0) !== isKeyframe) throw new Error("another frame");
          const read = new Uint8Array(frame.byteLength);
          replay.read(serial, read);
          const expected = frame.isBlanked ? new Uint8Array(bytes.byteLength) : bytes;
          if (expected.some((byte, at) => byte !== read[at])) throw new Error("other bytes");
          if (replay.segmentOf(serial) === undefined) throw new Error("no segment");
        }
        if (sum !== (replay.span?.bytes ?? 0)) throw new Error("a wrong sum");
        if (sum > replay.capacityBytes) throw new Error("more than there is room for");
        const first = replay.frame(replay.firstSerial);
        if (first !== undefined && first.referenceDistance !== 0) {
          throw new Error("no keyframe first");
        }
      }),
      { numRuns: 300 },
    )
  );
  t.end();
});

t.test("Limits that cannot be are refused with the value", (t) => {
  for (const seconds of [0, NaN, 3601]) {
    t.throws(
      () => buffer({ seconds }),
      new RangeError(`Cannot hold a replay of ${seconds} seconds`),
    );
  }
  t.throws(() => buffer({ bytes: 0.5 }), new RangeError("Cannot hold a replay of 0.5 bytes"));
  t.end();
});
