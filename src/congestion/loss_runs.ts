/**
 * LossRuns: turns the fates of packets, told in the order in which they were sent, into counts of
 * losses and bursts; part of send. A run of losses counts when it is over, so that losses and bursts of
 * one count belong together.
 */

/** Counts that were taken out. */
export interface LossCounts {
  readonly packets: number;
  readonly lost: number;
  readonly bursts: number;
}

/** Counts fates until they are taken. */
export class LossRuns {
  #packets = 0;
  #lost = 0;
  #bursts = 0;
  #run = 0;
  #corrections = 0;

  /** The next packet arrived: a run of losses before it is over. */
  pushArrived(): void {
    if (this.#run > 0) {
      this.#packets += this.#run;
      this.#lost += this.#run;
      this.#bursts++;
      this.#run = 0;
    }
    this.#packets++;
  }

  /** The next packet is lost. */
  pushLost(): void {
    this.#run++;
  }

  /** A packet that counts as lost arrived after all. */
  correct(): void {
    this.#corrections++;
  }

  /** Takes the counts; a run that is not over stays. */
  take(): LossCounts {
    const corrected = Math.min(this.#lost, this.#corrections);
    const lost = this.#lost - corrected;
    const counts = { packets: this.#packets, lost, bursts: Math.min(this.#bursts, lost) };
    // What was counted in an earlier report cannot be taken back: it must not hide later losses.
    this.#corrections = this.#run > 0 ? Math.min(this.#corrections - corrected, this.#run) : 0;
    this.#packets = 0;
    this.#lost = 0;
    this.#bursts = 0;
    return counts;
  }
}
