/**
 * Rung plan: by which way a page begins: the one that its address asks for, else the one that worked
 * last. Functions only.
 */

import { RUNGS } from "../../transport/ladder.ts";
import type { RungPlan } from "../../transport/diallers.ts";
import { rememberedRung } from "./rung_memory.ts";
import type { MemoryPlace } from "./rung_memory.ts";

/** How to dial: by the way that was asked for, else by what worked last. */
export function planOf(asked: string | undefined): RungPlan {
  const force = RUNGS.find((rung) => rung === asked);
  return force === undefined ? { first: rememberedRung(placeHere()) } : { force };
}

/** Why the way that was asked for cannot be; undefined when it can. */
export function unknownTransport(asked: string | undefined): string | undefined {
  if (asked === undefined || RUNGS.some((rung) => rung === asked)) return undefined;
  return `Cannot use the transport "${asked.slice(0, 32)}": use ${RUNGS.join(", ")} or none`;
}

/** Where this browser keeps things. */
export function placeHere(): MemoryPlace {
  const { connection } = navigator as Navigator & Pick<MemoryPlace, "connection">;
  return { storage: localStorage, nowMs: Date.now, connection };
}
