/**
 * TransferShare: how many bytes the files of one session may move now: while a picture is sent, a
 * share of what the path is given, in small bits that wait behind no frame for long; otherwise as many
 * as there are. A pure step: it holds three numbers and no timer.
 */

/** Share of a session's target that its files may use while a picture is sent. */
export const FILE_SHARE = 0.15;
/** Most that may go at once, in time of the share. */
const BURST_US = 50_000;
/** However slow the path is, this much goes at once: less would be all overhead. */
const BURST_BYTES_MIN = 4 * 1024;

/** Gives bytes out. */
export class TransferShare {
  #targetBps: number | undefined;
  #tokens = 0;
  #filledUs = 0;

  /** Bytes a second that files get, or undefined while there is no limit. */
  get bytesPerSecond(): number | undefined {
    return this.#targetBps === undefined ? undefined : this.#targetBps * FILE_SHARE / 8;
  }

  /** Bits a second that the path is given for pictures; undefined while none are sent. */
  setTarget(targetBps: number | undefined, nowUs: number): void {
    this.#fill(nowUs);
    const isNew = this.#targetBps === undefined;
    this.#targetBps = targetBps;
    // What was not used while nobody counted is not saved up.
    if (isNew) this.#tokens = 0;
  }

  /** Takes up to `bytes`; how many may go now. */
  take(bytes: number, nowUs: number): number {
    if (this.#targetBps === undefined) return bytes;
    this.#fill(nowUs);
    const taken = Math.min(bytes, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }

  /** Gives back what was taken and not used. */
  giveBack(bytes: number): void {
    this.#tokens += bytes;
  }

  /** Microseconds until `bytes`, or as many as may go at once, can be taken. */
  waitUs(bytes: number, nowUs: number): number {
    const rate = this.bytesPerSecond;
    if (rate === undefined) return 0;
    this.#fill(nowUs);
    const wanted = Math.min(bytes, this.#burst(rate));
    return Math.max(0, Math.ceil((wanted - this.#tokens) * 1e6 / rate));
  }

  #fill(nowUs: number): void {
    const rate = this.bytesPerSecond;
    const elapsedUs = Math.max(0, nowUs - this.#filledUs);
    this.#filledUs = nowUs;
    if (rate === undefined) return;
    this.#tokens = Math.min(this.#burst(rate), this.#tokens + elapsedUs * rate / 1e6);
  }

  #burst(rate: number): number {
    return Math.max(BURST_BYTES_MIN, rate * BURST_US / 1e6);
  }
}
