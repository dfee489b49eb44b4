/**
 * ClipSaver: the clip button's other half: one download at a time, stopped by a second press, with
 * words for how it ended.
 */

import { ClipDownload } from "./clip_download.ts";
import type { ClipProgress } from "./clip_download.ts";

/** What a saver tells. */
export interface ClipSaverHandlers {
  /** How far it is; undefined when it is over. */
  progress(progress: ClipProgress | undefined): void;
  notice(text: string): void;
}

/** Saves clips. */
export class ClipSaver {
  readonly #handlers: ClipSaverHandlers;
  #download: ClipDownload | undefined;

  constructor(handlers: ClipSaverHandlers) {
    this.#handlers = handlers;
  }

  /** True while one is on its way. */
  get isSaving(): boolean {
    return this.#download !== undefined;
  }

  /** Begins one. */
  save(path: string, name: string, expectedBytes: number): void {
    this.#download?.close();
    this.#download = new ClipDownload(
      path,
      { name, expectedBytes },
      (progress) => this.#progress(progress),
    );
  }

  /** Gives up the one on its way. */
  stop(): void {
    if (this.#download === undefined) return;
    this.close();
    this.#handlers.progress(undefined);
    this.#handlers.notice("The clip was not saved");
  }

  /** Ends without a word. */
  close(): void {
    this.#download?.close();
    this.#download = undefined;
  }

  #progress(progress: ClipProgress): void {
    this.#handlers.progress(progress);
    if (progress.kind === "running") return;
    this.#download = undefined;
    if (progress.kind === "failed") return this.#handlers.notice(progress.message);
    const text = progress.kind === "saved"
      ? `Clip saved: ${(progress.bytes / 1e6).toFixed(1)} MB`
      : "The browser saves the clip";
    this.#handlers.notice(text);
  }
}
