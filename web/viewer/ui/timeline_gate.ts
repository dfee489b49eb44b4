/**
 * TimelineGate: the page's door to the timeline, which is a bundle of its own: a grip at the lower
 * edge, shown where the host holds a replay, that loads the rest when somebody reaches for it. Until
 * then a viewer has asked one question and runs nothing.
 */

import type { PlaybackEvent } from "../playback/playback_messages.ts";
import { element } from "./element.ts";
import { loadStyle } from "./load_style.ts";
import type { TimelineHandle, TimelineParts } from "./timeline_handle.ts";

/** After the first picture, so that it delays nothing. */
const ASK_AFTER_MS = 400;
const BUNDLE = "timeline.js";
const STYLE = "timeline.css";

type TimelineModule = typeof import("./timeline/timeline.ts");

/** What of that the viewer itself does. */
export type TimelineHandlers = Pick<TimelineParts, "send" | "pastChanged" | "mayControl">;

/** What the gate is made of. */
export type TimelineGateParts = Omit<TimelineParts, "root" | "streamId" | "opened">;

/** Loads the timeline when it is wanted. */
export class TimelineGate {
  /** The element to place at the lower edge. */
  readonly root = element("nav", { class: "timeline", "aria-label": "Timeline", hidden: true });
  readonly #grip = element("button", {
    class: "grip",
    type: "button",
    "aria-label": "Timeline",
    "aria-expanded": "false",
  });
  readonly #parts: TimelineGateParts;
  #handle: TimelineHandle | undefined;
  #loading: Promise<TimelineHandle | undefined> | undefined;
  #isAsked = false;
  #streamId = 0;
  #recordings = new Map<number, number>();

  constructor(parts: TimelineGateParts) {
    this.#parts = parts;
    this.root.append(this.#grip);
    this.#grip.addEventListener("click", () => this.open(true));
    this.#grip.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse") this.open(false);
    });
  }

  /** True while the past is shown. */
  get isPast(): boolean {
    return this.#handle?.isPast === true;
  }

  /** True where the host holds something. */
  get isOffered(): boolean {
    return !this.root.hidden;
  }

  /** The first picture is there: asks once whether there is something to go back to. */
  prepare(backSeconds: number | undefined): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    if (backSeconds !== undefined) this.#goBack(backSeconds);
    else setTimeout(() => this.#ask(), ASK_AFTER_MS);
  }

  /** Opens it. */
  async open(takesFocus: boolean): Promise<void> {
    (await this.#load())?.open(takesFocus);
  }

  /** The player in the worker has something to say. */
  take(event: PlaybackEvent): void {
    this.#handle?.take(event);
  }

  /** Another stream is watched. */
  setStream(streamId: number): void {
    this.#streamId = streamId;
    this.#handle?.setStream(streamId);
    this.#handle?.setRecording(this.#recordings.get(streamId));
  }

  /** A stream is recorded since then, or no longer. */
  setRecording(streamId: number, startedMs: number | undefined): void {
    if (startedMs === undefined) this.#recordings.delete(streamId);
    else this.#recordings.set(streamId, startedMs);
    if (streamId === this.#streamId) this.#handle?.setRecording(startedMs);
  }

  /** Shown while there is a picture; hidden it goes back to live. */
  setVisible(isVisible: boolean): void {
    this.root.classList.toggle("away", !isVisible);
    this.#handle?.setVisible(isVisible);
  }

  /** A key that is not the host's; true when the timeline took it. */
  key(event: KeyboardEvent): boolean {
    const handle = this.#handle;
    if (handle === undefined) return false;
    const { target } = event;
    const isInside = target instanceof Node && this.root.contains(target);
    if (target instanceof HTMLSelectElement || !(handle.isPast || isInside)) return false;
    const isButton = target instanceof HTMLButtonElement;
    // Keys that press a button press it.
    if (isButton && (event.key === " " || event.key === "Enter")) return false;
    return handle.key(event);
  }

  /** Takes everything back. */
  close(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }

  async #ask(): Promise<void> {
    try {
      const response = await fetch("/api/replay", { cache: "no-store" });
      if (!response.ok) return void await response.body?.cancel();
      const { isOn } = await response.json() as { isOn?: boolean };
      this.root.hidden = isOn !== true;
    } catch {
      // Without an answer there is no timeline.
    }
  }

  async #goBack(seconds: number): Promise<void> {
    await this.#ask();
    if (this.isOffered) await (await this.#load())?.back(seconds);
  }

  #load(): Promise<TimelineHandle | undefined> {
    this.#loading ??= this.#import();
    return this.#loading;
  }

  async #import(): Promise<TimelineHandle | undefined> {
    try {
      const url = new URL(BUNDLE, document.baseURI).href;
      const [{ openTimeline }] = await Promise.all([
        import(url) as Promise<TimelineModule>,
        loadStyle(STYLE),
      ]);
      this.#handle = openTimeline({
        ...this.#parts,
        root: this.root,
        streamId: this.#streamId,
        opened: (isOpen) => this.#grip.setAttribute("aria-expanded", String(isOpen)),
      });
      this.#handle.setRecording(this.#recordings.get(this.#streamId));
      return this.#handle;
    } catch {
      this.#loading = undefined;
      this.#parts.notice("The timeline could not be loaded");
      return undefined;
    }
  }
}
