/**
 * ClipboardSlot: the clipboard of one X display in the media process: carries out what the server
 * orders and reports what programs do, in pieces of a bounded size. It holds one native clipboard and
 * waits for its news until that has ended.
 */

import { NativeClipboard, type NativeClipboardEvent, STATUS } from "../../ffi/mod.ts";
import { CLIPBOARD_PIECE_BYTES, type ClipboardReadOutcome } from "../ipc/clipboard_message.ts";
import type { MediaCommand } from "../ipc/media_command.ts";
import type { MediaMessage } from "../ipc/media_message.ts";

/** How long one wait for news holds a thread of the runtime. */
const WAIT_MS = 30_000;
const MAX_REASON = 256;

const OUTCOMES: Readonly<Record<number, ClipboardReadOutcome>> = {
  [STATUS.ok]: "ok",
  [STATUS.tooLarge]: "too_large",
  [STATUS.timeout]: "timeout",
  [STATUS.busy]: "gone",
};

/** A command for one clipboard. */
export type ClipboardCommand = Extract<MediaCommand, { type: `clipboard_${string}` }>;

/** What a slot needs. */
export interface ClipboardSlotOptions {
  readonly streamId: number;
  readonly post: (message: MediaMessage) => void;
  /** Opens the native clipboard; tests give their own. */
  readonly open?: typeof NativeClipboard.open;
}

/** One display's clipboard. */
export class ClipboardSlot {
  readonly #options: ClipboardSlotOptions;
  #clipboard: NativeClipboard | undefined;
  /** What is being opened or closed; the next begins after it. */
  #changing: Promise<void> = Promise.resolve();
  #generation = 0;

  constructor(options: ClipboardSlotOptions) {
    this.#options = options;
  }

  /** Carries out a command. Throws NativeError for one that makes no sense. */
  handle(command: ClipboardCommand): void {
    if (command.type === "clipboard_open") return this.#reopen(command);
    if (command.type === "clipboard_close") return this.#reopen(undefined);
    const clipboard = this.#clipboard;
    // The server hears that it is closed, and asks again.
    if (clipboard === undefined) return;
    const { streamId, post } = { streamId: command.streamId, post: this.#options.post };
    switch (command.type) {
      case "clipboard_read":
        return clipboard.read(command.serial, command.content, command.bytesMax);
      case "clipboard_pull": {
        const { serial, offset } = command;
        const bytes = clipboard.take(offset, CLIPBOARD_PIECE_BYTES);
        return post({ type: "clipboard_piece", streamId, serial, offset, bytes });
      }
      case "clipboard_drop":
        return clipboard.drop();
      case "clipboard_own":
        return clipboard.own(command.serial, command.types);
      case "clipboard_give":
        return this.#give(clipboard, command);
      case "clipboard_refuse":
        return clipboard.refuse(command.serial, command.types);
    }
  }

  /** Ends it; resolves when it is gone, within a second, and never rejects. */
  async close(): Promise<void> {
    this.#reopen(undefined);
    await this.#changing;
  }

  #give(
    clipboard: NativeClipboard,
    command: Extract<ClipboardCommand, { type: "clipboard_give" }>,
  ): void {
    const { streamId, serial, content, total, offset, bytes } = command;
    const outcome = clipboard.give({ serial, type: content, total, offset, bytes });
    this.#options.post({
      type: "clipboard_taken",
      ...{ streamId, serial, content, outcome },
      offset: offset + bytes.byteLength,
    });
  }

  /** Closes what is open, then opens what is wanted. */
  #reopen(wanted: Extract<ClipboardCommand, { type: "clipboard_open" }> | undefined): void {
    const generation = ++this.#generation;
    this.#changing = this.#changing.then(async () => {
      const before = this.#clipboard;
      this.#clipboard = undefined;
      await before?.[Symbol.asyncDispose]();
      if (wanted !== undefined && generation === this.#generation) await this.#open(wanted);
    });
  }

  async #open(
    { display, withPrimary }: Extract<ClipboardCommand, { type: "clipboard_open" }>,
  ): Promise<void> {
    const { open = NativeClipboard.open } = this.#options;
    try {
      const clipboard = await open({ display, withPrimary });
      this.#clipboard = clipboard;
      this.#postOpened(true, "");
      void this.#watch(clipboard);
    } catch (error) {
      this.#postOpened(false, error instanceof Error ? error.message : String(error));
    }
  }

  async #watch(clipboard: NativeClipboard): Promise<void> {
    let why = "The display is gone";
    try {
      while (this.#clipboard === clipboard) {
        const event = await clipboard.next(WAIT_MS);
        if (event === "closed") break;
        if (event !== undefined && this.#clipboard === clipboard) this.#report(event);
      }
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    // Closed on purpose: whoever did that knows.
    if (this.#clipboard !== clipboard) return;
    this.#postOpened(false, why);
    this.#reopen(undefined);
  }

  #report({ kind, serial, types, status, bytes, isOld }: NativeClipboardEvent): void {
    const { streamId, post } = this.#options;
    const [content] = types;
    switch (kind) {
      case "offered":
        return post({
          type: "clipboard_offered",
          ...{ streamId, serial, types: [...types], isNew: !isOld },
        });
      case "read": {
        if (content === undefined) return;
        const outcome = OUTCOMES[status] ?? "refused";
        const about = { streamId, serial, content, outcome, bytes };
        return post({ type: "clipboard_read_ended", ...about });
      }
      case "wanted":
        return post({ type: "clipboard_wanted", streamId, serial, types: [...types] });
      case "owned":
        return post({ type: "clipboard_owned", streamId, serial, isOwned: status === STATUS.ok });
    }
  }

  #postOpened(isOpen: boolean, reason: string): void {
    const { streamId, post } = this.#options;
    post({ type: "clipboard_opened", streamId, isOpen, reason: reason.slice(0, MAX_REASON) });
  }
}
