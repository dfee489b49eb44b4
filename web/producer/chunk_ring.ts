/**
 * ChunkRing: what the encoder made and the path has not taken yet, between encode and packetize of a
 * publishing page. At most `CHUNKS_MAX` chunks and `BYTES_MAX` bytes; a full ring gives up its oldest,
 * and with it what cannot be decoded without it. Each of them is counted.
 */

/** Most encoded chunks that wait. */
export const CHUNKS_MAX = 10;
/** Fewest that a ring can be shrunk to: one on its way in, one on its way out. */
export const CHUNKS_MIN = 2;
/** Most bytes that wait. */
export const BYTES_MAX = 4 * 1024 * 1024;

/** One access unit of the encoder. */
export interface EncodedChunk {
  readonly isKeyframe: boolean;
  /** When its picture was captured, microseconds of the page's clock. */
  readonly captureUs: number;
  readonly payload: Uint8Array;
}

/** Counters of a ring. */
export interface ChunkRingStats {
  pushed: number;
  pulled: number;
  /** Chunks given up: the oldest of a full ring, and those that referred to it. */
  evicted: number;
}

/** Holds encoded chunks in order. */
export class ChunkRing {
  readonly #chunks: EncodedChunk[] = [];
  readonly #stats: ChunkRingStats = { pushed: 0, pulled: 0, evicted: 0 };
  #limit = CHUNKS_MAX;
  #bytes = 0;
  #isBroken = false;

  get stats(): Readonly<ChunkRingStats> {
    return this.#stats;
  }

  /** Chunks that wait. */
  get size(): number {
    return this.#chunks.length;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Most chunks that it holds now. */
  get limit(): number {
    return this.#limit;
  }

  /** What comes next cannot be decoded: only a keyframe gets the picture moving. */
  get needsKeyframe(): boolean {
    return this.#isBroken;
  }

  /** Takes a chunk, giving up older ones where it must; chunks of a broken chain are given up. */
  push(chunk: EncodedChunk): void {
    this.#stats.pushed++;
    if (chunk.isKeyframe) this.#isBroken = false;
    if (this.#isBroken) {
      this.#stats.evicted++;
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.payload.byteLength;
    this.#trim();
  }

  /** The oldest chunk, which is no longer held; undefined when none waits. */
  pull(): EncodedChunk | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#bytes -= chunk.payload.byteLength;
    this.#stats.pulled++;
    return chunk;
  }

  /** Holds fewer or more from now on, within `CHUNKS_MIN` and `CHUNKS_MAX`. */
  resize(limit: number): void {
    this.#limit = Math.max(CHUNKS_MIN, Math.min(CHUNKS_MAX, Math.floor(limit)));
    this.#trim();
  }

  /** Gives up what waits: who is to get it begins anew, with a keyframe. */
  clear(): void {
    while (this.#chunks.length > 0) this.#evict();
    this.#isBroken = true;
  }

  #trim(): void {
    while (this.#chunks.length > this.#limit || this.#bytes > BYTES_MAX) {
      this.#evict();
      // What referred to it is of no use either.
      while (this.#chunks.length > 0 && !this.#chunks[0]!.isKeyframe) this.#evict();
      this.#isBroken = this.#chunks.length === 0;
    }
  }

  #evict(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return;
    this.#bytes -= chunk.payload.byteLength;
    this.#stats.evicted++;
  }
}
