/**
 * The whole stack in virtual time over bad channels: real fan-out, sender, receiver, feedback, ladder.
 * What is asserted is what the viewer gets; the log proves that a seed decides everything.
 */

import t from "tap";
import { EventLog } from "../../bench/simulator/event_log.ts";
import { LinkModel, type LinkOptions } from "../../bench/simulator/link_model.ts";
import { spreadLoss } from "../../bench/simulator/loss_process.ts";
import { channelLosses } from "../../bench/simulator/profiles.ts";
import { SimulatedStream } from "../../bench/simulator/simulated_stream.ts";

const FRAME_US = 16_667;
const FRAMES = 1200;
const FRAME_BYTES = 12_000;
const LIMITS = { startBps: 20e6, minBps: 20e6, maxBps: 20e6 };

interface Watched {
  readonly stream: SimulatedStream;
  readonly viewers: SimulatedStream["viewers"];
  readonly log: EventLog;
  /** Frames that each viewer's decoder got, with the microseconds since they were captured. */
  readonly yielded: { frameId: number; ageUs: number }[][];
  readonly wrong: number;
}

function play(
  channels: readonly (Partial<LinkOptions> & { readonly channel: string })[],
  seed = 1,
): Watched {
  const log = new EventLog({ recordsKept: 200_000 });
  const stream = new SimulatedStream({
    seed,
    log,
    frames: FRAMES,
    frameIntervalUs: FRAME_US,
    frameBytes: ({ isKeyframe }) => isKeyframe ? 8 * FRAME_BYTES : FRAME_BYTES,
  });
  const yielded: Watched["yielded"] = [];
  let wrong = 0;
  for (const [index, { channel, ...options }] of channels.entries()) {
    const losses = channelLosses(channel);
    const frames: Watched["yielded"][number] = [];
    yielded.push(frames);
    const link = (name: string, kinds: typeof losses) =>
      new LinkModel({ delayUs: 15_000, ...options, losses: [...kinds, ...options.losses ?? []] }, {
        seed,
        name: `${name} ${index}`,
      });
    stream.addViewer({
      forward: link("forward", losses),
      backward: link("backward", losses.map(spreadLoss)),
      limits: LIMITS,
      clockAheadUs: 7_000_000_000 * index,
      onYielded: (frame, nowUs) => {
        const expected = stream.encoder.payloadOf(frame.frameId, frame.payload.byteLength);
        if (!sameBytes(frame.payload, expected)) wrong++;
        frames.push({ frameId: frame.frameId, ageUs: nowUs - (frame.frameId - 1) * FRAME_US });
      },
    });
  }
  stream.run(FRAMES * FRAME_US + 1_000_000);
  return { stream, viewers: stream.viewers, log, yielded, wrong };
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && left.every((byte, at) => byte === right[at]);
}

/** Longest time between two frames that reached the decoder, in frame intervals. */
function longestPause(frames: readonly { frameId: number; ageUs: number }[]): number {
  const times = frames.map(({ frameId, ageUs }) => (frameId - 1) * FRAME_US + ageUs);
  return Math.max(...times.slice(1).map((time, index) => time - times[index]!)) / FRAME_US;
}

t.test("a clean path delivers every frame in one delay, with hardly a repair", (t) => {
  const { viewers, yielded, wrong } = play([{ channel: "clean" }]);
  const [frames, viewer] = [yielded[0]!, viewers[0]!];
  t.equal(frames.length, FRAMES);
  t.equal(wrong, 0);
  t.ok(frames.every(({ ageUs }) => ageUs < 20_000), "none waits");
  const { repairsSent, packetsSent, ladder } = viewer.sender.stats;
  t.ok(repairsSent <= 0.02 * packetsSent, `${repairsSent} repairs in the first 20 s`);
  t.match(ladder, { reactive: 0, reference: 0, keyframe: 0, rate: 0 });
  t.end();
});

t.test("2 % of loss, one by one or in bursts, costs no keyframe and no freeze", (t) => {
  for (const channel of ["random_2", "bursts_2_of_3"]) {
    const { stream, viewers, yielded, wrong } = play([{ channel }]);
    const frames = yielded[0]!;
    t.ok(frames.length >= 0.995 * FRAMES, `${channel}: ${frames.length} frames`);
    t.equal(wrong, 0, "and every one as it was sent");
    t.equal(stream.encoder.stats.keyframes, 1, `${channel}: the first`);
    t.ok(longestPause(frames) < 8, `${channel}: ${longestPause(frames)} frame intervals`);
    t.ok(viewers[0]!.receiver.stats.recovered > 150, "repairs did it");
  }
  t.end();
});

t.test("outages and a blackhole are followed by a picture within half a second", (t) => {
  const blackhole = { kind: "blackhole", fromUs: 6e6, toUs: 7e6 } as const;
  const { yielded, wrong } = play([
    { channel: "outages_20ms" },
    { channel: "clean", losses: [blackhole] },
  ]);
  t.equal(wrong, 0);
  t.ok(longestPause(yielded[0]!) < 12, `outages: ${longestPause(yielded[0]!)} frame intervals`);
  const back = yielded[1]!.find(({ frameId, ageUs }) => (frameId - 1) * FRAME_US + ageUs > 7e6)!;
  const backUs = (back.frameId - 1) * FRAME_US + back.ageUs - 7e6;
  t.ok(backUs < 500_000, `${backUs} us after the blackhole`);
  t.ok(yielded[1]!.at(-1)!.frameId === FRAMES, "and it goes on to the end");
  t.end();
});

t.test("reordering and duplicates lose nothing", (t) => {
  const { viewers, yielded, wrong } = play([{
    channel: "clean",
    ...{ jitterUs: 500, duplicateShare: 0.05, reorderShare: 0.02, reorderUs: 3000 },
  }]);
  t.equal(yielded[0]!.length, FRAMES);
  t.equal(wrong, 0);
  t.equal(viewers[0]!.receiver.stats.packetsLost, 0);
  t.end();
});

t.test("a viewer on a bad path leaves the others alone", (t) => {
  const { viewers, yielded, wrong } = play([{ channel: "clean" }, { channel: "bursts_10_of_4" }]);
  t.equal(wrong, 0);
  const [good, bad] = [yielded[0]!, yielded[1]!];
  t.ok(good.length >= 0.97 * FRAMES, `${good.length} frames`);
  t.ok(longestPause(good) < 4, `${longestPause(good)} frame intervals`);
  t.ok(bad.length > 0.8 * FRAMES, `${bad.length} frames at 10 % of loss`);
  t.ok(viewers[0]!.sender.stats.redundancy < 0.01, "repairs are of one's own path");
  t.end();
});

t.test("a seed decides everything that happens", (t) => {
  const channels = [{ channel: "bursts_2_of_3", jitterUs: 300 }, { channel: "tambur" }];
  const [first, again, other] = [
    play(channels, 5).log,
    play(channels, 5).log,
    play(channels, 6).log,
  ];
  t.ok(first.bytes.byteLength > 1_000_000, `${first.bytes.byteLength} bytes`);
  t.equal(first.digest, again.digest);
  t.ok(sameBytes(first.bytes, again.bytes), "byte by byte");
  t.not(first.digest, other.digest);
  t.notOk(sameBytes(first.bytes, other.bytes));
  t.end();
});
