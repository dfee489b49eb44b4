/**
 * Heap snapshot: the JavaScript heap of this process in a file, for the memory panel of a browser's
 * tools. It stops the process until it is written, and holds every secret that the program knows.
 */

import v8 from "node:v8";

/** Writes the heap to a file that must not exist. Throws when it cannot. */
export function writeHeapSnapshot(path: string): { bytes: number; ms: number } {
  const startMs = performance.now();
  // Made here, so that nobody else can read it for a moment, nor lead it elsewhere by a link.
  using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  v8.writeHeapSnapshot(path);
  // Its size by seeking: the media process may write there and not read.
  const bytes = file.seekSync(0, Deno.SeekMode.End);
  return { bytes, ms: Math.round(performance.now() - startMs) };
}
