/**
 * monitorsWorker: the worker's half of monitors: it hands the host's words to the page and the page's
 * wishes to the host, while there is one.
 */

import type {
  FeatureLink,
  WorkerFeature,
  WorkerFeatureContext,
} from "../features/worker_feature.ts";

/** Makes it. */
export function monitorsWorker(context: WorkerFeatureContext): WorkerFeature {
  let link: FeatureLink | undefined;
  return {
    serverMessages: ["monitor_list", "display_resized"],
    pageMessages: ["monitors"],
    onServerMessage(message) {
      if (message.type !== "monitor_list" && message.type !== "display_resized") return;
      context.post({ type: "monitors", event: message });
    },
    onPageMessage(message) {
      if (message.type === "monitors") link?.send(message.command);
    },
    onConnected: (connected) => link = connected,
    onDisconnected: () => link = undefined,
  };
}
