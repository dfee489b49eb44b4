/**
 * The clipboard between real X programs and viewers: text and pictures both ways through INCR, offers
 * before contents, limits, roles, and clients and viewers that do not keep their word.
 */
// timeout: 120 s

import t from "tap";
import { ClipboardViewer, hashOf, pictureOf } from "../clipboard/clipboard_viewer.ts";
import { XSelection } from "../clipboard/x_selection.ts";
import { Xvfb } from "../native/xvfb.ts";
import { seededRandom } from "../seeded.ts";
import { mediaProcessId } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";
import type { PlainViewer } from "./host_process.ts";

const ALL = ["--clipboard", "both", "--clipboard-types", "text,png,html"];
/** A picture of 5 MB, which no program gives in one piece. */
const picture = pictureOf(5_000_000, seededRandom("clipboard picture"));
const UNICODE = "plain, \u00e4\u00f6\u00fc\u00df, \u0416\u0438\u0437\u043d\u044c, \u4f60\u597d, " +
  "\u05e9\u05dc\u05d5\u05dd, e\u0301, \u{1f469}\u200d\u{1f680}, \u{10ffff}\ttab\nline\u0001end";

const screen = await Xvfb.start({ width: 320, height: 240 });
const programs = new XSelection(screen.display);
const host = await HostProcess.start(["--display", screen.display, ...ALL]);
const { cookie } = await host.join("player");
const viewers: PlainViewer[] = [];
t.teardown(async () => {
  for (const viewer of viewers) viewer.client.close(0, "The test ends");
  await host.stop();
  await programs.close();
  await screen[Symbol.asyncDispose]();
});

async function view(): Promise<ClipboardViewer> {
  const viewer = await host.view((await host.ticket(cookie)).ticket);
  viewers.push(viewer);
  const clipboard = new ClipboardViewer(viewer);
  await clipboard.heard("clipboard_state", ({ reason }) => reason === "", 10_000);
  return clipboard;
}

/** What the host offers once a program copied something of `types`. */
function offered(viewer: ClipboardViewer, types: readonly string[], after = 0) {
  return viewer.heard("clipboard_offer", (offer) => {
    return offer.serial > after && String(offer.types) === String(types);
  });
}

t.test("text and pictures that programs copied come when they are asked for", async (t) => {
  const viewer = await view();
  await programs.copy(UNICODE);
  const text = await offered(viewer, ["text"]);
  t.equal(text.isNew, true);
  t.equal(new TextDecoder().decode(await viewer.fetch(text.serial, "text") as Uint8Array), UNICODE);
  await programs.copy(picture, "image/png");
  const png = await offered(viewer, ["png"], text.serial);
  const came = await viewer.fetch(png.serial, "png") as Uint8Array;
  t.same(hashOf(came), hashOf(picture), "5 MB, byte for byte");
  t.equal(await viewer.fetch(text.serial, "text"), 1, "what was copied before is gone");
  const late = await view();
  const old = await offered(late, ["png"]);
  t.equal(old.isNew, false, "who comes later is told that it is not new");
});

t.test("text and pictures of a viewer are pasted by programs", async (t) => {
  const viewer = await view();
  const contents = new Map(
    [
      ["text", new TextEncoder().encode(UNICODE)],
      ["png", picture],
    ] as const,
  );
  t.equal(await viewer.offer(contents), "owned");
  t.equal(viewer.requests, 0, "nothing is asked for before somebody pastes");
  t.ok((await programs.targets()).includes("image/png"));
  t.equal(viewer.requests, 0, "nor by a look at the targets");
  const pasted = programs.pasteText();
  await viewer.giveWhenAsked("text");
  t.equal(await pasted, UNICODE);
  const pastedPicture = programs.paste("image/png");
  await viewer.giveWhenAsked("png");
  t.same(hashOf(await pastedPicture ?? new Uint8Array()), hashOf(picture), "5 MB through INCR");
  const latin = await programs.paste("STRING") ?? new Uint8Array();
  const start = [...latin.subarray(0, 14)].map((byte) => String.fromCharCode(byte)).join("");
  t.equal(start, "plain, \u00e4\u00f6\u00fc\u00df, ?", "old programs get what they can show");
  t.equal(viewer.requests, 2, "each is asked for once");
});

t.test("what is copied goes from viewer to viewer, and back to nobody", async (t) => {
  const [first, second] = [await view(), await view()];
  const before = await first.heard("clipboard_offer").then(({ serial }) => serial, () => 0);
  const text = new TextEncoder().encode("for all");
  t.equal(await first.offer(new Map([["text", text]])), "owned");
  const { serial } = await offered(second, ["text"], before);
  const [fetched] = await Promise.all([second.fetch(serial, "text"), first.giveWhenAsked("text")]);
  t.same(fetched, text);
  t.equal(await programs.pasteText(), "for all", "and the host has it by now");
  const own = first.viewer.said.filter((message) => {
    return message.type === "clipboard_offer" && message.serial >= serial;
  });
  t.same(own, [], "who offered it is not told of it");
});

t.test("limits hold, and what is refused is said", async (t) => {
  const viewer = await view();
  const { limits } = await viewer.heard("clipboard_state");
  t.same(limits.map(({ type, bytes }) => [type, bytes]), [
    ["text", 1_000_000],
    ["png", 16_000_000],
    ["html", 1_000_000],
  ]);
  const large = new Uint8Array(1_000_001).fill(0x61);
  t.equal(await viewer.offer(new Map([["text", large]])), "too_large");
  await programs.copy(large);
  const { serial } = await offered(viewer, ["text"], await newestSerial(viewer));
  t.equal(await viewer.fetch(serial, "text"), 2, "too large");
  t.equal(await viewer.fetch(serial, "png"), 1, "not offered");
  await programs.copy("no picture", "image/png");
  const lie = await offered(viewer, ["png"], serial);
  t.equal(await viewer.fetch(lie.serial, "png"), 6, "what says that it is a picture");
});

/** The newest serial that a viewer knows; 0 for none. */
function newestSerial(viewer: ClipboardViewer): number {
  const offers = viewer.viewer.said.filter((message) => message.type === "clipboard_offer");
  return offers.at(-1)?.serial ?? 0;
}

t.test("viewers that do not keep their word cost their offer, or their session", async (t) => {
  const liar = await view();
  const text = new TextEncoder().encode("honest");
  const pasteOf = async (give: (serial: number) => Promise<void>) => {
    t.equal(await liar.offer(new Map([["text", text]])), "owned");
    // With this target xclip does not ask a second time, for Latin-1.
    const pasting = programs.pasteText("text/plain;charset=utf-8");
    await liar.heard("clipboard_request", ({ serial }) => serial === liar.serial);
    await give(liar.serial);
    return await pasting;
  };
  const wrong = new Uint8Array(32);
  const refused = (serial: number) => {
    return liar.send({ type: "clipboard_refuse", serial, content: "text" });
  };
  t.equal(await pasteOf((serial) => liar.give(serial, "text", text, wrong)), undefined, "a hash");
  t.equal(await pasteOf((serial) => liar.give(serial, "text", text.slice(1))), undefined, "a size");
  t.equal(await pasteOf(refused), undefined, "a refusal");
  t.equal(await pasteOf((serial) => liar.give(serial, "text", text)), "honest");
  await liar.give(liar.serial, "text", text);
  await liar.give(77, "png", text);
  t.equal(await liar.offer(new Map([["text", text]])), "owned", "nobody asked: thrown away");
  const stream = await liar.viewer.client.openUnidirectional();
  const writer = stream.getWriter();
  writer.closed.catch(() => {});
  await writer.write(new Uint8Array(64).fill(0x43)).catch(() => {});
  t.equal(await liar.ended(), "protocol", "a header that is none");
});

t.test("a viewer that leaves takes along what it has not given", async (t) => {
  const leaving = await view();
  const contents = new Map([["text", new TextEncoder().encode("left")]] as const);
  t.equal(await leaving.offer(contents), "owned");
  const pasting = programs.pasteText();
  await leaving.heard("clipboard_request", ({ serial }) => serial === leaving.serial);
  leaving.viewer.client.close(0, "It leaves");
  t.equal(await pasting, undefined, "who waits is told at once");
  t.same(await programs.targets(), [], "nobody owns it");
  const giving = await view();
  t.equal(await giving.offer(contents), "owned");
  const pasted = programs.pasteText();
  await giving.giveWhenAsked("text");
  t.equal(await pasted, "left");
  giving.viewer.client.close(0, "It leaves");
  await until(
    async () => {
      const stats = await host.call("GET", "/api/stats", { cookie });
      return (await stats.json()).features?.clipboard?.members === viewers.length - 3;
    },
    "its end",
  );
  t.equal(await programs.pasteText(), "left", "what it gave stays");
});

t.test("a media process that ends takes its clipboard along, and what viewers have comes back", async (t) => {
  const viewer = await view();
  const contents = new Map([["text", new TextEncoder().encode("again")]] as const);
  t.equal(await viewer.offer(contents), "owned");
  const pid = await mediaProcessId(host);
  Deno.kill(pid, "SIGKILL");
  await viewer.heard("clipboard_state", ({ reason }) => reason !== "");
  await viewer.heard("clipboard_state", ({ reason }) => reason === "", 10_000);
  await until(async () => (await programs.targets()).includes("UTF8_STRING"), "it is owned");
  const pasting = programs.pasteText();
  await viewer.giveWhenAsked("text");
  t.equal(await pasting, "again");
});

t.test("those who watch have no clipboard", async (t) => {
  const watcher = await host.join("viewer");
  const viewer = await host.view(watcher.info.ticket);
  viewers.push(viewer);
  const clipboard = new ClipboardViewer(viewer);
  const state = await clipboard.heard("clipboard_state");
  t.same([state.toViewer, state.toHost], [false, false]);
  await programs.copy("secret");
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.notOk(viewer.said.some(({ type }) => type === "clipboard_offer"), "they are told of nothing");
  await clipboard.send({ type: "clipboard_offer", serial: 1, items: [] });
  t.equal(await clipboard.ended(), "protocol", "and may offer nothing");
});

t.test("without --clipboard there is none", async (t) => {
  const plain = await HostProcess.start(["--display", screen.display]);
  try {
    const viewer = await plain.view((await plain.join("player")).info.ticket);
    await viewer.heard("welcome");
    await viewer.send({ type: "clipboard_offer", serial: 1, items: [] });
    t.equal((await viewer.heard("ended")).reason, "protocol");
    t.notOk(viewer.said.some(({ type }) => type.startsWith("clipboard_")));
  } finally {
    await plain.stop();
  }
});
