/**
 * ViewerOffer: what one viewer's clipboard has, as the host owns it: contents are asked of the viewer
 * when somebody wants them, one at a time, and kept for as long as the offer stands.
 */

import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type {
  ClipboardItem,
  ClipboardMember,
  IncomingContent,
} from "../../session/clipboard_port.ts";
import type { ClipboardFailure, ClipboardHeader, ClipboardType } from "../../wire/clipboard.ts";
import { HeldContent, isSameHash } from "./held_content.ts";

/** A viewer may take so long; programs of the host wait a little longer. */
const ANSWER_MS = 12_000;

/** What an offer is made of. */
export interface ViewerOfferOptions {
  readonly member: ClipboardMember;
  /** The viewer's serial. */
  readonly viewerSerial: number;
  /** The host's. */
  readonly serial: number;
  /** Types and sizes, within the limits. */
  readonly items: readonly ClipboardItem[];
  readonly account: MemoryAccount;
}

type Result = HeldContent | ClipboardFailure;

interface Wish {
  readonly type: ClipboardType;
  readonly waiting: ((result: Result) => void)[];
  isAsked: boolean;
  isComing: boolean;
}

/** One offer of one viewer. */
export class ViewerOffer {
  readonly member: ClipboardMember;
  readonly serial: number;
  readonly #options: ViewerOfferOptions;
  readonly #contents = new Map<ClipboardType, HeldContent>();
  /** At most one for each type; the first is asked for. */
  #wishes: Wish[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isGone = false;

  constructor(options: ViewerOfferOptions) {
    this.#options = options;
    this.member = options.member;
    this.serial = options.serial;
  }

  /** Types that it has. */
  get types(): ClipboardType[] {
    return this.#options.items.map(({ type }) => type);
  }

  /** Types whose content is here. */
  get heldTypes(): ClipboardType[] {
    return [...this.#contents.keys()];
  }

  /** Content, from the viewer where it is not here yet. The caller is a user of it. Never rejects. */
  get(type: ClipboardType): Promise<Result> {
    const held = this.#contents.get(type);
    if (held !== undefined) return Promise.resolve(held.share());
    if (this.#isGone || !this.types.includes(type)) return Promise.resolve("gone");
    const { promise, resolve } = Promise.withResolvers<Result>();
    const wish = this.#wishes.find((known) => known.type === type);
    if (wish !== undefined) wish.waiting.push(resolve);
    else this.#wishes.push({ type, waiting: [resolve], isAsked: false, isComing: false });
    this.#ask();
    return promise;
  }

  /** Tells the viewer what came of its offer. */
  tellOutcome(outcome: "owned" | "failed"): void {
    const serial = this.#options.viewerSerial;
    if (!this.#isGone) this.member.tell({ type: "clipboard_outcome", serial, outcome });
  }

  /** The viewer cannot give it. */
  refuse(viewerSerial: number, type: ClipboardType): void {
    if (viewerSerial === this.#options.viewerSerial) this.#settle(type, "refused");
  }

  /** Room for content that comes; undefined when it was not asked for, or differs from the offer. */
  expect(header: ClipboardHeader): IncomingContent | undefined {
    const { viewerSerial, items, account } = this.#options;
    const wish = this.#wishes.find(({ type }) => type === header.type);
    const item = items.find(({ type }) => type === header.type);
    const isWanted = wish?.isAsked === true && !wish.isComing && header.serial === viewerSerial;
    if (!isWanted || item === undefined) return undefined;
    if (header.bytes !== item.bytes) {
      this.#settle(header.type, "bad_content");
      return undefined;
    }
    wish.isComing = true;
    const content = new HeldContent(header.type, header.bytes, account);
    return {
      push: (bytes) => content.push(bytes),
      get isWhole() {
        return content.isWhole;
      },
      end: () => {
        const isGood = content.isWhole && content.isOfItsType &&
          isSameHash(content.hash, header.hash);
        if (isGood && !this.#isGone) this.#settle(header.type, content);
        else {
          content.drop();
          this.#settle(header.type, "bad_content");
        }
        return isGood;
      },
    };
  }

  /** The viewer left: what it has not given cannot be had. */
  memberGone(): void {
    this.#isGone = true;
    for (const { type } of [...this.#wishes]) this.#settle(type, "gone");
  }

  /** Something newer is there. */
  close(): void {
    this.memberGone();
    for (const content of this.#contents.values()) {
      content.isStale = true;
      content.drop();
    }
    this.#contents.clear();
  }

  /** Asks for the first wish. */
  #ask(): void {
    const [wish] = this.#wishes;
    if (wish === undefined || wish.isAsked) return;
    wish.isAsked = true;
    const { type } = wish;
    this.#timer = setTimeout(() => this.#settle(type, "timeout"), ANSWER_MS);
    this.member.tell({
      type: "clipboard_request",
      serial: this.#options.viewerSerial,
      content: type,
    });
  }

  /** Ends a wish; takes `result` over when it is content. */
  #settle(type: ClipboardType, result: Result): void {
    const wish = this.#wishes.find((known) => known.type === type);
    if (typeof result !== "string") {
      this.#contents.get(type)?.drop();
      this.#contents.set(type, result);
    }
    if (wish === undefined) return;
    if (wish.isAsked) clearTimeout(this.#timer);
    this.#wishes = this.#wishes.filter((known) => known !== wish);
    for (const done of wish.waiting) done(typeof result === "string" ? result : result.share());
    this.#ask();
  }
}
