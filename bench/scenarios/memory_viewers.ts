/**
 * Memory viewers: those who watch a memory run, bare QUIC clients with the real receiving path in this
 * process, or pages of a real browser. They leave together.
 */

import type { Browser } from "playwright-core";
import { startBrowser } from "../measure/browser.ts";
import type { Host } from "../measure/host.ts";
import type { ProcessGroup } from "../measure/process_group.ts";
import { RawViewer, readCertificate } from "../measure/raw_viewer.ts";
import { ViewerPage } from "../measure/viewer_page.ts";

/** Datagrams until a viewer counts as watching. */
const DATAGRAMS_FIRST = 3;

/** Whom they watch, and what they are. */
export interface MemoryViewersOptions {
  readonly kind: "raw" | "browser";
  readonly group: ProcessGroup;
  readonly host: Host;
  readonly stateDirectory: string;
  readonly signal: AbortSignal;
}

/** The viewers of one run. */
export class MemoryViewers {
  readonly #options: MemoryViewersOptions;
  readonly #raw: RawViewer[] = [];
  readonly #pages: ViewerPage[] = [];
  #browser: Browser | undefined;
  #lost = 0;
  #isLeaving = false;

  constructor(options: MemoryViewersOptions) {
    this.#options = options;
  }

  /** Viewers whose connection ended before they left. */
  get lost(): number {
    return this.#lost;
  }

  /** Most bytes that a viewer's receiving path holds now; undefined where it cannot be seen. */
  get receiveBytes(): number | undefined {
    const held = this.#raw.map(({ reader }) => reader?.receiver.bufferBytes ?? 0);
    return held.length === 0 ? undefined : Math.max(...held);
  }

  /** One more; resolves when its video has come. */
  async join(size: { readonly width: number; readonly height: number }): Promise<void> {
    const { kind, host, group, stateDirectory, signal } = this.#options;
    if (kind === "raw") {
      const viewer = await RawViewer.connect(host, await readCertificate(stateDirectory));
      this.#raw.push(viewer);
      viewer.client.closed.then(() => {
        if (!this.#isLeaving) this.#lost++;
      });
      await viewer.play(0, DATAGRAMS_FIRST);
      return;
    }
    this.#browser ??= await startBrowser(group);
    const page = await ViewerPage.open(this.#browser, await host.newLink(), size);
    this.#pages.push(page);
    await page.firstPicture(signal);
  }

  /** All leave, as viewers do. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    for (const viewer of this.#raw) await viewer.quit().catch(() => {});
    for (const page of this.#pages) await page.close();
  }
}
