/**
 * transportFeature: the page's half of the way to the host: it says in a line when a worse one is used
 * and when it changes, and remembers what works.
 */

import type { PageFeature, PageFeatureContext } from "../features/page_feature.ts";
import { rememberRung } from "./rung_memory.ts";
import { placeHere } from "./rung_plan.ts";

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
