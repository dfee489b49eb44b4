/**
 * Loss processes: which packets a channel loses. Every simulated link and the fault relay draw from
 * these and nothing else. A process is asked once for each packet, in order, and owns its generators.
 */

/** Where draws come from. */
export interface Draws {
  /** A number in [0, 1). */
  next(): number;
}

/** A kind of loss, as data. */
export type LossSpec =
  | { readonly kind: "independent"; readonly rate: number }
  /** Gilbert's model: all packets of a bad period are lost, `meanBurst` on average. */
  | { readonly kind: "bursts"; readonly rate: number; readonly meanBurst: number }
  /** Gilbert and Elliott's: two states, each with losses of its own. */
  | {
    readonly kind: "two_state";
    readonly enterBad: number;
    readonly leaveBad: number;
    readonly goodLoss: number;
    readonly badLoss: number;
  }
  /** Everything is lost for `lengthUs` in each `everyUs`, from a random time in it. */
  | { readonly kind: "outages"; readonly everyUs: number; readonly lengthUs: number }
  /** Everything is lost from `fromUs` to `toUs`. */
  | { readonly kind: "blackhole"; readonly fromUs: number; readonly toUs: number }
  /** One character per packet, "1" is lost; it repeats. */
  | { readonly kind: "trace"; readonly packets: string }
  /** Kinds in turn, each for `lengthUs`. */
  | {
    readonly kind: "segments";
    readonly lengthUs: number;
    readonly segments: readonly LossSpec[];
  };

/** True when the packet that is sent now is lost. */
export type LossProcess = (nowUs: number) => boolean;

/** Gives a process the generator of one of its parts. */
export type DrawsOf = (part: string) => Draws;

/** The process of a specification. Throws RangeError for what cannot be. */
export function lossProcess(spec: LossSpec, drawsOf: DrawsOf): LossProcess {
  switch (spec.kind) {
    case "independent":
      return independentLoss(drawsOf("draw"), spec.rate);
    case "bursts":
      return burstLoss(drawsOf("state"), spec);
    case "two_state":
      return twoStateLoss(drawsOf, spec);
    case "outages":
      return outages(drawsOf("phase"), spec);
    case "blackhole":
      return (nowUs) => nowUs >= spec.fromUs && nowUs < spec.toUs;
    case "trace":
      return traceLoss(spec.packets);
    case "segments":
      return segmentedLoss(drawsOf, spec);
  }
}

/**
 * The same losses for a flow of few packets: a burst that is counted in packets would last for tenths
 * of a second there, so they are lost one by one at the same rate.
 */
export function spreadLoss(spec: LossSpec): LossSpec {
  if (spec.kind === "bursts") return { kind: "independent", rate: spec.rate };
  if (spec.kind === "two_state") {
    const bad = spec.enterBad / (spec.enterBad + spec.leaveBad);
    return { kind: "independent", rate: bad * spec.badLoss + (1 - bad) * spec.goodLoss };
  }
  if (spec.kind !== "segments") return spec;
  return { ...spec, segments: spec.segments.map(spreadLoss) };
}

/** Losses independent of each other. */
export function independentLoss(draws: Draws, rate: number): LossProcess {
  requireShare("loss rate", rate);
  return () => draws.next() < rate;
}

/** Gilbert's model with a loss rate and a mean length. */
export function burstLoss(
  draws: Draws,
  channel: { readonly rate: number; readonly meanBurst: number },
): LossProcess {
  requireShare("loss rate", channel.rate);
  if (!(channel.meanBurst >= 1)) {
    throw new RangeError(`Cannot lose bursts of ${channel.meanBurst} packets`);
  }
  const leaveBad = 1 / channel.meanBurst;
  const enterBad = leaveBad * channel.rate / (1 - channel.rate);
  let isBad = false;
  return () => {
    isBad = draws.next() < (isBad ? 1 - leaveBad : enterBad);
    return isBad;
  };
}

function twoStateLoss(
  drawsOf: DrawsOf,
  spec: Extract<LossSpec, { kind: "two_state" }>,
): LossProcess {
  const states = drawsOf("state");
  const draws = drawsOf("draw");
  let isBad = false;
  return () => {
    isBad = states.next() < (isBad ? 1 - spec.leaveBad : spec.enterBad);
    return draws.next() < (isBad ? spec.badLoss : spec.goodLoss);
  };
}

function outages(
  draws: Draws,
  { everyUs, lengthUs }: { readonly everyUs: number; readonly lengthUs: number },
): LossProcess {
  if (!(lengthUs >= 0 && lengthUs <= everyUs)) {
    throw new RangeError(`Cannot lose ${lengthUs} us of each ${everyUs} us`);
  }
  let period = -1;
  let startUs = 0;
  return (nowUs) => {
    const current = Math.floor(nowUs / everyUs);
    // One draw for each period, so that silent periods do not shift the later ones.
    while (period < current) {
      period++;
      startUs = period * everyUs + draws.next() * (everyUs - lengthUs);
    }
    return nowUs >= startUs && nowUs < startUs + lengthUs;
  };
}

function traceLoss(packets: string): LossProcess {
  if (!/^[01]+$/.test(packets)) {
    throw new RangeError("Cannot use a loss trace with other characters than 0 and 1");
  }
  let next = 0;
  return () => {
    const isLost = packets.charCodeAt(next) === 49;
    next = (next + 1) % packets.length;
    return isLost;
  };
}

function segmentedLoss(
  drawsOf: DrawsOf,
  spec: Extract<LossSpec, { kind: "segments" }>,
): LossProcess {
  const processes = spec.segments.map((segment, index) =>
    lossProcess(segment, (part) => drawsOf(`segment ${index} ${part}`))
  );
  if (processes.length === 0) throw new RangeError("Cannot lose packets in 0 segments");
  return (nowUs) => processes[Math.floor(nowUs / spec.lengthUs) % processes.length]!(nowUs);
}

function requireShare(name: string, share: number): void {
  if (!(share >= 0 && share < 1)) throw new RangeError(`Cannot use a ${name} of ${share}`);
}
