/**
 * Harness of the viewer's end-to-end tests: a real Chromium, pages that are opened as a person opens
 * them, and questions to the viewer in them. Everything that it starts ends with `close`.
 */

import axe from "axe-core";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { FirstPictureTimes } from "../../web/viewer/worker_messages.ts";
import type { MeasurementReport } from "../../web/viewer/receive/frame_log.ts";
import { descendants, type HostProcess, until } from "./host_process.ts";

const SCREENSHOTS = new URL("../../build/screenshots/", import.meta.url).pathname;
/** The longest that pictures are waited for. */
const MEASURE_MS_MAX = 20_000;
const VIEWER = `document.querySelector("wavry-viewer")`;
const PICTURE_TIMEOUT_MS = 15_000;

/** WCAG 2.2 A and AA, and what axe's authors advise beyond it. */
const ACCESSIBILITY_TAGS = [
  ...["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  "best-practice",
];

/** How to open a page. */
export interface PageOptions {
  /** Session cookie of `HostProcess.join`, as `name=value`. */
  readonly cookie?: string;
  readonly size?: { readonly width: number; readonly height: number };
  /** A phone: touch, and two device pixels to one. */
  readonly isPhone?: boolean;
  /** Runs in the page before anything else. */
  readonly before?: string;
  /** What the page may use without asking, such as "microphone". */
  readonly permissions?: readonly string[];
}

/** A browser for one test file. */
export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts Chromium, headless, with more flags where a test needs them. */
  static async start(flags: readonly string[] = []): Promise<TestBrowser> {
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", ...flags],
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    return new TestBrowser(browser);
  }

  /** Opens a page of its own, without cookies but the one given. */
  async open(url: string, options: PageOptions = {}): Promise<ViewerPage> {
    const context = await this.#browser.newContext({
      viewport: options.size ?? { width: 1280, height: 720 },
      ...(options.isPhone ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
    });
    if (options.cookie !== undefined) {
      const [name = "", value = ""] = options.cookie.split("=");
      await context.addCookies([{ name, value, url: new URL(url).origin }]);
    }
    if (options.permissions !== undefined) {
      await context.grantPermissions([...options.permissions], { origin: new URL(url).origin });
    }
    if (options.before !== undefined) await context.addInitScript(options.before);
    const page = await context.newPage();
    const viewer = new ViewerPage(page, context);
    await page.goto(url, { waitUntil: "commit" });
    return viewer;
  }

  /** Kills the process that draws for all pages; the browser starts another one. */
  async crashGraphics(): Promise<void> {
    const session = await this.#browser.newBrowserCDPSession();
    await session.send("Browser.crashGpuProcess");
    await session.detach();
  }

  /** Ends the browser and all its pages. */
  async close(): Promise<void> {
    await this.#browser.close();
  }
}

/** A page with the viewer. */
export class ViewerPage {
  readonly page: Page;
  /** Uncaught errors, and what the browser complained about. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;

  constructor(page: Page, context: BrowserContext) {
    this.page = page;
    this.#context = context;
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  /** Waits for a state of the viewer. */
  async waitForState(name: string, limitMs = PICTURE_TIMEOUT_MS): Promise<void> {
    const wanted = `wavry-viewer[data-state="${name}"]`;
    try {
      await this.page.waitForSelector(wanted, { timeout: limitMs });
    } catch (cause) {
      const said = this.complaints.slice(-5).join("; ");
      const message = `Viewer is "${await this.state()}" and not "${name}" after ${limitMs} ms`;
      throw new Error(`${message}. Complaints: ${said}`, { cause });
    }
  }

  /** What the viewer is doing. */
  async state(): Promise<string> {
    return await this.page.evaluate(`${VIEWER}.dataset.state`) as string;
  }

  /** Times of the first picture, or undefined before it. */
  async firstPicture(): Promise<FirstPictureTimes | undefined> {
    return await this.page.evaluate(`${VIEWER}.firstPicture`) as FirstPictureTimes | undefined;
  }

  /**
   * Records every frame for a while, and on a busy machine until so many were presented, within
   * `MEASURE_MS_MAX`.
   */
  async measure(ms: number, presentedMin = 0): Promise<MeasurementReport> {
    await this.page.evaluate(`${VIEWER}.startMeasurement({ marker: true })`);
    const endMs = performance.now() + MEASURE_MS_MAX;
    await this.page.waitForTimeout(ms);
    let all = await this.take();
    const count = () => all.frames.filter(({ outcome }) => outcome === "presented").length;
    while (count() < presentedMin && performance.now() < endMs) {
      await this.page.waitForTimeout(100);
      const more = await this.take();
      all = {
        ...more,
        frames: [...all.frames, ...more.frames],
        markersRead: all.markersRead + more.markersRead,
        markersMisread: all.markersMisread + more.markersMisread,
        probes: [...all.probes, ...more.probes],
        hitches: [...all.hitches, ...more.hitches],
      };
    }
    return all;
  }

  /** What was recorded since the start or the last take. */
  async take(): Promise<MeasurementReport> {
    return await this.page.evaluate(`${VIEWER}.takeMeasurements()`) as MeasurementReport;
  }

  /** Red, green and blue of points of the picture that is shown, in pixels of the picture. */
  async pixels(points: readonly (readonly [number, number])[]): Promise<number[][]> {
    return await this.page.evaluate(`(() => {
      const picture = document.querySelector("canvas.picture");
      const copy = document.createElement("canvas");
      copy.width = picture.width;
      copy.height = picture.height;
      const context = copy.getContext("2d", { willReadFrequently: true });
      context.drawImage(picture, 0, 0);
      return ${JSON.stringify(points)}.map(([x, y]) =>
        [...context.getImageData(x, y, 1, 1).data].slice(0, 3));
    })()`) as number[][];
  }

  /** Rules of `tags` that the page breaks, each with what breaks it. */
  async accessibilityViolations(tags: readonly string[] = ACCESSIBILITY_TAGS): Promise<string[]> {
    await this.page.evaluate(`globalThis.axe ?? (() => { ${axe.source} })()`);
    const result = await this.page.evaluate(
      `axe.run(document, { runOnly: ${JSON.stringify(tags)} })`,
    ) as { violations: { id: string; nodes: { html: string }[] }[] };
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(" ")}`);
  }

  /** Keeps a picture of the page in build/screenshots; returns its size in bytes. */
  async screenshot(name: string): Promise<number> {
    await Deno.mkdir(SCREENSHOTS, { recursive: true });
    return (await this.page.screenshot({ path: `${SCREENSHOTS}${name}.png` })).byteLength;
  }

  /** Presses one of the viewer's shortcuts, such as `Control+Alt+Shift+KeyS`. */
  async press(keys: string): Promise<void> {
    await this.page.keyboard.press(keys);
  }

  /** Closes the page as a person closes a tab. */
  async close(): Promise<void> {
    await this.#context.close();
  }
}

/** Process id of the host's media process. */
export async function mediaProcessId(host: HostProcess): Promise<number> {
  return await until(async () => {
    for (const pid of await descendants(host.process.pid)) {
      const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
      if (command.includes("src/media/main.ts")) return pid;
    }
    return undefined;
  }, "the media process");
}
