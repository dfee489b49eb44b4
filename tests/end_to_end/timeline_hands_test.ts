/**
 * Hands on the timeline, in a real browser on a real X screen: what they do to the past never reaches
 * the host, keys and fingers go where they say, thumbnails come one at a time, a clip is saved, and
 * nobody is left out.
 */
// timeout: 150 s

import t from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import type {
  PlaybackCommand,
  PlaybackState,
} from "../../web/viewer/playback/playback_messages.ts";
import { TestBrowser } from "./harness.ts";
import type { PageOptions, ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";
import { PLAYBACK_SPY } from "./playback_spy.ts";

const seen: string[] = [];
const group = new ProcessGroup();
const screen = await startXScreen(group, {
  ...{ width: 1280, height: 720, content: "scroll", fps: 30, seed: 3, respond: true },
  onInput: (line) => {
    const { type, name, button, down } = JSON.parse(line);
    if (type === "key" || type === "button") seen.push(`${name ?? button} ${down}`);
  },
}, new AbortController().signal);
const host = await HostProcess.start(["--display", screen.display, "--replay", "20s"]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");

async function open(options: PageOptions = {}): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/`, {
    cookie,
    size: { width: 1000, height: 640 },
    before: PLAYBACK_SPY,
    ...options,
  });
  await viewer.waitForState("playing");
  await viewer.page.locator("wavry-viewer .timeline .grip").waitFor();
  return viewer;
}

async function state(viewer: ViewerPage): Promise<PlaybackState | undefined> {
  return await viewer.page.evaluate("playback.state") as PlaybackState | undefined;
}

async function waitFor(
  viewer: ViewerPage,
  what: string,
  check: (state: PlaybackState) => boolean,
): Promise<PlaybackState> {
  return await until(
    async () => {
      const now = await state(viewer);
      return now !== undefined && check(now) ? now : undefined;
    },
    what,
    15_000,
  );
}

async function openTimeline(viewer: ViewerPage): Promise<void> {
  await viewer.press("Control+Alt+Shift+KeyT");
  await viewer.page.locator(".timeline.open .timeline-bar").waitFor();
  // What the host holds is known.
  await viewer.page.locator(".piece.replay").waitFor({ state: "attached" });
}

const isResting = ({ mode, isWaiting, frameId }: PlaybackState) =>
  mode === "paused" && !isWaiting && frameId !== undefined;

t.test("what hands do to the past does not reach the host", async (t) => {
  const viewer = await open();
  const { page } = viewer;
  await until(
    async () => {
      const answer = await (await host.call("GET", "/api/replay", { cookie })).json();
      const span = answer.streams[0]?.span;
      return span !== null && span.endUs - span.startUs > 6e6;
    },
    "6 s of replay",
    20_000,
  );
  await page.locator(".stage").focus();
  await page.keyboard.down("a");
  await until(() => seen.includes("a true"), "a key on the host");
  await page.keyboard.down("Shift");
  await openTimeline(viewer);
  await page.keyboard.up("Shift");
  await page.keyboard.press(",");
  await waitFor(viewer, "to rest in the past", isResting);
  await until(() => seen.includes("a false"), "held keys to be let go");
  t.equal(await page.locator(".past-banner").textContent(), "Replay: keyboard and mouse are off");
  t.match(await page.locator(".past-banner").getAttribute("role"), "status");
  await page.keyboard.up("a");
  const before = seen.length;
  await page.locator(".stage").focus();
  await page.keyboard.type("bcx");
  await page.mouse.click(300, 200);
  await waitFor(viewer, "a click to play", ({ mode }) => mode === "playing");
  await page.mouse.click(300, 200);
  await waitFor(viewer, "a click to rest", isResting);
  await page.keyboard.press("Escape");
  await waitFor(viewer, "to be live", ({ mode }) => mode === "live");
  t.equal(await page.locator(".past-banner").textContent(), "");
  await page.locator(".stage").focus();
  await page.keyboard.press("d");
  await until(() => seen.slice(before).includes("d false"), "a key on the host again");
  t.same(seen.slice(before), ["d true", "d false"], "and none of what came before");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("every key of the timeline does what the list says", async (t) => {
  const viewer = await open();
  const { keyboard } = viewer.page;
  await openTimeline(viewer);
  await keyboard.press("Home");
  const start = await waitFor(viewer, "the oldest", isResting);
  await keyboard.press("Shift+ArrowRight");
  const on = await waitFor(viewer, "5 s on", (one) => {
    return isResting(one) && one.timeUs > start.timeUs + 4_000_000;
  });
  t.ok(Math.abs(on.timeUs - start.timeUs - 5e6) < 1.5e6, `${on.timeUs - start.timeUs} us on`);
  await keyboard.press("ArrowLeft");
  const back = await waitFor(viewer, "1 s back", (one) => {
    return isResting(one) && one.timeUs < on.timeUs - 500_000;
  });
  t.ok(Math.abs(on.timeUs - back.timeUs - 1e6) < 400_000, `${on.timeUs - back.timeUs} us back`);
  await keyboard.press(".");
  await waitFor(viewer, "a frame on", (one) => isResting(one) && one.frameId === back.frameId! + 1);
  await keyboard.press(",");
  await waitFor(viewer, "a frame back", (one) => isResting(one) && one.frameId === back.frameId);
  await keyboard.press("l");
  await waitFor(viewer, "to play", ({ rate }) => rate === 1);
  await keyboard.press("l");
  await waitFor(viewer, "to play faster", ({ rate }) => rate === 2);
  await keyboard.press("k");
  await waitFor(viewer, "to rest", isResting);
  await keyboard.press("j");
  await waitFor(viewer, "to play back", ({ rate }) => rate === -1);
  await keyboard.press(" ");
  await waitFor(viewer, "to rest again", isResting);
  const from = await state(viewer);
  await keyboard.press("i");
  await keyboard.press("ArrowRight");
  await waitFor(viewer, "a second on", (one) => isResting(one) && one.timeUs > from!.timeUs);
  await keyboard.press("o");
  await viewer.page.locator('[data-action="loop"]:not([disabled])').click();
  const commands = await viewer.page.evaluate("playback.commands") as PlaybackCommand[];
  const loop = commands.findLast((command) => command.do === "loop");
  const { fromUs, toUs } = (loop?.do === "loop" ? loop.range : undefined) ?? { fromUs: 0, toUs: 0 };
  t.ok(Math.abs(toUs - fromUs - 1e6) < 300_000, `a loop of ${toUs - fromUs} us`);
  await keyboard.press("End");
  await waitFor(viewer, "to be live", ({ mode }) => mode === "live");
  t.same(await viewer.page.evaluate("playback.notices"), []);
  await viewer.close();
});

t.test("a drag shows keyframes at once and the exact frame at rest", async (t) => {
  const viewer = await open();
  const { page } = viewer;
  await openTimeline(viewer);
  await page.waitForTimeout(1200);
  const box = (await page.locator(".track").boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.98, y);
  await page.mouse.down();
  const shown = new Set<number>();
  for (let step = 0; step < 24; step++) {
    await page.mouse.move(box.x + box.width * (0.98 - 0.01 * step), y);
    await page.waitForTimeout(20);
    const now = await state(viewer);
    if (now?.frameId !== undefined) shown.add(now.frameId);
  }
  t.ok(shown.size >= 2, `${shown.size} pictures while it moved`);
  const rough = await state(viewer);
  await page.waitForTimeout(300);
  const exact = await waitFor(viewer, "the exact frame", isResting);
  t.ok(exact.timeUs >= (rough?.timeUs ?? 0), "a keyframe before it came first");
  await page.mouse.move(box.x + box.width + 20, y);
  await page.mouse.up();
  await waitFor(viewer, "the end of the bar to be live", ({ mode }) => mode === "live");
  await viewer.close();
});

t.test("thumbnails come one at a time, and none when the pointer has left", async (t) => {
  const viewer = await open();
  const { page } = viewer;
  await openTimeline(viewer);
  await page.waitForTimeout(1200);
  const box = (await page.locator(".track").boundingBox())!;
  const y = box.y + box.height / 2;
  for (let step = 0; step < 40; step++) {
    await page.mouse.move(box.x + box.width * (0.75 + 0.006 * step), y);
    await page.waitForTimeout(step % 8 === 7 ? 150 : 10);
  }
  await until(async () => await page.evaluate("playback.thumbnails > 0"), "a thumbnail");
  const asked = (await page.evaluate("playback.commands") as PlaybackCommand[])
    .filter((command) => command.do === "thumbnail");
  t.ok(asked.length < 25, `${asked.length} wishes for 40 moves`);
  t.ok(await page.evaluate("playback.openMax <= 2"), "one is made, one waits");
  t.equal(await page.locator(".hover-card").isVisible(), true);
  await page.mouse.move(box.x + box.width * 0.8, y);
  await page.mouse.move(200, 200);
  await until(async () => !await page.locator(".hover-card").isVisible(), "the card to go");
  await until(async () => await page.evaluate("playback.open === 0"), "every wish to be answered");
  t.equal((await state(viewer))?.mode ?? "live", "live", "looking changes nothing");
  await viewer.close();
});

t.test("a clip is saved as a file that plays", async (t) => {
  const viewer = await open();
  const { page } = viewer;
  await openTimeline(viewer);
  await page.keyboard.press("Home");
  await waitFor(viewer, "the oldest", isResting);
  await page.keyboard.press("ArrowRight");
  await waitFor(viewer, "a second on", isResting);
  await page.keyboard.press("i");
  await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(100);
  await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(100);
  await page.keyboard.press("o");
  const saved = page.waitForEvent("download");
  await page.locator('[data-action="clip"]').click();
  const download = await saved;
  t.match(download.suggestedFilename(), /^wavry-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.mp4$/);
  const path = await download.path();
  const { stdout } = await new Deno.Command("ffprobe", {
    args: [
      ...["-v", "error", "-select_streams", "v", "-show_entries", "format=duration"],
      ...["-of", "csv=p=0", path],
    ],
  }).output();
  const seconds = Number(new TextDecoder().decode(stdout));
  t.ok(seconds > 1 && seconds < 9, `${seconds} s`);
  await until(
    async () => /Clip saved: [\d.]+ MB/.test(await page.locator(".notice").textContent() ?? ""),
    "the notice",
  );
  await viewer.close();
});

t.test("the record button records, says so to every viewer, and ends it", async (t) => {
  const viewer = await open();
  const other = await open();
  await openTimeline(viewer);
  await openTimeline(other);
  const button = viewer.page.locator('[data-action="record"]');
  t.equal(await button.getAttribute("aria-pressed"), "false");
  await button.click();
  for (const { page } of [viewer, other]) {
    await page.locator('[data-action="record"][aria-pressed="true"]').waitFor();
  }
  await viewer.page.waitForTimeout(1500);
  await button.click();
  await other.page.locator('[data-action="record"][aria-pressed="false"]').waitFor();
  const { recordings } = await (await host.call("GET", "/api/recordings", { cookie })).json();
  t.equal(recordings.length, 1);
  t.ok(recordings[0].durationMs > 0, `${recordings[0].durationMs} ms`);
  await viewer.close();
  await other.close();
});

t.test("what is held can be blanked and paused, by who controls the host", async (t) => {
  const viewer = await open();
  const { page } = viewer;
  await openTimeline(viewer);
  const held = async () => {
    const answer = await host.call("GET", "/api/replay", { cookie });
    return (await answer.json()).streams[0];
  };
  await page.waitForTimeout(2500);
  const blank = page.locator('[data-action="blank"]');
  t.equal(await blank.isVisible(), false, "nothing is marked");
  await page.keyboard.press("ArrowLeft");
  const once = await waitFor(viewer, "to be back", isResting);
  await page.keyboard.press("ArrowLeft");
  const first = await waitFor(viewer, "to be further back", (one) => {
    return isResting(one) && one.timeUs < once.timeUs;
  });
  await page.keyboard.press("i");
  await page.keyboard.press("ArrowRight");
  const last = await waitFor(viewer, "to be on again", (one) => {
    return isResting(one) && one.timeUs > first.timeUs;
  });
  await page.keyboard.press("o");
  await blank.click();
  await page.getByText(/Press again to blank/).waitFor();
  await page.locator('[data-action="blank"][aria-pressed="true"]').waitFor();
  t.same((await held()).gaps, [], "one press blanks nothing");
  const asked = page.waitForRequest((request) => request.url().endsWith("/api/replay/blank"));
  await blank.click();
  const marks = (await asked).postDataJSON();
  await page.locator(".piece.gap.blanked, .piece.gap").first().waitFor({ state: "attached" });
  const [{ cause, fromUs, toUs }] = (await held()).gaps;
  t.equal(cause, "blanked");
  const marked = [marks.fromUs, marks.toUs];
  t.ok(Math.abs(marks.fromUs - first.timeUs) < 0.5e6, `${marked}, not ${first.timeUs}`);
  t.ok(Math.abs(marks.toUs - last.timeUs) < 0.5e6, `${marked}, not ${last.timeUs}`);
  // What hangs on blanked frames goes with them: how much that is depends on the next keyframe.
  t.ok(fromUs <= marks.fromUs && toUs >= marks.toUs, `${[fromUs, toUs]} without ${marked}`);
  t.ok(fromUs > marks.fromUs - 0.5e6, `${fromUs} long before ${marked}`);
  await page.locator('[data-action="live"]').click();
  const pause = page.locator('[data-action="pause_replay"]');
  await pause.click();
  await page.locator('[data-action="pause_replay"][aria-pressed="true"]').waitFor();
  t.equal((await held()).isPaused, true);
  await pause.click();
  await page.locator('[data-action="pause_replay"][aria-pressed="false"]').waitFor();
  t.equal((await held()).isPaused, false);
  t.same(await viewer.accessibilityViolations(), []);
  await viewer.close();
  const { cookie: watcher } = await host.join("viewer");
  const guest = await open({ cookie: watcher });
  await openTimeline(guest);
  for (const action of ["pause_replay", "blank", "record"]) {
    t.equal(await guest.page.locator(`[data-action="${action}"]`).isVisible(), false, action);
  }
  await guest.close();
});

t.test("fingers reach everything, and so does everybody else", async (t) => {
  const viewer = await open({ isPhone: true, size: { width: 390, height: 844 } });
  const { page } = viewer;
  await page.locator(".timeline .grip").tap();
  await page.locator(".timeline.open .timeline-bar").waitFor();
  await page.waitForTimeout(1300);
  const small = await page.evaluate(`[...document.querySelectorAll(
    ".timeline-bar button:not([hidden]), .timeline-bar select, .timeline-bar .track")]
    .filter((node) => node.checkVisibility())
    .map((node) => [node.dataset.action ?? node.className, node.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 44 || box.right > innerWidth || box.left < 0)
    .map(([name, box]) => name + " " + box.width + "x" + box.height)`);
  t.same(small, [], "targets of 44 pixels, all on the screen");
  const box = (await page.locator(".track").boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const touch = async (type: string, share: number) => {
    const points = type === "touchEnd"
      ? []
      : [{ x: box.x + share * box.width, y: box.y + box.height / 2 }];
    await session.send("Input.dispatchTouchEvent", {
      type: type as "touchStart",
      touchPoints: points,
    });
  };
  await touch("touchStart", 0.95);
  for (const share of [0.9, 0.85, 0.8]) await touch("touchMove", share);
  await touch("touchEnd", 0.8);
  const shown = await waitFor(viewer, "a finger to go back", isResting);
  t.ok(shown.frameId !== undefined);
  t.equal(await page.locator(".hover-card").isVisible(), false, "no card without a finger");
  t.same(await viewer.accessibilityViolations(), []);
  await page.locator('[data-action="live"]').tap();
  await waitFor(viewer, "to be live", ({ mode }) => mode === "live");
  t.same(await viewer.accessibilityViolations(), []);
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("a moment that is too old says so and shows the oldest", async (t) => {
  const viewer = await open();
  await openTimeline(viewer);
  await viewer.page.keyboard.press("Home");
  await waitFor(viewer, "the oldest", isResting);
  await viewer.page.keyboard.press("j");
  // The oldest moment goes while it is looked at: a busy machine says that as well.
  const notices = await until(async () => {
    const heard = await viewer.page.evaluate("playback.notices") as string[];
    return heard.includes("start") && heard;
  }, "a notice");
  t.same(notices.filter((notice) => notice !== "evicted"), ["start"]);
  const answer = await (await host.call("GET", "/api/replay", { cookie })).json();
  t.ok(answer.streams[0].span.startUs > 0);
  await viewer.close();
});
