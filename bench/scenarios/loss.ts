/**
 * loss: what becomes of the frames on channels that lose packets: the real stack in virtual time
 * against Reed-Solomon, exclusive-or and repeat requests. Every figure is a function of the seed; one
 * thread, in slices, so that Ctrl+C ends it.
 */

import type { FigureTable } from "../report/report.ts";
import { type Scenario, type ScenarioRun, switchOption, wholeNumberOption } from "../scenario.ts";
import type { LossSpec } from "../simulator/loss_process.ts";
import { channelLosses } from "../simulator/profiles.ts";
import { plotLossCurve } from "./loss_curve.ts";
import { type LossCell, type LossResult, type LossScheme, runLossCell } from "./loss_experiment.ts";
import { type MatrixCell, matrixCells, SCHEMES, USUAL } from "./loss_matrix.ts";
import {
  FULL_FRAMES,
  measureCode,
  measureOutages,
  measureSameFrame,
  measureVarying,
  type TargetOutput,
} from "./loss_targets.ts";

/** Other cells have this share of them. */
const CELL_SHARE = 1 / 40;
const SAME_FRAME_SHARE = 1 / 8;
/** Packets of the measurement in slots for each frame of the varying channel. */
const CODE_PACKETS = 15;
/** Slices of a simulated second that run without a pause. */
const SLICES = 20;
const PPM = 1_000_000;
/** Name of the channel of `--trace`. */
const TRACE_CHANNEL = "trace";

interface Options {
  frames: number;
  full: boolean;
  plot: string;
  trace: string;
}

/** Late and lost frames by channel and way of repair. */
export const loss: Scenario<Options> = {
  name: "loss",
  summary: "late and lost frames on bad channels, against other ways of repair (virtual time)",
  options: {
    frames: wholeNumberOption(
      "--frames <n>",
      "frames of the varying channel, 4 times as many with k 0.75",
      {
        min: 1000,
        max: FULL_FRAMES,
        fallback: 160_000,
      },
    ),
    full: switchOption("--full", `every channel at every place, ${FULL_FRAMES} frames`),
    plot: {
      flag: "--plot <file>",
      summary: "measure and draw the loss curve as SVG",
      fallback: "",
      parse: (text) => text,
    },
    trace: {
      flag: "--trace <file>",
      summary: "a channel more: a file with one character per packet, 0 arrived, 1 lost",
      fallback: "",
      parse: (text) => text,
    },
  },
  deadlineSeconds: ({ frames, full }) => full ? 12 * 3600 : 600 + frames / 200,
  async run(run) {
    const frames = run.options.full ? FULL_FRAMES : run.options.frames;
    const { seed } = run;
    const out: TargetOutput = { values: {}, checks: [] };
    const runCell = (cell: LossCell, scheme: LossScheme) => runInSlices(run, cell, scheme);
    run.log("the code alone, in slots");
    const packets = frames * CODE_PACKETS;
    await measureCode({ seed, packets, pause: () => breathe(run) }, out);
    run.log(`varying channel, ${frames} frames`);
    await measureVarying({ seed, frames }, runCell, out);
    run.log("outages, and frames in their own time");
    const some = Math.max(500, Math.ceil(frames * SAME_FRAME_SHARE));
    await measureOutages({ seed, frames: some }, runCell, out);
    await measureSameFrame({ seed, frames: some }, runCell, out);
    const few = Math.max(100, Math.ceil(frames * CELL_SHARE));
    const table = await measureMatrix(run, few, await readTrace(run.options.trace));
    if (run.options.plot !== "") {
      run.log(`loss curve, ${few} frames a point`);
      await Deno.writeTextFile(
        run.options.plot,
        await plotLossCurve({ seed, frames: few }, runCell),
      );
    }
    return {
      results: {
        distributions: {},
        values: out.values,
        tables: [table],
        notes: notesOf(frames, few),
      },
      checks: out.checks,
    };
  },
};

function notesOf(frames: number, few: number): string[] {
  return [
    '"late > n": not all packets there n frames after the end of the frame and its own repairs',
    "The window is the real sender and receiver; references and keyframes repair nothing here",
    "Reed-Solomon, XOR and repeat requests are counting models: a group is whole when as many " +
    "packets as it has sources arrive, a request is answered at once",
    "Reports are lost at the channel's mean rate, one by one",
    "A round trip of 2 frames is 32 ms of path and 1.3 ms in which the viewer may notice a loss",
    `Of ${frames} frames none lost means less than ${
      (3 / frames * PPM).toFixed(1)
    } ppm with 95 % confidence; cells of the table have ${few} frames`,
  ];
}

/** The packets of a recorded trace, or undefined without one. */
async function readTrace(file: string): Promise<string | undefined> {
  return file === "" ? undefined : (await Deno.readTextFile(file)).replace(/\s/g, "");
}

async function measureMatrix(
  run: ScenarioRun<Options>,
  frames: number,
  trace: string | undefined,
): Promise<FigureTable> {
  const cells = [...matrixCells(run.options.full)];
  if (trace !== undefined) cells.push({ ...USUAL, channel: TRACE_CHANNEL });
  const rows: (string | number)[][] = [];
  for (const [index, cell] of cells.entries()) {
    if (index % 10 === 0) run.log(`table: ${index} of ${cells.length} cells`);
    for (const [name, scheme] of Object.entries(SCHEMES)) {
      const losses: readonly LossSpec[] = cell.channel === TRACE_CHANNEL
        ? [{ kind: "trace", packets: trace! }]
        : channelLosses(cell.channel);
      const place = { seed: run.seed, losses, frames, ...placeOf(cell) };
      const result = await runInSlices(run, place, scheme);
      rows.push(rowOf(cell, name, result));
    }
  }
  return {
    title: "Frames late or never complete, ppm",
    columns: [
      ...["channel", "one way ms", "fps", "packets", "repair", "late > 0", "late > 1", "late > 2"],
      ...["never", "overhead %", "slots p50", "slots p99"],
    ],
    rows,
  };
}

function placeOf({ oneWayMs, fps, framePackets }: MatrixCell) {
  return { oneWayUs: 1000 * oneWayMs, fps, framePackets };
}

function rowOf(cell: MatrixCell, name: string, result: LossResult): (string | number)[] {
  const { channel, oneWayMs, fps, framePackets } = cell;
  return [
    ...[channel, oneWayMs, fps, framePackets, name],
    ...[...result.late, result.never].map((share) => Math.round(share * PPM)),
    Math.round(result.overhead * 1000) / 10,
    result.slotsP50,
    result.slotsP99,
  ];
}

async function runInSlices(
  run: ScenarioRun<Options>,
  cell: LossCell,
  scheme: LossScheme,
): Promise<LossResult> {
  const slices = runLossCell(cell, scheme);
  for (let slice = 1;; slice++) {
    const step = slices.next();
    if (step.done) return step.value;
    if (slice % SLICES === 0) await breathe(run);
  }
}

/** Lets signals in, so that Ctrl+C and the deadline work between slices. */
async function breathe(run: ScenarioRun<Options>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  run.signal.throwIfAborted();
}
