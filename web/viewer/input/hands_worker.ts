/**
 * handsWorker: the worker's half of what hands do beside keys and pointer: it hands on what the host
 * says of its devices. What hands send goes as input records and datagrams.
 */

import type { WorkerFeature, WorkerFeatureContext } from "../features/worker_feature.ts";

/** Makes the worker's half. */
export function handsWorker({ post }: WorkerFeatureContext): WorkerFeature {
  return {
    serverMessages: ["rumble", "input_capabilities", "pointer_place"],
    pageMessages: [],
    onPageMessage: () => {},
    onServerMessage: (message) => {
      if (message.type === "rumble") {
        const { streamId, slot, strong, weak, durationMs } = message;
        post({ type: "rumble", streamId, rumble: { slot, strong, weak, durationMs } });
      } else if (message.type === "pointer_place") {
        post(message);
      } else if (message.type === "input_capabilities") {
        const { streamId, abilities } = message;
        post({ type: "input_abilities", streamId, abilities });
      }
    },
  };
}
