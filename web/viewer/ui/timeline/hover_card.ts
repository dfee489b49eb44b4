/**
 * HoverCard: the time under the pointer and the picture of that moment, over the seek bar. Thumbnails
 * are of keyframes, made when the pointer comes to rest on one, and kept while there is room:
 * `THUMBNAILS_MAX` of them. When the pointer leaves, what was asked for is taken back.
 */

import type { PlaybackCommand } from "../../playback/playback_messages.ts";
import { element } from "../element.ts";
import type { SourceTime } from "./timeline_model.ts";

/** Thumbnails that are kept, some 60 kB each. */
export const THUMBNAILS_MAX = 48;
/** Bytes of all of them. */
export const THUMBNAIL_BYTES_MAX = 6 * 1024 * 1024;
/** A pointer that moves on within this time wants none. */
const REST_MS = 50;
/** As the style sheet has it, in CSS pixels. */
const WIDTH = 176;
const EDGE = 4;

type Ask = Extract<PlaybackCommand, { do: "thumbnail" | "cancel_thumbnails" }>;

/** Shows time and picture of a moment. */
export class HoverCard {
  /** The element to place over the bar. */
  readonly root: HTMLElement;
  readonly #canvas = element("canvas", { class: "thumbnail", width: "16", height: "9" });
  readonly #time = element("strong");
  readonly #clock = element("span");
  readonly #send: (command: Ask) => void;
  readonly #kept = new Map<string, ImageBitmap>();
  #bytes = 0;
  #shown = "";
  #wanted: { readonly id: number; readonly key: string } | undefined;
  #id = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (command: Ask) => void) {
    this.#send = send;
    this.root = element(
      "div",
      { class: "hover-card", "aria-hidden": "true", hidden: true },
      this.#canvas,
      element("p", {}, this.#time, this.#clock),
    );
  }

  /** Thumbnails that are kept, and their bytes. */
  get kept(): { readonly count: number; readonly bytes: number } {
    return { count: this.#kept.size, bytes: this.#bytes };
  }

  /** Shows a moment; `keyframe` is absent where nothing can be watched. */
  show(keyframe: SourceTime | undefined, time: string, clock: string): void {
    this.root.hidden = false;
    this.#time.textContent = time;
    this.#clock.textContent = clock;
    this.#canvas.hidden = keyframe === undefined;
    if (keyframe === undefined) return;
    const key = `${keyframe.source.key} ${keyframe.timeUs}`;
    if (key === this.#shown) return;
    this.#shown = key;
    const bitmap = this.#kept.get(key);
    if (bitmap !== undefined) return this.#draw(key, bitmap);
    this.#canvas.classList.add("waiting");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(key, keyframe), REST_MS);
  }

  /** Puts it above `x`, in pixels from the left of its parent, and inside of it. */
  place(x: number): void {
    const room = this.root.parentElement?.clientWidth ?? 0;
    const half = this.root.offsetWidth / 2;
    const inside = Math.min(room - half - EDGE, Math.max(half + EDGE, x));
    this.root.style.left = `${Math.round(inside)}px`;
  }

  /** The pointer has left. */
  hide(): void {
    if (this.root.hidden) return;
    this.root.hidden = true;
    this.#shown = "";
    clearTimeout(this.#timer);
    if (this.#wanted !== undefined) this.#send({ do: "cancel_thumbnails" });
    this.#wanted = undefined;
  }

  /** A thumbnail came. */
  take(id: number, bitmap: ImageBitmap | undefined): void {
    const wanted = this.#wanted;
    if (wanted?.id !== id) return bitmap?.close();
    this.#wanted = undefined;
    if (bitmap === undefined) return;
    this.#keep(wanted.key, bitmap);
    if (wanted.key === this.#shown) this.#draw(wanted.key, bitmap);
  }

  /** Forgets all thumbnails. */
  clear(): void {
    this.hide();
    for (const bitmap of this.#kept.values()) bitmap.close();
    this.#kept.clear();
    this.#bytes = 0;
  }

  #ask(key: string, { source, timeUs }: SourceTime): void {
    const id = ++this.#id;
    this.#wanted = { id, key };
    const width = Math.round(WIDTH * Math.min(2, devicePixelRatio));
    this.#send({ do: "thumbnail", id, source, timeUs, width });
  }

  #keep(key: string, bitmap: ImageBitmap): void {
    this.#kept.set(key, bitmap);
    this.#bytes += bytesOf(bitmap);
    for (const [oldKey, old] of this.#kept) {
      if (this.#kept.size <= THUMBNAILS_MAX && this.#bytes <= THUMBNAIL_BYTES_MAX) return;
      this.#kept.delete(oldKey);
      this.#bytes -= bytesOf(old);
      old.close();
    }
  }

  #draw(key: string, bitmap: ImageBitmap): void {
    // What is used again stays longest.
    this.#kept.delete(key);
    this.#kept.set(key, bitmap);
    this.#canvas.classList.remove("waiting");
    if (this.#canvas.width !== bitmap.width) this.#canvas.width = bitmap.width;
    if (this.#canvas.height !== bitmap.height) this.#canvas.height = bitmap.height;
    this.#canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  }
}

function bytesOf({ width, height }: ImageBitmap): number {
  return 4 * width * height;
}
