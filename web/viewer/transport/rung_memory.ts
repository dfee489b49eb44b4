/**
 * RungMemory: which way to the host worked last, for each kind of network, so that the next visit
 * begins with it. What is kept names no network: only what kind of connection the browser says it has;
 * the host is that of the page's address, for which a browser keeps it. It is forgotten after a week.
 */

import { RUNGS } from "../../transport/ladder.ts";
import type { Rung } from "../../transport/ladder.ts";

const KEY = "wavry:way";
/** What is older says little of a network. */
export const REMEMBERED_MS = 7 * 24 * 3600 * 1000;
/** Kinds of networks that are kept; the oldest makes room. */
export const NETWORKS_MAX = 8;

/** What it needs of the browser. */
export interface MemoryPlace {
  readonly storage: Pick<Storage, "getItem" | "setItem">;
  readonly nowMs: () => number;
  /** What the browser says of its connection; undefined where it says nothing. */
  readonly connection?: { readonly type?: string; readonly effectiveType?: string } | undefined;
}

type Kept = [network: string, rung: Rung, atMs: number];

/** The kind of network that the browser is in, as far as it says. */
export function networkKind({ connection }: MemoryPlace): string {
  return `${connection?.type ?? ""} ${connection?.effectiveType ?? ""}`;
}

/** What worked last on this kind of network; undefined when nothing is known. */
export function rememberedRung(place: MemoryPlace): Rung | undefined {
  return read(place).find(([network]) => network === networkKind(place))?.[1];
}

/** Keeps what works. */
export function rememberRung(place: MemoryPlace, rung: Rung): void {
  const network = networkKind(place);
  const others = read(place).filter(([kept]) => kept !== network);
  const kept: Kept[] = [[network, rung, place.nowMs()], ...others];
  try {
    place.storage.setItem(KEY, JSON.stringify(kept.slice(0, NETWORKS_MAX)));
  } catch {
    // A browser that keeps nothing begins with the best way each time.
  }
}

function read({ storage, nowMs }: MemoryPlace): Kept[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.filter((one): one is Kept => {
      const [network, rung, atMs] = Array.isArray(one) ? one : [];
      return typeof network === "string" && RUNGS.includes(rung) && typeof atMs === "number" &&
        nowMs() - atMs < REMEMBERED_MS;
    });
  } catch {
    return [];
  }
}
