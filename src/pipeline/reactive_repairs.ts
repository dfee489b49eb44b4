/**
 * ReactiveRepairs: how many repairs answer a viewer's report of missing packets. What was sent after
 * the newest packet that the report knows of may still arrive, so it counts as on its way; what a
 * frame interval may cost is bounded. It remembers 64 repairs.
 */

import { distance16 } from "../core/sequence.ts";
import { reactiveRepairLimit } from "../fec/redundancy.ts";

/** Repairs remembered: those of one round trip at 20 a frame, and more than that is no repair. */
const REMEMBERED = 64;
/** What is this late beyond the round trip is lost. */
const LATE_MARGIN_US = 20_000;

/** A gap as a report describes it. */
export interface Gap {
  /** Independent repairs that are wanting. */
  readonly deficit: number;
  /** Repairs beyond it, because some of them are lost as well. */
  readonly surplus: number;
  /** Packets of a frame: more repairs than a share of them are no repair but a second frame. */
  readonly framePackets: number;
  /** Newest transport sequence that the viewer had when it reported. */
  readonly newestSequence: number;
  readonly rttUs: number;
}

/** What to do about a gap. */
export interface GapAnswer {
  /** Repairs to send now. */
  readonly repairs: number;
  /** Repairs that would be wanting besides, but are above the limit. */
  readonly unmet: number;
  /** Repairs of one frame interval. */
  readonly limit: number;
}

/** The reactive repairs of one viewer. */
export class ReactiveRepairs {
  readonly #frameIntervalUs: number;
  readonly #sequences = new Uint16Array(REMEMBERED);
  readonly #sentUs = new Float64Array(REMEMBERED);
  #count = 0;
  #intervalStartUs = -Infinity;
  #intervalRepairs = 0;

  constructor(frameIntervalUs: number) {
    this.#frameIntervalUs = frameIntervalUs;
  }

  /** Repairs sent since the beginning. */
  get count(): number {
    return this.#count;
  }

  /** How many repairs `gap` is worth now. */
  answer(gap: Gap, nowUs: number): GapAnswer {
    if (nowUs - this.#intervalStartUs >= this.#frameIntervalUs) {
      this.#intervalStartUs = nowUs;
      this.#intervalRepairs = 0;
    }
    const needed = gap.deficit === 0 ? 0 : gap.deficit + gap.surplus;
    const wanted = Math.max(0, needed - this.#onTheWay(gap, nowUs));
    const limit = reactiveRepairLimit(gap.framePackets, Infinity);
    const repairs = Math.max(0, Math.min(wanted, limit - this.#intervalRepairs));
    return { repairs, unmet: wanted - repairs, limit };
  }

  /** One was sent. */
  note(transportSequence: number, nowUs: number): void {
    const slot = this.#count % REMEMBERED;
    this.#sequences[slot] = transportSequence;
    this.#sentUs[slot] = nowUs;
    this.#count++;
    this.#intervalRepairs++;
  }

  /** Source ids begin anew: what is on its way repairs nothing of now. */
  clear(): void {
    this.#sentUs.fill(-Infinity);
  }

  #onTheWay({ newestSequence, rttUs }: Gap, nowUs: number): number {
    let repairs = 0;
    for (let back = 1; back <= Math.min(this.#count, REMEMBERED); back++) {
      const slot = (this.#count - back) % REMEMBERED;
      if (nowUs - this.#sentUs[slot]! > rttUs + LATE_MARGIN_US) break;
      if (distance16(newestSequence, this.#sequences[slot]!) > 0) repairs++;
    }
    return repairs;
  }
}
