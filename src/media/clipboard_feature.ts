/**
 * ClipboardFeature: the clipboards of X displays in the media process, one slot for each stream that
 * the server names, `MAX_STREAMS` at most.
 */

import { clipboardCommands } from "../ipc/clipboard_command.ts";
import type { MediaCommand } from "../ipc/media_command.ts";
import type { MediaFeature, MediaFeatureContext } from "./media_feature.ts";
import { type ClipboardCommand, ClipboardSlot } from "./clipboard_slot.ts";

/** Takes the commands of clipboards. */
export class ClipboardFeature implements MediaFeature {
  readonly commands = Object.keys(clipboardCommands) as (keyof typeof clipboardCommands)[];
  readonly #context: MediaFeatureContext;
  /** At most 16: a stream id is below 16. */
  readonly #slots = new Map<number, ClipboardSlot>();

  constructor(context: MediaFeatureContext) {
    this.#context = context;
  }

  handle(command: MediaCommand): void {
    const clipboardCommand = command as ClipboardCommand;
    const { streamId } = clipboardCommand;
    let slot = this.#slots.get(streamId);
    if (slot === undefined) {
      slot = new ClipboardSlot({ streamId, post: (message) => this.#context.post(message) });
      this.#slots.set(streamId, slot);
    }
    slot.handle(clipboardCommand);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
  }
}
