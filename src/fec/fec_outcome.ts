/**
 * FecOutcome: what can become of a packet in the FecDecoder, and the counters of each case. Nothing
 * that a peer sends is an exception on this path: it is one of these words.
 */

/** What became of a source packet. */
export const SOURCE_OUTCOMES = [
  "accepted",
  /** It was missing; equations are simpler now and may have been solved. */
  "filled_gap",
  "duplicate",
  /** The ring has passed its id. */
  "too_old",
  /** It is so far ahead that everything before it was forgotten. */
  "restarted",
  /** Its symbol is too short or too long to be protected. */
  "unprotected",
] as const;

/** What became of a repair packet. */
export const REPAIR_OUTCOMES = [
  /** It became an equation; `pull` may have something. */
  "accepted",
  /** Nothing in its window is missing. */
  "redundant",
  /** It says nothing that earlier repairs do not say. */
  "dependent",
  /** It covers a symbol that was given up, or that is older than the ring. */
  "unusable",
  /** Its window ends beyond the ring, or nothing was received yet. */
  "out_of_range",
  /** It is shorter than a symbol that it covers. */
  "inconsistent",
  /** Its bytes break the packet format, or belong to another stream. */
  "malformed",
] as const;

/** One of `SOURCE_OUTCOMES`. */
export type SourceOutcome = typeof SOURCE_OUTCOMES[number];
/** One of `REPAIR_OUTCOMES`. */
export type RepairOutcome = typeof REPAIR_OUTCOMES[number];

/** Counters of a decoder. */
export interface FecDecoderStats {
  readonly sources: Record<SourceOutcome, number>;
  readonly repairs: Record<RepairOutcome, number>;
  recovered: number;
  /** Solved symbols that no sender can have sent: some repair was wrong. */
  corrupt: number;
  /** Missing symbols that were given up. */
  abandoned: number;
  /** Recovered symbols that nobody pulled in time. */
  unread: number;
}

/** Counters at zero. */
export function emptyDecoderStats(): FecDecoderStats {
  return {
    sources: zeros(SOURCE_OUTCOMES),
    repairs: zeros(REPAIR_OUTCOMES),
    recovered: 0,
    corrupt: 0,
    abandoned: 0,
    unread: 0,
  };
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
