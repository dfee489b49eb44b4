/** Tests of web/viewer/clipboard/clipboard_share.ts with a clipboard and a host that the test plays. */

import t from "tap";
import { ClipboardShare } from "../../../../../web/viewer/clipboard/clipboard_share.ts";
import type {
  ComingContent,
  LocalContent,
} from "../../../../../web/viewer/clipboard/local_clipboard.ts";
import type {
  ClipboardCommand,
  ClipboardNews,
} from "../../../../../web/viewer/clipboard/clipboard_messages.ts";
import { withHash } from "../../../../../web/viewer/clipboard/content_hash.ts";
import type { ClipboardType } from "../../../../../src/wire/clipboard.ts";

const encoder = new TextEncoder();

/** Lets everything that is ready happen; hashes are made on another thread. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

function local(text: string, type: ClipboardType = "text"): LocalContent {
  return { type, bytes: encoder.encode(text) };
}

/** A share with everything around it. */
class Rig {
  readonly commands: ClipboardCommand[] = [];
  readonly said: string[] = [];
  contents: LocalContent[] = [];
  mayRead = true;
  mayWrite = true;
  isFocused = true;
  writeError: Error | undefined;
  /** The browser changes what it is given. */
  cleans = false;
  readonly share = new ClipboardShare({
    local: {
      canRead: () => Promise.resolve(this.mayRead),
      canWrite: () => Promise.resolve(this.mayWrite),
      hasFocus: () => this.isFocused,
      read: (types) => {
        return this.mayRead
          ? Promise.resolve(this.contents.filter(({ type }) => types.includes(type)))
          : Promise.reject(new Error("NotAllowedError"));
      },
      write: (contents) => this.#write(contents),
    },
    send: (command) => void this.commands.push(command),
    changed: () => {},
    say: (text) => void this.said.push(text),
  });

  constructor(rights: Partial<Extract<ClipboardNews, { type: "clipboard_state" }>> = {}) {
    this.news({
      type: "clipboard_state",
      ...{ toViewer: true, toHost: true, reason: "" },
      limits: [{ type: "text", bytes: 100 }, { type: "png", bytes: 1000 }],
      ...rights,
    });
  }

  news(news: ClipboardNews): void {
    this.share.take({ kind: "news", news });
  }

  offer(serial: number, types: ClipboardType[], isNew = true): void {
    this.news({ type: "clipboard_offer", serial, types, isNew });
  }

  /** The host answers each request for content with `text`. */
  async give(text: string): Promise<void> {
    await settled();
    for (const command of this.take("fetch")) {
      const content = await withHash(local(text, command.type));
      this.share.take({ kind: "content", serial: command.serial, content });
    }
    await settled();
  }

  /** Takes the commands of a kind. */
  take<K extends ClipboardCommand["kind"]>(kind: K): Extract<ClipboardCommand, { kind: K }>[] {
    const taken = this.commands.filter((
      command,
    ): command is Extract<ClipboardCommand, { kind: K }> => command.kind === kind);
    for (const command of taken) this.commands.splice(this.commands.indexOf(command), 1);
    return taken;
  }

  /** Text in the browser's clipboard. */
  get text(): string {
    return new TextDecoder().decode(this.contents[0]?.bytes);
  }

  /** Offers, and has the host take it. */
  async offers(contents: LocalContent[]): Promise<string> {
    const offering = this.share.offer(contents);
    await settled();
    const [offer] = this.take("offer");
    if (offer !== undefined) {
      this.news({ type: "clipboard_outcome", serial: offer.serial, outcome: "owned" });
    }
    return await offering;
  }

  async #write(contents: readonly ComingContent[]): Promise<void> {
    if (this.writeError !== undefined) throw this.writeError;
    this.contents = await Promise.all(contents.map(async ({ type, bytes }) => {
      const given = await bytes;
      if (!this.cleans) return { type, bytes: given };
      return local(new TextDecoder().decode(given).toUpperCase(), type);
    }));
  }
}

t.test("what the host copies is written here while the page has the focus", async (t) => {
  const rig = new Rig();
  rig.offer(1, ["text"]);
  await rig.give("hello");
  t.equal(rig.text, "hello");
  t.notOk(rig.share.needsGesture);
  t.same(rig.share.waitingTypes, []);
  rig.offer(1, ["text"]);
  await settled();
  t.same(rig.commands, [], "the same offer again is nothing new");
});

t.test("what lay on the host before is for who asks", async (t) => {
  const rig = new Rig();
  rig.contents = [local("mine")];
  rig.offer(1, ["text"], false);
  await settled();
  t.same(rig.commands, [], "nothing is asked for");
  t.notOk(rig.share.needsGesture);
  const copying = rig.share.copyFromHost();
  await rig.give("theirs");
  await copying;
  t.equal(rig.text, "theirs");
  t.same(rig.said, ["Copied from the host"]);
});

t.test("a browser that wants a click gets something to click", async (t) => {
  const rig = new Rig();
  rig.mayWrite = false;
  rig.offer(4, ["text"]);
  await settled();
  t.ok(rig.share.needsGesture);
  t.same(rig.commands, [], "nothing moves before the click");
  const copying = rig.share.copyFromHost();
  t.match(rig.take("fetch"), [{ serial: 4, type: "text" }], "asked for within the click");
  const content = await withHash(local("clicked"));
  rig.share.take({ kind: "content", serial: 4, content });
  await copying;
  t.equal(rig.text, "clicked");
  t.notOk(rig.share.needsGesture);
});

t.test("without the focus nothing is written, and what was copied here is not overwritten", async (t) => {
  const rig = new Rig();
  rig.isFocused = false;
  rig.offer(1, ["text"]);
  await settled();
  t.ok(rig.share.needsGesture);
  rig.isFocused = true;
  rig.contents = [local("copied elsewhere")];
  const focusing = rig.share.focused();
  await settled();
  const [offer] = rig.take("offer");
  t.match(offer, { items: [{ type: "text", bytes: 16 }] }, "it is offered to the host");
  rig.news({ type: "clipboard_outcome", serial: offer!.serial, outcome: "owned" });
  await focusing;
  t.equal(rig.text, "copied elsewhere");
  t.same(rig.take("fetch"), []);
});

t.test("what came from the host does not go back to it", async (t) => {
  const rig = new Rig();
  rig.offer(1, ["text"]);
  await rig.give("round");
  for (let time = 0; time < 3; time++) await rig.share.focused();
  t.same(rig.commands, [], "not on focus");
  rig.offer(2, ["text"], false);
  await rig.share.focused();
  t.same(rig.take("offer"), [], "nor when the host has something else by then");
});

t.test("nor does what the browser made of it", async (t) => {
  const rig = new Rig();
  rig.cleans = true;
  rig.offer(1, ["text"]);
  await rig.give("round");
  t.equal(rig.text, "ROUND", "as browsers encode pictures anew");
  await rig.share.focused();
  t.same(rig.commands, []);
});

t.test("what was offered is not offered twice, unless the host copied something since", async (t) => {
  const rig = new Rig();
  t.equal(await rig.offers([local("once")]), "owned");
  t.equal(await rig.offers([local("once")]), "same");
  rig.offer(9, ["text"]);
  await rig.give("between");
  t.equal(await rig.offers([local("once")]), "owned");
});

t.test("content goes when the host asks for the newest offer, and only then", async (t) => {
  const rig = new Rig();
  await rig.offers([local("first")]);
  await rig.offers([local("second"), local("picture", "png")]);
  rig.news({ type: "clipboard_request", serial: 1, content: "text" });
  t.match(rig.take("refuse"), [{ serial: 1, type: "text" }], "an older one");
  rig.news({ type: "clipboard_request", serial: 2, content: "html" });
  t.match(rig.take("refuse"), [{ serial: 2, type: "html" }], "a type that was not offered");
  rig.news({ type: "clipboard_request", serial: 2, content: "png" });
  const [given] = rig.take("content");
  t.equal(new TextDecoder().decode(given?.content.bytes), "picture");
});

t.test("what is too large or not taken is said and not sent", async (t) => {
  const rig = new Rig();
  t.equal(await rig.share.offer([local("x".repeat(101))]), "too_large");
  t.match(rig.said, [/^Too large: the host takes text up to/]);
  t.equal(await rig.offers([local("x".repeat(101)), local("small", "png")]), "owned");
  rig.news({ type: "clipboard_request", serial: 1, content: "text" });
  t.equal(rig.take("refuse").length, 1, "only what fits was offered");
  const refused = rig.share.offer([local("no")]);
  await settled();
  rig.news({ type: "clipboard_outcome", serial: 2, outcome: "not_allowed" });
  t.equal(await refused, "not_allowed");
  t.equal(await rig.share.offer([]), "nothing");
  t.equal(await new Rig({ toHost: false }).share.offer([local("x")]), "not_allowed");
  t.equal(await new Rig({ reason: "gone" }).share.offer([local("x")]), "not_allowed");
});

t.test("a host that does not answer holds keys up for half a second at most", async (t) => {
  const rig = new Rig();
  t.equal(await rig.share.offer([local("slow")]), "timeout");
});

t.test("of two types one may fail; when all do it is said why", async (t) => {
  const rig = new Rig();
  rig.offer(1, ["text", "png"]);
  await settled();
  const content = await withHash(local("the text"));
  rig.share.take({ kind: "content", serial: 1, content });
  rig.share.take({ kind: "failed", serial: 1, type: "png", failure: "too_large" });
  await settled();
  t.equal(rig.text, "the text");
  t.same(rig.said, []);
  rig.offer(2, ["png"]);
  await settled();
  rig.share.take({ kind: "failed", serial: 2, type: "png", failure: "too_large" });
  await settled();
  t.match(rig.said, [/^Too large: the host sends/]);
});

t.test("newest offer wins while an older one is on its way", async (t) => {
  const rig = new Rig();
  rig.offer(1, ["text"]);
  await settled();
  rig.offer(2, ["text"]);
  await settled();
  const [old, newer] = rig.take("fetch");
  rig.share.take({ kind: "content", serial: newer!.serial, content: await withHash(local("new")) });
  rig.share.take({ kind: "content", serial: old!.serial, content: await withHash(local("old")) });
  await settled();
  t.equal(rig.text, "new");
});

t.test("the end of a connection ends what waits", async (t) => {
  const rig = new Rig();
  const offering = rig.share.offer([local("x")]);
  await settled();
  rig.share.reset();
  t.equal(await offering, "failed");
  t.notOk(rig.share.sharesPaste);
  t.same(rig.share.hostTypes, []);
});
