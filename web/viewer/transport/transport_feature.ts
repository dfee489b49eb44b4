/**
 * transportFeature: the page's half of the way to the host: it says in a line when a worse one is used
 * and when it changes, and remembers what works. `planOf` is what the worker dials by.
 */

import { RUNGS } from "../../transport/ladder.ts";
import type { RungPlan } from "../../transport/diallers.ts";
import type { PageFeature, PageFeatureContext } from "../features/page_feature.ts";
import { rememberedRung, rememberRung } from "./rung_memory.ts";
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

/** Makes it. */
export function transportFeature({ window, root }: PageFeatureContext): PageFeature {
  return {
    workerMessages: ["transport"],
    onWorkerMessage(message) {
      if (message.type !== "transport") return;
      const { rung, notice } = message;
      if (notice !== undefined) window.notices.show(notice);
      if (rung === undefined) return;
      root.dataset["transport"] = rung;
      rememberRung(placeHere(), rung);
    },
  };
}

function placeHere(): MemoryPlace {
  const { connection } = navigator as Navigator & Pick<MemoryPlace, "connection">;
  return { storage: localStorage, nowMs: Date.now, connection };
}
