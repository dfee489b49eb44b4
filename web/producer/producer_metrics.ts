/**
 * ProducerMetrics: how publishing goes, in figures: frames, drops, processing, adaptations, reuse, and
 * one score from 0 to 100 that people can read. Pure: it holds counters and one window of a few
 * seconds, and is told the time.
 */

/** Weights of the score: frame rate, drops, reuse. */
export const SCORE_WEIGHTS = { frameRate: 0.5, drops: 0.3, reuse: 0.2 } as const;
/** Time that rates are taken over. */
const WINDOW_US = 3_000_000;
/** Samples that are kept of it: one each half second. */
const SAMPLES_MAX = 8;

/** Counters at one moment; all but the last two only grow. */
export interface ProducerCounts {
  /** Frames that the source delivered, without those above the target rate. */
  readonly framesWanted: number;
  /** Frames that left for the host. */
  readonly framesSent: number;
  readonly bytesSent: number;
  /** Skipped before the encoder. */
  readonly skipped: number;
  /** Given up after it: evicted from the ring. */
  readonly evicted: number;
  readonly adaptations: number;
  readonly reused: number;
  /** Times that a kept stream could have been used. */
  readonly reusable: number;
  readonly targetFps: number;
  readonly processingUs: number;
}

/** What is shown and sent to the host. */
export interface ProducerReport {
  readonly fps: number;
  readonly targetFps: number;
  readonly bitrateBps: number;
  readonly framesSent: number;
  readonly skipped: number;
  readonly evicted: number;
  /** Share of wanted frames that were dropped lately, 0 to 1. */
  readonly dropRate: number;
  readonly processingUs: number;
  readonly adaptations: number;
  /** Share of the chances to reuse a stream that were used, 0 to 1; 1 without a chance. */
  readonly reuseRate: number;
  /** 0 to 100. */
  readonly score: number;
}

interface Sample {
  readonly atUs: number;
  readonly counts: ProducerCounts;
}

/** Makes reports of counters. */
export class ProducerMetrics {
  readonly #samples: Sample[] = [];

  /** Takes the counters of now and gives what they say of the last seconds. */
  report(counts: ProducerCounts, nowUs: number): ProducerReport {
    const samples = this.#samples;
    while (
      samples.length >= SAMPLES_MAX ||
      (samples.length > 1 && nowUs - samples[0]!.atUs > WINDOW_US)
    ) samples.shift();
    const before = samples[0];
    samples.push({ atUs: nowUs, counts });
    const { targetFps, processingUs, framesSent, skipped, evicted, adaptations } = counts;
    const seconds = before === undefined ? 0 : (nowUs - before.atUs) / 1e6;
    const perSecond = (now: number, then = now) => seconds > 0 ? (now - then) / seconds : 0;
    const fps = perSecond(framesSent, before?.counts.framesSent);
    const dropRate = before === undefined ? 0 : dropsBetween(before.counts, counts);
    const reuseRate = counts.reusable === 0 ? 1 : Math.min(1, counts.reused / counts.reusable);
    return {
      ...{ fps, targetFps, framesSent, skipped, evicted, dropRate },
      ...{ processingUs, adaptations, reuseRate },
      bitrateBps: 8 * perSecond(counts.bytesSent, before?.counts.bytesSent),
      score: scoreOf({ frameRateShare: targetFps > 0 ? fps / targetFps : 0, dropRate, reuseRate }),
    };
  }

  /** A new run: rates begin anew. */
  restart(): void {
    this.#samples.length = 0;
  }
}

/** The score: frame rate 50 %, drops 30 %, reuse 20 %. */
export function scoreOf(
  { frameRateShare, dropRate, reuseRate }: {
    readonly frameRateShare: number;
    readonly dropRate: number;
    readonly reuseRate: number;
  },
): number {
  const score = SCORE_WEIGHTS.frameRate * unit(frameRateShare) +
    SCORE_WEIGHTS.drops * (1 - unit(dropRate)) +
    SCORE_WEIGHTS.reuse * unit(reuseRate);
  return Math.round(100 * score);
}

function dropsBetween(before: ProducerCounts, now: ProducerCounts): number {
  const wanted = now.framesWanted - before.framesWanted;
  const dropped = now.skipped - before.skipped + now.evicted - before.evicted;
  return wanted <= 0 ? 0 : unit(dropped / wanted);
}

function unit(value: number): number {
  return Math.max(0, Math.min(1, Number.isNaN(value) ? 0 : value));
}
