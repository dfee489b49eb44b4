/**
 * LinkModel: what a path does to a packet of n bytes that is sent at time t. Bottleneck with a rate
 * schedule and a byte-bounded drop-tail queue, then loss, delay, jitter, reordering and duplicates.
 * It holds no packet and owns no clock, so that the simulator and the fault relay share it.
 */

import { type LossProcess, lossProcess, type LossSpec } from "./loss_process.ts";
import { randomProcess, type SplitMix64 } from "./split_mix.ts";

/** Headers of UDP over IPv4 and of a QUIC datagram, which the bottleneck carries as well. */
export const PACKET_OVERHEAD_BYTES = 28 + 29;
/** Default queue of a bottleneck: 100 ms at 20 Mbit/s. */
const QUEUE_BYTES = 250_000;
const US_PER_SECOND = 1_000_000;

/** From `fromUs` on the bottleneck has this rate. */
export interface RateStep {
  readonly fromUs: number;
  readonly bps: number;
}

/** What a path is like in one direction. */
export interface LinkOptions {
  /** Rates by time, the first from 0; none: no bottleneck, so no queue either. */
  readonly rates?: readonly RateStep[];
  /** Most bytes that wait at the bottleneck; a packet that finds no room is dropped. */
  readonly queueBytes?: number;
  /** Propagation, one way. */
  readonly delayUs: number;
  /** Standard deviation of a further delay, half of a normal distribution; order is kept. */
  readonly jitterUs?: number;
  /** A packet is lost when any of these says so. */
  readonly losses?: readonly LossSpec[];
  /** Share of packets that arrive twice. */
  readonly duplicateShare?: number;
  /** Share of packets that are held back by `reorderUs` and overtaken. */
  readonly reorderShare?: number;
  readonly reorderUs?: number;
  /** Packets that wait longer at the bottleneck are counted as marked; default 1 ms. */
  readonly markAboveUs?: number;
}

/** What became of a packet. */
export type LinkOutcome = "delivered" | "lost" | "queue_full";

/** Counters of a link. */
export interface LinkStats {
  packets: number;
  bytes: number;
  lost: number;
  queueFull: number;
  duplicates: number;
  reordered: number;
  /** Packets that waited longer than the mark. */
  marked: number;
  deliveredBytes: number;
}

/** One direction of a path. Packets must be pushed in the order of time. */
export class LinkModel {
  readonly #rates: readonly RateStep[];
  readonly #queueBytes: number;
  readonly #options: LinkOptions;
  readonly #losses: readonly LossProcess[];
  readonly #jitter: SplitMix64;
  readonly #duplicates: SplitMix64;
  readonly #reorder: SplitMix64;
  readonly #stats: LinkStats = {
    packets: 0,
    bytes: 0,
    lost: 0,
    queueFull: 0,
    duplicates: 0,
    reordered: 0,
    marked: 0,
    deliveredBytes: 0,
  };
  readonly #markAboveUs: number;
  /** Times at which the last pushed packet arrives: none, one, or two. */
  readonly deliveries: number[] = [];
  #rateIndex = 0;
  #freeAtUs = 0;
  #lastArrivalUs = 0;
  /** Departures of packets that wait, oldest first, from `#head` on. */
  #departures: { atUs: number; bytes: number }[] = [];
  #head = 0;
  #queuedBytes = 0;
  #queueDelayUs = 0;
  #arrivalUs = 0;

  /** `name` sets its random processes apart from those of other links of one seed. */
  constructor(options: LinkOptions, origin: { readonly seed: number; readonly name: string }) {
    const draws = (process: string) => randomProcess(origin.seed, `${origin.name} ${process}`);
    this.#options = options;
    this.#rates = options.rates ?? [];
    if (this.#rates.length > 0 && this.#rates[0]!.fromUs !== 0) {
      throw new RangeError(`Cannot start a rate schedule at ${this.#rates[0]!.fromUs} us`);
    }
    if (this.#rates.some(({ bps }) => !(bps > 0))) throw new RangeError("Cannot use a rate of 0");
    this.#queueBytes = options.queueBytes ?? QUEUE_BYTES;
    this.#markAboveUs = options.markAboveUs ?? 1000;
    this.#losses = (options.losses ?? []).map((spec, index) =>
      lossProcess(spec, (part) => draws(`loss ${index} ${part}`))
    );
    this.#jitter = draws("jitter");
    this.#duplicates = draws("duplicates");
    this.#reorder = draws("reorder");
  }

  get stats(): Readonly<LinkStats> {
    return this.#stats;
  }

  /** How long the last pushed packet waited at the bottleneck. */
  get queueDelayUs(): number {
    return this.#queueDelayUs;
  }

  /** When the last pushed packet arrives, or would have arrived had it not been lost. */
  get arrivalUs(): number {
    return this.#arrivalUs;
  }

  /** Rate of the bottleneck at a time, bits a second; undefined without a bottleneck. */
  rateBps(atUs: number): number | undefined {
    return this.#rates.findLast(({ fromUs }) => fromUs <= atUs)?.bps;
  }

  /** Takes a packet of `bytes` payload; `deliveries` says when it arrives. */
  push(bytes: number, nowUs: number): LinkOutcome {
    this.deliveries.length = 0;
    this.#stats.packets++;
    this.#stats.bytes += bytes;
    const departureUs = this.#pass(bytes + PACKET_OVERHEAD_BYTES, nowUs);
    if (departureUs === undefined) {
      this.#stats.queueFull++;
      this.#arrivalUs = this.#freeAtUs + this.#options.delayUs;
      return "queue_full";
    }
    this.#queueDelayUs = departureUs - nowUs;
    if (this.#queueDelayUs > this.#markAboveUs) this.#stats.marked++;
    const arrivalUs = this.#arrive(departureUs);
    this.#arrivalUs = arrivalUs;
    let isLost = false;
    // Every process sees every packet, so that one does not shift another.
    for (const process of this.#losses) isLost = process(departureUs) || isLost;
    const isDuplicate = this.#happens(this.#duplicates, this.#options.duplicateShare);
    if (isLost) {
      this.#stats.lost++;
      return "lost";
    }
    this.deliveries.push(arrivalUs);
    this.#stats.deliveredBytes += bytes;
    if (isDuplicate) {
      this.#stats.duplicates++;
      this.deliveries.push(arrivalUs);
    }
    return "delivered";
  }

  /** When the bottleneck has sent the packet, or undefined when its queue is full. */
  #pass(bytes: number, nowUs: number): number | undefined {
    if (this.#rates.length === 0) return nowUs;
    while (this.#head < this.#departures.length && this.#departures[this.#head]!.atUs <= nowUs) {
      this.#queuedBytes -= this.#departures[this.#head++]!.bytes;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#departures.length) {
      this.#departures = this.#departures.slice(this.#head);
      this.#head = 0;
    }
    if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > this.#queueBytes) return undefined;
    this.#freeAtUs = this.#serve(bytes * 8, Math.max(nowUs, this.#freeAtUs));
    this.#departures.push({ atUs: this.#freeAtUs, bytes });
    this.#queuedBytes += bytes;
    return this.#freeAtUs;
  }

  /** When `bits` are through that start at `startUs`, across steps of the rate. */
  #serve(bits: number, startUs: number): number {
    let left = bits;
    let atUs = startUs;
    for (;;) {
      while (this.#rates[this.#rateIndex + 1] !== undefined) {
        if (this.#rates[this.#rateIndex + 1]!.fromUs > atUs) break;
        this.#rateIndex++;
      }
      const bitsPerUs = this.#rates[this.#rateIndex]!.bps / US_PER_SECOND;
      const stepUs = this.#rates[this.#rateIndex + 1]?.fromUs ?? Infinity;
      if (left <= bitsPerUs * (stepUs - atUs)) return atUs + left / bitsPerUs;
      left -= bitsPerUs * (stepUs - atUs);
      atUs = stepUs;
    }
  }

  #arrive(departureUs: number): number {
    const { delayUs, jitterUs = 0, reorderShare, reorderUs = 0 } = this.#options;
    const jitter = jitterUs === 0 ? 0 : Math.abs(this.#jitter.normal()) * jitterUs;
    const inOrderUs = Math.max(this.#lastArrivalUs, Math.round(departureUs + delayUs + jitter));
    if (this.#happens(this.#reorder, reorderShare)) {
      this.#stats.reordered++;
      return inOrderUs + reorderUs;
    }
    this.#lastArrivalUs = inOrderUs;
    return inOrderUs;
  }

  #happens(draws: SplitMix64, share = 0): boolean {
    return share > 0 && draws.next() < share;
  }
}
