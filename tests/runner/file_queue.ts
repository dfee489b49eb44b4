/**
 * FileQueue: which test file runs next on a machine with two processors. A browser that decodes and
 * draws takes both of them, so no two files that start one run side by side: beside it run those that
 * do without. Files that must be alone come when everything else has ended.
 */

/** What a file needs of the machine. */
export type FileNeed = "alone" | "browser" | "little";

/** A file with its need. */
export interface WaitingFile {
  readonly file: string;
  readonly need: FileNeed;
}

/** Hands out each file once; the caller says when one has ended. */
export class FileQueue {
  readonly #waiting: Readonly<Record<FileNeed, string[]>>;
  #running = 0;
  #browsers = 0;

  constructor(files: readonly WaitingFile[]) {
    const of = (wanted: FileNeed) =>
      files.filter(({ need }) => need === wanted).map(({ file }) => file);
    this.#waiting = { alone: of("alone"), browser: of("browser"), little: of("little") };
  }

  /** The next file; undefined: nothing can start before something that runs has ended. */
  take(): WaitingFile | undefined {
    const need = this.#next();
    const file = need === undefined ? undefined : this.#waiting[need].shift();
    if (need === undefined || file === undefined) return undefined;
    this.#running++;
    if (need === "browser") this.#browsers++;
    return { file, need };
  }

  /** A file that was taken has ended. */
  ended({ need }: WaitingFile): void {
    this.#running--;
    if (need === "browser") this.#browsers--;
  }

  #next(): FileNeed | undefined {
    const { alone, browser, little } = this.#waiting;
    if (browser.length > 0 && this.#browsers === 0) return "browser";
    if (little.length > 0) return "little";
    return alone.length > 0 && this.#running === 0 ? "alone" : undefined;
  }
}
