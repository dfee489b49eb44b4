/**
 * PathNotice: decides when the page says that the network is poor: when the host's reports have said
 * so for a while, and until they have not for a while, so that nothing flickers. It holds a few times.
 */

import type { PathReportMessage } from "./stats_snapshot.ts";

/** What the page can say: pictures are being repaired, or fewer of them are sent. */
export type NetworkNotice = "repairing" | "slow";

/** How long it must be bad before anything is said. */
export const NOTICE_AFTER_US = 3_000_000;
/** How long it must be good before nothing is said any more, and the least that a word stays. */
export const NOTICE_FOR_US = 4_000_000;
/** Good reports between bad ones that do not interrupt them: two a second come. */
const GOOD_BETWEEN_US = 2_000_000;

/** What one report says. */
export function noticeOf(report: PathReportMessage): NetworkNotice | undefined {
  if (report.layers !== "all" || report.rung === "rate" || report.scale < 1) return "slow";
  return report.rung === "reference" || report.rung === "keyframe" ? "repairing" : undefined;
}

/** Turns reports into a notice. */
export class PathNotice {
  #badSinceUs: number | undefined;
  #badUs = -Infinity;
  #worst: NetworkNotice = "repairing";
  #shown: NetworkNotice | undefined;
  #shownUs = -Infinity;

  /** What the page should say now. */
  get shown(): NetworkNotice | undefined {
    return this.#shown;
  }

  /** The host told how the path is; true when `shown` changed. */
  observe(report: PathReportMessage, nowUs: number): boolean {
    const notice = noticeOf(report);
    if (notice === undefined) return this.tick(nowUs);
    if (nowUs - this.#badUs > GOOD_BETWEEN_US) this.#badSinceUs = undefined;
    this.#badSinceUs ??= nowUs;
    this.#badUs = nowUs;
    this.#worst = notice;
    return this.tick(nowUs);
  }

  /** Time passes, with or without reports; true when `shown` changed. */
  tick(nowUs: number): boolean {
    if (nowUs - this.#shownUs < NOTICE_FOR_US) return false;
    const before = this.#shown;
    if (nowUs - this.#badUs >= NOTICE_FOR_US) this.#shown = undefined;
    else if (this.#shown !== undefined || this.#hasLasted(nowUs)) this.#shown = this.#worst;
    if (this.#shown === before) return false;
    if (this.#shown !== undefined) this.#shownUs = nowUs;
    return true;
  }

  #hasLasted(nowUs: number): boolean {
    return this.#badSinceUs !== undefined && this.#badUs - this.#badSinceUs >= NOTICE_AFTER_US &&
      nowUs - this.#badUs <= GOOD_BETWEEN_US;
  }
}
