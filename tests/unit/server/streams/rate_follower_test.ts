/** Tests of src/server/streams/rate_follower.ts and sender_settings.ts. */

import t from "tap";
import type { EncoderRate } from "../../../../src/ipc/media_command.ts";
import { MediaSender } from "../../../../src/pipeline/media_sender.ts";
import { RateFollower } from "../../../../src/server/streams/rate_follower.ts";
import {
  senderSettings,
  START_BPS_MAX,
  TARGET_BPS_MIN,
} from "../../../../src/server/streams/sender_settings.ts";

const FACTS = { screenWidth: 1280, screenHeight: 720, temporalLayersMax: 2 } as const;

/** A viewer whose path carries `videoBps` and stays so. */
function viewerOf(videoBps: number): MediaSender {
  return new MediaSender({
    connection: { maxDatagramSize: 1200, sendDatagram: () => true },
    streamId: 0,
    limits: { startBps: videoBps, minBps: videoBps, maxBps: videoBps },
    fixedRedundancy: 0,
    frameIntervalUs: 16_667,
    onInvalidate() {},
    onKeyframeNeeded() {},
  });
}

function setUp() {
  const senders = new Set<MediaSender>();
  const rates: EncoderRate[] = [];
  const follower = new RateFollower({
    bitrateBps: 10_000_000,
    fps: 60,
    senders: () => senders,
    setRate: (rate) => rates.push(rate),
  });
  return { follower, senders, rates };
}

t.test("RateFollower lets go of the path of a viewer that left", (t) => {
  const { follower, senders, rates } = setUp();
  follower.start(FACTS);
  const slow = viewerOf(300e3);
  senders.add(slow);
  // Long enough for fewer and smaller pictures.
  for (let atUs = 0; atUs < 20e6; atUs += 16_667) follower.update(atUs);
  t.ok(rates.at(-1)!.bitrateBps <= 300e3, `${rates.at(-1)!.bitrateBps} bit/s for the slow path`);
  t.ok(follower.target.scale < 1, `scale ${follower.target.scale}`);
  senders.delete(slow);
  follower.remove(slow);
  const told = rates.length;
  for (let atUs = 20e6; atUs < 21e6; atUs += 16_667) follower.update(atUs);
  t.same(rates.slice(told), [
    { bitrateBps: 10e6, fps: 60, scaleQuarters: 4, temporalLayers: 1 },
  ], "a recording that goes on gets everything, said once");
  t.end();
});

t.test("RateFollower tells the encoder only what is new", (t) => {
  const { follower, senders, rates } = setUp();
  follower.update(0);
  t.same(rates, [], "nobody to follow");
  follower.start(FACTS);
  t.same(rates, [{ bitrateBps: 10e6, fps: 60, scaleQuarters: 4, temporalLayers: 1 }]);
  const slow = viewerOf(4e6);
  senders.add(slow);
  for (let atUs = 0; atUs < 500_000; atUs += 16_667) follower.update(atUs);
  t.equal(rates.length, 2);
  t.equal(rates[1]!.bitrateBps, 4e6);
  t.equal(follower.changes, 2);
  follower.start(FACTS);
  t.same(rates[2], rates[1], "an encoder that started anew is told again");
  senders.delete(slow);
  follower.remove(slow);
  senders.add(viewerOf(12e6));
  follower.update(600_000);
  t.equal(rates.at(-1)!.bitrateBps, 10e6, "never more than was configured");
  t.end();
});

t.test("RateFollower keeps the picture small for as long as it is told", (t) => {
  const { follower, senders, rates } = setUp();
  follower.start(FACTS);
  follower.limitScale(0.5);
  follower.limitScale(0.5);
  t.same(rates.map(({ scaleQuarters }) => scaleQuarters), [4, 2], "told once");
  t.equal(follower.target.scale, 0.5, "and viewers hear of it");
  senders.add(viewerOf(4e6));
  follower.update(1000);
  t.match(rates.at(-1), { bitrateBps: 4e6, scaleQuarters: 2 }, "the rate follows all the same");
  follower.start(FACTS);
  t.equal(rates.at(-1)!.scaleQuarters, 2, "an encoder that started anew too");
  const told = rates.length;
  follower.update(2000);
  t.equal(rates.length, told, "nothing is new");
  follower.limitScale(1);
  t.match(rates.at(-1), { bitrateBps: 4e6, scaleQuarters: 4 });
  t.end();
});

t.test("RateFollower gives layers to who cannot follow, and does not slow the others", (t) => {
  const { follower, senders, rates } = setUp();
  const [fast, slow, slowest] = [viewerOf(10e6), viewerOf(3.5e6), viewerOf(0.5e6)];
  follower.start(FACTS);
  for (const sender of [fast, slow, slowest]) senders.add(sender);
  follower.update(1000);
  t.match(rates.at(-1), { bitrateBps: 5e6, temporalLayers: 2 }, "half of what the fastest carries");
  t.same([fast, slow, slowest].map(({ layers }) => layers), ["all", "base", "keyframes"]);
  follower.start({ ...FACTS, temporalLayersMax: 1 });
  follower.update(2000);
  t.equal(rates.at(-1)!.temporalLayers, 1, "an encoder without layers is asked for none");
  t.equal(slow.layers, "keyframes");
  senders.delete(fast);
  follower.remove(fast);
  senders.delete(slowest);
  follower.remove(slowest);
  follower.update(3000);
  t.equal(slow.layers, "all", "one viewer alone gets everything");
  t.equal(rates.at(-1)!.bitrateBps, 3.5e6);
  t.end();
});

t.test("RateFollower asks for fewer and smaller pictures when a rate is too low for them", (t) => {
  const { follower, senders, rates } = setUp();
  follower.start(FACTS);
  senders.add(viewerOf(0.3e6));
  for (let atUs = 0; atUs < 8_000_000; atUs += 100_000) follower.update(atUs);
  t.match(rates.at(-1), { bitrateBps: 0.3e6, fps: 30 });
  t.ok(rates.at(-1)!.scaleQuarters < 4);
  t.ok(rates.some(({ fps, scaleQuarters }) => fps === 45 && scaleQuarters === 4), "in this order");
  t.end();
});

t.test("senderSettings begin modestly, and leave room for repairs", (t) => {
  const settings = senderSettings({ bitrateBps: 20e6, fps: 60, controller: "delta" });
  t.same(settings, {
    controller: "delta",
    limits: { startBps: START_BPS_MAX, minBps: TARGET_BPS_MIN, maxBps: 25e6 },
    frameIntervalUs: 1e6 / 60,
    videoBpsMax: 20e6,
  });
  const { limits } = senderSettings({ bitrateBps: 200_000, fps: 30, controller: "trend" });
  t.ok(limits.minBps <= limits.startBps && limits.startBps <= limits.maxBps);
  t.equal(limits.maxBps, 250_000);
  t.end();
});
