import t from "tap";
import { PublishedFrames } from "../../../../src/server/publish/published_frames.ts";
import { DELTA, keyframeOf, sequenceOf, unitsOf } from "./access_units.ts";

const LIMITS = { maxWidth: 1280, maxHeight: 720, maxFps: 60, maxBitrateBps: 8_000_000 };
const AT = { hostUs: 1e12, nowUs: 5e6 };
const KEY = { frameId: 1, referenceDistance: 0, payload: keyframeOf() };

const of = () => new PublishedFrames(3, LIMITS);

t.test("PublishedFrames takes a keyframe, says what its pictures are, and goes on", (t) => {
  const frames = of();
  t.ok(frames.needsKeyframe);
  const first = frames.push(KEY, AT);
  t.match(first, {
    kind: "taken",
    frame: { streamId: 3, frameId: 1, referenceDistance: 0, captureTimeUs: AT.hostUs },
    parameters: { codec: "avc1.42e01f", width: 640, height: 368 },
  });
  const next = frames.push({ frameId: 2, referenceDistance: 1, payload: DELTA }, AT);
  t.match(next, { kind: "taken", parameters: undefined, frame: { frameId: 2 } });
  const same = frames.push({ ...KEY, frameId: 5 }, AT);
  t.match(same, { kind: "taken", parameters: undefined }, "the same parameters are no news");
  const other = frames.push({ ...KEY, frameId: 6, payload: keyframeOf(1280, 720) }, AT);
  t.match(other, { kind: "taken", parameters: { width: 1280, height: 720 } });
  t.match(frames.stats, { frames: 4, keyframes: 3, refused: 0 });
  t.end();
});

t.test("PublishedFrames refuses what no viewer could use, and then waits for a keyframe", (t) => {
  const cases: [string, RegExp, Record<string, unknown>][] = [
    ["too wide", /1296x720 are larger than 1280x720/, { payload: keyframeOf(1296, 720) }],
    ["too high", /larger/, { payload: keyframeOf(1280, 736) }],
    ["no start code", /start codes/, { payload: Uint8Array.of(1, 2, 3, 4) }],
    ["empty", /0 bytes/, { payload: new Uint8Array(0) }],
    ["no parameter sets", /parameter sets/, { payload: DELTA }],
    ["no picture", /is none/, { payload: unitsOf(sequenceOf(640, 368), [0x68, 1], [0x41, 1]) }],
    ["torn parameters", /cannot be read/, {
      payload: unitsOf([0x67, 66, 0], [0x68, 1], [0x65, 1]),
    }],
    ["number 0", /count up/, { frameId: 0 }],
    ["a leap", /count up/, { frameId: 1e9 }],
    ["no reference", /reference/, { referenceDistance: 300 }],
  ];
  for (const [name, why, change] of cases) {
    const frames = of();
    const verdict = frames.push({ ...KEY, ...change }, AT);
    t.equal(verdict.kind, "refused", name);
    t.match(verdict, { why });
    t.ok(frames.needsKeyframe);
    t.equal(frames.push(KEY, AT).kind, "taken", "who sends what is right is heard");
  }
  t.ok(of().push({ ...KEY, payload: keyframeOf(720, 1280) }, AT).kind === "taken", "upright");
  t.end();
});

t.test("PublishedFrames lets nothing pass that refers to what was left out", (t) => {
  const frames = of();
  const delta = { referenceDistance: 1, payload: DELTA };
  t.equal(frames.push({ ...delta, frameId: 1 }, AT).kind, "skipped", "nothing came before");
  t.equal(frames.push({ ...KEY, frameId: 2 }, AT).kind, "taken");
  t.equal(frames.push({ ...delta, frameId: 4, referenceDistance: 3 }, AT).kind, "skipped");
  t.equal(frames.push({ ...delta, frameId: 5 }, AT).kind, "skipped", "until a keyframe");
  t.equal(frames.push({ ...KEY, frameId: 6 }, AT).kind, "taken");
  t.equal(frames.push({ ...delta, frameId: 5 }, AT).kind, "refused", "never back");
  t.equal(frames.push({ ...delta, frameId: 7 }, AT).kind, "skipped");
  t.equal(frames.stats.withoutKeyframe, 4);
  t.end();
});

t.test("PublishedFrames goes on counting when a producer comes back", (t) => {
  const frames = of();
  for (const frameId of [1, 7]) frames.push({ ...KEY, frameId }, AT);
  frames.begin();
  t.ok(frames.needsKeyframe);
  const again = frames.push(KEY, AT);
  t.match(again, { kind: "taken", frame: { frameId: 8 }, parameters: { width: 640 } });
  t.end();
});

t.test("PublishedFrames has times that grow and are about now, whatever it is told", (t) => {
  const frames = of();
  const at = { hostUs: 7 * 2 ** 32 + 1000, nowUs: 0 };
  const timeOf = (frameId: number, captureTimeUs: number | undefined, hostUs = at.hostUs) => {
    const verdict = frames.push({ ...KEY, frameId, captureTimeUs }, { ...at, hostUs });
    return verdict.kind === "taken" ? verdict.frame.captureTimeUs - at.hostUs : undefined;
  };
  t.equal(timeOf(1, 2 ** 32 - 500), -1500, "the low bits alone, of before they wrapped");
  t.equal(timeOf(2, undefined), 0, "now");
  t.equal(timeOf(3, at.hostUs + 10_000), 1, "not in the future, nor the same again");
  t.equal(timeOf(4, at.hostUs - 6e6), 2, "not that long ago");
  t.equal(timeOf(5, at.hostUs - 500), 3, "never back");
  t.equal(timeOf(6, at.hostUs + 33_000, at.hostUs + 40_000), 33_000, "and exact again");
  t.equal(frames.stats.timesCorrected, 3);
  t.end();
});

t.test("PublishedFrames is bounded in frames and bytes a second", (t) => {
  const frames = of();
  let taken = 0;
  for (let frameId = 1; frameId <= 200; frameId++) {
    if (frames.push({ ...KEY, frameId: taken + 1 }, AT).kind === "taken") taken++;
  }
  t.equal(taken, LIMITS.maxFps, "a second's worth at once");
  const large = new Uint8Array(1_000_000);
  large.set(keyframeOf());
  const heavy = of();
  const kinds = Array.from({ length: 10 }, (_, index) => {
    return heavy.push({ ...KEY, frameId: index + 1, payload: large }, AT).kind;
  });
  t.same(kinds.filter((kind) => kind === "taken").length, 8, "8 MB at once");
  const later = { ...AT, nowUs: AT.nowUs + 1_000_000 };
  t.equal(
    heavy.push({ ...KEY, frameId: 20, payload: large }, later).kind,
    "taken",
    "1 MB a second",
  );
  t.equal(heavy.push({ ...KEY, frameId: 21, payload: large }, later).kind, "refused");
  t.end();
});

t.test("PublishedFrames counts pauses that people see, within a connection", (t) => {
  const frames = of();
  const push = (frameId: number, nowUs: number) => {
    const referenceDistance = frameId === 1 ? 0 : 1;
    const payload = frameId === 1 ? KEY.payload : DELTA;
    frames.push({ frameId, referenceDistance, payload }, { hostUs: AT.hostUs + nowUs, nowUs });
  };
  push(1, 1_000_000);
  push(2, 1_200_000);
  t.match(frames.stats, { gaps: 0, gapUsMax: 200_000 });
  push(3, 1_450_000);
  t.match(frames.stats, { gaps: 1, gapUsMax: 250_000 });
  frames.begin();
  push(1, 9_000_000);
  t.match(frames.stats, { gaps: 1, gapUsMax: 250_000 }, "who is away makes no pause");
  t.end();
});
