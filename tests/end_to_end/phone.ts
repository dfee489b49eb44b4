/**
 * Phone: a viewer in the browser of a phone, the fingers on its glass and what its keyboard does; and
 * the events that an X client saw of it. A test's own hands.
 */

import type { CDPSession } from "playwright-core";
import type { TestBrowser, ViewerPage } from "./harness.ts";
import { until } from "./host_process.ts";

/** One line of the content's log. */
export interface SeenInput {
  readonly type: string;
  readonly down?: boolean;
  readonly name?: string;
  readonly text?: string;
  readonly button?: number;
  readonly x?: number;
  readonly y?: number;
  readonly dy?: number;
}

/** Fingers and where they are on the page. */
export type Points = readonly (readonly [id: number, x: number, y: number])[];

/** What to open. */
export interface PhoneOptions {
  readonly url: string;
  readonly cookie: string;
  readonly size: { readonly width: number; readonly height: number };
  /** Events of the content, which has 1280x720 pixels. */
  readonly seen: readonly SeenInput[];
  /** Runs in the page before anything else. */
  readonly before?: string;
}

/** A phone with the viewer, and fingers on it. */
export class Phone {
  readonly viewer: ViewerPage;
  readonly #session: CDPSession;

  private constructor(viewer: ViewerPage, session: CDPSession) {
    this.viewer = viewer;
    this.#session = session;
  }

  /** Opens the viewer on a phone, and waits until its fingers count. */
  static async open(browser: TestBrowser, options: PhoneOptions): Promise<Phone> {
    const { url, cookie, size, seen } = options;
    const { before = "" } = options;
    const viewer = await browser.open(url, { cookie, size, before, isPhone: true });
    await viewer.waitForState("playing");
    await viewer.page.waitForSelector(".touch-bar:not([hidden])");
    const phone = new Phone(viewer, await viewer.page.context().newCDPSession(viewer.page));
    await phone.#takeControl(seen);
    return phone;
  }

  /** Taps until that counts: the viewer before may have had control until a moment ago. */
  async #takeControl(seen: readonly SeenInput[]): Promise<void> {
    const from = seen.length;
    await until(
      async () => {
        const [x, y] = await this.over(1000, 100);
        await this.tap([1, x, y]);
        await this.viewer.page.waitForTimeout(100);
        return seen.slice(from).some(button(1, false));
      },
      "control",
      20_000,
    );
    // What is on its way belongs to this and to no later step.
    await this.viewer.page.waitForTimeout(300);
  }

  /** Fingers that are on the glass from now on. */
  async touch(type: "Start" | "Move" | "End", points: Points): Promise<void> {
    await this.#session.send("Input.dispatchTouchEvent", {
      type: `touch${type}`,
      touchPoints: points.map(([id, x, y]) => ({ id, x, y, radiusX: 4, radiusY: 4, force: 0.5 })),
    });
  }

  async tap(...points: Points): Promise<void> {
    await this.touch("Start", points);
    await this.touch("End", []);
  }

  /** What an input method composes, and then what of it stays. */
  async compose(text: string): Promise<void> {
    await this.#session.send("Input.imeSetComposition", {
      text,
      selectionStart: text.length,
      selectionEnd: text.length,
    });
  }

  async commit(text: string): Promise<void> {
    await this.#session.send("Input.insertText", { text });
  }

  /** Presses a control by the beginning of its name. */
  async press(label: string): Promise<void> {
    await this.viewer.page.locator(`.hands button[aria-label^="${label}"]`).first().tap();
  }

  async pressKey(text: string): Promise<void> {
    await this.viewer.page.locator(".touch-key", { hasText: new RegExp(`^${text}$`) }).tap();
  }

  /** Where the picture lies on the page. */
  async picture(): Promise<{ x: number; y: number; width: number; height: number }> {
    return await this.viewer.page.evaluate(`(() => {
      const { x, y, width, height } = document.querySelector(".picture").getBoundingClientRect();
      const scale = Math.min(width / 1280, height / 720);
      return {
        x: x + (width - 1280 * scale) / 2, y: y + (height - 720 * scale) / 2,
        width: 1280 * scale, height: 720 * scale,
      };
    })()`) as { x: number; y: number; width: number; height: number };
  }

  /** The point of the page over a pixel of the host. */
  async over(x: number, y: number): Promise<[number, number]> {
    const { x: left, y: top, width, height } = await this.picture();
    return [left + (x + 0.5) * width / 1280, top + (y + 0.5) * height / 720];
  }
}

/** True for an event of a button. */
export const button = (number: number, down: boolean) => (event: SeenInput) => {
  return event.type === "button" && event.button === number && event.down === down;
};

/** What a line of text holds after these keys. */
export function textOf(events: readonly SeenInput[]): string {
  const line: string[] = [];
  for (const { type, down, name, text = "" } of events) {
    if (type !== "key" || down !== true) continue;
    if (name === "BackSpace") line.pop();
    else if (text !== "") line.push(text);
  }
  return line.join("");
}
