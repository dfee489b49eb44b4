/**
 * Tests of the small steps of the viewer's sound: arrival_spread, capture_clock, lip_sync, down_mix,
 * sound_settings and sound_lines.
 */

import t from "tap";
import { ArrivalSpread, SPREAD_US_MAX } from "../../../../../web/viewer/sound/arrival_spread.ts";
import { CaptureClock } from "../../../../../web/viewer/sound/capture_clock.ts";
import { DownMix, outputChannels } from "../../../../../web/viewer/sound/down_mix.ts";
import { LipSync } from "../../../../../web/viewer/sound/lip_sync.ts";
import { SoundSettings } from "../../../../../web/viewer/sound/sound_settings.ts";
import { soundSection } from "../../../../../web/viewer/ui/sound_lines.ts";

const FRAME_US = 10_000;

t.test("ArrivalSpread rises at once and falls slowly", (t) => {
  const spread = new ArrivalSpread(FRAME_US);
  let nowUs = 0;
  const arrive = (latenessUs: number, frames: number) => {
    for (let frame = 0; frame < frames; frame++) spread.push(latenessUs, nowUs += FRAME_US);
  };
  arrive(5_000, 3_000);
  t.equal(spread.baseUs, 5_000);
  const calmUs = spread.spreadUs;
  t.ok(calmUs >= FRAME_US && calmUs < 13_000, `${calmUs} us: a frame and a margin`);
  arrive(45_000, 1);
  t.ok(spread.spreadUs < 13_000, "one moment alone is no reason to wait longer");
  arrive(5_000, 500);
  arrive(45_000, 1);
  t.ok(spread.spreadUs > 40_000, "two are, at once");
  arrive(5_000, 500);
  t.ok(spread.spreadUs > 35_000, "it counts for a minute");
  arrive(5_000, 9_000);
  t.ok(spread.spreadUs < 13_000, "and is forgotten after that");
  arrive(900_000, 20);
  t.ok(spread.spreadUs <= SPREAD_US_MAX, "an outage is no spread");
  spread.raise(1e9);
  t.equal(spread.spreadUs, SPREAD_US_MAX);
  t.end();
});

t.test("ArrivalSpread forgets what was late while the page began", (t) => {
  const spread = new ArrivalSpread(FRAME_US);
  let nowUs = 7_300_000;
  const arrive = (latenessUs: number, frames: number) => {
    for (let frame = 0; frame < frames; frame++) spread.push(latenessUs, nowUs += FRAME_US);
  };
  arrive(5_000, 50);
  arrive(65_000, 1);
  arrive(5_000, 250);
  arrive(65_000, 1);
  arrive(5_000, 500);
  t.ok(spread.spreadUs > 60_000, `${spread.spreadUs} us: nothing else is known yet`);
  arrive(5_000, 2_600);
  t.ok(spread.spreadUs < 13_000, `${spread.spreadUs} us, though a minute is not over`);
  arrive(65_000, 1);
  arrive(5_000, 500);
  arrive(65_000, 1);
  arrive(5_000, 2_000);
  t.ok(spread.spreadUs > 60_000, "what is late after that counts");
  t.end();
});

t.test("ArrivalSpread follows a path that became longer, and clocks that drift", (t) => {
  const spread = new ArrivalSpread(FRAME_US);
  let nowUs = 0;
  for (let frame = 0; frame < 2_000; frame++) spread.push(5_000, nowUs += FRAME_US);
  for (let frame = 0; frame < 20_000; frame++) spread.push(65_000, nowUs += FRAME_US);
  t.equal(spread.baseUs, 65_000);
  t.ok(spread.spreadUs < 13_000);
  t.equal(spread.usualUs, 0);
  t.end();
});

t.test("CaptureClock knows the high bits of times again", (t) => {
  const clock = new CaptureClock();
  const offsetUs = -1_795_000_000_000_000;
  const nowUs = 1_795_000_000_000_000 + 0x1_0000_0000 + 1_000;
  t.notOk(clock.isStarted);
  // Just before the low bits wrapped, seen just after.
  clock.start(0xffff_ff00, nowUs, offsetUs);
  t.equal(clock.pageUs(0xffff_ff00, nowUs), nowUs - 1_000 - 256);
  t.equal(clock.pageUs(500, nowUs), nowUs - 500);
  t.equal(clock.pageUs(0x1_0000_0000 + 500, nowUs), nowUs - 500, "whole times are taken as well");
  clock.start(0, nowUs, 5);
  t.equal(clock.pageUs(500, nowUs), nowUs - 500, "a later offset changes nothing");
  clock.restart();
  clock.start(700, nowUs, undefined);
  t.equal(clock.pageUs(700, nowUs), nowUs, "without an offset the first frame counts as new");
  t.end();
});

t.test("LipSync says how far sound is behind the picture", (t) => {
  const sync = new LipSync();
  t.equal(sync.error, undefined);
  for (let picture = 0; picture < 4; picture++) sync.presented(0, 10_000, undefined);
  t.equal(sync.pictureUs, undefined, "too few to hold sound back for");
  for (let picture = 0; picture < 40; picture++) {
    sync.presented(picture * 16_667, picture * 16_667 + 10_000, 45_000);
  }
  const pictureUs = sync.pictureUs!;
  t.ok(pictureUs > 10_000 + 16_667 && pictureUs < 10_000 + 2 * 16_667, "drawn is not yet seen");
  t.match(sync.error, { medianUs: 45_000 - pictureUs, p95Us: 45_000 - pictureUs, pictures: 40 });
  for (let picture = 0; picture < 700; picture++) sync.presented(0, 10_000, pictureUs - 3_000);
  t.match(sync.error, { medianUs: -3_000, p95Us: 3_000, pictures: 600 }, "early is negative");
  sync.restart();
  t.equal(sync.error, undefined);
  t.end();
});

/** What comes out when only channel `index` of `count` sounds. */
function mixed(count: number, index: number, to: 2 | 6): number[] {
  const input = Array.from({ length: count }, (_, at) => Float32Array.of(at === index ? 1 : 0));
  const output = Array.from({ length: to }, () => new Float32Array(1));
  new DownMix(count, to).mix(input, output, 1);
  return output.map(([sample]) => Math.round(sample! * 1000) / 1000);
}

t.test("DownMix keeps sides apart, shares the centre and cannot clip", (t) => {
  t.same(mixed(2, 0, 2), [1, 0]);
  t.same(mixed(1, 0, 2), [1, 1]);
  const [centreLeft = 0, centreRight] = mixed(6, 2, 2);
  t.ok(centreLeft > 0.2);
  t.equal(centreLeft, centreRight);
  t.same(mixed(6, 3, 2), [0, 0], "bass is left out");
  t.equal(mixed(6, 4, 2)[1], 0, "back left is left");
  for (let count = 1; count <= 8; count++) {
    for (const to of [2, 6] as const) {
      const all = Array.from({ length: count }, () => Float32Array.of(1));
      const output = Array.from({ length: to }, () => new Float32Array(1));
      new DownMix(count, to).mix(all, output, 1);
      t.ok(output.every(([sample]) => sample! <= 1.0001), `${count} to ${to}`);
    }
  }
  for (let at = 0; at < 6; at++) {
    t.same(mixed(6, at, 6), Array.from({ length: 6 }, (_, to) => to === at ? 1 : 0));
  }
  t.same(mixed(8, 5, 6), [0, 0, 0, 0, 0, 0.5], "back right of 7.1");
  t.equal(outputChannels(6, 2), 2);
  t.equal(outputChannels(2, 8), 2);
  t.equal(outputChannels(8, 8), 6);
  t.throws(() => new DownMix(9, 2), RangeError);
  t.end();
});

t.test("SoundSettings remembers loudness and mute; the address goes first", (t) => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const first = new SoundSettings(storage, null);
  t.equal(first.volume, 80);
  first.setVolume(30);
  first.toggleMute();
  const second = new SoundSettings(storage, null);
  t.match(second, { volume: 30, isMuted: true });
  t.match(new SoundSettings(storage, "55"), { volume: 55, isMuted: false });
  t.match(new SoundSettings(storage, "loud"), { volume: 30, isMuted: true });
  second.toggleMute();
  t.equal(second.isMuted, false);
  second.setVolume(0);
  t.equal(second.isMuted, true, "no loudness is silence");
  second.toggleMute();
  t.match(second, { volume: 80, isMuted: false });
  const denied = {
    getItem: () => {
      throw new Error("denied");
    },
    setItem: () => {
      throw new Error("denied");
    },
  };
  const without = new SoundSettings(denied, null);
  without.setVolume(200);
  t.equal(without.volume, 100);
  t.end();
});

t.test("the section of sound has the same lines with and without sound", (t) => {
  const off = soundSection(undefined, "No sound: no sound server");
  t.equal(off.lines[0]![1], "No sound: no sound server");
  const on = soundSection({
    ...{ delayMs: 21.34, targetMs: 20, depthMs: 12, spreadMs: 1.5, outputMs: 9.9, underruns: 1 },
    ...{ missedMs: 5, gaps: 2, concealedMs: 20, recovered: 7, missing: 2, late: 1, jumps: 0 },
    ...{ driftPpm: -31.4, bitrateBps: 101_000, isShared: true, channels: 6 },
    sync: { medianUs: 51_000, p95Us: 60_000, pictures: 600 },
  }, "");
  t.same(on.lines.map(([label]) => label), off.lines.map(([label]) => label));
  t.same(on.lines.map(([, value]) => value), [
    "Opus, 5.1, 101 kbit/s",
    "21.3/31.2 ms",
    "12.0/1.5 ms",
    "1/2 (25 ms)",
    "7/2/1",
    "-31 ppm",
    "51.0 ms (95%: 60.0 ms)",
  ]);
  t.equal(on.lines.at(-1)![2], "poor");
  t.end();
});
