/**
 * ContentGiver: gives content to the media process in pieces that fit a command. One content at a time;
 * what is under way is bounded, since the pipe also carries what hands do.
 */

import { CLIPBOARD_GIVE_BYTES } from "../../ipc/clipboard_command.ts";
import type { MediaCommand } from "../../ipc/media_command.ts";
import type { MediaMessage } from "../../ipc/media_message.ts";
import type { ClipboardType } from "../../wire/clipboard.ts";
import type { HeldContent } from "./held_content.ts";

/** Bytes that the media process has not acknowledged. */
const WINDOW_BYTES = 8 * CLIPBOARD_GIVE_BYTES;
/** An answer that takes longer does not come. */
const ANSWER_MS = 5000;

/** What a giver needs. */
export interface ContentGiverOptions {
  readonly streamId: number;
  readonly command: (command: MediaCommand) => void;
  /** Content did not arrive: programs wait for it in vain. */
  readonly onFailed: (serial: number, type: ClipboardType) => void;
}

interface Gift {
  readonly serial: number;
  readonly content: HeldContent;
  sent: number;
  taken: number;
}

/** Gives content to one display's clipboard. */
export class ContentGiver {
  readonly #options: ContentGiverOptions;
  /** At most one for each type. */
  #waiting: Gift[] = [];
  #gift: Gift | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ContentGiverOptions) {
    this.#options = options;
  }

  /** Gives content of what is owned as `serial`; it is shared until it arrived. */
  give(serial: number, content: HeldContent): void {
    this.#waiting.push({ serial, content: content.share(), sent: 0, taken: 0 });
    if (this.#gift === undefined) this.#next();
  }

  /** Something else is owned, or nobody is there: what was under way is of no use. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const { content } of this.#waiting) content.drop();
    this.#gift?.content.drop();
    this.#waiting = [];
    this.#gift = undefined;
  }

  /** The media process took a piece. */
  onTaken(message: Extract<MediaMessage, { type: "clipboard_taken" }>): void {
    const gift = this.#gift;
    if (gift?.serial !== message.serial || gift.content.type !== message.content) return;
    if (message.outcome === "late") return this.#end(false);
    gift.taken = message.offset;
    if (message.outcome === "whole") return this.#end(true);
    this.#send(gift);
  }

  #next(): void {
    this.#gift = this.#waiting.shift();
    if (this.#gift !== undefined) this.#send(this.#gift);
  }

  #send(gift: Gift): void {
    const { serial, content } = gift;
    const total = content.bytes.byteLength;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(false), ANSWER_MS);
    while (gift.sent - gift.taken < WINDOW_BYTES) {
      const bytes = content.bytes.subarray(gift.sent, gift.sent + CLIPBOARD_GIVE_BYTES);
      this.#options.command({
        type: "clipboard_give",
        streamId: this.#options.streamId,
        ...{ serial, content: content.type, total, offset: gift.sent, bytes },
      });
      gift.sent += bytes.byteLength;
      // One empty piece for content without bytes, and none behind the last.
      if (gift.sent >= total) break;
    }
  }

  #end(isGiven: boolean): void {
    const gift = this.#gift;
    clearTimeout(this.#timer);
    this.#gift = undefined;
    gift?.content.drop();
    if (gift !== undefined && !isGiven) {
      this.#options.onFailed(gift.serial, gift.content.type);
    }
    if (this.#gift === undefined) this.#next();
  }
}
