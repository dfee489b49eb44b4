/**
 * Loss targets: the cells of `bench loss` that carry a limit, and the limits. The code alone is
 * measured in slots of one packet; everything else is the whole stack in virtual time.
 */

import { FecDecoder } from "../../src/fec/fec_decoder.ts";
import { ReorderBuffer } from "../../src/reorder/reorder_buffer.ts";
import { atMost, type Check, type Value } from "../report/report.ts";
import { burstLoss, independentLoss } from "../simulator/loss_process.ts";
import { channelLosses } from "../simulator/profiles.ts";
import { randomProcess } from "../simulator/split_mix.ts";
import { measureResidualLoss } from "./fec_residual.ts";
import type { LossCell, LossResult, LossScheme } from "./loss_experiment.ts";

/** Runs a cell, slice by slice. */
export type CellRunner = (cell: LossCell, scheme: LossScheme) => Promise<LossResult>;

/** What the targets add to a report. */
export interface TargetOutput {
  readonly values: Record<string, Value>;
  readonly checks: Check[];
}

/**
 * Two frames from the end of a frame to the arrival of what repairs it, at 60 frames a second: 32 ms of
 * path, and 1.3 ms for the viewer to see that packets are lost and not late.
 */
const TWO_FRAMES: Omit<LossCell, "seed" | "losses" | "frames"> = {
  oneWayUs: 16_000,
  fps: 60,
  framePackets: 20,
};
const PPM = 1_000_000;
/** Frames of the varying channel in a full run. */
export const FULL_FRAMES = 1_200_000;
const SLICE_PACKETS = 1_000_000;
const FEC_BYTES_MAX = 819_200;
const REORDER_BYTES_MAX = 2_000_000;
const RECEIVE_BYTES_MAX = 8_000_000;
/** Late frames that a comparison needs, so that its ratio says something. */
const LATE_FRAMES_MIN = 100;

/**
 * Limits of the varying channel by weight of bursts, in ppm but for the overhead. A limit of 10 ppm
 * needs more frames than the others, so that one frame does not decide.
 */
const VARYING_LIMITS = [
  { factor: 0.75, overhead: 17, late: [7000, 1700, 10], never: 3, share: 4 },
  { factor: 0.25, overhead: 8, late: [undefined, undefined, 150], never: 3, share: 1 },
] as const;

/** The code alone over 20 % of repairs: slots to recover, and what is never recovered. */
export async function measureCode(
  run: { readonly seed: number; readonly packets: number; pause(): Promise<void> },
  { values, checks }: TargetOutput,
): Promise<void> {
  const bursts = { rate: 0.02, meanBurst: 3 };
  const rows = [
    { name: "isolated 2 %, window 64", window: 64, bursts: undefined, limit: 1, share: 1 },
    { name: "bursts 2 % of 3, window 64", window: 64, bursts, limit: 500, share: 1 },
    // Losses come in rare lots of some fifty packets here: among fewer, one lot decides.
    { name: "bursts 2 % of 3, window 128", window: 128, bursts, limit: 10, share: 10 },
  ] as const;
  for (const row of rows) {
    const draws = randomProcess(run.seed, row.name);
    const isLost = row.bursts === undefined
      ? independentLoss(draws, 0.02)
      : burstLoss(draws, row.bursts);
    let never = 0;
    let slotsP50 = 0;
    let slotsP99 = 0;
    for (let done = 0; done < run.packets * row.share;) {
      const sourcePackets = Math.min(SLICE_PACKETS, run.packets * row.share - done);
      const slice = measureResidualLoss(isLost, {
        sourcePackets,
        windowPackets: row.window,
        redundancy: 0.2,
        framePackets: 5,
      });
      never += slice.lost - slice.recovered;
      slotsP50 = Math.max(slotsP50, slice.delaySlotsP50);
      slotsP99 = Math.max(slotsP99, slice.delaySlotsP99);
      done += sourcePackets;
      await run.pause();
    }
    values[`${row.name}: slots p50`] = { value: slotsP50, unit: "slots" };
    values[`${row.name}: slots p99`] = { value: slotsP99, unit: "slots" };
    const residual = never / (run.packets * row.share) * PPM;
    checks.push(atMost(`${row.name}: never recovered, ppm`, residual, row.limit));
    if (row.bursts !== undefined) continue;
    checks.push(
      atMost(`${row.name}: slots to recover, p50`, slotsP50, 3),
      atMost(`${row.name}: slots to recover, p99`, slotsP99, 15),
    );
  }
}

/** The varying channel with both weights of bursts, and what the receiver holds. */
export async function measureVarying(
  cell: { readonly seed: number; readonly frames: number },
  runCell: CellRunner,
  out: TargetOutput,
): Promise<void> {
  const place = { ...TWO_FRAMES, ...cell, losses: channelLosses("varying") };
  let receiveBytes = 0;
  for (const limits of VARYING_LIMITS) {
    const name = `varying, k ${limits.factor}`;
    const frames = Math.min(FULL_FRAMES, place.frames * limits.share);
    const scheme: LossScheme = { kind: "window", factor: limits.factor };
    const result = await runCell({ ...place, frames }, scheme);
    receiveBytes = Math.max(receiveBytes, result.receiveBytes);
    addFigures(name, result, out);
    out.checks.push(atMost(`${name}: overhead, %`, result.overhead * 100, limits.overhead));
    limits.late.forEach((limit, frames) => {
      if (limit === undefined) return;
      out.checks.push(atMost(`${name}: late > ${frames}, ppm`, result.late[frames]! * PPM, limit));
    });
    out.checks.push(atMost(`${name}: never, ppm`, result.never * PPM, limits.never));
  }
  for (const name of ["Reed-Solomon 20+4", "Reed-Solomon 20+2"]) {
    addFigures(`varying, ${name}`, await runCell(place, { kind: "baseline", name }), out);
  }
  const decoder = new FecDecoder({ streamId: 0 });
  out.checks.push(
    atMost("memory: FEC, bytes", decoder.bufferBytes, FEC_BYTES_MAX),
    atMost("memory: reorder, bytes", new ReorderBuffer(0).bufferBytes, REORDER_BYTES_MAX),
    atMost("memory: receive path, bytes", receiveBytes, RECEIVE_BYTES_MAX),
  );
}

/** An outage of 10 ms in each second. */
export async function measureOutages(
  cell: { readonly seed: number; readonly frames: number },
  runCell: CellRunner,
  out: TargetOutput,
): Promise<void> {
  const place = { ...TWO_FRAMES, ...cell, losses: channelLosses("outages_10ms") };
  const result = await runCell(place, { kind: "window", factor: 0.75 });
  addFigures("outages 10 ms, k 0.75", result, out);
  out.checks.push(atMost("outages 10 ms, k 0.75: never, ppm", result.never * PPM, 30));
  const rival = await runCell(place, { kind: "baseline", name: "Reed-Solomon 20+4" });
  addFigures("outages 10 ms, Reed-Solomon 20+4", rival, out);
}

/** Frames complete in their own time, at equal overhead, against Reed-Solomon per frame. */
export async function measureSameFrame(
  cell: { readonly seed: number; readonly frames: number },
  runCell: CellRunner,
  out: TargetOutput,
): Promise<void> {
  let worst = 0;
  let compared = 0;
  for (const rate of [1, 2, 5]) {
    for (const length of [2, 3, 4]) {
      const losses = channelLosses(`bursts_${rate}_of_${length}`);
      const place = { ...TWO_FRAMES, ...cell, losses };
      const window = await runCell(place, { kind: "window", redundancy: 0.2 });
      const rival = await runCell(place, { kind: "baseline", name: "Reed-Solomon 20+4" });
      const ratio = window.late[0] / rival.late[0];
      const name = `same frame, bursts ${rate} % of ${length}, window 20 % / Reed-Solomon 20+4`;
      out.values[name] = { value: ratio, unit: "x" };
      if (rival.late[0] * rival.frames < LATE_FRAMES_MIN) continue;
      compared++;
      worst = Math.max(worst, ratio);
    }
  }
  const value = compared === 0 ? undefined : worst;
  out.checks.push(atMost("same frame: late > 0 against Reed-Solomon, worst ratio", value, 1.25));
}

function addFigures(name: string, result: LossResult, { values }: TargetOutput): void {
  result.late.forEach((share, frames) => {
    values[`${name}: late > ${frames}`] = { value: share * PPM, unit: "ppm" };
  });
  values[`${name}: never`] = { value: result.never * PPM, unit: "ppm" };
  values[`${name}: overhead`] = { value: result.overhead * 100, unit: "%" };
}
