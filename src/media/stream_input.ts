/**
 * StreamInput: opens the input device of a stream as it was chosen, and says what came of it: which
 * back-end does what. A picture without input is worth more than an error.
 */

import type { DeviceAbility } from "../../ffi/mod.ts";
import { openDeviceSink } from "../input/device_sink.ts";
import type { InputSink } from "../input/input_sink.ts";
import type { MediaStreamConfig } from "../ipc/media_command.ts";
import type { MediaMessage } from "../ipc/media_message.ts";
import { INPUT_ABILITIES } from "../wire/input_messages.ts";
import { DeviceInput, type PictureArea } from "./device_input.ts";

/** Longest reason that goes to viewers. */
const MAX_REASON = 256;

/** Who hears of it. */
export interface StreamInputHandlers {
  /** Tells the server process. */
  post(message: MediaMessage): void;
  /** There is a picture but no input, and why. */
  unavailable(why: string): void;
}

/** Opens the input of a stream; never rejects. Without a device every event is refused and counted. */
export async function openStreamInput(
  config: MediaStreamConfig,
  area: PictureArea,
  { post, unavailable }: StreamInputHandlers,
): Promise<DeviceInput> {
  const { streamId, source, display, input: choice = "auto" } = config;
  let sink: InputSink | undefined;
  let why = "";
  if (source === "pattern") why = "A test pattern takes no input";
  else if (choice === "off") why = "Input is off on this host";
  else {
    try {
      sink = await openDeviceSink(display, choice);
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
      unavailable(why);
    }
  }
  const abilities = sink?.abilities ?? nothing(why);
  post({
    type: "input_device",
    streamId,
    device: [...new Set(abilities.map(({ device }) => device))].filter(Boolean).join("+"),
    abilities: INPUT_ABILITIES.flatMap((name) => {
      const found = abilities.find((ability) => ability.name === name);
      if (found === undefined) return [];
      return [{ name, state: found.state, reason: found.reason.slice(0, MAX_REASON) }];
    }),
  });
  return new DeviceInput(sink, area, (rumble) => post({ type: "rumble", streamId, ...rumble }));
}

function nothing(reason: string): DeviceAbility[] {
  return INPUT_ABILITIES.map((name) => ({ name, state: "none", device: "", reason }));
}
