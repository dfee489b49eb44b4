/**
 * click_to_photon: from an input event in the page to the decoded picture in which the content has
 * answered it. The browser gets a real mouse button or key at a random phase of the frame, the
 * content draws at once and counts the press in its marker, and the viewer reads the marker.
 */

import type { CDPSession } from "playwright-core";
import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";
import { randomFromSeed } from "../../tests/seeded.ts";
import { distributionOf } from "../measure/distribution.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { startRig } from "../measure/rig.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait } from "../measure/wait.ts";
import { CONTENTS } from "../measure/x_screen.ts";
import type { Content } from "../measure/x_screen.ts";
import { atLeast, atMost } from "../report/report.ts";
import {
  choiceOption,
  fpsOption,
  type Scenario,
  type ScenarioRun,
  sidesOf,
  sizeOption,
  wholeNumberOption,
} from "../scenario.ts";

/** Shortest and longest time between two presses: far more than an answer takes. */
const GAP_MS = { min: 90, max: 180 };
const WARM_UP_MS = 2000;
/** How long the answer to the last press may take. */
const DRAIN_MS = 800;
/** Share of presses whose answer must be seen. */
const ANSWERED_SHARE = 0.99;

interface Options {
  size: string;
  fps: number;
  content: Content;
  seconds: number;
}

interface Press {
  /** When the page's listener ran, microseconds of the page's clock. */
  readonly atUs: number;
  readonly isKey: boolean;
}

/** Input in the page to the answer in the picture. */
export const clickToPhoton: Scenario<Options> = {
  name: "click_to_photon",
  summary: "time from an input event in the page to the answer in the decoded picture",
  options: {
    size: sizeOption({ width: 1280, height: 720 }),
    fps: fpsOption(),
    content: choiceOption("--content <kind>", "what the screen shows meanwhile", {
      choices: CONTENTS,
      fallback: "still",
    }),
    seconds: wholeNumberOption("--seconds <n>", "length of the measurement", {
      min: 1,
      max: 3600,
      fallback: 20,
    }),
  },
  deadlineSeconds: ({ seconds }) => seconds + 90,
  async run(run) {
    const { size, fps, content } = run.options;
    await using group = new ProcessGroup(run.signal);
    const rig = await startRig(group, {
      ...sidesOf(size),
      content,
      fps,
      seed: run.seed,
      respond: true,
    }, run.signal);
    const link = await rig.host.newLink();
    const viewer = await ViewerPage.open(rig.browser, link, sidesOf(size));
    await viewer.firstPicture(run.signal);
    await wait(WARM_UP_MS, run.signal);
    const { presses, frames } = await pressRepeatedly(run, viewer);
    return evaluate(presses, frames, run.options);
  },
};

async function pressRepeatedly(
  run: ScenarioRun<Options>,
  viewer: ViewerPage,
): Promise<{ presses: Press[]; frames: FrameRecord[] }> {
  const { width, height } = sidesOf(run.options.size);
  const random = randomFromSeed(run.seed);
  const cdp = await viewer.page.context().newCDPSession(viewer.page);
  await viewer.page.evaluate(LISTEN);
  // The viewer takes the keyboard with a first click, which is not part of the measurement.
  await click(cdp, width / 2, height / 2);
  await wait(DRAIN_MS, run.signal);
  await viewer.page.evaluate("globalThis.benchPresses.length = 0");
  await viewer.startMeasurement();
  const frames: FrameRecord[] = [];
  const endMs = performance.now() + run.options.seconds * 1000;
  while (performance.now() < endMs) {
    await wait(GAP_MS.min + random.next() * (GAP_MS.max - GAP_MS.min), run.signal);
    if (random.int(2) === 0) await pressKey(cdp);
    else await click(cdp, random.int(width - 2) + 1, random.int(height - 2) + 1);
  }
  await wait(DRAIN_MS, run.signal);
  frames.push(...(await viewer.takeMeasurements()).frames);
  const presses = await viewer.takeJson("globalThis.benchPresses") as Press[];
  return { presses, frames };
}

/** Runs in the page, as text: notes every press the moment the page hears of it. */
const LISTEN = `
  globalThis.benchPresses = [];
  for (const type of ["pointerdown", "keydown"]) {
    addEventListener(type, (event) => {
      if (event.repeat) return;
      const atUs = (performance.timeOrigin + performance.now()) * 1000;
      globalThis.benchPresses.push({ atUs, isKey: type === "keydown" });
    }, { capture: true });
  }
`;

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

/** The n-th press is answered by the first decoded frame whose marker counts n presses more. */
export function matchPresses(
  presses: readonly Press[],
  frames: readonly FrameRecord[],
): { press: Press; frame: FrameRecord }[] {
  const marked = frames.filter((frame) => frame.decodedUs !== 0 && frame.marker)
    .toSorted((a, b) => a.decodedUs - b.decodedUs);
  const firstPress = presses[0];
  if (firstPress === undefined) return [];
  const before = marked.findLast((frame) => frame.decodedUs < firstPress.atUs) ?? marked[0];
  // A still screen may show nothing between the start and the first answer.
  const startCount = before === undefined
    ? 0
    : before.decodedUs < firstPress.atUs
    ? before.marker?.inputCount ?? 0
    : (before.marker?.inputCount ?? 1) - 1;
  const matches: { press: Press; frame: FrameRecord }[] = [];
  let at = 0;
  for (const [index, press] of presses.entries()) {
    const wanted = (startCount + index + 1) & 0xffff;
    while (at < marked.length && !reached(marked[at]?.marker?.inputCount ?? 0, wanted)) at++;
    const frame = marked[at];
    if (frame !== undefined) matches.push({ press, frame });
  }
  return matches;
}

/** Whether a 16-bit count has come as far as `wanted`, over the wrap as well. */
function reached(count: number, wanted: number): boolean {
  return ((count - wanted) & 0xffff) < 0x8000;
}

function evaluate(
  presses: readonly Press[],
  frames: readonly FrameRecord[],
  options: Options,
) {
  const matches = matchPresses(presses, frames);
  const samplesOf = (keep: (press: Press) => boolean, end: "decodedUs" | "presentedUs") =>
    matches.filter(({ press, frame }) => keep(press) && frame[end] !== 0)
      .map(({ press, frame }) => (frame[end] - press.atUs) / 1000);
  const all = () => true;
  const distributions = {
    "input -> decoded": distributionOf(samplesOf(all, "decodedUs"), "ms"),
    "input -> presented": distributionOf(samplesOf(all, "presentedUs"), "ms"),
    "key -> decoded": distributionOf(samplesOf((press) => press.isKey, "decodedUs"), "ms"),
    "button -> decoded": distributionOf(samplesOf((press) => !press.isKey, "decodedUs"), "ms"),
  };
  const share = presses.length === 0 ? 0 : matches.length / presses.length;
  return {
    results: {
      distributions,
      values: {
        presses: { value: presses.length, unit: "" },
        answered: { value: matches.length, unit: "" },
      },
      notes: [
        "Starts when the page's listener runs and ends when the decoder gives the picture out; " +
        "both on the page's clock, so no clock offset is involved",
      ],
    },
    checks: [
      atLeast("share of presses answered", share, ANSWERED_SHARE),
      atMost(
        "input -> decoded p50, ms",
        distributions["input -> decoded"].p50,
        2000 / options.fps,
      ),
    ],
  };
}
