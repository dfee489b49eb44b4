/**
 * The picture in the browser is the host's: every frame's marker is read back from the decoded
 * picture, colours are right within what 4:2:0 video can show, and time goes forward.
 */

import t from "tap";
import type { Test } from "tap";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const WIDTH = 1280;
const HEIGHT = 720;
const host = await HostProcess.start(["--source", "pattern", "--size", `${WIDTH}x${HEIGHT}`]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
});

const { cookie } = await host.join("viewer");

/** The bars of the test pattern, from left to right. */
const BARS = [
  [0xc0, 0xc0, 0xc0],
  [0xc0, 0xc0, 0x00],
  [0x00, 0xc0, 0xc0],
  [0x00, 0xc0, 0x00],
  [0xc0, 0x00, 0xc0],
  [0xc0, 0x00, 0x00],
  [0x00, 0x00, 0xc0],
  [0x20, 0x20, 0x20],
] as const;
/** Limited range and 8 bits through the matrix and back: some four steps; the rest is the quantiser's. */
const COLOUR_TOLERANCE = 24;

/** From drawing to grabbing: nothing on an idle machine, a time slice or two on a busy one. */
const DRAWN_US_MAX = 500_000;

t.test("viewer shows the host's picture, opened with the printed link", async (t) => {
  const link = host.links[0]!;
  const viewer = await browser.open(`${link.origin}/#s=${link.secret}`, {
    size: { width: WIDTH, height: HEIGHT },
  });
  await viewer.waitForState("playing");
  t.equal(new URL(viewer.page.url()).hash, "", "the secret is gone from the address");

  await t.test("every marker is read and time goes forward", async (t) => {
    const report = await viewer.measure(3000, 30);
    const shown = report.frames.filter(({ outcome }) => outcome === "presented");
    t.ok(shown.length >= 30, `${shown.length} pictures`);
    t.equal(report.markersMisread, 0);
    t.ok(report.markersRead >= shown.length - 1, `${report.markersRead} markers`);
    t.ok(report.rttUsMin !== undefined && report.rttUsMin < 2_000_000, `RTT ${report.rttUsMin} us`);
    const numbers = shown.flatMap(({ marker }) => marker?.frame ?? []);
    t.ok(
      numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)),
      "no frame is shown twice or after a newer one",
    );
    for (const frame of shown) {
      const steps = [
        ["first datagram", frame.firstDatagramUs],
        ["last datagram", frame.lastDatagramUs],
        ["ready", frame.readyUs],
        ["into the decoder", frame.decodeSubmitUs],
        ["decoded", frame.decodedUs],
        ["drawing", frame.drawUs],
        ["presented", frame.presentedUs],
      ] as const;
      const isOrdered = steps.every(([, atUs], index) => atUs >= (steps[index - 1]?.[1] ?? 1));
      if (!isOrdered) t.fail(`steps of frame ${frame.frameId}: ${JSON.stringify(steps)}`);
      const captureUs = frame.captureTimeUs - (report.offsetUs ?? 0);
      if (captureUs > frame.firstDatagramUs + (report.rttUsMin ?? 0)) {
        t.fail(`frame ${frame.frameId} arrived before it was captured`);
      }
    }
    const timed = shown.filter(({ host }) => host !== undefined);
    t.ok(timed.length >= shown.length / 3, `${timed.length} frames have the host's timings`);
    for (const { marker, host } of timed) {
      // One may be unread, when the copies of those before it were still under way.
      if (!marker) continue;
      const drawnUs = ((host!.captureTimeUs >>> 0) - marker.drawTimeUs) | 0;
      if (Math.abs(drawnUs) > DRAWN_US_MAX) t.fail(`drawn ${drawnUs} us before capture`);
    }
  });

  await t.test("colours are those of the pattern", (t) => checkColours(t, viewer));

  t.same(viewer.complaints, [], "no error, and nothing that the content policy refused");
  await viewer.close();
});

t.test("viewer draws the same with every drawing path", async (t) => {
  for (const [renderer, name] of [["webgl", /WebGL/], ["canvas2d", /2D canvas/]] as const) {
    const viewer = await browser.open(`${host.origin}/?renderer=${renderer}`, { cookie });
    await viewer.waitForState("playing");
    t.match((await viewer.measure(100)).renderer, name);
    await checkColours(t, viewer);
    await viewer.close();
  }
});

t.test("viewer goes on after the graphics process crashed", async (t) => {
  const viewer = await browser.open(`${host.origin}/?renderer=webgl`, { cookie });
  await viewer.waitForState("playing");
  await browser.crashGraphics();
  await until(
    async () => {
      const { frames } = await viewer.measure(300);
      return frames.some(({ outcome }) => outcome === "presented");
    },
    "a picture after the crash",
    10_000,
  );
  await checkColours(t, viewer);
  await viewer.close();
});

/** Compares the bars and the ramp on the page with those of the pattern. */
async function checkColours(t: Test, viewer: ViewerPage): Promise<void> {
  const columns = [
    ...BARS.map((colour, bar) => ({
      x: Math.round((bar + 0.5) * WIDTH / BARS.length),
      heights: [0.15, 0.25, 0.35, 0.45, 0.55, 0.6, 0.7],
      colour: [...colour],
    })),
    ...[[20, 4], [640, 128], [1260, 251]].map(([x = 0, grey = 0]) => ({
      x,
      heights: [0.78, 0.82, 0.86, 0.9, 0.94, 0.98],
      colour: [grey, grey, grey],
    })),
  ];
  const points = columns.flatMap(({ x, heights }) =>
    heights.map((height) => [x, Math.round(height * HEIGHT)] as const)
  );
  const looks: number[][][] = [];
  for (let look = 0; look < 3; look++) {
    looks.push(await viewer.pixels(points));
    // A ball covers some of the points and has moved on by the next look.
    await viewer.page.waitForTimeout(200);
  }
  let first = 0;
  for (const { x, heights, colour } of columns) {
    const samples = looks.flatMap((look) => look.slice(first, first + heights.length));
    first += heights.length;
    const seen = colour.map((_value, channel) => median(samples.map((rgb) => rgb[channel] ?? 0)));
    const worst = Math.max(...seen.map((value, channel) => Math.abs(value - colour[channel]!)));
    t.ok(worst <= COLOUR_TOLERANCE, `column ${x}: ${seen} for ${colour}`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
