/**
 * ClipDownload: fetches a clip while it tells how far it is, and hands it to the browser as a file. The
 * browser keeps the bytes of a small clip; one above `HELD_BYTES_MAX` it downloads by itself.
 */

import { messageOf } from "./replay_client.ts";

/** A clip above this is downloaded without progress in the page, and without its memory. */
export const HELD_BYTES_MAX = 96 * 1024 * 1024;
/** Files are handed over by a link whose address is valid for this long. */
const LINK_MS = 60_000;

/** How far a download is. */
export type ClipProgress =
  | { readonly kind: "running"; readonly share: number; readonly bytes: number }
  | { readonly kind: "saved"; readonly bytes: number }
  | { readonly kind: "handed_over" }
  | { readonly kind: "failed"; readonly message: string };

/** One download; `close` ends it. */
export class ClipDownload {
  readonly #abort = new AbortController();
  readonly #onProgress: (progress: ClipProgress) => void;
  #isOver = false;

  /** Begins at once. `expectedBytes` is an estimate. */
  constructor(
    path: string,
    options: { readonly name: string; readonly expectedBytes: number },
    onProgress: (progress: ClipProgress) => void,
  ) {
    this.#onProgress = onProgress;
    this.#run(path, options.name, options.expectedBytes);
  }

  /** Ends it without a file; idempotent. */
  close(): void {
    this.#isOver = true;
    this.#abort.abort();
  }

  async #run(path: string, name: string, expectedBytes: number): Promise<void> {
    if (expectedBytes > HELD_BYTES_MAX) {
      saveLink(path, name);
      return this.#tell({ kind: "handed_over" });
    }
    try {
      this.#tell({ kind: "running", share: 0, bytes: 0 });
      const response = await fetch(path, { signal: this.#abort.signal, cache: "no-store" });
      if (!response.ok || response.body === null) {
        return this.#tell({ kind: "failed", message: await messageOf(response) });
      }
      const blob = await this.#collect(response, expectedBytes);
      if (blob === undefined) return;
      const url = URL.createObjectURL(blob);
      saveLink(url, name);
      setTimeout(() => URL.revokeObjectURL(url), LINK_MS);
      this.#tell({ kind: "saved", bytes: blob.size });
    } catch {
      this.#tell({ kind: "failed", message: "The download was cut off" });
    }
  }

  async #collect(response: Response, expectedBytes: number): Promise<Blob | undefined> {
    const length = Number(response.headers.get("content-length") ?? 0) || expectedBytes;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for await (const piece of response.body!) {
      bytes += piece.byteLength;
      if (bytes > 2 * HELD_BYTES_MAX) {
        this.#tell({ kind: "failed", message: "The clip is too long to be held" });
        this.close();
        return undefined;
      }
      pieces.push(piece);
      this.#tell({ kind: "running", share: Math.min(0.99, bytes / Math.max(1, length)), bytes });
    }
    return new Blob(pieces, { type: "video/mp4" });
  }

  #tell(progress: ClipProgress): void {
    if (this.#isOver) return;
    this.#isOver = progress.kind !== "running";
    this.#onProgress(progress);
  }
}

function saveLink(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
