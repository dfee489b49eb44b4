/**
 * The vocabulary that names must keep: one word per concept, as docs/ARCHITECTURE.md lists it. Only
 * words that have no second honest meaning in this code are here; the rest is for a reader's eye.
 */

/** A word that must not be in a name, and the word to use. */
export interface UnwantedWord {
  /** Lower-case words in sequence, as they stand in a camelCase or snake_case name. */
  readonly word: string;
  readonly instead: string;
  /** Folders in which the word is the right one. */
  readonly except?: readonly string[];
}

const UNWANTED_WORDS: readonly UnwantedWord[] = [
  { word: "jitter buffer", instead: "reorder buffer", except: ["web/viewer/playback"] },
  { word: "data shard", instead: "source symbol" },
  { word: "parity shard", instead: "repair symbol" },
  { word: "shard", instead: "source symbol or repair symbol" },
  { word: "code rate", instead: "redundancy" },
  { word: "retransmit", instead: "recover" },
  { word: "retransmission", instead: "recover" },
  { word: "throttle", instead: "pacer" },
  { word: "throttler", instead: "pacer" },
  { word: "nal", instead: "encoded frame", except: ["src/wire", "src/transport/webrtc"] },
  { word: "idr", instead: "keyframe", except: ["src/wire", "src/transport/webrtc"] },
  {
    word: "pli",
    instead: "keyframe request",
    except: ["src/transport/webrtc", "src/server/stats/stats_rtc_objects.ts"],
  },
  { word: "lag", instead: "latency" },
];

/** The first unwanted word in `name`, for a file at `path`, or undefined. */
export function unwantedWord(name: string, path: string): UnwantedWord | undefined {
  const words = ` ${name.replace(/([a-z\d])([A-Z])/g, "$1 $2").replace(/_/g, " ").toLowerCase()} `;
  return UNWANTED_WORDS.find((unwanted) =>
    words.includes(` ${unwanted.word} `) &&
    !(unwanted.except ?? []).some((folder) => path.startsWith(folder))
  );
}
