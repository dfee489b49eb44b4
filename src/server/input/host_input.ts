/**
 * HostInput: the capability "input" of a host, beside the records themselves: says in the log and to
 * every viewer what the device of each stream can take and why not more. It holds one description a
 * stream.
 */

import type { MediaMessage } from "../../ipc/media_message.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { InputAbility } from "../../wire/input_messages.ts";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";

type DeviceMessage = Extract<MediaMessage, { type: "input_device" }>;

/** What the devices of one host can do. */
export class HostInput implements HostFeature {
  readonly name = "input";
  readonly #context: HostFeatureContext;
  /** At most 16: a stream id is below 16. */
  readonly #devices = new Map<number, DeviceMessage>();

  constructor(context: HostFeatureContext) {
    this.#context = context;
  }

  greeting(): Uint8Array[] {
    return [...this.#devices.values()].map(capabilitiesOf);
  }

  onMediaMessage(message: MediaMessage): void {
    if (message.type !== "input_device") return;
    const { streamId, device, abilities } = message;
    const before = this.#devices.get(streamId);
    this.#devices.set(streamId, message);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(message)) return;
    const lacking = abilities.filter(({ state }) => state !== "full").map(textOf);
    this.#context.log.info("Input", {
      stream: streamId,
      device: device === "" ? "none" : device,
      lacking: lacking.join("; "),
    });
    this.#context.broadcast(capabilitiesOf(message));
  }

  report(): Record<string, unknown> {
    return {
      devices: [...this.#devices.values()].map(({ streamId, device, abilities }) => ({
        streamId,
        device,
        abilities: Object.fromEntries(abilities.map(({ name, state }) => [name, state])),
      })),
    };
  }
}

function capabilitiesOf({ streamId, device, abilities }: DeviceMessage): Uint8Array {
  return encodeServerMessage({ type: "input_capabilities", streamId, device, abilities });
}

function textOf({ name, state, reason }: InputAbility): string {
  return `${name} ${state} (${reason})`;
}
