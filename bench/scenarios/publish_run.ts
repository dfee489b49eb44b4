/**
 * Publish run: the real host, a page that publishes and a page that watches, and what is read of them
 * while it goes on. Times are the viewer's records; memory is the renderer's own and what a collection
 * leaves of its heaps.
 */

import type { Browser, Page } from "playwright-core";
import type { LiveFigures } from "../../web/producer/producer_figures.ts";
import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";
import { openPage, startBrowser } from "../measure/browser.ts";
import { bestClockSample, type ClockSample } from "../measure/frame_statistics.ts";
import { type Host, startHost } from "../measure/host.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { CpuMeter, partOf, readMemory } from "../measure/process_usage.ts";
import { type Trend, trendOf } from "../measure/trend.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait, waitFor } from "../measure/wait.ts";

const SIZE = { width: 1280, height: 720 };
const NAME = "Bench";
/** Codecs, caches and compiled code settle. */
const WARM_UP_MS = 30_000;
const LOOK_INTERVAL_MS = 2500;
/** What collections leave of page and worker; the browser takes its time for a figure. */
const HEAP_EVERY = 4;
const HEAP_BYTES = "performance.measureUserAgentSpecificMemory().then(({ bytes }) => bytes)";
/** Frames are collected well before the viewer's log is full. */
const FRAMES_EVERY = 4;
const LIVE_TIMEOUT_MS = 30_000;
const US_PER_HOUR = 3600e6;
const FAKE_DEVICES = [
  ...["--use-fake-device-for-media-stream=fps=30", "--use-fake-ui-for-media-stream"],
];

/** What to measure. */
export interface PublishSetting {
  readonly seconds: number;
  readonly transport: "quic" | "tcp";
}

/** What was measured. */
export interface PublishMeasurement {
  /** Bytes an hour. */
  readonly processTrend: Trend;
  readonly heapTrend: Trend;
  readonly gaps: number;
  readonly gapUsMax: number;
  /** Frames that the host took. */
  readonly frames: number;
  readonly latencyMs: readonly number[];
  /** Percent of a core, by part. */
  readonly cpu: Readonly<Record<string, number>>;
  /** What the page itself says at the end. */
  readonly page: Pick<
    LiveFigures,
    "score" | "skipped" | "evicted" | "adaptations" | "processingUs"
  >;
}

interface HostFrames {
  readonly frames: number;
  readonly gaps: number;
  readonly gapUsMax: number;
}

/** Measures one way up. */
export async function measurePublish(
  { seconds, transport }: PublishSetting,
  signal: AbortSignal,
): Promise<PublishMeasurement> {
  await using group = new ProcessGroup(signal);
  const stateDirectory = await Deno.makeTempDir({ prefix: "wavry-bench-" });
  group.defer(() => Deno.remove(stateDirectory, { recursive: true }));
  const host = await startHost(group, {
    args: ["--source", "pattern", "--size", "640x360", "--fps", "30"].concat(
      ...["--player-permissions", "keyboard,publish", "--webrtc", "off"],
    ),
    stateDirectory,
  }, signal);
  const browser = await startBrowser(group, FAKE_DEVICES);
  const link = new URL(await host.newLink());
  const page = await openPage(browser, { width: 1280, height: 800 });
  await page.goto(`${link.origin}/publish/?transport=${transport}${link.hash}`);
  await page.waitForSelector("#app[data-state]");
  await page.fill("#name", NAME);
  await page.click(".sources button:has-text('Camera')");
  await page.selectOption("#picture", "720p30");
  await page.click("#microphone-switch");
  await page.click("button.go");
  await page.waitForSelector("#app[data-state=live]", { timeout: LIVE_TIMEOUT_MS });
  const rendererPid = await busiestRenderer(browser);
  const viewerLink = new URL(await host.newLink());
  viewerLink.searchParams.set("stream", NAME);
  const viewer = await ViewerPage.open(browser, viewerLink.href, SIZE);
  await viewer.firstPicture(signal);
  await wait(WARM_UP_MS, signal);
  const run = { host, viewer, page, rendererPid, seconds };
  const collected = await collect(run, signal);
  const figures = await page.evaluate("wavryProducer.view.figures") as LiveFigures;
  return { ...collected, page: figures };
}

/** The renderer that works most: the one that encodes. */
async function busiestRenderer(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const [busiest] = processInfo.filter(({ type }) => type === "renderer")
    .toSorted((a, b) => b.cpuTime - a.cpuTime);
  if (busiest === undefined) throw new Error("Cannot find the publishing page's process");
  return busiest.id;
}

async function collect(
  { host, viewer, page, rendererPid, seconds }: {
    readonly host: Host;
    readonly viewer: ViewerPage;
    readonly page: Page;
    readonly rendererPid: number;
    readonly seconds: number;
  },
  signal: AbortSignal,
): Promise<Omit<PublishMeasurement, "page">> {
  const process: [number, number][] = [];
  const heaps: [number, number][] = [];
  const frames: FrameRecord[] = [];
  const probes: ClockSample[] = [];
  const before = await hostFrames(host, signal);
  await viewer.startMeasurement();
  const cpu = new CpuMeter(Deno.pid, partOf);
  cpu.start();
  const startMs = performance.now();
  for (let look = 1; performance.now() - startMs < seconds * 1000; look++) {
    await wait(Math.max(0, startMs + look * LOOK_INTERVAL_MS - performance.now()), signal);
    const hours = (performance.now() - startMs) * 1000 / US_PER_HOUR;
    const bytes = readMemory(rendererPid)?.anonymousBytes;
    if (bytes === undefined) throw new Error("Cannot measure: the publishing page is gone");
    process.push([hours, bytes]);
    if (look % HEAP_EVERY === 0) {
      // It waits for a collection, and nobody waits for it.
      page.evaluate(HEAP_BYTES).then((used) => void heaps.push([hours, used as number]), () => {});
    }
    if (look % FRAMES_EVERY !== 0) continue;
    const report = await viewer.takeMeasurements();
    frames.push(...report.frames);
    probes.push(...report.probes);
  }
  const after = await hostFrames(host, signal);
  return {
    ...{ processTrend: trendOf(process), heapTrend: trendOf(heaps), cpu: cpu.read() },
    gaps: after.gaps - before.gaps,
    gapUsMax: after.gapUsMax,
    frames: after.frames - before.frames,
    latencyMs: latencies(frames, bestClockSample(probes).offsetUs),
  };
}

function latencies(frames: readonly FrameRecord[], offsetUs: number): number[] {
  return frames.filter(({ decodedUs }) => decodedUs > 0)
    .map(({ decodedUs, captureTimeUs }) => (decodedUs + offsetUs - captureTimeUs) / 1000);
}

async function hostFrames(host: Host, signal: AbortSignal): Promise<HostFrames> {
  return await waitFor("the published stream", async () => {
    const { features } = await host.stats() as {
      features?: { publish?: { streams?: (HostFrames & { name: string })[] } };
    };
    return features?.publish?.streams?.find(({ name }) => name === NAME);
  }, { timeoutMs: LIVE_TIMEOUT_MS, signal });
}
