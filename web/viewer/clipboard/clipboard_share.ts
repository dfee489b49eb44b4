/**
 * ClipboardShare: decides what goes between the browser's clipboard and the host's: what the host copies
 * is written here when the browser lets us, else on a click; what is pasted or found here is offered to
 * the host, unless it came from there. It remembers hashes, and the one content that it offered.
 */

import type { ClipboardFailure, ClipboardType } from "../../../src/wire/clipboard.ts";
import type { ComingContent, LocalClipboard, LocalContent } from "./local_clipboard.ts";
import type {
  ClipboardCommand,
  ClipboardNews,
  ClipboardReport,
  OfferOutcome,
  PageContent,
  ShareRights,
} from "./clipboard_messages.ts";
import { hex, KnownContents, withHash } from "./content_hash.ts";
import { failureText, outcomeText } from "./clipboard_texts.ts";

/** An answer to an offer that takes longer is not waited for. */
const OUTCOME_MS = 500;

/** What a share needs. */
export interface ClipboardShareParts {
  readonly local: LocalClipboard;
  send(command: ClipboardCommand, transfer?: Transferable[]): void;
  /** Something that is shown is different. */
  changed(): void;
  /** Says something to the person. */
  say(text: string): void;
}

interface HostOffer {
  readonly serial: number;
  /** What lay there before is for who asks: nobody's clipboard changes because they came. */
  readonly isNew: boolean;
  readonly types: readonly ClipboardType[];
}

interface LocalOffer {
  readonly serial: number;
  readonly contents: ReadonlyMap<ClipboardType, PageContent>;
  readonly key: string;
}

/** The page's side of the clipboard. */
export class ClipboardShare {
  readonly #parts: ClipboardShareParts;
  readonly #known = new KnownContents();
  readonly #fetches = new Map<string, (content: PageContent | ClipboardFailure) => void>();
  readonly #outcomes = new Map<number, (outcome: OfferOutcome) => void>();
  #rights: ShareRights = { toViewer: false, toHost: false, reason: "" };
  #limits = new Map<ClipboardType, number>();
  #host: HostOffer | undefined;
  /** The host's offer is in the browser's clipboard. */
  #isCopied = false;
  #needsGesture = false;
  #mine: LocalOffer | undefined;
  #serial = 0;

  constructor(parts: ClipboardShareParts) {
    this.#parts = parts;
  }

  get rights(): ShareRights {
    return this.#rights;
  }

  /** Types that the host has and this browser has not. */
  get waitingTypes(): readonly ClipboardType[] {
    return this.#isCopied || !this.#rights.toViewer ? [] : this.#host?.types ?? [];
  }

  /** The browser wants a click before it takes what the host copied. */
  get needsGesture(): boolean {
    return this.#needsGesture && this.waitingTypes.length > 0;
  }

  /** True when what is pasted goes to the host first. */
  get sharesPaste(): boolean {
    return this.#rights.toHost && this.#rights.reason === "";
  }

  /** Types that the host has. */
  get hostTypes(): readonly ClipboardType[] {
    return this.#host?.types ?? [];
  }

  /** Most bytes of each type. */
  get limits(): ReadonlyMap<ClipboardType, number> {
    return this.#limits;
  }

  /** Types that the host takes. */
  get types(): readonly ClipboardType[] {
    return [...this.#limits.keys()];
  }

  /** Takes what the worker says. */
  take(report: ClipboardReport): void {
    if (report.kind === "news") return this.#news(report.news);
    const type = report.kind === "content" ? report.content.type : report.type;
    const key = `${report.serial} ${type}`;
    const done = this.#fetches.get(key);
    this.#fetches.delete(key);
    done?.(report.kind === "content" ? report.content : report.failure);
  }

  /** The connection is gone: nothing comes, and nothing is offered any more. */
  reset(): void {
    for (const done of this.#fetches.values()) done("gone");
    for (const done of this.#outcomes.values()) done("failed");
    this.#fetches.clear();
    this.#outcomes.clear();
    this.#host = undefined;
    this.#mine = undefined;
    this.#needsGesture = false;
    this.#rights = { toViewer: false, toHost: false, reason: "" };
    this.#parts.changed();
  }

  /** The page has the focus again: what was copied elsewhere meanwhile may be new. */
  async focused(): Promise<void> {
    const { local } = this.#parts;
    if (this.sharesPaste && await local.canRead()) {
      const outcome = await this.sendToHost(false);
      // What is new here is newer than what the host copied while nobody looked.
      if (outcome === "owned" || outcome === "too_large") return;
      if (outcome === "nothing" || outcome === "same") await this.#copyUnasked();
    }
  }

  /** Reads the browser's clipboard and offers it; with a click it may ask the person. */
  async sendToHost(isAsked: boolean): Promise<OfferOutcome> {
    let contents: LocalContent[];
    try {
      contents = await this.#parts.local.read(this.types);
    } catch {
      if (isAsked) this.#parts.say("The browser did not let the clipboard be read");
      return "nothing";
    }
    const isNew = isAsked || !await this.#known.hasAll(contents);
    const outcome = isNew ? await this.offer(contents) : "nothing";
    if (isAsked) this.#parts.say(outcomeText(outcome, this.#limits));
    return outcome;
  }

  /** Offers what was pasted or read; resolves when programs of the host can paste it, or cannot. */
  async offer(contents: readonly LocalContent[]): Promise<OfferOutcome> {
    if (!this.sharesPaste) return "not_allowed";
    if (contents.length === 0) return "nothing";
    const hashed = await Promise.all(contents.map(withHash));
    const key = hashed.map(({ type, hash }) => `${type} ${hex(hash)}`).join();
    if (this.#mine?.key === key) return "same";
    const fitting = hashed.filter(({ type, bytes }) => {
      return bytes.byteLength <= (this.#limits.get(type) ?? 0);
    });
    if (fitting.length === 0) {
      this.#parts.say(outcomeText("too_large", this.#limits));
      return "too_large";
    }
    const serial = ++this.#serial;
    this.#mine = { serial, key, contents: new Map(fitting.map((part) => [part.type, part])) };
    const items = fitting.map(({ type, bytes }) => ({ type, bytes: bytes.byteLength }));
    const { promise, resolve } = Promise.withResolvers<OfferOutcome>();
    this.#outcomes.set(serial, resolve);
    const timer = setTimeout(() => resolve("timeout"), OUTCOME_MS);
    this.#parts.send({ kind: "offer", serial, items });
    const outcome = await promise;
    clearTimeout(timer);
    this.#outcomes.delete(serial);
    if (outcome === "failed" || outcome === "not_allowed" || outcome === "too_large") {
      if (this.#mine?.serial === serial) this.#mine = undefined;
    }
    return outcome;
  }

  /** Writes what the host copied into the browser's clipboard, from a click. */
  async copyFromHost(): Promise<void> {
    const host = this.#host;
    if (host === undefined || host.types.length === 0) {
      return this.#parts.say("Nothing was copied on the host");
    }
    // Asked for at once, within the click: later the browser would have forgotten it.
    const contents = host.types.map((type) => ({ type, result: this.#fetch(host.serial, type) }));
    const failures: ClipboardFailure[] = [];
    const coming = contents.map(({ type, result }): ComingContent => ({
      type,
      bytes: result.then((content) => {
        if (typeof content !== "string") return content.bytes;
        failures.push(content);
        throw new Error(content);
      }),
    }));
    for (const { bytes } of coming) bytes.catch(() => {});
    const isWritten = await this.#write(host, coming);
    if (isWritten) return this.#parts.say("Copied from the host");
    const results = await Promise.all(contents.map(({ result }) => result));
    const good = results.filter((result) => typeof result !== "string");
    // Without the type that did not come, where there is another one.
    const isPart = failures.length > 0 && good.length > 0 &&
      await this.#write(host, good.map(ready));
    if (isPart) return this.#parts.say("Copied from the host");
    this.#parts.say(failureText(failures[0], this.#limits));
  }

  #news(news: ClipboardNews): void {
    switch (news.type) {
      case "clipboard_state": {
        const { toViewer, toHost, reason, limits } = news;
        this.#rights = { toViewer, toHost, reason };
        this.#limits = new Map(limits.map(({ type, bytes }) => [type, bytes]));
        return this.#parts.changed();
      }
      case "clipboard_offer":
        return this.#offered(news);
      case "clipboard_request":
        return this.#give(news.serial, news.content);
      case "clipboard_outcome":
        this.#outcomes.get(news.serial)?.(news.outcome);
    }
  }

  #offered(offer: HostOffer): void {
    if (this.#host?.serial === offer.serial) return;
    this.#host = offer;
    this.#isCopied = false;
    this.#needsGesture = false;
    // Pasting it once more is news for the host again.
    this.#mine = undefined;
    this.#parts.changed();
    if (!offer.isNew) return;
    if (this.#parts.local.hasFocus()) void this.#copyUnasked();
    else this.#wantGesture();
  }

  /** Writes the host's offer where the browser allows that without a click. */
  async #copyUnasked(): Promise<void> {
    const { local } = this.#parts;
    const host = this.#host;
    const isWanted = host?.isNew === true && !this.#isCopied && this.#rights.toViewer;
    if (!isWanted || host.types.length === 0) return;
    if (!local.hasFocus() || !await local.canWrite()) return this.#wantGesture();
    const results = await Promise.all(host.types.map((type) => this.#fetch(host.serial, type)));
    if (this.#host !== host) return;
    const good = results.filter((result) => typeof result !== "string");
    const failure = results.find((result) => typeof result === "string");
    if (good.length === 0) {
      if (failure !== "gone") this.#parts.say(failureText(failure, this.#limits));
      return;
    }
    const isWritten = await this.#write(host, good.map(ready));
    if (!isWritten) this.#wantGesture();
  }

  #wantGesture(): void {
    this.#needsGesture = true;
    this.#parts.changed();
  }

  async #write(host: HostOffer, contents: readonly ComingContent[]): Promise<boolean> {
    try {
      await this.#parts.local.write(contents);
    } catch {
      return false;
    }
    if (this.#host === host) {
      this.#isCopied = true;
      this.#needsGesture = false;
    }
    this.#parts.changed();
    await this.#rememberWritten();
    return true;
  }

  /** Browsers clean up what they are given: it is known in the form that it has there, too. */
  async #rememberWritten(): Promise<void> {
    const { local } = this.#parts;
    try {
      if (!await local.canRead()) return;
      for (const content of await local.read(this.types)) {
        this.#known.add((await withHash(content)).hash);
      }
    } catch {
      // Without the focus nothing can be read; the next look finds out.
    }
  }

  /** Content of an offer, whose hash is known from then on. */
  async #fetch(serial: number, type: ClipboardType): Promise<PageContent | ClipboardFailure> {
    const key = `${serial} ${type}`;
    this.#fetches.get(key)?.("gone");
    const { promise, resolve } = Promise.withResolvers<PageContent | ClipboardFailure>();
    this.#fetches.set(key, resolve);
    this.#parts.send({ kind: "fetch", serial, type });
    const content = await promise;
    if (typeof content !== "string") this.#known.add(content.hash);
    return content;
  }

  #give(serial: number, type: ClipboardType): void {
    const content = this.#mine?.serial === serial ? this.#mine.contents.get(type) : undefined;
    if (content === undefined) return this.#parts.send({ kind: "refuse", serial, type });
    this.#parts.send({ kind: "content", serial, content });
  }
}

function ready({ type, bytes }: PageContent): ComingContent {
  return { type, bytes: Promise.resolve(bytes) };
}
