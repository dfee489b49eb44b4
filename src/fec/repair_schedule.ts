/**
 * RepairSchedule: how many repairs are due at the end of a frame. Redundancy is paid as credit that
 * adds up over small frames, so that a fraction of a repair is never rounded away; a large frame is
 * paid in groups.
 */

/** A frame of more packets gets its repairs in groups, before its end. */
export const REPAIR_GROUP_PACKETS = 128;
/** Most repairs that wait to be taken: half of a group, the highest redundancy there is. */
export const MAX_PENDING_REPAIRS = 64;
/** Repairs that a frame may be sure of, whatever the credit. */
export type MinRepairs = 0 | 1 | 2;
const MAX_MIN_REPAIRS = 2;
/** A frame of fewer packets is not sure of two: they would be half of what is sent. */
const TWO_REPAIRS_PACKETS = 4;
/** Sums of fractions such as 20 times 0.05 must reach the whole number. */
const ROUNDING = 1e-9;

/** Counts packets, yields repairs. */
export class RepairSchedule {
  /** Repair packets per source packet, 0 to 0.5. */
  redundancy = 0;
  /** Repairs that each frame gets at least, for frames that must be on time; tiny ones get one at most. */
  minRepairsPerFrame: MinRepairs = 0;
  #credit = 0;
  #groupPackets = 0;
  #framePackets = 0;
  #frameRepairs = 0;
  #pending = 0;

  /** Repairs that are due now. */
  get pending(): number {
    return this.#pending;
  }

  /** Counts a source packet; at the end of a frame or group, repairs fall due. */
  push(endsFrame: boolean): void {
    this.#credit += this.redundancy;
    this.#framePackets++;
    this.#groupPackets++;
    if (!endsFrame && this.#groupPackets < REPAIR_GROUP_PACKETS) return;
    this.#groupPackets = 0;
    let due = Math.floor(this.#credit + ROUNDING);
    this.#frameRepairs += due;
    if (endsFrame) {
      const few = this.#framePackets < TWO_REPAIRS_PACKETS ? 1 : MAX_MIN_REPAIRS;
      due += Math.max(0, Math.min(few, this.minRepairsPerFrame) - this.#frameRepairs);
      this.#frameRepairs = 0;
      this.#framePackets = 0;
    }
    this.#credit = Math.max(0, this.#credit - due);
    this.#pending = Math.min(MAX_PENDING_REPAIRS, this.#pending + due);
  }

  /** Takes one repair that is due; false when none is. */
  take(): boolean {
    if (this.#pending === 0) return false;
    this.#pending--;
    return true;
  }

  /** Forgets what is due. */
  clear(): void {
    this.#credit = 0;
    this.#groupPackets = 0;
    this.#framePackets = 0;
    this.#frameRepairs = 0;
    this.#pending = 0;
  }
}
