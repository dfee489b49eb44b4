/** Tests of web/viewer/sound/frame_window.ts. */

import fc from "fast-check";
import t from "tap";
import type { AudioDatagram } from "../../../../../src/wire/audio.ts";
import { FrameWindow, WINDOW_FRAMES } from "../../../../../web/viewer/sound/frame_window.ts";
import { seededRandom } from "../../../../seeded.ts";

const FRAME_US = 10_000;

function datagram(sequence: number, copies = 0): AudioDatagram {
  const frames = Array.from({ length: copies + 1 }, (_, age) => {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, (sequence - age) >>> 0);
    return payload;
  });
  return {
    ...{ kind: "sound", streamId: 0, epoch: 0, channels: 2, frameUs: FRAME_US },
    ...{ sequence: sequence >>> 0, captureTimeUs: 0, frames },
  };
}

function push(
  window: FrameWindow,
  sequence: number,
  options: { copies?: number; at?: number } = {},
) {
  window.push(datagram(sequence, options.copies), sequence * FRAME_US, options.at ?? 0);
}

/** Sequences that come out; a gap is negative. */
function drain(window: FrameWindow, isUrgent: boolean, nowUs = 0): number[] {
  const given: number[] = [];
  for (let next = window.pull(isUrgent, nowUs); next; next = window.pull(isUrgent, nowUs)) {
    if (next.kind === "gap") given.push(-next.frames);
    else given.push(new DataView(next.payload.buffer).getUint32(0));
  }
  return given;
}

t.test("FrameWindow gives frames once and in order, whichever copy brings them", (t) => {
  const window = new FrameWindow();
  push(window, 10);
  t.same(drain(window, false), [10]);
  push(window, 12, { copies: 1 });
  t.same(drain(window, false), [11, 12], "an older copy fills the hole");
  push(window, 11);
  push(window, 12, { copies: 2 });
  t.same(drain(window, true), [], "and nothing comes twice");
  push(window, 14);
  push(window, 13);
  t.same(drain(window, false), [13, 14], "order is mended");
  t.match(window.stats, { datagrams: 6, frames: 5, recovered: 1, missing: 0, late: 2 });
  t.end();
});

t.test("FrameWindow waits for what is missing until it is urgent", (t) => {
  const window = new FrameWindow();
  push(window, 0);
  t.same(drain(window, false), [0]);
  push(window, 3, { at: 30_000 });
  t.same(drain(window, false, 35_000), [], "it may still come");
  t.equal(window.waiting, 1);
  const gap = window.pull(true, 40_000);
  t.match(gap, { kind: "gap", frames: 2, captureUs: FRAME_US, durationUs: 2 * FRAME_US });
  const frame = window.pull(true, 40_000);
  t.match(frame, { kind: "frame", captureUs: 3 * FRAME_US, heldUs: 10_000 }, "held back in vain");
  push(window, 2);
  t.same(drain(window, true), [], "what comes after that is late");
  t.match(window.stats, { missing: 2, late: 1, frames: 2 });
  t.equal(window.pull(true, 50_000), undefined, "at the end there is nothing to give up");
  t.end();
});

t.test("FrameWindow goes on after a jump, and over the end of the number space", (t) => {
  const window = new FrameWindow();
  push(window, 0xffff_fffe);
  push(window, 0xffff_ffff);
  push(window, 0x1_0000_0001, { copies: 1 });
  t.same(drain(window, false), [0xffff_fffe, 0xffff_ffff, 0, 1]);
  push(window, 5000);
  t.same(drain(window, false), [5000], "no waiting fills that");
  t.equal(window.stats.restarts, 1);
  push(window, 5000 + WINDOW_FRAMES - 1);
  t.same(drain(window, true), [2 - WINDOW_FRAMES, 5000 + WINDOW_FRAMES - 1]);
  window.clear();
  push(window, 7);
  t.same(drain(window, false), [7], "cleared, it begins anywhere");
  t.end();
});

t.test("FrameWindow keeps what it was given when the datagram's memory is used again", (t) => {
  const window = new FrameWindow();
  push(window, 0);
  drain(window, false);
  const kept = datagram(2);
  window.push(kept, 0, 0);
  kept.frames[0]!.fill(0xff);
  push(window, 1);
  t.same(drain(window, false), [1, 2]);
  t.end();
});

t.test("FrameWindow gives every frame that any datagram brought, under any loss and order", (t) => {
  const random = seededRandom("frame window");
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ isLost: fc.boolean(), delay: fc.integer({ min: 0, max: 3 }) }), {
          minLength: 20,
          maxLength: 120,
        }),
        fc.integer({ min: 0, max: 2 }),
        (path, copies) => {
          const arrivals = path.map(({ isLost, delay }, sequence) => ({ sequence, isLost, delay }))
            .filter(({ isLost, sequence }) => sequence === 0 || !isLost)
            .sort((a, b) =>
              a.sequence + a.delay - (b.sequence + b.delay) || a.sequence - b.sequence
            );
          // The first one says where it begins.
          const first = arrivals[0]!.sequence;
          const window = new FrameWindow();
          const given: number[] = [];
          for (const { sequence } of arrivals) {
            push(window, sequence, { copies: Math.min(copies, sequence) });
            given.push(...drain(window, false));
          }
          given.push(...drain(window, true));
          const brought = new Set(
            arrivals.flatMap(({ sequence }) =>
              Array.from({ length: Math.min(copies, sequence) + 1 }, (_, age) => sequence - age)
            ),
          );
          const wanted = [...brought].filter((sequence) => sequence >= first)
            .sort((a, b) => a - b);
          const frames = given.filter((value) => !Object.is(value, -0) && value >= 0);
          if (JSON.stringify(frames) !== JSON.stringify(wanted)) {
            throw new Error(`${frames} instead of ${wanted}`);
          }
        },
      ),
      { seed: random.seed, numRuns: 200 },
    );
  });
  t.end();
});
