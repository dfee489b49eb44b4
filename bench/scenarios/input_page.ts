/**
 * Input page: events in the real viewer, each with the time at which the page heard of it, to be found
 * again in what the X client saw: keys and buttons by their count, motion by its pixel. Presses come
 * from the browser's own input; a mouse of 1,000 reports a second is played in the page, since no
 * automation is that fast.
 */

import type { CDPSession } from "playwright-core";
import type { SeededRandom } from "../../tests/seeded.ts";
import type { InputLog, SeenInput } from "../measure/input_log.ts";
import type { ViewerPage } from "../measure/viewer_page.ts";
import { wait } from "../measure/wait.ts";

const GAP_MS = { min: 15, max: 60 };
const SETTLE_MS = 1000;

/** An event that the page heard of. */
export interface PageEvent {
  readonly kind: "key" | "button" | "motion";
  /** Microseconds of the page's clock. */
  readonly atUs: number;
  readonly x: number;
  readonly y: number;
}

/** Milliseconds from page to X client by kind, and what never came. */
export interface InputTimes {
  readonly key: number[];
  readonly button: number[];
  readonly motion: number[];
  /** Presses that the X client did not see. */
  readonly missing: number;
}

/** What became of a mouse of 1,000 reports a second. */
export interface MotionResult {
  /** Reports that the page heard of, and motions that the X client saw. */
  readonly reported: number;
  readonly seen: number;
  /** Motions that went back behind one before. */
  readonly backwards: number;
  /** The pointer ended where the last report said. */
  readonly isAtEnd: boolean;
  /** Milliseconds by which what the X client saw was behind the page. */
  readonly ages: number[];
}

const LISTEN = `
  globalThis.benchEvents = [];
  const note = (kind) => (event) => {
    if (event.repeat) return;
    const atUs = (performance.timeOrigin + performance.now()) * 1000;
    globalThis.benchEvents.push({ kind, atUs, x: event.clientX ?? 0, y: event.clientY ?? 0 });
  };
  addEventListener("keydown", note("key"), { capture: true });
  addEventListener("mousedown", note("button"), { capture: true });
  addEventListener("pointerrawupdate", note("motion"), { capture: true });
`;

/** Begins to note events of the page, and gives the keyboard to the picture. */
export async function listen(viewer: ViewerPage, signal: AbortSignal): Promise<CDPSession> {
  const cdp = await viewer.page.context().newCDPSession(viewer.page);
  await viewer.page.evaluate(LISTEN);
  await click(cdp, 300, 300);
  await wait(SETTLE_MS, signal);
  return cdp;
}

/** Presses keys and buttons and moves the mouse at random for `seconds`. */
export async function actAtRandom(
  cdp: CDPSession,
  random: SeededRandom,
  run: { readonly seconds: number; readonly width: number; readonly height: number },
  signal: AbortSignal,
): Promise<void> {
  const endMs = performance.now() + run.seconds * 1000;
  while (performance.now() < endMs) {
    await wait(GAP_MS.min + random.next() * (GAP_MS.max - GAP_MS.min), signal);
    // Below the bar at the top, which is the viewer's own.
    const x = 1 + random.int(run.width - 2);
    const y = 150 + random.int(run.height - 300);
    const dice = random.int(3);
    if (dice === 0) await pressKey(cdp);
    else if (dice === 1) await click(cdp, x, y);
    else await cdp.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  }
  await wait(SETTLE_MS, signal);
}

/** Plays a mouse of 1,000 reports a second that visits every pixel once, row by row. */
export async function playFastMouse(
  viewer: ViewerPage,
  cdp: CDPSession,
  run: { readonly seconds: number; readonly width: number; readonly height: number },
): Promise<void> {
  // The browser tells again where the real mouse is whenever what is under it changes.
  await cdp.send("Input.dispatchMouseEvent", { type: "mouseMoved", x: -10, y: -10 });
  await viewer.page.evaluate("globalThis.benchEvents.length = 0");
  await viewer.page.evaluate(`new Promise((done) => {
    const stage = document.elementFromPoint(${run.width / 2}, ${run.height / 2});
    const startMs = performance.now();
    let count = 0;
    const timer = setInterval(() => {
      const due = Math.min(performance.now() - startMs, ${run.seconds * 1000});
      for (; count < due; count++) {
        stage.dispatchEvent(new PointerEvent("pointerrawupdate", {
          bubbles: true, composed: true, pointerType: "mouse", pointerId: 1, isPrimary: true,
          clientX: count % ${run.width}, clientY: ${FIRST_ROW} + Math.floor(count / ${run.width}),
        }));
      }
      if (due < ${run.seconds * 1000}) return;
      clearInterval(timer);
      setTimeout(done, ${SETTLE_MS});
    }, 1);
  })`);
}

/** First row that the fast mouse visits. */
const FIRST_ROW = 200;

/** Takes the page's events since the last call. */
export async function takeEvents(viewer: ViewerPage): Promise<PageEvent[]> {
  return await viewer.takeJson("globalThis.benchEvents.splice(0)") as PageEvent[];
}

/** Pairs what the page heard of with what the X client saw. `offsetUs`: host minus page clock. */
export function pairEvents(
  events: readonly PageEvent[],
  seen: readonly SeenInput[],
  offsetUs: number,
): InputTimes {
  const ms = (event: PageEvent, at: SeenInput) => (at.timeUs - event.atUs - offsetUs) / 1000;
  const byCount = (kind: "key" | "button") => {
    const presses = seen.filter(({ type, down, repeat }) => type === kind && down && !repeat);
    const heard = events.filter((event) => event.kind === kind);
    return {
      times: heard.slice(0, presses.length).map((event, index) => ms(event, presses[index]!)),
      missing: Math.abs(heard.length - presses.length),
    };
  };
  const keys = byCount("key");
  const buttons = byCount("button");
  const motion = events.filter(({ kind }) => kind === "motion").flatMap((event) => {
    const at = seen.find(({ type, x, y, timeUs }) => {
      return type === "motion" && x === event.x && y === event.y &&
        timeUs >= event.atUs + offsetUs - CLOCK_ERROR_US;
    });
    return at === undefined ? [] : [ms(event, at)];
  });
  return {
    key: keys.times,
    button: buttons.times,
    motion,
    missing: keys.missing + buttons.missing,
  };
}

/** The clocks are known to about this. */
const CLOCK_ERROR_US = 1000;

/** Finds each motion's report by its pixel. */
export function judgeMotion(
  events: readonly PageEvent[],
  log: InputLog,
  run: { readonly from: number; readonly width: number; readonly offsetUs: number },
): MotionResult {
  const reports = events.filter(({ kind }) => kind === "motion");
  const motions = log.seen.slice(run.from).filter(({ type }) => type === "motion");
  const ages: number[] = [];
  let newest = -1;
  let backwards = 0;
  for (const { x = 0, y = 0, timeUs } of motions) {
    const index = (y - FIRST_ROW) * run.width + x;
    const report = reports[index];
    if (report === undefined || index < newest) backwards++;
    else ages.push((timeUs - report.atUs - run.offsetUs) / 1000);
    newest = Math.max(newest, index);
  }
  return {
    reported: reports.length,
    seen: motions.length,
    backwards,
    isAtEnd: newest === reports.length - 1,
    ages,
  };
}

async function click(cdp: CDPSession, x: number, y: number): Promise<void> {
  const button = { x, y, button: "left", clickCount: 1 } as const;
  await cdp.send("Input.dispatchMouseEvent", { type: "mousePressed", ...button });
  await cdp.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...button });
}

async function pressKey(cdp: CDPSession): Promise<void> {
  const key = { key: "a", code: "KeyA", windowsVirtualKeyCode: 65 };
  await cdp.send("Input.dispatchKeyEvent", { type: "keyDown", text: "a", ...key });
  await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
}
