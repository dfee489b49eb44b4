/**
 * The native clipboard against programs that keep their word and programs that do not: whatever they
 * do costs one read or one paste, and all memory comes back.
 */
// timeout: 120 s

import t from "tap";
import type { Test } from "tap";
import { NativeClipboard, nativeMemoryStats, STATUS } from "../../../ffi/mod.ts";
import type { NativeClipboardEvent } from "../../../ffi/mod.ts";
import { SelectionClient } from "../../clipboard/selection_client.ts";
import { XSelection } from "../../clipboard/x_selection.ts";
import { Xvfb } from "../../native/xvfb.ts";

const LIMIT = 1_000_000;
const encoder = new TextEncoder();

/** The next news of a kind; others are passed over. */
async function heard(
  clipboard: NativeClipboard,
  kind: NativeClipboardEvent["kind"],
  limitMs = 10_000,
): Promise<NativeClipboardEvent> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs) {
    const event = await clipboard.next(500);
    if (event === "closed") break;
    if (event?.kind === kind) return event;
  }
  throw new Error(`Cannot hear "${kind}"`);
}

/** A display and its clipboard, for one test. */
async function withClipboard(
  run: (clipboard: NativeClipboard, display: string) => Promise<void>,
  withPrimary = false,
): Promise<void> {
  await using screen = await Xvfb.start({ width: 64, height: 64 });
  const { display } = screen;
  await using clipboard = await NativeClipboard.open({ display, withPrimary });
  await run(clipboard, display);
}

/** Reads what a client of a mode offers; resolves with the status and the text. */
async function readFrom(mode: string): Promise<[number, string]> {
  let result: [number, string] = [0, ""];
  await withClipboard(async (clipboard, display) => {
    await using _client = await SelectionClient.start(display, mode);
    const offer = await heard(clipboard, "offered");
    clipboard.read(offer.serial, "text", LIMIT);
    const read = await heard(clipboard, "read");
    result = [read.status, new TextDecoder().decode(clipboard.take(0, LIMIT))];
    clipboard.drop();
  });
  return result;
}

t.test("owners that do not keep their word cost one read", async (t) => {
  // Those that are waited for wait side by side.
  const modes = [
    "silent",
    "stalls",
    "endless",
    "lies",
    "refuse",
    "integers",
    "nothing-there",
    "latin",
  ];
  const muteOffer = withClipboard(async (clipboard, display) => {
    await using _client = await SelectionClient.start(display, "mute");
    t.same((await heard(clipboard, "offered")).types, [], "no targets, no offer");
  });
  const results = new Map(
    await Promise.all(modes.map(async (mode) => [mode, await readFrom(mode)] as const)),
  );
  await muteOffer;
  t.same(results.get("silent"), [STATUS.timeout, ""], "no answer");
  t.same(results.get("stalls"), [STATUS.timeout, ""], "one piece and no more");
  t.same(results.get("endless"), [STATUS.tooLarge, ""], "pieces without an end");
  const [status, text] = results.get("lies") ?? [];
  t.same([status, text?.length], [0, 655_360], "more than was announced, within the limit");
  t.same(results.get("refuse"), [STATUS.unavailable, ""]);
  t.same(results.get("integers"), [-3, ""], "not the type that was asked for");
  t.same(results.get("nothing-there"), [-6, ""], "an answer without content");
  t.same(results.get("latin"), [0, "grüß"], "old programs' text");
  t.equal(nativeMemoryStats().clipboard.live, 0, "all memory came back");
});

t.test("a thousand changes of owner become few offers, the last one right", async (t) => {
  await withClipboard(async (clipboard, display) => {
    await using _client = await SelectionClient.start(display, "flips");
    await until(clipboard, (types) => types.length === 2);
    t.ok(clipboard.stats.offers <= 20, `${clipboard.stats.offers} offers`);
  });
});

/** Waits for an offer of which `accept` likes the types. */
async function until(
  clipboard: NativeClipboard,
  accept: (types: readonly string[]) => boolean,
): Promise<void> {
  while (!accept((await heard(clipboard, "offered")).types));
}

/** Owns, and gives content when programs want it. */
async function own(
  t: Test,
  clipboard: NativeClipboard,
  contents: [("text" | "png"), Uint8Array][],
) {
  clipboard.own(9, contents.map(([type]) => type));
  t.equal((await heard(clipboard, "owned")).status, 0);
}

function give(clipboard: NativeClipboard, type: "text" | "png", bytes: Uint8Array): void {
  const total = bytes.byteLength;
  for (let offset = 0; offset < total; offset += 7000) {
    const part = bytes.subarray(offset, offset + 7000);
    clipboard.give({ serial: 9, type, total, offset, bytes: part });
  }
}

t.test("clients that ask and hang, or die, keep nobody from pasting", async (t) => {
  await withClipboard(async (clipboard, display) => {
    const picture = new Uint8Array(900_000).fill(7);
    await own(t, clipboard, [["text", encoder.encode("ours")], ["png", picture]]);
    await using hanging = await SelectionClient.start(display, "hangs");
    await heard(clipboard, "wanted");
    give(clipboard, "png", picture);
    await hanging.said("answered");
    await using _dying = await SelectionClient.start(display, "dies");
    await heard(clipboard, "wanted");
    give(clipboard, "text", encoder.encode("ours"));
    const programs = new XSelection(display);
    t.equal(await programs.pasteText(), "ours");
    t.same(await programs.paste("image/png"), picture, "piece by piece, beside the one that hangs");
    clipboard.own(10, []);
    await heard(clipboard, "owned");
    t.equal(await programs.pasteText(), undefined, "nothing, once it is given up");
  });
  t.equal(nativeMemoryStats().clipboard.live, 0);
});

t.test("MULTIPLE converts several at once", async (t) => {
  await withClipboard(async (clipboard, display) => {
    await own(t, clipboard, [["text", encoder.encode("both")]]);
    await using client = await SelectionClient.start(display, "multiple");
    await heard(clipboard, "wanted");
    give(clipboard, "text", encoder.encode("both"));
    await client.said("answered");
    t.ok(client.lines.includes("FIRST both"), client.lines.join("; "));
    t.ok(client.lines.includes("SECOND 1 numbers"), "the time");
    t.ok(client.lines.includes("ANSWER third is none"), "what is not known is said so");
  });
});

/** Ends a clipboard that owns something beside a manager; false when that was too busy to save it. */
async function endBesideManager(t: Test): Promise<boolean> {
  await using screen = await Xvfb.start({ width: 64, height: 64 });
  await using client = await SelectionClient.start(screen.display, "manager");
  {
    await using clipboard = await NativeClipboard.open({
      ...{ display: screen.display, withPrimary: false },
    });
    await own(t, clipboard, [["text", encoder.encode("kept")]]);
    const programs = new XSelection(screen.display);
    const pasting = programs.pasteText();
    await heard(clipboard, "wanted");
    give(clipboard, "text", encoder.encode("kept"));
    t.equal(await pasting, "kept");
  }
  await client.said("saves");
  return await client.said("SAVED kept", 3000).then(() => true, () => false);
}

t.test("a clipboard manager gets what is owned when the clipboard goes", async (t) => {
  // It has 0.3 s, which a busy machine may take away: three times in a row would be a fault.
  let isSaved = false;
  for (let tries = 0; tries < 3 && !isSaved; tries++) isSaved = await endBesideManager(t);
  t.ok(isSaved);
});

t.test("what was selected with the mouse counts only when it is asked for", async (t) => {
  await withClipboard(async (clipboard, display) => {
    const mouse = new XSelection(display, "primary");
    await mouse.copy("selected");
    t.equal(await clipboard.next(300), undefined, "PRIMARY is nobody's business");
    await mouse.close();
  });
  await withClipboard(async (clipboard, display) => {
    const mouse = new XSelection(display, "primary");
    await mouse.copy("selected");
    const offer = await heard(clipboard, "offered");
    t.equal(offer.selection, "primary");
    clipboard.read(offer.serial, "text", LIMIT);
    await heard(clipboard, "read");
    t.equal(new TextDecoder().decode(clipboard.take(0, LIMIT)), "selected");
    await mouse.close();
  }, true);
});

t.test("a display that goes ends the clipboard", async (t) => {
  const screen = await Xvfb.start({ width: 64, height: 64 });
  await using clipboard = await NativeClipboard.open({
    ...{ display: screen.display, withPrimary: false },
  });
  await screen.kill();
  t.equal(await clipboard.next(5000), "closed");
  await t.rejects(NativeClipboard.open({ display: screen.display, withPrimary: false }), {
    name: "NativeError",
    reason: "display_lost",
  });
});

t.test("an X server that hangs holds nothing up for longer than a second", async (t) => {
  await using screen = await Xvfb.start({ width: 64, height: 64 });
  const clipboard = await NativeClipboard.open({ display: screen.display, withPrimary: false });
  screen.signal("SIGSTOP");
  clipboard.own(1, ["text"]);
  const closing = clipboard[Symbol.asyncDispose]();
  await closing;
  screen.signal("SIGCONT");
  t.equal(nativeMemoryStats().clipboard.live, 0);
});
