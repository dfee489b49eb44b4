/** network: profiles, figures and checks, from records that are made up. */

import t from "tap";
import { networkFigures } from "../../../../bench/scenarios/network_figures.ts";
import {
  linksOf,
  networkProfile,
  type ProfileName,
  PROFILES,
} from "../../../../bench/scenarios/network_profiles.ts";
import { type NetworkMeasurement, numbersOf } from "../../../../bench/scenarios/network_run.ts";
import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";

const SECOND_US = 1_000_000;
const START_US = 50 * SECOND_US;
const HOST_OFFSET_US = 9 * SECOND_US;
const INTERVAL_US = SECOND_US / 60;
const SECONDS = 60;

/** A minute at 60 frames a second, each frame drawn 30 ms after its capture unless changed. */
function measurementOf(
  name: ProfileName,
  change: (frame: FrameRecord, timeUs: number) => FrameRecord | undefined,
): NetworkMeasurement {
  const frames: FrameRecord[] = [];
  for (let id = 1; id <= SECONDS * 60; id++) {
    const timeUs = Math.round((id - 1) * INTERVAL_US);
    const atUs = START_US + timeUs;
    const frame: FrameRecord = {
      frameId: id,
      captureTimeUs: atUs + HOST_OFFSET_US - 30_000,
      bytes: 10_000,
      keyframe: false,
      firstDatagramUs: atUs - 8000,
      lastDatagramUs: atUs - 5000,
      readyUs: atUs - 5000,
      decodeSubmitUs: atUs - 5000,
      decodedUs: atUs - 2000,
      drawUs: atUs - 1000,
      presentedUs: atUs,
      outcome: "presented",
      host: {
        frameId: id,
        captureTimeUs: atUs + HOST_OFFSET_US - 30_000,
        ...{ grabUs: 1, convertUs: 1, firstSliceUs: 1, encodeUs: 1, emitUs: 1, sendUs: 1 },
        ...{ bytes: 10_000, qp: 25 },
      },
    };
    const changed = change(frame, timeUs);
    if (changed !== undefined) frames.push(changed);
  }
  const direction = {
    ...{ packets: 1000, bytes: 1_000_000, lost: 20, queueFull: 0, duplicated: 0 },
    ...{ delivered: 980, deliveredBytes: 980_000, refused: 0 },
  };
  return {
    name,
    profile: networkProfile(name, SECONDS),
    span: { startUs: START_US, endUs: START_US + SECONDS * SECOND_US },
    report: {
      frames,
      framesForgotten: 0,
      markersRead: 0,
      markersMisread: 0,
      hitches: [],
      probes: [{ rttUs: 40_000, offsetUs: HOST_OFFSET_US, atUs: START_US }],
      offsetUs: HOST_OFFSET_US,
      rttUsMin: 40_000,
      stats: undefined,
      decoderAcceleration: "software",
      renderer: "none",
    },
    packets: Array.from({ length: 600 }, (_, index) => ({
      timeUs: index * 100_000,
      bytes: 1000,
      outcome: "delivered" as const,
      // It is full for one second after each step of the rate.
      queueDelayUs: [15, 30].some((step) => index >= step * 10 && index < step * 10 + 10)
        ? 300_000
        : 4000,
    })),
    relay: { down: direction, up: direction, rebinds: 0, latenessUsMax: 0, late: 0 },
    host: { repairsSent: 8, reactiveRepairsSent: 2 },
    stalls: [],
    isSameSession: true,
    cpu: {},
  };
}

t.test("a steady minute has figures and nothing to complain of", (t) => {
  const figures = networkFigures(measurementOf("clean", (frame) => frame), 60);
  t.same(figures.freezes, []);
  t.equal(figures.latency.p50, 30);
  t.equal(figures.repairShare, 0.01);
  t.equal(figures.keyframes, 0);
  t.equal(figures.queueDelay, undefined);
  t.equal(figures.moveAfterHoleMs, undefined);
  t.equal(figures.values["packets lost on the link"]?.value, 2);
  t.equal(figures.distributions["quantiser"]?.p50, 25);
  t.end();
});

t.test("freezes of both lengths and keyframes are counted", (t) => {
  const isGone = (id: number) => (id >= 100 && id < 104) || (id >= 900 && id < 910);
  const figures = networkFigures(
    measurementOf("bursts", (frame) => {
      if (isGone(frame.frameId)) return undefined;
      return frame.frameId === 910 ? { ...frame, keyframe: true } : frame;
    }),
    60,
  );
  t.equal(figures.freezes.length, 2);
  t.equal(figures.longFreezes, 1);
  t.equal(figures.keyframes, 1);
  t.end();
});

t.test("a freeze of a machine that stalled is counted apart", (t) => {
  const measured = measurementOf("random", (frame) => {
    return frame.frameId >= 100 && frame.frameId < 106 ? undefined : frame;
  });
  const atUs = START_US + 100 * INTERVAL_US;
  const stalls = [{ startUs: atUs, endUs: atUs + 25_000 }];
  t.equal(networkFigures(measured, 60).freezes.length, 1);
  const figures = networkFigures({ ...measured, stalls }, 60);
  t.same(figures.freezes, []);
  t.equal(figures.values["freezes while the machine stalled"]?.value, 1);
  const elsewhere = [{ startUs: atUs + SECOND_US, endUs: atUs + 2 * SECOND_US }];
  t.equal(networkFigures({ ...measured, stalls: elsewhere }, 60).freezes.length, 1);
  t.end();
});

t.test("so is one of a browser that had the frames in time", (t) => {
  const slow = measurementOf("random", (frame) => {
    const isHeld = frame.frameId >= 100 && frame.frameId < 106;
    return isHeld ? { ...frame, presentedUs: 0, outcome: "superseded" } : frame;
  });
  const figures = networkFigures(slow, 60);
  t.same(figures.freezes, []);
  t.equal(figures.values["freezes of decoder or drawing"]?.value, 1);
  t.end();
});

t.test("the time to move again is that of the worst hole, and endless when it never does", (t) => {
  const { holesEndUs } = networkProfile("blackhole", SECONDS);
  const outageOf = (backAfterMs: readonly number[]) =>
    networkFigures(
      measurementOf("blackhole", (frame, timeUs) => {
        const isOut = holesEndUs.some((endUs, index) => {
          return timeUs > endUs - SECOND_US && timeUs < endUs + backAfterMs[index]! * 1000;
        });
        return isOut ? undefined : frame;
      }),
      60,
    );
  const waited = outageOf([100, 300, 200]).moveAfterHoleMs ?? 0;
  t.ok(waited >= 300 && waited < 317, `${waited} ms`);
  t.equal(outageOf([0, 0, 20_000]).moveAfterHoleMs, Infinity);
  t.end();
});

t.test("waits at the bottleneck count from two seconds after a step, rates from the last", (t) => {
  const capacity = (narrowUntilS: number) =>
    networkFigures(
      measurementOf("capacity", (frame, timeUs) => {
        const isNarrow = timeUs >= 15 * SECOND_US && timeUs < narrowUntilS * SECOND_US;
        return { ...frame, bytes: isNarrow ? 5000 : 10_000 };
      }),
      60,
    );
  const { queueDelay, rateBackMs } = capacity(34);
  t.equal(queueDelay?.max, 4, "the second after each step is left out");
  t.equal(queueDelay?.count, 540);
  t.ok(rateBackMs !== undefined && rateBackMs >= 4_700 && rateBackMs <= 5_000, `${rateBackMs} ms`);
  t.equal(capacity(60).rateBackMs, Infinity);
  t.end();
});

t.test("every profile makes links, and the same seed the same ones", (t) => {
  const outcomes = (name: ProfileName, seed: number) => {
    const { down } = linksOf(networkProfile(name, SECONDS), 20_000, seed);
    return Array.from({ length: 6000 }, (_, index) => {
      const outcome = down.push(1000, index * 10_000);
      return `${outcome} ${down.deliveries.join()}`;
    });
  };
  for (const name of PROFILES) {
    t.same(outcomes(name, 3), outcomes(name, 3), name);
    const lost = outcomes(name, 3).filter((outcome) => outcome.startsWith("lost")).length;
    const expected = { random: 120, bursts: 120, onset: 60, blackhole: 300 }[name as string] ?? 0;
    t.ok(Math.abs(lost - expected) <= expected / 3, `${name}: ${lost} of 6000 lost`);
  }
  t.notSame(outcomes("random", 3), outcomes("random", 4));
  t.end();
});

t.test("steps, holes and rebinds fit into a short run too", (t) => {
  t.same(networkProfile("capacity", 60).stepsUs, [15 * SECOND_US, 30 * SECOND_US]);
  t.same(networkProfile("capacity", 9).stepsUs, [3 * SECOND_US, 6 * SECOND_US]);
  t.equal(networkProfile("blackhole", 60).holesEndUs.length, 3);
  t.same(networkProfile("blackhole", 10).holesEndUs, [5.5 * SECOND_US]);
  t.same(networkProfile("rebind", 10).rebindsUs, [5 * SECOND_US]);
  t.end();
});

t.test("numbersOf finds the numbers in counters of counters", (t) => {
  t.same(numbersOf({ a: 1, b: { c: 2, d: "no", e: { f: 3 } }, g: null }), {
    "a": 1,
    "b.c": 2,
    "b.e.f": 3,
  });
  t.same(numbersOf(undefined), {});
  t.end();
});
