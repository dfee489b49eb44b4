/**
 * Redundancy: how many repairs a viewer needs, from the loss that it reports. One policy per viewer:
 * loss and burst length averages, a formula, and a floor that goes away on a clean path, because
 * packets that repair nothing are themselves a cause of loss where packets are dear (Wi-Fi).
 */

/** Highest redundancy: above it, a lower bitrate serves better. */
export const MAX_REDUNDANCY = 0.5;
/** Lowest redundancy while the path has lost packets of late. */
export const MIN_LOSSY_REDUNDANCY = 0.03;
/** Reports without loss after which the floor begins to fall: 5 s at 60 fps. */
export const CLEAN_REPORTS = 300;
/** Reports in which the floor falls to nothing. */
const FADE_REPORTS = 300;
/** Redundancy that is not worth its packets: less than one repair for 500 packets. */
const NEGLIGIBLE_REDUNDANCY = 0.002;
/**
 * Weights of one frame in the averages: a fast one for bursts, a slow one to remember them. A slower
 * one than this costs more after a bad time than it saves in the next: 1/256 has a tenth more repairs
 * and as many late frames.
 */
const FAST_WEIGHT = 1 / 16;
const SLOW_WEIGHT = 1 / 64;
const LOSS_FACTOR = 1.2;
/** What an average of some frames misses of the loss to come, under the root. */
const ROOT_MARGIN = 1.27;
/** How much burst length counts: less where lost packets can be asked for again within a frame. */
const BURST_FACTOR = { shortPath: 0.5, path: 0.75, longPath: 1 };
/**
 * The fewer packets two frames have, the more their losses differ from the mean: with this factor over
 * the root of the packets of a frame, 2 % of loss delays one frame in ten thousand by two.
 */
const SMALL_FRAME_FACTOR = 4;
/** Taken for the loss before anything is known of it: a path may be bad from the start. */
const FIRST_LOSS = 0.005;
/**
 * Most reactive repairs for one frame, and the share of its packets that they may add: a small
 * frame that was lost comes back in one go. Where a queue grows, none are sent.
 */
const REACTIVE_REPAIRS_PER_FRAME = 20;
const REACTIVE_SHARE = 1;

/** What a viewer reports of the packets since its last report. */
export interface LossObservation {
  /** Packets that were sent to it. */
  readonly packets: number;
  /** Those that did not arrive, before recovery. */
  readonly lost: number;
  /** Runs of lost packets that ended in this report. */
  readonly bursts: number;
}

/** What a policy may be told. */
export interface RedundancyOptions {
  /** Weight of bursts, for measurements; default: by the round trip. */
  readonly burstFactor?: number | undefined;
  /** A redundancy that no report changes, for measurements; default: by the loss. */
  readonly fixed?: number | undefined;
}

/** The redundancy of one viewer. */
export class RedundancyPolicy {
  readonly #options: RedundancyOptions;
  readonly #fixed: number | undefined;
  #fastLoss = 0;
  #slowLoss = FIRST_LOSS;
  #burstLength = 1;
  #cleanReports = 0;
  #roundTripFrames = 1;
  #framePackets = 0;
  #packets = 0;
  #lost = 0;
  #bursts = 0;
  #redundancy = MIN_LOSSY_REDUNDANCY;

  /** Throws RangeError for a fixed redundancy that no schedule can pay. */
  constructor(options: RedundancyOptions = {}) {
    const { fixed } = options;
    if (fixed !== undefined && !(fixed >= 0 && fixed <= MAX_REDUNDANCY)) {
      throw new RangeError(`Cannot use a redundancy of ${fixed}`);
    }
    this.#options = options;
    this.#fixed = fixed;
  }

  /** Repair packets per source packet, 0 to `MAX_REDUNDANCY`. */
  get redundancy(): number {
    return this.#fixed ?? this.#redundancy;
  }

  /** Loss as the formula uses it, 0 to 1. */
  get loss(): number {
    return Math.max(this.#fastLoss, this.#slowLoss);
  }

  /** Average packets of a burst, at least 1. */
  get burstLength(): number {
    return this.#burstLength;
  }

  /** The round trip in frames, which says how much can be left to reactive repairs. */
  setRoundTrip(frames: number): void {
    this.#roundTripFrames = frames;
  }

  /** Packets of a frame, as an average. */
  setFramePackets(packets: number): void {
    this.#framePackets = packets;
  }

  /**
   * Takes one report. While queue delay rises, losses count as congestion: the averages go on, the
   * redundancy does not rise, because more packets would feed the queue. A frame may take several
   * reports; their packets count together, because a loss among two packets is not a loss of half.
   */
  observe(report: LossObservation, path: { readonly isCongested: boolean }): void {
    this.#packets += report.packets;
    this.#lost += report.lost;
    this.#bursts += report.bursts;
    if (this.#packets === 0 || 2 * this.#packets < this.#framePackets) return;
    const loss = Math.min(1, this.#lost / this.#packets);
    this.#fastLoss += (loss - this.#fastLoss) * FAST_WEIGHT;
    this.#slowLoss += (loss - this.#slowLoss) * SLOW_WEIGHT;
    if (this.#bursts > 0) {
      const length = Math.max(1, this.#lost / this.#bursts);
      this.#burstLength += (length - this.#burstLength) * FAST_WEIGHT;
    }
    this.#cleanReports = this.#lost > 0 ? 0 : this.#cleanReports + 1;
    this.#packets = 0;
    this.#lost = 0;
    this.#bursts = 0;
    const wanted = this.#wanted();
    this.#redundancy = path.isCongested ? Math.min(this.#redundancy, wanted) : wanted;
  }

  #wanted(): number {
    const formula = LOSS_FACTOR * this.loss + this.#spread() * Math.sqrt(ROOT_MARGIN * this.loss);
    const faded = (this.#cleanReports - CLEAN_REPORTS) / FADE_REPORTS;
    const share = 1 - Math.min(1, Math.max(0, faded));
    // The square root keeps the formula up for minutes after the last loss; it fades as well.
    const wanted = share * Math.max(MIN_LOSSY_REDUNDANCY, Math.min(MAX_REDUNDANCY, formula));
    return wanted < NEGLIGIBLE_REDUNDANCY ? 0 : wanted;
  }

  /** How far losses may exceed their mean, in roots of it. */
  #spread(): number {
    const { burstFactor } = this.#options;
    if (burstFactor !== undefined) return burstFactor * this.#burstLength;
    // Where lost packets can be asked for within a frame, rare losses can be left to that.
    if (this.#roundTripFrames <= 1) return BURST_FACTOR.shortPath * this.#burstLength;
    const factor = this.#roundTripFrames > 3 ? BURST_FACTOR.longPath : BURST_FACTOR.path;
    const smallFrames = this.#framePackets === 0
      ? 0
      : SMALL_FRAME_FACTOR / Math.sqrt(this.#framePackets);
    return Math.max(factor * this.#burstLength, smallFrames);
  }
}

/** Reactive repairs that a frame of `framePackets` may get for a deficit of `deficit`. */
export function reactiveRepairLimit(framePackets: number, deficit: number): number {
  const share = Math.max(1, Math.floor(framePackets * REACTIVE_SHARE));
  return Math.max(0, Math.min(deficit, share, REACTIVE_REPAIRS_PER_FRAME));
}
