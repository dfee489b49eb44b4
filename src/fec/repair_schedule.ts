/**
 * RepairSchedule: how many repairs are due at the end of a frame. Redundancy is paid as credit that
 * adds up over small frames, so that a fraction of a repair is never rounded away; a large frame is
 * paid in groups.
 */

/** A frame of more packets gets its repairs in groups, before its end. */
export const REPAIR_GROUP_PACKETS = 128;
/** Most repairs that wait to be taken: half of a group, the highest redundancy there is. */
export const MAX_PENDING_REPAIRS = 64;
/** Sums of fractions such as 20 times 0.05 must reach the whole number. */
const ROUNDING = 1e-9;

/** Counts packets, yields repairs. */
export class RepairSchedule {
  /** Repair packets per source packet, 0 to 0.5. */
  redundancy = 0;
  /** Repairs that each frame gets at least: 1 for frames that must be on time, else 0. */
  minRepairsPerFrame: 0 | 1 = 0;
  #credit = 0;
  #groupPackets = 0;
  #frameRepairs = 0;
  #pending = 0;

  /** Repairs that are due now. */
  get pending(): number {
    return this.#pending;
  }

  /** Counts a source packet; at the end of a frame or group, repairs fall due. */
  push(endsFrame: boolean): void {
    this.#credit += this.redundancy;
    this.#groupPackets++;
    if (!endsFrame && this.#groupPackets < REPAIR_GROUP_PACKETS) return;
    this.#groupPackets = 0;
    let due = Math.floor(this.#credit + ROUNDING);
    this.#frameRepairs += due;
    if (endsFrame) {
      if (this.#frameRepairs < this.minRepairsPerFrame) due++;
      this.#frameRepairs = 0;
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
    this.#frameRepairs = 0;
    this.#pending = 0;
  }
}
