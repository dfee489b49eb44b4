/** Tests of sound in web/viewer/playback: what the cache keeps of it, and when it is handed on. */

import t from "tap";
import type { PastEvent } from "../../../../../web/viewer/features/past_event.ts";
import {
  EncodedCache,
  GROUP_SOUND_BYTES_MAX,
} from "../../../../../web/viewer/playback/encoded_cache.ts";
import type { FrameGroup } from "../../../../../web/viewer/playback/encoded_cache.ts";
import { SoundFollower } from "../../../../../web/viewer/playback/sound_follower.ts";
import { SOUND_AHEAD_US } from "../../../../../web/viewer/playback/sound_follower.ts";
import { SOUND_BEFORE_US } from "../../../../../web/viewer/playback/sound_follower.ts";
import type { CoveredPictures } from "../../../../../web/viewer/playback/playback_screen.ts";
import type { FrameRecord } from "../../../../../web/viewer/receive/frame_record.ts";
import { GROUP, setUpPlayer, SOUND_US, TestHost, timeOf } from "./playback_fixture.ts";

function setUp(frames: number) {
  const host = new TestHost(frames);
  host.hasSound = true;
  return setUpPlayer(host);
}

/** Times of the sound that was handed on. */
function soundTimes(past: readonly PastEvent[]): number[] {
  return past.flatMap((event) => event.name === "sound" ? event.sound.captureTimeUs : []);
}

/** Each is the packet after the one before. */
function isUnbroken(times: readonly number[]): boolean {
  return times.every((timeUs, at) => at === 0 || timeUs === times[at - 1]! + SOUND_US);
}

function plays(past: readonly PastEvent[]): number {
  return past.filter(({ name }) => name === "play").length;
}

t.test("at rate 1 each packet is handed on once, in order, before it is due", async (t) => {
  const test = setUp(600);
  test.seek(timeOf(130), { rate: 1 });
  await test.settle();
  for (let tick = 0; tick < 150; tick++) {
    const given = test.past.length;
    await test.run(10_000);
    const positionUs = test.player.state.timeUs;
    const late = soundTimes(test.past.slice(given)).filter((timeUs) =>
      timeUs < positionUs - SOUND_BEFORE_US || timeUs >= positionUs + SOUND_AHEAD_US
    );
    if (late.length > 0) t.fail(`${late} at ${positionUs}`);
  }
  t.same(test.past.slice(0, 2).map(({ name }) => name), ["rest", "play"]);
  t.equal(plays(test.past), 1, "over the edges of groups as well");
  const times = soundTimes(test.past);
  t.ok(isUnbroken(times), "none is left out");
  t.ok(times[0]! <= timeOf(130) && times[0]! >= timeOf(130) - SOUND_BEFORE_US);
  const aheadUs = times.at(-1)! - test.player.state.timeUs;
  t.ok(aheadUs > SOUND_AHEAD_US - 2 * SOUND_US, `${aheadUs} us ahead`);
  const delay = test.past.find((event) => event.name === "play");
  t.equal(
    delay?.name === "play" && test.clock.nowUs() - delay.delayUs,
    test.player.state.timeUs,
    "what is shown now is due now",
  );
  test.player.live();
  t.equal(test.past.at(-1)?.name, "live");
});

t.test("all but playing forwards as fast as it was is silence", async (t) => {
  const test = setUp(600);
  test.seek(timeOf(300));
  await test.settle();
  await test.run(100_000);
  t.same(test.past, [{ name: "rest" }], "a picture that rests");
  test.player.play(1);
  await test.run(50_000);
  t.ok(soundTimes(test.past).length > 15);
  for (const rate of [2, 0.5, -1]) {
    test.player.play(rate);
    t.same(test.past.at(-1), { name: "rest" }, `at rate ${rate}`);
    const given = test.past.length;
    await test.run(100_000);
    t.equal(test.past.length, given, "and nothing else");
    test.player.play(1);
    await test.run(20_000);
    t.ok(soundTimes(test.past.slice(given)).length > 15, "and again at rate 1");
  }
  test.player.pause();
  t.same(test.past.at(-1), { name: "rest" });
  const given = test.past.length;
  test.player.step(1);
  await test.settle();
  test.player.step(-1);
  await test.settle();
  t.equal(test.past.length, given, "steps are silent");
});

t.test("seeks, loops and gaps begin anew, with nothing of before", async (t) => {
  const test = setUp(600);
  test.player.loop = { fromUs: timeOf(100), toUs: timeOf(110) };
  test.seek(timeOf(100), { rate: 1 });
  await test.settle();
  await test.run(700_000);
  t.ok(plays(test.past) >= 3, `${plays(test.past)} turns of a loop`);
  let first: number | undefined;
  for (const event of test.past) {
    if (event.name === "play") first = undefined;
    if (event.name !== "sound") continue;
    first ??= event.sound.captureTimeUs;
    if (first > timeOf(100)) t.fail(`a turn begins at ${first}`);
  }
  test.player.loop = undefined;
  const given = test.past.length;
  test.seek(timeOf(400), { rate: 1 });
  await test.settle();
  await test.run(100_000);
  const times = soundTimes(test.past.slice(given));
  t.ok(isUnbroken(times) && times[0]! >= timeOf(400) - SOUND_BEFORE_US, "where it was sought");

  const late = setUp(600);
  late.host.first = 301;
  late.seek(timeOf(10), { rate: 1 });
  await late.settle();
  await late.run(100_000);
  t.same(late.notices, ["evicted"]);
  t.equal(soundTimes(late.past)[0], timeOf(301), "after a gap from what is there on");
});

t.test("ticks that do not come leave a hole, not a heap", async (t) => {
  const test = setUp(600);
  test.seek(timeOf(100), { rate: 1 });
  await test.settle();
  await test.run(100_000);
  const given = test.past.length;
  test.clock.advance(1_500_000);
  await test.run(20_000);
  const times = soundTimes(test.past.slice(given));
  t.ok(times.length <= (SOUND_BEFORE_US + SOUND_AHEAD_US) / SOUND_US + 2, `${times.length}`);
  t.ok(times[0]! >= test.player.state.timeUs - SOUND_BEFORE_US - 20_000);
});

t.test("at the live edge sound comes as it is captured, until the pictures join", async (t) => {
  const test = setUp(200);
  test.seek(timeOf(195), { rate: 1 });
  test.join.isPossible = false;
  await test.settle();
  await test.run(80_000);
  const given = test.past.length;
  test.host.capture(203);
  await test.run(60_000);
  t.equal(soundTimes(test.past.slice(given)).length, 6, "two packets each frame");
  test.join.isPossible = true;
  await test.run(200_000);
  t.equal(test.past.at(-1)?.name, "live");
  t.equal(test.player.state.mode, "live");
});

t.test("a host without sound is as it was; a read of one time asks for none", async (t) => {
  const test = setUpPlayer(new TestHost(400));
  test.seek(timeOf(130), { rate: 1 });
  await test.settle();
  await test.run(300_000);
  t.same(test.past.map(({ name }) => name), ["rest", "play"]);
  t.ok(test.shown.length > 10);
  test.seek(timeOf(301), { isRough: true });
  await test.settle();
  const [full, rough] = test.host.requests;
  t.match(full, /&follow=1&sound=1$/);
  t.match(rough, /&toUs=\d+$/);
});

function fill(cache: EncodedCache, startUs: number, packets: number, bytes: number): FrameGroup {
  const frame = { frameId: startUs, captureTimeUs: startUs, referenceDistance: 0 };
  const first = { ...frame, layer: 0 as const, isShown: true };
  const group = cache.group("a", first, {} as FrameGroup["description"]);
  cache.append(group, { ...first, payload: new Uint8Array(10) });
  for (let packet = 0; packet < packets; packet++) {
    const captureTimeUs = startUs + packet * SOUND_US;
    const sound = { captureTimeUs, durationUs: SOUND_US, channels: 2 };
    cache.appendSound(group, { ...sound, payload: new Uint8Array(bytes) }, startUs);
  }
  return group;
}

t.test("sound counts in the cache's bytes and goes with its pictures", (t) => {
  const cache = new EncodedCache(50_000);
  for (let group = 0; group < 20; group++) {
    fill(cache, group * 1_000_000, 20, 400);
    t.ok(cache.bytes <= 50_000, `${cache.bytes} bytes`);
  }
  t.ok(cache.evictions > 10);
  const last = cache.groupAt("a", 19_500_000)!;
  const bytes = cache.bytes;
  fill(cache, 19_000_000, 20, 400);
  t.equal(last.sounds.length, 20, "what is read twice is kept once");
  t.equal(cache.bytes, bytes + 10);
  cache.forget("a", 19_000_000, 19_050_000);
  t.equal(last.sounds.length, 0, "blanked");
  t.equal(cache.holds(last), false);
  cache.append(last, { ...last.frames[0]!, payload: new Uint8Array(10) });
  t.equal(last.sounds.length, 0, "and does not come back with a feed that reads on");
  cache.clear();
  t.match(cache, { bytes: 0, size: 0 });
  t.equal(cache.groupAt("a", 1e9), undefined);
  t.end();
});

t.test("the sound of one picture that stands is bounded", (t) => {
  const cache = new EncodedCache();
  const group = fill(cache, 0, 4_000, 10_000);
  t.ok(group.soundBytes <= GROUP_SOUND_BYTES_MAX);
  t.equal(group.sounds[0]!.captureTimeUs, 0, "who plays from its start hears it from its start");
  const endUs = group.sounds.at(-1)!.captureTimeUs;
  for (let packet = 1; packet < 1_000; packet++) {
    const sound = { captureTimeUs: endUs + packet * SOUND_US, durationUs: SOUND_US, channels: 2 };
    cache.appendSound(group, { ...sound, payload: new Uint8Array(10_000) }, endUs);
  }
  t.ok(group.soundBytes <= GROUP_SOUND_BYTES_MAX);
  const times = group.sounds.map(({ captureTimeUs }) => captureTimeUs);
  t.ok(isUnbroken(times) && times.at(-1) === endUs + 999 * SOUND_US, "who wants the end has it");
  t.equal(cache.bytes, group.bytes);
  t.end();
});

t.test("what is forgotten while it plays is heard no further", async (t) => {
  const test = setUp(600);
  test.seek(timeOf(101), { rate: 1 });
  await test.settle();
  await test.run(100_000);
  test.cache.forget("replay 0", timeOf(101), timeOf(100 + GROUP));
  const given = test.past.length;
  await test.run(300_000);
  const times = soundTimes(test.past.slice(given));
  t.ok(times.every((timeUs) => timeUs >= timeOf(100 + GROUP)), `${times}`);
  await test.run(700_000);
  t.ok(soundTimes(test.past.slice(given)).length > 0, "but what follows");
});

t.test("pictures of the past that were due are told when they were seen", (t) => {
  const told: PastEvent[] = [];
  const follower = new SoundFollower(new EncodedCache(), (event) => told.push(event));
  const shown: FrameRecord[] = [];
  const pictures = follower.watch({
    lastLiveFrameId: 3,
    cover: () => {},
    show: (_picture, record) => void shown.push(record),
    wantLive: () => {},
  } as CoveredPictures<VideoFrame>);
  const show = (captureTimeUs: number, presentedUs: number, isReplayed?: true) =>
    pictures.show({} as VideoFrame, { captureTimeUs, presentedUs, isReplayed } as FrameRecord);
  const follow = (nowUs: number) =>
    follower.follow({ mode: "playing", sourceKey: "a" }, 1_000, nowUs);
  follow(50_000);
  told.length = 0;
  show(40_000, 51_000, true);
  follow(51_000);
  t.same(told, [], "one that was on the screen already then");
  show(60_000, 0, true);
  follow(61_000);
  t.same(told, [], "one that is not drawn yet");
  Object.assign(shown.at(-1)!, { presentedUs: 62_000 });
  follow(63_000);
  follow(64_000);
  t.same(told, [{ name: "seen", captureTimeUs: 60_000, presentedUs: 62_000 }], "once");
  show(70_000, 71_000);
  follow(72_000);
  t.equal(told.length, 1, "the present is none of it");
  t.equal(pictures.lastLiveFrameId, 3);
  t.end();
});
