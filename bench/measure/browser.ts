/**
 * Browser: headless Chromium for measurements. Its flags are part of the method: no sandbox because
 * containers run as root, no throttling of pages nobody looks at, and a window of the stream's size.
 */

import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM_PATH } from "./machine.ts";
import type { ProcessGroup } from "./process_group.ts";

/** Chromium's flags; docs/BENCHMARKS.md says why each is there. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
] as const;

/** Starts the browser, with more flags where a scenario needs them; it ends with the group. */
export async function startBrowser(
  group: ProcessGroup,
  flags: readonly string[] = [],
): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM_PATH,
    headless: true,
    args: [...CHROMIUM_FLAGS, ...flags],
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  group.defer(() => browser.close());
  return browser;
}

/** A page in a context of its own, without cookies or caches of earlier ones. */
export async function openPage(
  browser: Browser,
  size: { readonly width: number; readonly height: number },
): Promise<Page> {
  const context = await browser.newContext({ viewport: { ...size } });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`page error: ${error.message}`));
  return page;
}
