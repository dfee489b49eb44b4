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
  t.equal(
    await programs.pasteText("STRING"),
    new TextDecoder().decode(
      await programs.paste("STRING"),
    ),
  );
  t.equal(viewer.requests, 2, "each is asked for once");
});
