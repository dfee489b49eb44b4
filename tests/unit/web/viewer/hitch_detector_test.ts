/** Tests of web/viewer/receive/hitch_detector.ts and hitch_cause.ts with made-up sequences of frames. */

import t from "tap";
import { FRAMES_TRACKED } from "../../../../web/viewer/receive/hitch_detector.ts";
import type { Hitch } from "../../../../web/viewer/receive/hitch_detector.ts";
import { hitchText } from "../../../../web/viewer/ui/hitch_text.ts";
import { seededRandom } from "../../../seeded.ts";
import { HitchSequence, INTERVAL_US } from "./hitch_sequence.ts";

/** Frames that run smoothly, then what `disturb` does, then smooth ones again. */
function play(disturb: (sequence: HitchSequence) => void, hasTimings = true): Hitch[] {
  const sequence = new HitchSequence();
  sequence.hasTimings = hasTimings;
  sequence.frames(40);
  disturb(sequence);
  sequence.frames(40);
  sequence.detector.settle();
  return sequence.hitches;
}

/** What the overlay says 3.1 s after each hitch. */
function texts(hitches: readonly Hitch[]): string[] {
  return hitches.map((hitch) => hitchText(hitch, 3_100));
}

t.test("HitchDetector names the step that took long", (t) => {
  const cases = [
    ["capture", "capturing took 80 ms longer", { grab: 81_500 }],
    ["encode", "encoding took 80 ms longer", { encode: 82_500 }],
    ["queue", "packets waited 80 ms in a queue", { path: 91_000 }],
    ["decode", "decoding took 80 ms longer", { decode: 81_800 }],
    ["present", "drawing took 80 ms longer", { present: 80_900 }],
  ] as const;
  for (const [cause, text, steps] of cases) {
    const hitches = play((sequence) => sequence.frame(steps));
    t.same(hitches.map((hitch) => hitch.cause), [cause]);
    t.same(texts(hitches), [`97 ms, 3 s ago: ${text}`]);
  }
  t.end();
});

t.test("HitchDetector blames loss for frames that waited for a repair", (t) => {
  t.same(texts(play((sequence) => sequence.held(5, 80_500))), [
    "97 ms, 3 s ago: lost packets, 5 frames waited for repair",
  ]);
  t.same(
    texts(play((sequence) => sequence.held(5, 80_500), false)),
    ["97 ms, 3 s ago: lost packets, 5 frames waited for repair"],
    "which the viewer knows by itself",
  );
  t.end();
});

t.test("HitchDetector blames loss for a frame of one packet that was brought back", (t) => {
  const alone = play((sequence) => sequence.frame({ path: 91_000, losses: 1, recovered: 1 }));
  t.same(alone.map(({ cause }) => cause), ["loss"]);
  const others = play((sequence) => sequence.frame({ path: 91_000, losses: 1 }));
  t.same(others.map(({ cause }) => cause), ["queue"], "a loss elsewhere is no reason");
  // What came first of it came after the frames behind it.
  const overtaken = play((sequence) => sequence.held(5, 500, { path: 91_000 }));
  t.same(overtaken.map(({ cause }) => cause), ["loss"]);
  t.end();
});

t.test("HitchDetector blames loss for frames that were given up", (t) => {
  t.same(texts(play((sequence) => sequence.missing(5, 3).frame())), [
    "100 ms, 3 s ago: lost packets, 5 frames given up",
  ]);
  t.same(
    texts(play((sequence) => sequence.missing(5, 3).frame({ keyframe: true, encode: 12_500 }))),
    ["110 ms, 3 s ago: lost packets, 5 frames given up until a keyframe"],
  );
  t.end();
});

t.test("HitchDetector blames the queue for frames that the host left out for its sake", (t) => {
  t.same(texts(play((sequence) => sequence.missing(5).frame())), [
    "100 ms, 3 s ago: a full network queue, 5 frames left out",
  ]);
  t.end();
});

t.test("HitchDetector blames a decoder that threw frames away", (t) => {
  const hitches = play((sequence) => sequence.frames(5, { outcome: "skipped" }));
  t.same(texts(hitches), ["100 ms, 3 s ago: the decoder fell behind"]);
  const both = play((sequence) => sequence.missing(3, 2).frames(3, { outcome: "skipped" }));
  t.same(both.map(({ cause }) => cause), ["loss"], "what was lost came first");
  t.end();
});

t.test("HitchDetector says no more than it knows without the host's timings", (t) => {
  t.same(texts(play((sequence) => sequence.frame({ encode: 82_500 }), false)), [
    "97 ms, 3 s ago: host or network, 80 ms late",
  ]);
  const hinted = play((sequence) => {
    sequence.detector.noteQueueDelay(70_000);
    sequence.frame({ path: 91_000 });
  }, false);
  t.same(hinted.map(({ cause }) => cause), ["queue"], "the host's measure of the queue is enough");
  const wrongHint = play((sequence) => {
    sequence.detector.noteQueueDelay(70_000);
    sequence.frame({ encode: 82_500 });
  });
  t.same(wrongHint.map(({ cause }) => cause), ["encode"], "timings that come say it better");
  t.end();
});

t.test("HitchDetector takes no still screen for a hitch", (t) => {
  const cases: Readonly<Record<string, (sequence: HitchSequence) => void>> = {
    "starts to move": (sequence) => sequence.frame({}, 2_000_000),
    "starts to move with a large frame": (sequence) => {
      sequence.frame({ encode: 30_000, whole: 40_000 }, 2_000_000);
    },
    "starts to move with its first frame held by a loss": (sequence) => {
      sequence.frame({ whole: 80_000, losses: 1 }, 2_000_000);
    },
    "starts to move with its first frames lost": (sequence) => {
      sequence.frame({ outcome: "skipped" }, 1_000_000);
      sequence.missing(2, 1).frame();
    },
    "shows a blinking cursor": (sequence) => sequence.frames(30, {}, 530_000),
    "stands for a moment between two turns of the wheel": (sequence) => {
      for (let turn = 0; turn < 10; turn++) sequence.frames(8).frame({}, 120_000);
    },
  };
  for (const [name, disturb] of Object.entries(cases)) {
    t.same(texts(play(disturb)), [], `screen that ${name}`);
  }
  t.end();
});

t.test("HitchDetector measures by the pace of the source", (t) => {
  const film = new HitchSequence();
  film.frames(60, {}, 66_667);
  t.same(film.hitches, [], "15 pictures a second are no hitches");
  film.frame({ decode: 151_800 }, 66_667);
  t.same(film.hitches.map(({ cause }) => cause), ["decode"]);

  const half = new HitchSequence();
  for (let frame = 0; frame < 60; frame++) half.missing(1).frame();
  t.same(half.hitches, [], "every other frame of a layer");
  half.missing(1).held(2, 90_000);
  t.same(half.hitches.map(({ cause }) => cause), ["loss"]);

  const slow = new HitchSequence();
  slow.detector.frameIntervalUs = 100_000;
  slow.frames(20, {}, 100_000).frame({ decode: 120_000 }, 100_000);
  t.same(slow.hitches, [], "a stream of 10 a second may be 118 ms late");
  t.end();
});

t.test("HitchDetector does not blame what is slow for every picture", (t) => {
  const sequence = new HitchSequence();
  sequence.hasTimings = false;
  sequence.frames(40);
  // The queue fills and stays full; in the midst of it the decoder stalls once.
  for (let path = 11_000; path < 400_000; path += 10_000) sequence.frame({ path });
  sequence.frames(10, { path: 400_000 }).frame({ path: 400_000, decode: 81_800 });
  t.same(texts(sequence.hitches), ["97 ms, 3 s ago: decoding took 80 ms longer"]);
  // The picture before was early, this one is as usual: still the step that differs.
  const early = play((sequence) => {
    sequence.detector.frameIntervalUs = 16_667;
    sequence.frames(60, { decode: 60_000 }).frame({ decode: 1_000 }, 40_000);
    sequence.frame({ decode: 60_000 });
  });
  t.same(early.map(({ cause }) => cause), ["decode", "decode"]);
  t.end();
});

t.test("HitchDetector finds a long outage although fewer frames are captured in it", (t) => {
  const sequence = new HitchSequence();
  sequence.frames(40);
  // The path is silent for a second; the encoder went down to 30 a second.
  for (let frame = 0; frame < 30; frame++) sequence.missing(1).frame({ outcome: "lost" });
  sequence.frames(1, { keyframe: true, losses: 50 });
  t.equal(sequence.hitches.length, 1);
  t.ok((sequence.hitches[0]?.durationUs ?? 0) > 1_000_000);
  t.end();
});

t.test("HitchDetector is silent at the start and after an interruption", (t) => {
  const sequence = new HitchSequence();
  sequence.frames(3).frame({ decode: 400_000 });
  t.same(sequence.hitches, [], "a start is no hitch");
  sequence.frames(40);
  sequence.detector.interrupt();
  sequence.missing(200).frames(1).frame({ present: 90_000 });
  t.same(sequence.hitches, [], "nobody looked, or the host began anew");
  sequence.frames(20).frame({ present: 90_000 });
  t.same(sequence.hitches.map(({ cause }) => cause), ["present"]);
  t.end();
});

t.test("HitchDetector finds nothing in what is merely uneven, on any seed", (t) => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(`hitch ${seed}`);
    const sequence = new HitchSequence();
    for (let frame = 0; frame < 600; frame++) {
      sequence.frame({
        path: 8_000 + 12_000 * random.next(),
        encode: 2_000 + 6_000 * random.next(),
        decode: 1_000 + 4_000 * random.next(),
        losses: random.next() < 0.05 ? 1 : 0,
      }, random.next() < 0.02 ? 3_000_000 * random.next() : INTERVAL_US);
    }
    t.same(texts(sequence.hitches), [], `seed ${seed}`);
  }
  t.end();
});

t.test("HitchDetector forgets what is older than the frames that it tracks", (t) => {
  const sequence = new HitchSequence();
  sequence.hasTimings = false;
  sequence.frames(40).frame({ encode: 82_500 });
  const frameId = sequence.hitches[0]?.frameId ?? 0;
  sequence.frames(FRAMES_TRACKED);
  sequence.detector.timing({
    frameId,
    captureTimeUs: 0,
    grabUs: 0,
    convertUs: 0,
    firstSliceUs: 82_500,
    encodeUs: 82_500,
    emitUs: 0,
    sendUs: 0,
    bytes: 0,
    qp: 0,
  });
  sequence.detector.settle();
  t.equal(sequence.hitches[0]?.cause, "host_or_network", "its timing came too late");
  t.end();
});
