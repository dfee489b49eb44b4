/**
 * Baselines: what other ways of repair would recover of the same channel. They are counting models,
 * not codecs: a maximum-distance code gives back everything when at least k of n packets arrive, an
 * exclusive-or of a group one packet, a repeated packet itself. Real codecs do no better than these.
 */

import type { LinkModel } from "./link_model.ts";

/** A way of repair. */
export type BaselineSpec =
  /** Groups of `sources` packets within a frame, each with `repairs`; the last one in proportion. */
  | { readonly kind: "group"; readonly sources: number; readonly repairs: number }
  /** What is missing is asked for again, each round trip until it comes. */
  | { readonly kind: "repeat" };

/** The baselines of the loss table, by name. */
export const BASELINES: Readonly<Record<string, BaselineSpec>> = {
  "Reed-Solomon 10+2": { kind: "group", sources: 10, repairs: 2 },
  "Reed-Solomon 20+4": { kind: "group", sources: 20, repairs: 4 },
  "Reed-Solomon 20+2": { kind: "group", sources: 20, repairs: 2 },
  "Reed-Solomon 50+10": { kind: "group", sources: 50, repairs: 10 },
  "XOR 5+1": { kind: "group", sources: 5, repairs: 1 },
  "repeat requests": { kind: "repeat" },
};

/** What a baseline runs over. */
export interface BaselineRun {
  readonly forward: LinkModel;
  readonly backward: LinkModel;
  readonly frames: number;
  readonly framePackets: number;
  readonly packetBytes: number;
  readonly frameIntervalUs: number;
  /** Frames without a repair after which a packet is no longer asked for. */
  readonly giveUpFrames: number;
  /** Called for each frame in order of its end: when it was complete, Infinity for never. */
  onFrame(endUs: number, completeUs: number): void;
  /** Called for each lost source packet: slots from it to the one that recovered it. */
  onRecovered(slots: number): void;
}

/** Bytes that a request for repeats has, as our feedback. */
const REQUEST_BYTES = 60;

/** Runs a baseline; returns repairs per source packet. */
export function runBaseline(spec: BaselineSpec, run: BaselineRun): number {
  return spec.kind === "group" ? runGroups(spec, run) : runRepeats(run);
}

/** Repairs of a group of `sources`, in proportion, and never none. */
export function groupRepairs(
  spec: Extract<BaselineSpec, { kind: "group" }>,
  sources: number,
): number {
  return Math.max(1, Math.round(sources * spec.repairs / spec.sources));
}

function runGroups(spec: Extract<BaselineSpec, { kind: "group" }>, run: BaselineRun): number {
  let repairs = 0;
  for (let frame = 0; frame < run.frames; frame++) {
    const nowUs = frame * run.frameIntervalUs;
    let endUs = 0;
    let completeUs = 0;
    for (let first = 0; first < run.framePackets; first += spec.sources) {
      const sources = Math.min(spec.sources, run.framePackets - first);
      const added = groupRepairs(spec, sources);
      repairs += added;
      const group = sendGroup(run, { sources, packets: sources + added, nowUs });
      endUs = Math.max(endUs, group.endUs);
      completeUs = Math.max(completeUs, group.completeUs);
    }
    run.onFrame(endUs, completeUs);
  }
  return repairs / (run.frames * run.framePackets);
}

function sendGroup(
  run: BaselineRun,
  group: { readonly sources: number; readonly packets: number; readonly nowUs: number },
): { endUs: number; completeUs: number } {
  const lostSlots: number[] = [];
  let arrived = 0;
  let completeUs = Infinity;
  let endUs = 0;
  for (let slot = 0; slot < group.packets; slot++) {
    const outcome = run.forward.push(run.packetBytes, group.nowUs);
    endUs = Math.max(endUs, run.forward.arrivalUs);
    if (outcome !== "delivered") {
      if (slot < group.sources) lostSlots.push(slot);
      continue;
    }
    arrived++;
    if (arrived !== group.sources) continue;
    // All sources are there, or as many equations as unknowns.
    completeUs = run.forward.arrivalUs;
    for (const lost of lostSlots) run.onRecovered(slot - lost);
  }
  return { endUs, completeUs };
}

/** Requests are answered at once and count as overhead; what is lost again is asked for again. */
function runRepeats(run: BaselineRun): number {
  const giveUpUs = run.giveUpFrames * run.frameIntervalUs;
  const slotUs = run.frameIntervalUs / run.framePackets;
  let repeats = 0;
  for (let frame = 0; frame < run.frames; frame++) {
    const nowUs = frame * run.frameIntervalUs;
    let endUs = 0;
    let completeUs = 0;
    let missing = 0;
    for (let packet = 0; packet < run.framePackets; packet++) {
      const outcome = run.forward.push(run.packetBytes, nowUs);
      endUs = Math.max(endUs, run.forward.arrivalUs);
      if (outcome !== "delivered") missing++;
      else completeUs = Math.max(completeUs, run.forward.arrivalUs);
    }
    let askedUs = endUs;
    let tries = 0;
    while (missing > 0 && askedUs - endUs <= giveUpUs) {
      const round = askAgain(run, missing, askedUs);
      tries += round.sent;
      for (let packet = 0; packet < missing - round.missing; packet++) {
        run.onRecovered(Math.round((round.endUs - endUs) / slotUs));
      }
      if (round.missing < missing) completeUs = round.endUs;
      missing = round.missing;
      askedUs = round.endUs;
    }
    repeats += tries;
    run.onFrame(endUs, missing > 0 ? Infinity : completeUs);
  }
  return repeats / (run.frames * run.framePackets);
}

/**
 * One request and its answers. The links are asked out of the order of time, which a bottleneck would
 * notice and an outage at the turn of its period: baselines run on links without the one, and count
 * the other in hundreds.
 */
function askAgain(
  run: BaselineRun,
  missing: number,
  nowUs: number,
): { missing: number; endUs: number; sent: number } {
  const request = run.backward.push(REQUEST_BYTES, nowUs);
  const answeredUs = run.backward.arrivalUs;
  let left = missing;
  let endUs = answeredUs + (answeredUs - nowUs);
  if (request !== "delivered") return { missing, endUs, sent: 0 };
  for (let packet = 0; packet < missing; packet++) {
    if (run.forward.push(run.packetBytes, answeredUs) === "delivered") left--;
    endUs = run.forward.arrivalUs;
  }
  return { missing: left, endUs, sent: missing };
}
