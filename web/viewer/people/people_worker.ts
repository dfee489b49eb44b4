/**
 * peopleWorker: the worker's half of the people of a host: it hands words through, and opens the stream
 * of input when the viewer is allowed some for the first time.
 */

import type {
  FeatureLink,
  WorkerFeature,
  WorkerFeatureContext,
} from "../features/worker_feature.ts";
import { mayInput } from "./people_rights.ts";

/** Makes the worker's half. */
export function peopleWorker({ post }: WorkerFeatureContext): WorkerFeature {
  let link: FeatureLink | undefined;
  return {
    serverMessages: ["rights", "people", "control_state", "slot_state"],
    pageMessages: ["people"],
    onConnected: (connected) => {
      link = connected;
    },
    onDisconnected: () => {
      link = undefined;
    },
    onPageMessage: (message) => {
      if (message.type === "people") link?.send(message.command);
    },
    onServerMessage: (message) => {
      switch (message.type) {
        case "rights":
          if (mayInput(message)) link?.openInput();
          return post({ type: "people", event: message });
        case "people":
        case "control_state":
        case "slot_state":
          return post({ type: "people", event: message });
      }
    },
  };
}
