/**
 * Hands handle: what the viewer and the part of it that reads fingers, gamepads and typed text, a
 * bundle of its own, know of each other. Types only.
 */

import type { InputAbility } from "../../../src/wire/input_messages.ts";
import type { RemoteCursor } from "../ui/remote_cursor.ts";
import type { HandsHook } from "./hands_hook.ts";
import type { Rumble } from "./hands_messages.ts";
import type { InputControl } from "./input_control.ts";

/** What hands need of the viewer. */
export interface HandsParts {
  readonly input: InputControl;
  readonly cursor: RemoteCursor;
  /** Hears fingers and shows the picture. */
  readonly stage: HTMLElement;
  /** The element `<wavry-viewer>`. */
  readonly root: HTMLElement;
  /** Places an element above the picture and below the toolbar. */
  addLayer(layer: HTMLElement): void;
  /** Shows one line of text for a moment. */
  notice(text: string): void;
  openToolbar(): void;
}

/** Hands, once they are loaded. */
export interface HandsHandle extends HandsHook {
  /** What the host's device can take. */
  setAbilities(abilities: readonly InputAbility[]): void;
  rumble(rumble: Rumble): void;
  /** Gamepads are there, or may be. */
  watchPads(): void;
  /** Shows the controls for fingers, or takes them away. */
  showControls(isShown: boolean): void;
  readonly hasControls: boolean;
  /** Types with this computer's layout and input method, or with the keys' places again. */
  toggleTyping(): void;
  close(): void;
}
