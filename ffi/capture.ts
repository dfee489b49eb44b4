/**
 * Capture: what this machine can capture, convert, encode and inject, asked before a stream starts.
 * Each answer opens what it names and closes it again.
 */

import { decodeCText, encodeCText } from "./c_text.ts";
import { nativeLibrary } from "./library.ts";
import { checkStatus } from "./status.ts";

/** Properties of an X display. */
export interface DisplayInfo {
  /** Screen size in pixels. */
  readonly width: number;
  readonly height: number;
  /** Refresh rate in thousandths of a hertz; 0 where the server does not tell. */
  readonly refreshMilliHz: number;
  /** Colour depth in bits. */
  readonly depth: number;
  /** Extensions that capture and input use. */
  readonly hasShm: boolean;
  readonly hasDamage: boolean;
  readonly hasFixes: boolean;
  readonly hasTest: boolean;
}

/** One back-end of the native library. */
export interface NativeCandidate {
  readonly kind: "capture" | "convert" | "encode" | "input" | "sound";
  readonly name: string;
  /** Whether it can be used here. */
  readonly usable: boolean;
  /** Version when usable, else the reason why not. */
  readonly detail: string;
}

const DISPLAY_BYTES = 64;
const INFO_WORDS = 8;
const CANDIDATES_BYTES = 4096;

/** Asks display `name`; throws `NativeError` ("display_lost") when it does not answer. */
export async function displayInfo(name: string): Promise<DisplayInfo> {
  const words = new Uint32Array(INFO_WORDS);
  const status = await nativeLibrary().wv_display_info(encodeCText(name, DISPLAY_BYTES), words);
  checkStatus(`open display "${name}"`, status);
  const at = (index: number): number => words[index] ?? 0;
  return {
    width: at(0),
    height: at(1),
    refreshMilliHz: at(2),
    depth: at(3),
    hasShm: at(4) === 1,
    hasDamage: at(5) === 1,
    hasFixes: at(6) === 1,
    hasTest: at(7) === 1,
  };
}

/** Lists every back-end in the order in which it is tried, with whether it loads. */
export async function nativeCandidates(): Promise<NativeCandidate[]> {
  const json = new Uint8Array(CANDIDATES_BYTES);
  checkStatus("list back-ends", await nativeLibrary().wv_candidates(json, json.length));
  return JSON.parse(decodeCText(json)) as NativeCandidate[];
}
