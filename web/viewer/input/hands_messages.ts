/**
 * Hands messages: what the worker tells the page of gamepads and of the host's devices. Types only.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";
import type { InputAbility } from "../../../src/wire/input_messages.ts";

/** How a gamepad is to shake. */
export type Rumble = Omit<Extract<ServerMessage, { type: "rumble" }>, "type" | "streamId">;

/** From the worker to the page. */
export type HandsWorkerMessage =
  /** A gamepad is to shake. */
  | { readonly type: "rumble"; readonly streamId: number; readonly rumble: Rumble }
  /** Where the host's pointer is, 0-65,535 of the picture. */
  | {
    readonly type: "pointer_place";
    readonly streamId: number;
    readonly x: number;
    readonly y: number;
    readonly isInside: boolean;
  }
  /** What the device of a stream takes. */
  | {
    readonly type: "input_abilities";
    readonly streamId: number;
    readonly abilities: readonly InputAbility[];
  };
