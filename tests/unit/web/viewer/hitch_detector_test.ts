/** Tests of web/viewer/receive/hitch_detector.ts and hitch_cause.ts with made-up sequences of frames. */

import t from "tap";
import { FRAMES_TRACKED, HitchDetector } from "../../../../web/viewer/receive/hitch_detector.ts";
import type { Hitch } from "../../../../web/viewer/receive/hitch_detector.ts";
import type { FrameOutcome, FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";
import { hitchText } from "../../../../web/viewer/ui/hitch_text.ts";
import { seededRandom } from "../../../seeded.ts";
import { frameRecord } from "./frame_record_fixture.ts";

const INTERVAL_US = 16_667;
/** The two clocks differ by something that no one knows. */
const CLOCK_US = 7_000_000_000;

/** Durations of the steps of a frame, microseconds, and what befell it. */
interface Steps {
  grab: number;
  encode: number;
  /** From encoded to the first packet in the viewer. */
  path: number;
  /** From the first packet to whole and in order. */
  whole: number;
  decode: number;
  present: number;
  /** Packets that were found lost since the frame before, and those of it that were recovered. */
  losses: number;
  recovered: number;
  outcome: FrameOutcome;
  keyframe: boolean;
}

const USUAL: Steps = {
  grab: 1_500,
  encode: 2_500,
  path: 11_000,
  whole: 500,
  decode: 1_800,
  present: 900,
  losses: 0,
  recovered: 0,
  outcome: "presented",
  keyframe: false,
};

/** Plays frames as a viewer would see them. */
class Sequence {
  readonly detector = new HitchDetector();
  readonly hitches: Hitch[] = [];
  hasTimings = true;
  #captureUs = 5_000_000;
  #frameId = 100;
  #losses = 0;
  #readyUs = 0;

  /** One frame, captured `afterUs` after the one before. */
  frame(steps: Partial<Steps> = {}, afterUs = INTERVAL_US): void {
    this.#show(this.#receive({ ...USUAL, ...steps }, afterUs));
  }

  frames(count: number, steps: Partial<Steps> = {}, afterUs = INTERVAL_US): this {
    for (let frame = 0; frame < count; frame++) this.frame(steps, afterUs);
    return this;
  }

  /** Frames that were captured and never came; `losses` packets were found lost meanwhile. */
  missing(count: number, losses = 0): this {
    this.#frameId += count;
    this.#captureUs += count * INTERVAL_US;
    this.#losses += losses;
    return this;
  }

  /** A gap holds the first of `count` frames for `waitUs` and with it all others. */
  held(count: number, waitUs: number, steps: Partial<Steps> = {}): this {
    const first = { ...USUAL, whole: waitUs, losses: 1, ...steps };
    const records = [this.#receive(first, INTERVAL_US)];
    while (records.length < count) records.push(this.#receive(USUAL, INTERVAL_US));
    records.forEach((record, index) => {
      // The first is drawn at once, the newest at the next tick.
      if (index === 0 || index === count - 1) return this.#show(record);
      record.outcome = "superseded";
      record.presentedUs = 0;
    });
    return this;
  }

  #receive(steps: Steps, afterUs: number): FrameRecord {
    this.#captureUs += afterUs;
    this.#frameId++;
    this.#losses += steps.losses;
    const hostUs = steps.grab + steps.encode;
    const firstDatagramUs = this.#captureUs + CLOCK_US + hostUs + steps.path;
    // Nothing overtakes: what comes after a frame that waited waits with it.
    const readyUs = Math.max(firstDatagramUs + steps.whole, this.#readyUs);
    this.#readyUs = readyUs;
    const decodedUs = readyUs + steps.decode;
    const record: FrameRecord = {
      ...frameRecord(this.#frameId),
      captureTimeUs: this.#captureUs % 0x1_0000_0000,
      keyframe: steps.keyframe,
      firstDatagramUs,
      lastDatagramUs: Math.min(readyUs, firstDatagramUs + 400),
      readyUs,
      decodeSubmitUs: readyUs,
      decodedUs,
      drawUs: decodedUs,
      presentedUs: decodedUs + steps.present,
      outcome: steps.outcome,
      recovered: steps.recovered,
    };
    this.detector.received(record, this.#losses);
    if (this.hasTimings) {
      this.detector.timing({
        frameId: record.frameId,
        captureTimeUs: this.#captureUs,
        grabUs: steps.grab - 500,
        convertUs: 500,
        firstSliceUs: steps.encode,
        encodeUs: steps.encode,
        emitUs: hostUs,
        sendUs: hostUs + 300,
        bytes: 1000,
        qp: 24,
      });
    }
    return record;
  }

  #show(record: FrameRecord): void {
    if (record.outcome !== "presented") {
      record.presentedUs = 0;
      return;
    }
    const hitch = this.detector.presented(record);
    if (hitch !== undefined) this.hitches.push(hitch);
  }
}

/** Frames that run smoothly, then what `disturb` does, then smooth ones again. */
function play(disturb: (sequence: Sequence) => void, hasTimings = true): Hitch[] {
  const sequence = new Sequence();
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
  const cases: Readonly<Record<string, (sequence: Sequence) => void>> = {
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
  const film = new Sequence();
  film.frames(60, {}, 66_667);
  t.same(film.hitches, [], "15 pictures a second are no hitches");
  film.frame({ decode: 151_800 }, 66_667);
  t.same(film.hitches.map(({ cause }) => cause), ["decode"]);

  const half = new Sequence();
  for (let frame = 0; frame < 60; frame++) half.missing(1).frame();
  t.same(half.hitches, [], "every other frame of a layer");
  half.missing(1).held(2, 90_000);
  t.same(half.hitches.map(({ cause }) => cause), ["loss"]);

  const slow = new Sequence();
  slow.detector.frameIntervalUs = 100_000;
  slow.frames(20, {}, 100_000).frame({ decode: 120_000 }, 100_000);
  t.same(slow.hitches, [], "a stream of 10 a second may be 118 ms late");
  t.end();
});

t.test("HitchDetector does not blame what is slow for every picture", (t) => {
  const sequence = new Sequence();
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
  const sequence = new Sequence();
  sequence.frames(40);
  // The path is silent for a second; the encoder went down to 30 a second.
  for (let frame = 0; frame < 30; frame++) sequence.missing(1).frame({ outcome: "lost" });
  sequence.frames(1, { keyframe: true, losses: 50 });
  t.equal(sequence.hitches.length, 1);
  t.ok((sequence.hitches[0]?.durationUs ?? 0) > 1_000_000);
  t.end();
});

t.test("HitchDetector is silent at the start and after an interruption", (t) => {
  const sequence = new Sequence();
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
    const sequence = new Sequence();
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
  const sequence = new Sequence();
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
