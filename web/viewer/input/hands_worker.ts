/**
 * handsWorker: the worker's half of what hands do beside keys and pointer: it hands on what the host
 * says of its devices. What hands send goes as input records and datagrams.
 */

import type { InputAbility } from "../../../src/wire/input_messages.ts";
import type { WorkerFeature, WorkerFeatureContext } from "../features/worker_feature.ts";
import type { Rumble } from "./hands_handle.ts";

/** From the worker to the page. */
export type HandsWorkerMessage =
  /** A gamepad is to shake. */
  | { readonly type: "rumble"; readonly streamId: number; readonly rumble: Rumble }
  /** What the device of a stream takes. */
  | {
    readonly type: "input_abilities";
    readonly streamId: number;
    readonly abilities: readonly InputAbility[];
  };

/** Makes the worker's half. */
export function handsWorker({ post }: WorkerFeatureContext): WorkerFeature {
  return {
    serverMessages: ["rumble", "input_capabilities"],
    pageMessages: [],
    onPageMessage: () => {},
    onServerMessage: (message) => {
      if (message.type === "rumble") {
        const { streamId, slot, strong, weak, durationMs } = message;
        post({ type: "rumble", streamId, rumble: { slot, strong, weak, durationMs } });
      } else if (message.type === "input_capabilities") {
        const { streamId, abilities } = message;
        post({ type: "input_abilities", streamId, abilities });
      }
    },
  };
}
