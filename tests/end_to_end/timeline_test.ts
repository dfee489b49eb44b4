/**
 * The timeline in a real browser on a real host: whatever is asked for by time is the frame that is
 * shown, told by the marker in its picture; steps, rates and loops go where they say; and catching up
 * with the present leaves out no frame.
 */
// timeout: 150 s

import t from "tap";
import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";
import type { PlaybackState } from "../../web/viewer/playback/playback_messages.ts";
import { seededRandom } from "../seeded.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const SEEKS = 200;
/** Joins that must be without a gap, and tries for them. */
const JOINS = 3;
const JOIN_ROUNDS_MAX = 8;
const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "640x360", "--fps", "30", "--replay", "30s"],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
});
const { cookie } = await host.join("player");

/** Keeps what the worker says of playback, and lets the test speak to it. */
const SPY = `(() => {
  const RealWorker = globalThis.Worker;
  globalThis.playback = { states: [], notices: [], worker: undefined };
  globalThis.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args);
      globalThis.playback.worker = this;
      this.addEventListener("message", ({ data }) => {
        if (data.type !== "playback") return;
        const { event, state, notice } = data.event;
        if (event === "state") {
          globalThis.playback.states.push(state);
          if (globalThis.playback.states.length > 4000) globalThis.playback.states.shift();
        }
        if (event === "notice") globalThis.playback.notices.push(notice);
      });
    }
  };
})()`;

interface HeldSpan {
  readonly startUs: number;
  readonly endUs: number;
}

const SOURCE = {
  key: "replay 0",
  framesPath: "/api/replay/frames?stream=0",
  isLive: true,
} as const;

async function open(query = ""): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/${query}`, {
    cookie,
    size: { width: 1000, height: 640 },
    before: SPY,
  });
  await viewer.waitForState("playing");
  await viewer.page.evaluate(`document.querySelector("wavry-viewer")
    .startMeasurement({ marker: true })`);
  return viewer;
}

async function command(viewer: ViewerPage, value: object): Promise<void> {
  await viewer.page.evaluate(`(() => {
    playback.states.length = 0;
    playback.worker.postMessage(${JSON.stringify({ type: "playback", command: value })});
  })()`);
}

async function state(viewer: ViewerPage): Promise<PlaybackState | undefined> {
  return await viewer.page.evaluate("playback.states.at(-1)") as PlaybackState | undefined;
}

/** The state once what was asked for is on the screen. */
async function settled(viewer: ViewerPage): Promise<PlaybackState> {
  return await viewer.page.evaluate(`new Promise((resolve, reject) => {
    const until = performance.now() + 5000;
    const look = () => {
      const state = playback.states.at(-1);
      if (state !== undefined && !state.isWaiting) return resolve(state);
      if (performance.now() > until) return reject(new Error("Nothing is shown"));
      setTimeout(look, 2);
    };
    look();
  })`) as PlaybackState;
}

async function held(): Promise<HeldSpan> {
  const answer = await (await host.call("GET", "/api/replay?stream=0", { cookie })).json();
  return answer.streams[0].span;
}

/** Capture times of all frames held, by frame id, as the host gives them. */
async function frameTimes(
  span: HeldSpan,
  framesPath: string = SOURCE.framesPath,
): Promise<{ frameId: number; timeUs: number }[]> {
  const { FrameStreamReader } = await import("../../src/wire/frame_stream.ts");
  const joint = framesPath.includes("?") ? "&" : "?";
  const path = `${framesPath}${joint}atUs=${span.startUs}&toUs=${span.endUs}`;
  const response = await host.call("GET", path, { cookie });
  const reader = new FrameStreamReader();
  const times: { frameId: number; timeUs: number }[] = [];
  for await (const piece of response.body!) {
    for (const record of reader.push(piece)) {
      if (record.kind !== "frame") continue;
      times.push({ frameId: record.frame.frameId, timeUs: record.frame.captureTimeUs });
    }
  }
  return times;
}

async function replayed(viewer: ViewerPage): Promise<FrameRecord[]> {
  return (await viewer.take()).frames.filter(({ isReplayed }) => isReplayed === true);
}

t.test("a seek shows exactly the frame of its time", async (t) => {
  const viewer = await open();
  await until(
    async () => {
      const span = await held();
      return span !== null && span.endUs - span.startUs > 9e6;
    },
    "9 s of replay",
    20_000,
  );
  const span = await held();
  const times = await frameTimes(span);
  t.ok(times.length > 200, `${times.length} frames`);
  const random = seededRandom("timeline seeks");
  let wrong = 0;
  let unread = 0;
  const expected: number[] = [];
  await viewer.take();
  for (let seek = 0; seek < SEEKS; seek++) {
    const timeUs = Math.round(span.startUs + random.next() * (span.endUs - span.startUs));
    const wanted = times.findLast((frame) => frame.timeUs <= timeUs)!;
    expected.push(wanted.frameId);
    await command(viewer, { do: "seek", source: SOURCE, timeUs, isRough: false, rate: 0 });
    const shown = await settled(viewer);
    if (shown.frameId !== wanted.frameId) {
      wrong++;
      t.fail(`seek ${seek}: frame ${shown.frameId} for ${wanted.frameId}`);
    }
  }
  const pictures = await replayed(viewer);
  // The pattern counts its drawings as the encoder counts its frames.
  const offset = (pictures[0]!.marker?.frame ?? 0) - pictures[0]!.frameId;
  for (const { marker, frameId } of pictures) {
    if (marker === undefined || marker === null) unread++;
    else if (marker.frame !== frameId + offset) wrong++;
  }
  t.equal(wrong, 0, "every picture is the frame that was asked for");
  t.equal(unread, 0, "every marker was read");
  t.same(pictures.map(({ frameId }) => frameId), expected, `${SEEKS} pictures, one for each seek`);
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("steps go one frame, also over the edge of a segment, both ways", async (t) => {
  const viewer = await open();
  const span = await held();
  const times = await frameTimes(span);
  const middle = times[times.length >> 1]!;
  await command(viewer, {
    do: "seek",
    source: SOURCE,
    timeUs: middle.timeUs,
    isRough: false,
    rate: 0,
  });
  await settled(viewer);
  let expected = middle.frameId;
  const ways = [...Array(35).fill(-1), ...Array(50).fill(1), ...Array(3).fill(-1)];
  const seen: boolean[] = [];
  for (const frames of ways) {
    expected += frames;
    await command(viewer, { do: "step", frames });
    await until(async () => (await state(viewer))?.frameId === expected, `frame ${expected}`);
    seen.push((await settled(viewer)).frameId === expected);
  }
  t.ok(seen.every(Boolean), `${seen.length} steps`);
  const pictures = await replayed(viewer);
  const wrong = pictures.filter(({ marker, frameId }) => marker?.frame !== frameId);
  const offset = (pictures[0]!.marker?.frame ?? 0) - pictures[0]!.frameId;
  t.ok(
    wrong.length === 0 || wrong.every(({ marker, frameId }) => {
      return marker?.frame === frameId + offset;
    }),
    "the pictures are those frames",
  );
  await viewer.close();
});

t.test("plays at every rate, both ways, and stays in its loop", async (t) => {
  const viewer = await open();
  for (const rate of [0.25, 1, 4, -1, -2]) {
    const span = await held();
    const timeUs = Math.round((span.startUs + span.endUs) / 2);
    await command(viewer, { do: "seek", source: SOURCE, timeUs, isRough: false, rate });
    await until(async () => (await state(viewer))?.rate === rate, "to play");
    await viewer.page.waitForTimeout(1000);
    const states = await viewer.page.evaluate(
      `playback.states.filter((one) => one.rate === ${rate} && !one.isWaiting)`,
    ) as PlaybackState[];
    const times = states.map((one) => one.timeUs);
    const went = times.at(-1)! - times[0]!;
    t.ok(Math.sign(went) === Math.sign(rate), `at ${rate} it went ${went} us`);
    const isOrdered = times.every((one, index) =>
      index === 0 || Math.sign(one - times[index - 1]!) !== -Math.sign(rate)
    );
    t.ok(isOrdered, `at ${rate} time never turns around`);
    const ids = new Set(states.map(({ frameId }) => frameId));
    t.ok(ids.size >= 4, `at ${rate} ${ids.size} pictures in a second`);
  }
  const span = await held();
  const fromUs = span.endUs - 4_000_000;
  const range = { fromUs, toUs: fromUs + 300_000 };
  await command(viewer, { do: "loop", range });
  await command(viewer, { do: "seek", source: SOURCE, timeUs: fromUs, isRough: false, rate: 1 });
  await viewer.page.waitForTimeout(1500);
  const times = await viewer.page.evaluate(
    "playback.states.map(({ timeUs }) => timeUs)",
  ) as number[];
  const turns = times.filter((one, index) => index > 0 && one < times[index - 1]!).length;
  t.ok(turns >= 2, `it began anew ${turns} times`);
  t.ok(Math.max(...times) < range.toUs + 200_000, "and never went far beyond the end");
  await viewer.close();
});

/** Plays faster until it is live, and then some; the last frame of the replay and the live ones. */
async function catchUp(viewer: ViewerPage): Promise<{ last: FrameRecord; live: FrameRecord[] }> {
  await viewer.take();
  const { endUs } = await held();
  const timeUs = endUs - 1_500_000;
  await command(viewer, { do: "seek", source: SOURCE, timeUs, isRough: false, rate: 2 });
  await until(async () => (await state(viewer))?.mode === "live", "to be live", 20_000);
  const frames: FrameRecord[] = [];
  return await until(
    async () => {
      await viewer.page.waitForTimeout(100);
      frames.push(...(await viewer.take()).frames);
      const last = frames.findLast(({ isReplayed }) => isReplayed === true)!;
      // Frame ids do not come near their end here.
      const live = frames.filter((frame) => !frame.isReplayed && frame.frameId > last.frameId);
      return live.length >= 10 ? { last, live: live.slice(0, 10) } : undefined;
    },
    "live pictures",
    20_000,
  );
}

t.test("catching up joins the live picture without a gap", async (t) => {
  const viewer = await open();
  let joins = 0;
  for (let round = 0; round < JOIN_ROUNDS_MAX && joins < JOINS; round++) {
    const { last, live } = await catchUp(viewer);
    t.same(await viewer.page.evaluate("playback.notices.splice(0)"), ["caught_up"]);
    t.same(live.filter(({ outcome }) => outcome === "covered"), [], "none is held back");
    const isInOrder = live.every((frame) => frame.drawUs === 0 || frame.drawUs > last.drawUs);
    t.ok(isInOrder, "all after the last one of the replay");
    const ids = live.map(({ frameId }) => frameId);
    t.comment(`frame ${last.frameId} of the replay, then live ${ids.join(" ")}`);
    // A machine that is too busy to send every frame says nothing about the join.
    if (ids.every((frameId, index) => frameId === last.frameId + 1 + index)) joins++;
  }
  t.equal(joins, JOINS, `${JOINS} times each frame follows the one before`);
  await viewer.close();
});

t.test("the bar reaches into recordings: exact seeks, steps, and its end", async (t) => {
  await host.call("POST", "/api/recordings/start", { cookie, body: {} });
  const viewer = await open();
  await viewer.page.waitForTimeout(3500);
  await host.call("POST", "/api/recordings/stop", { cookie, body: {} });
  const { recordings } = await (await host.call("GET", "/api/recordings", { cookie })).json();
  const { id, startUs, endUs } = recordings[0];
  const framesPath = `/api/recordings/${id}/frames`;
  const source = { key: `recording ${id}`, framesPath, isLive: false };
  const times = await frameTimes({ startUs, endUs }, framesPath);
  t.ok(times.length > 30, `${times.length} frames`);
  const random = seededRandom("recording seeks");
  const markers = new Map<number, number>();
  await viewer.take();
  for (let seek = 0; seek < 30; seek++) {
    const timeUs = random.pick(times).timeUs;
    const wanted = times.findLast((frame) => frame.timeUs <= timeUs)!;
    await command(viewer, { do: "seek", source, timeUs, isRough: false, rate: 0 });
    const shown = await settled(viewer);
    if (shown.frameId !== wanted.frameId) t.fail(`${shown.frameId} for ${wanted.frameId}`);
  }
  for (const { marker, frameId } of await replayed(viewer)) {
    markers.set(frameId, (marker?.frame ?? -1) - frameId);
  }
  t.equal(new Set(markers.values()).size, 1, "each picture is its frame's");
  const last = times.at(-1)!;
  const at = { do: "seek", source, timeUs: last.timeUs - 300_000, isRough: false, rate: 4 };
  await command(viewer, at);
  await until(
    async () => (await viewer.page.evaluate("playback.notices") as string[]).includes("end"),
    "its end",
    15_000,
  );
  t.match(await settled(viewer), { mode: "paused", frameId: last.frameId });
  await command(viewer, { do: "step", frames: -1 });
  await until(async () => (await state(viewer))?.frameId === times.at(-2)!.frameId, "a step back");
  await command(viewer, { do: "live" });
  await until(async () => (await state(viewer))?.mode === "live", "to be live");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("a page opened with ?back begins so long ago, and plays", async (t) => {
  const viewer = await open("?back=4");
  const first = await until(async () => {
    const now = await state(viewer);
    return now?.frameId === undefined ? undefined : now;
  }, "a picture of the past");
  const { nowUs } = await (await host.call("GET", "/api/replay", { cookie })).json();
  t.equal(first.mode, "playing");
  t.ok(nowUs - first.timeUs > 3_000_000 && nowUs - first.timeUs < 9_000_000, "4 s ago");
  t.equal(await viewer.page.locator(".stage.past").count(), 1);
  await viewer.press("Escape");
  await until(async () => (await state(viewer))?.mode === "live", "to be live");
  t.equal(await viewer.page.locator(".stage.past").count(), 0);
  await viewer.close();
});
