/**
 * ViewerPage: the real viewer in a browser, and its measurement hooks. The page's code runs as text,
 * since its types are the browser's.
 */

import type { Browser, Page } from "playwright-core";
import type { FirstPictureTimes } from "../../web/viewer/worker_messages.ts";
import type { MeasurementReport } from "../../web/viewer/receive/frame_log.ts";
import { openPage } from "./browser.ts";
import { waitFor } from "./wait.ts";

const PICTURE_TIMEOUT_MS = 20_000;
const VIEWER = `document.querySelector("wavry-viewer")`;

/** A viewer that was opened with a link. */
export class ViewerPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /**
   * Opens `link` in a context of its own and returns at once; the picture may be yet to come. `prepare`
   * gets the page before.
   */
  static async open(
    browser: Browser,
    link: string,
    size: { readonly width: number; readonly height: number },
    prepare?: (page: Page) => Promise<void>,
  ): Promise<ViewerPage> {
    const page = await openPage(browser, size);
    await prepare?.(page);
    await page.goto(link, { waitUntil: "commit" });
    return new ViewerPage(page);
  }

  /** Resolves when the first picture is on the page; its times are microseconds since the epoch. */
  async firstPicture(signal: AbortSignal): Promise<FirstPictureTimes> {
    return await waitFor(
      "picture in the viewer",
      async () => {
        const times = await this.page.evaluate(`${VIEWER}?.firstPicture ?? null`).catch(() => null);
        return (times ?? undefined) as FirstPictureTimes | undefined;
      },
      { timeoutMs: PICTURE_TIMEOUT_MS, signal },
    );
  }

  /** When the navigation to the link began, microseconds since the epoch of the page's clock. */
  async navigationStartUs(): Promise<number> {
    return await this.page.evaluate("performance.timeOrigin * 1000") as number;
  }

  /** Begins to record frames, with their markers. Forgets what was recorded before. */
  async startMeasurement(): Promise<void> {
    await this.page.evaluate(`${VIEWER}.startMeasurement({ marker: true })`);
  }

  /** What was recorded since the start or the last call. */
  async takeMeasurements(): Promise<MeasurementReport> {
    return await this.takeJson(`${VIEWER}.takeMeasurements()`) as MeasurementReport;
  }

  /**
   * Evaluates `expression`, a promise or not, to plain data of any size. The browser's tools walk
   * over what is handed out: 600 records took 90 ms, in which the page's main thread, and without a
   * graphics card the worker that draws, stood still. Text does not, and undefined becomes null.
   */
  async takeJson(expression: string): Promise<unknown> {
    const script = `Promise.resolve(${expression}).then((value) => JSON.stringify(value ?? null))`;
    return JSON.parse(await this.page.evaluate(script) as string);
  }

  /** Closes the page and forgets its cookies. */
  async close(): Promise<void> {
    await this.page.context().close();
  }
}
