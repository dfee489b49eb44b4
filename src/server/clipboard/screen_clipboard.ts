/**
 * ScreenClipboard: the clipboard of one X display, between the media process and the sessions that
 * watch the display. There is one offer at a time, of a program of the host or of a viewer, and the
 * newest wins; contents move only when somebody asks.
 */

import type { Logger } from "../../core/log.ts";
import type { MediaCommand } from "../../ipc/media_command.ts";
import type { MediaMessage } from "../../ipc/media_message.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type {
  ClipboardItem,
  ClipboardLimits,
  ClipboardMember,
  IncomingContent,
} from "../../session/clipboard_port.ts";
import { CLIPBOARD_TYPES } from "../../wire/clipboard.ts";
import type { ClipboardFailure, ClipboardHeader, ClipboardType } from "../../wire/clipboard.ts";
import { ContentGiver } from "./content_giver.ts";
import { ContentReader } from "./content_reader.ts";
import type { HeldContent } from "./held_content.ts";
import { HostOffer } from "./host_offer.ts";
import { ViewerOffer } from "./viewer_offer.ts";

/** Serial of what is said where there is nothing. */
const NOTHING = 0;
/** How long until a display that has no clipboard is tried again. */
const RETRY_MS = 1000;

/** What a screen's clipboard is made of. */
export interface ScreenClipboardOptions {
  /** The stream that names it. */
  readonly streamId: number;
  /** Name of the X display now; empty while there is none. */
  readonly display: () => string;
  readonly withPrimary: boolean;
  readonly limits: ClipboardLimits;
  readonly account: MemoryAccount;
  readonly command: (command: MediaCommand) => void;
  /** A serial that no other offer of this host has. */
  readonly nextSerial: () => number;
  /** It is open now, or not any more, or has another offer, which was copied just now or before. */
  readonly changed: (isNew: boolean) => void;
  readonly log: Logger;
}

/** Counters of a screen's clipboard. */
export interface ScreenClipboardStats {
  hostOffers: number;
  viewerOffers: number;
  toViewers: number;
  toHost: number;
  failures: number;
}

type ClipboardMessage = Extract<MediaMessage, { type: `clipboard_${string}` }>;

/** One display's clipboard. */
export class ScreenClipboard {
  readonly #options: ScreenClipboardOptions;
  readonly #reader: ContentReader;
  readonly #giver: ContentGiver;
  readonly #stats: ScreenClipboardStats = {
    ...{ hostOffers: 0, viewerOffers: 0, toViewers: 0, toHost: 0, failures: 0 },
  };
  #host: HostOffer | undefined;
  #viewer: ViewerOffer | undefined;
  /** The host has taken over what the viewer offered. */
  #isViewersOwned = false;
  #isOpen = false;
  #reason = "It has not started";
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ScreenClipboardOptions) {
    this.#options = options;
    const { streamId, limits, account, command } = options;
    this.#reader = new ContentReader({ streamId, limits, account, command });
    this.#giver = new ContentGiver({
      ...{ streamId, command },
      onFailed: (serial, type) => this.#refuse(serial, [type]),
    });
  }

  get stats(): Readonly<ScreenClipboardStats> {
    return this.#stats;
  }

  /** Why there is none; empty while it is open. */
  get reason(): string {
    return this.#isOpen ? "" : this.#reason;
  }

  /** Has the media process open it, as often as that takes. */
  open(): void {
    clearTimeout(this.#retry);
    const { streamId, withPrimary, command } = this.#options;
    const display = this.#options.display();
    if (display === "") {
      // A pattern; a screen that is there by now comes with the next start of the media process.
      this.#reason = "A test pattern has no clipboard";
      return;
    }
    command({ type: "clipboard_open", streamId, display, withPrimary });
    this.#retry = setTimeout(() => this.open(), RETRY_MS);
  }

  /** The media process is gone, or goes. */
  lost(reason: string): void {
    clearTimeout(this.#retry);
    this.#isOpen = false;
    this.#reason = reason;
    this.#reader.abandon("gone");
    this.#giver.stop();
    this.#setHost(undefined);
  }

  /** Ends it; idempotent. */
  close(): void {
    this.lost("The host ends");
    this.#viewer?.close();
    this.#viewer = undefined;
  }

  /** Takes what the media process says of it. */
  take(message: ClipboardMessage): void {
    switch (message.type) {
      case "clipboard_opened":
        return this.#opened(message);
      case "clipboard_offered":
        return this.#offered(message);
      case "clipboard_read_ended":
        return this.#reader.onEnded(message);
      case "clipboard_piece":
        return this.#reader.onPiece(message);
      case "clipboard_owned":
        return this.#owned(message.serial, message.isOwned);
      case "clipboard_wanted":
        return this.#wanted(message.serial, message.types);
      case "clipboard_taken":
        return this.#giver.onTaken(message);
    }
  }

  /** What a member finds; undefined when that is its own. */
  offerTo(member: ClipboardMember): { serial: number; types: ClipboardType[] } | undefined {
    if (this.#viewer !== undefined && this.#isViewersOwned && this.#host === undefined) {
      if (this.#viewer.member === member) return undefined;
      return { serial: this.#viewer.serial, types: this.#viewer.types };
    }
    if (this.#host === undefined) return { serial: NOTHING, types: [] };
    return { serial: this.#host.serial, types: [...this.#host.types] };
  }

  /** A member's clipboard has something: programs of the host can paste it from now on. */
  offer(member: ClipboardMember, viewerSerial: number, offered: readonly ClipboardItem[]): void {
    const { limits, account, nextSerial, streamId, command } = this.#options;
    const tell = (outcome: "too_large" | "not_allowed" | "failed") =>
      member.tell({ type: "clipboard_outcome", serial: viewerSerial, outcome });
    const known = offered.filter(({ type }) => limits.has(type));
    const items = known.filter(({ type, bytes }) => bytes <= (limits.get(type) ?? 0));
    if (offered.length === 0) return this.withdraw(member);
    if (!this.#isOpen) return tell("failed");
    if (items.length === 0) return tell(known.length > 0 ? "too_large" : "not_allowed");
    this.#stats.viewerOffers++;
    this.#giver.stop();
    this.#viewer?.close();
    const serial = nextSerial();
    this.#isViewersOwned = false;
    this.#viewer = new ViewerOffer({ member, viewerSerial, serial, items, account });
    command({ type: "clipboard_own", streamId, serial, types: this.#viewer.types });
  }

  /** A member has nothing any more, or leaves: what it gave stays. */
  withdraw(member: ClipboardMember): void {
    const viewer = this.#viewer;
    if (viewer?.member !== member) return;
    viewer.memberGone();
    if (viewer.heldTypes.length > 0) return;
    this.#viewer = undefined;
    const { streamId, nextSerial, command } = this.#options;
    if (this.#isOpen) command({ type: "clipboard_own", streamId, serial: nextSerial(), types: [] });
    this.#options.changed(false);
  }

  /** A member cannot give what it was asked for. */
  refuse(member: ClipboardMember, viewerSerial: number, type: ClipboardType): void {
    if (this.#viewer?.member === member) this.#viewer.refuse(viewerSerial, type);
  }

  /** Room for content that a member was asked for. */
  expect(member: ClipboardMember, header: ClipboardHeader): IncomingContent | undefined {
    return this.#viewer?.member === member ? this.#viewer.expect(header) : undefined;
  }

  /** Content of the newest offer; the caller is a user of it. Never rejects. */
  async fetch(serial: number, type: ClipboardType): Promise<HeldContent | ClipboardFailure> {
    const result = await this.#get(serial, type);
    if (typeof result === "string") this.#stats.failures++;
    else this.#stats.toViewers++;
    return result;
  }

  #get(serial: number, type: ClipboardType): Promise<HeldContent | ClipboardFailure> {
    const host = this.#host;
    if (host?.serial === serial) return host.get(type);
    const isViewers = host === undefined && this.#viewer?.serial === serial;
    return isViewers ? this.#viewer!.get(type) : Promise.resolve("gone");
  }

  #opened({ isOpen, reason }: Extract<ClipboardMessage, { type: "clipboard_opened" }>): void {
    const { log, streamId, command } = this.#options;
    if (isOpen) {
      clearTimeout(this.#retry);
      this.#isOpen = true;
      const viewer = this.#viewer;
      if (viewer !== undefined) {
        command({ type: "clipboard_own", streamId, serial: viewer.serial, types: viewer.types });
      }
    } else {
      if (this.#isOpen || this.#reason !== reason) {
        log.warn("The clipboard of a display is not there", { stream: streamId, reason });
      }
      this.lost(reason);
      this.#retry = setTimeout(() => this.open(), RETRY_MS);
    }
    this.#options.changed(false);
  }

  #offered(
    message: Extract<ClipboardMessage, { type: "clipboard_offered" }>,
  ): void {
    const { serial: mediaSerial, types: offered, isNew } = message;
    const types = CLIPBOARD_TYPES.filter((type) => {
      return offered.includes(type) && this.#options.limits.has(type);
    });
    this.#stats.hostOffers++;
    this.#reader.abandon("gone");
    const serial = this.#options.nextSerial();
    this.#setHost(
      new HostOffer({ serial, types, read: (type) => this.#reader.read(mediaSerial, type) }),
    );
    // One that is not ours yet will be newer than this. Of two selections the other may still be ours.
    if (this.#isViewersOwned && !this.#options.withPrimary) {
      this.#giver.stop();
      this.#viewer?.close();
      this.#viewer = undefined;
    }
    this.#options.changed(isNew);
  }

  #owned(serial: number, isOwned: boolean): void {
    const viewer = this.#viewer;
    if (viewer?.serial !== serial) return;
    this.#isViewersOwned = isOwned;
    if (isOwned) {
      this.#reader.abandon("gone");
      this.#setHost(undefined);
    }
    viewer.tellOutcome(isOwned ? "owned" : "failed");
    this.#options.changed(true);
  }

  #wanted(serial: number, types: readonly ClipboardType[]): void {
    const viewer = this.#viewer;
    if (viewer?.serial !== serial) return this.#refuse(serial, types);
    for (const type of types) {
      viewer.get(type).then((content) => {
        if (typeof content === "string") {
          this.#stats.failures++;
          return this.#refuse(serial, [type]);
        }
        if (this.#viewer === viewer) {
          this.#stats.toHost++;
          this.#giver.give(serial, content);
        }
        content.drop();
      });
    }
  }

  #refuse(serial: number, types: readonly ClipboardType[]): void {
    const { streamId, command } = this.#options;
    command({ type: "clipboard_refuse", streamId, serial, types: [...types] });
  }

  #setHost(offer: HostOffer | undefined): void {
    this.#host?.close();
    this.#host = offer;
  }
}
