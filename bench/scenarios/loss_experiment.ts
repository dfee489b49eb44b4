/**
 * Loss experiment: one way of repair over one channel, and what came of the frames. The sliding window
 * is the whole real stack in virtual time; the others are the counting models of repair_baselines.ts
 * over links with the same losses. A frame is complete with its last packet, however the encoder
 * refers to it.
 */

import { type Completion, CompletionCounter } from "../simulator/completion_counter.ts";
import { LinkModel, type LinkOptions } from "../simulator/link_model.ts";
import { type LossSpec, spreadLoss } from "../simulator/loss_process.ts";
import { BASELINES, runBaseline } from "../simulator/repair_baselines.ts";
import { SimulatedStream } from "../simulator/simulated_stream.ts";

/** Payload of one packet of 1,000 bytes. */
const PAYLOAD_BYTES = 972;
/** Packets of a counting model have the same size. */
const PACKET_BYTES = 1000;
/** Frames at the start that do not count: redundancy has to learn the path. */
const WARM_UP_US = 2_000_000;
/** Frames at the end that do not count: they had no time to come back. */
const COOL_DOWN_US = 1_000_000;
/** Frames after which a missing packet is asked for no longer. */
const GIVE_UP_FRAMES = 24;
/** No congestion here: the target is what it is. */
const TARGET_BPS = 300_000_000;

/** Where and what is sent. */
export interface LossCell {
  readonly seed: number;
  readonly losses: readonly LossSpec[];
  readonly oneWayUs: number;
  readonly fps: number;
  readonly framePackets: number;
  /** Frames that count. */
  readonly frames: number;
}

/** A way of repair. */
export type LossScheme =
  /** The real stack; `factor` is the weight of bursts, `redundancy` a fixed one in its place. */
  | { readonly kind: "window"; readonly factor?: number; readonly redundancy?: number }
  | { readonly kind: "baseline"; readonly name: string };

/** What came of a cell. */
export interface LossResult extends Completion {
  /** Bytes that the receiver holds; 0 for counting models. */
  readonly receiveBytes: number;
  /** Digest of all that happened; empty for counting models. */
  readonly digest: string;
}

/** Runs one scheme over one cell, a slice of frames at a time. */
export function* runLossCell(cell: LossCell, scheme: LossScheme): Generator<void, LossResult> {
  if (scheme.kind === "window") return yield* runWindow(cell, scheme);
  return runModel(cell, scheme.name);
}

function* runWindow(
  cell: LossCell,
  scheme: Extract<LossScheme, { kind: "window" }>,
): Generator<void, LossResult> {
  const frameIntervalUs = Math.round(1_000_000 / cell.fps);
  const { first, last, total } = countedFrames(cell, frameIntervalUs);
  const counter = new CompletionCounter(total, { frameIntervalUs });
  const stream = new SimulatedStream({
    seed: cell.seed,
    frameIntervalUs,
    frames: total,
    frameBytes: () => cell.framePackets * PAYLOAD_BYTES,
  });
  let givenUp = 0;
  const viewer = stream.addViewer({
    ...links(cell),
    limits: { startBps: TARGET_BPS, minBps: TARGET_BPS, maxBps: TARGET_BPS },
    ...scheme.factor === undefined ? {} : { redundancyFactor: scheme.factor },
    ...scheme.redundancy === undefined ? {} : { fixedRedundancy: scheme.redundancy },
    onSent: (packet, arrivalUs) => counter.noteSent(packet, arrivalUs),
    onArrived: (packet, nowUs) => counter.noteArrived(packet, nowUs),
    onRecovered: (packet, nowUs) => counter.noteRecovered(packet, nowUs),
    // The encoder repairs no reference, so that all frames have to come. Once one never will, or the
    // viewer was left out, a keyframe ends it.
    onInvalidate: () => {},
    onKeyframeNeeded: () => {
      const { packetsLost } = viewer.receiver.stats;
      if (packetsLost === givenUp && viewer.sender.group !== undefined) return;
      givenUp = packetsLost;
      stream.encoder.requestKeyframe();
    },
  });
  for (let second = 1; second * 1_000_000 <= total * frameIntervalUs + COOL_DOWN_US; second++) {
    stream.run(second * 1_000_000);
    yield;
  }
  return {
    ...counter.summary(first, last),
    receiveBytes: viewer.receiver.bufferBytes,
    digest: stream.log.digest,
  };
}

function runModel(cell: LossCell, name: string): LossResult {
  const spec = BASELINES[name];
  if (spec === undefined) throw new RangeError(`Cannot run the baseline "${name}"`);
  const frameIntervalUs = Math.round(1_000_000 / cell.fps);
  const { first, last, total } = countedFrames(cell, frameIntervalUs);
  const counter = new CompletionCounter(total, { frameIntervalUs });
  let frameId = 0;
  const overhead = runBaseline(spec, {
    ...links(cell),
    frames: total,
    framePackets: cell.framePackets,
    packetBytes: PACKET_BYTES,
    frameIntervalUs,
    giveUpFrames: GIVE_UP_FRAMES,
    onFrame: (endUs, completeUs) => counter.noteFrame(++frameId, endUs, completeUs),
    onRecovered: (slots) => counter.noteSlots(slots),
  });
  const summary = counter.summary(first, last, overhead);
  return { ...summary, receiveBytes: 0, digest: "" };
}

function countedFrames(
  cell: LossCell,
  frameIntervalUs: number,
): { first: number; last: number; total: number } {
  const first = Math.ceil(WARM_UP_US / frameIntervalUs) + 1;
  const last = first + cell.frames - 1;
  return { first, last, total: last + Math.ceil(COOL_DOWN_US / frameIntervalUs) };
}

/** Both ways lose packets, each by processes of its own. */
function links(cell: LossCell): { forward: LinkModel; backward: LinkModel } {
  const forward: LinkOptions = { delayUs: cell.oneWayUs, losses: cell.losses };
  const backward = { ...forward, losses: cell.losses.map(spreadLoss) };
  return {
    forward: new LinkModel(forward, { seed: cell.seed, name: "forward" }),
    backward: new LinkModel(backward, { seed: cell.seed, name: "backward" }),
  };
}
