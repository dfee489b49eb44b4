/**
 * Timeline: one seek bar over recordings, replay and the present, and all that it can do. It asks the
 * host what is held, tells the player in the worker what to show, and says when the past is shown, so
 * that hands reach nothing then. Closed and live it does nothing at all.
 */

import type {
  PlaybackEvent,
  PlaybackNotice,
  PlaybackState,
  TimeRange,
} from "../../playback/playback_messages.ts";
import { element } from "../element.ts";
import type { TimelineHandle, TimelineParts } from "../timeline_gate.ts";
import { ClipDownload } from "./clip_download.ts";
import type { ClipProgress } from "./clip_download.ts";
import { HoverCard } from "./hover_card.ts";
import { fetchRecordings, fetchReplay, wish } from "./replay_client.ts";
import { behindText, clockText, spokenText } from "./time_text.ts";
import { TimelineBar } from "./timeline_bar.ts";
import type { BarAction } from "./timeline_bar.ts";
import { shuttleRate, timelineKeyOf } from "./timeline_keys.ts";
import type { TimelineKey } from "./timeline_keys.ts";
import { TimelineModel } from "./timeline_model.ts";
import type { TimelineGap } from "./timeline_model.ts";
import { Track } from "./track.ts";

/** How often the host is asked what is held, while that is shown. */
const POLL_MS = 1000;
/** Recordings change more slowly. */
const RECORDING_POLLS = 5;
/** The bar is drawn this often at most while nothing but time moves. */
const FRAME_MS = 33;
/** Playing without a hand near it, the bar folds away after this. */
const IDLE_MS = 3000;
/** A clip without marks is of this length, up to where the timeline stands. */
const CLIP_US = 30_000_000;

const NOTICES: Readonly<Record<PlaybackNotice, string>> = {
  evicted: "That moment is no longer held: this is the oldest there is",
  blanked: "That part was blanked: this is what comes after it",
  start: "This is the oldest there is",
  end: "The recording ends here",
  caught_up: "Caught up: live again",
  nothing_held: "Nothing is held yet",
  busy: "Too many watch the past at once: try again in a moment",
  unreachable: "The host does not answer",
  undecodable: "This browser cannot decode it",
};

const LIVE: PlaybackState = {
  ...{ mode: "live", sourceKey: "", timeUs: 0, frameId: undefined, rate: 0, isWaiting: false },
};

/** Adds the timeline to `parts.root`. */
export function openTimeline(parts: TimelineParts): TimelineHandle {
  return new Timeline(parts);
}

class Timeline implements TimelineHandle {
  readonly #parts: TimelineParts;
  readonly #model = new TimelineModel();
  readonly #bar: TimelineBar;
  readonly #track: Track;
  readonly #card: HoverCard;
  readonly #panel: HTMLElement;
  readonly #banner = element("p", { class: "past-banner", role: "status", "aria-live": "polite" });
  readonly #listening = new AbortController();
  #state: PlaybackState = LIVE;
  #isPast = false;
  #isOpen = false;
  /** Axis time of the hand while it drags. */
  #dragUs: number | undefined;
  #wasPlaying = 0;
  #frozenNowUs: number | undefined;
  #inUs: number | undefined;
  #outUs: number | undefined;
  #isLooping = false;
  #recordingSinceMs: number | undefined;
  #clip: ClipDownload | undefined;
  #polls = 0;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  #frame: number | undefined;
  #drawnMs = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #blanked = "";

  constructor(parts: TimelineParts) {
    this.#parts = parts;
    this.#model.streamId = parts.streamId;
    this.#bar = new TimelineBar({
      action: (action) => this.#action(action),
      rate: (rate) => this.#setRate(rate),
      view: (choice) => this.#setView(choice),
    });
    this.#track = new Track({
      hover: (share) => this.#hover(share),
      leave: () => this.#card.hide(),
      drag: (share) => this.#drag(share),
      settle: (share) => this.#settle(share),
    });
    this.#card = new HoverCard((command) => parts.send(command));
    this.#panel = element(
      "div",
      { class: "timeline-bar" },
      ...[this.#card.root, this.#track.root, this.#bar.root],
    );
    parts.root.append(this.#banner, this.#panel);
    this.#listen();
  }

  get isPast(): boolean {
    return this.#isPast;
  }

  /** Unfolds it; with the focus on the seek bar when `takesFocus`. */
  open(takesFocus: boolean): void {
    this.#isOpen = true;
    this.#parts.root.classList.add("open");
    this.#parts.opened(true);
    this.#poll();
    this.#draw();
    if (takesFocus) this.#track.root.focus();
    this.#foldLater();
  }

  /** Folds it away where that is possible. */
  fold(): void {
    const { root } = this.#parts;
    if (!this.#isOpen || root.matches(":hover") || this.#track.isHeld) return;
    if (
      root.contains(document.activeElement) && document.activeElement?.matches(":focus-visible")
    ) {
      return;
    }
    // What rests in the past is being looked at with it.
    if (this.#isPast && this.#state.mode !== "playing") return;
    this.#isOpen = false;
    root.classList.remove("open");
    this.#card.hide();
    this.#parts.opened(false);
  }

  /** Goes so far back and plays from there. */
  async back(seconds: number): Promise<void> {
    await this.#askReplay();
    const nowUs = this.#model.nowUs(performance.now());
    this.#seekTo(nowUs - seconds * 1e6, 1);
    this.open(false);
  }

  take(event: PlaybackEvent): void {
    switch (event.event) {
      case "thumbnail":
        return this.#card.take(event.id, event.bitmap);
      case "notice":
        if (event.notice === "caught_up" || event.notice === "end") this.#isLooping = false;
        return this.#parts.notice(NOTICES[event.notice]);
      case "state":
        this.#state = event.state;
        this.#setPast(event.state.mode !== "live");
        return this.#draw();
    }
  }

  setStream(streamId: number): void {
    if (streamId === this.#model.streamId) return;
    this.#goLive();
    this.#clearMarks();
    this.#card.clear();
    this.#model.streamId = streamId;
    if (this.#isOpen) this.#poll();
  }

  setRecording(startedMs: number | undefined): void {
    this.#recordingSinceMs = startedMs;
    this.#polls = 0;
    if (this.#isOpen) this.#poll();
  }

  setVisible(isVisible: boolean): void {
    if (!isVisible) this.#goLive();
  }

  key(event: KeyboardEvent): boolean {
    const key = timelineKeyOf(event);
    if (key === undefined) return false;
    if (!event.repeat || key.do === "step" || key.do === "skip") this.#key(key);
    this.open(false);
    return true;
  }

  close(): void {
    this.#goLive();
    this.#listening.abort();
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#idleTimer);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#clip?.close();
    this.#card.clear();
  }

  #listen(): void {
    const { root, stage } = this.#parts;
    const options = { signal: this.#listening.signal };
    root.addEventListener("pointerenter", () => this.#isOpen || this.open(false), options);
    root.addEventListener("pointerleave", () => this.#foldLater(), options);
    root.addEventListener("focusin", () => this.#isOpen || this.open(false), options);
    root.addEventListener("focusout", () => this.#foldLater(), options);
    // What the host does not get is the timeline's: a click on the picture rests or plays.
    stage.addEventListener("click", () => {
      if (this.#isPast) this.#action("toggle");
    }, options);
    stage.addEventListener("pointermove", () => {
      if (this.#isPast && !this.#isOpen) this.open(false);
      this.#foldLater();
    }, { ...options, passive: true });
  }

  #foldLater(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.fold(), IDLE_MS);
  }

  /** Asks what is held, and again while that is shown. */
  async #poll(): Promise<void> {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = undefined;
    if (!(this.#isOpen || this.#isPast) || this.#listening.signal.aborted) return;
    const timer = this.#pollTimer = setTimeout(() => this.#poll(), POLL_MS);
    await this.#askReplay();
    if (this.#polls++ % RECORDING_POLLS === 0) {
      this.#model.takeRecordings(await fetchRecordings(this.#model.streamId));
    }
    if (this.#pollTimer === timer) this.#draw();
  }

  async #askReplay(): Promise<void> {
    const askedMs = performance.now();
    const { streamId } = this.#model;
    const answer = await fetchReplay(streamId);
    if (answer === undefined || streamId !== this.#model.streamId) return;
    this.#model.takeReplay(answer, askedMs, performance.now());
    this.#forgetBlanked();
  }

  /** What somebody blanked must not be shown from what was read before. */
  #forgetBlanked(): void {
    const report = this.#model.report;
    const blanked = (report?.gaps ?? []).filter(({ cause }) => cause === "blanked");
    const text = JSON.stringify(blanked);
    if (text === this.#blanked || report === undefined) return;
    this.#blanked = text;
    this.#card.clear();
    for (const { fromUs, toUs } of blanked) {
      const range = { fromUs, toUs: toUs ?? fromUs };
      this.#parts.send({ do: "forget", sourceKey: `replay ${report.id}`, range });
    }
  }

  get #nowUs(): number {
    return this.#frozenNowUs ?? this.#model.nowUs(performance.now());
  }

  /** Where it stands, on the axis. */
  #positionUs(nowUs: number): number {
    if (this.#dragUs !== undefined) return this.#dragUs;
    if (!this.#isPast) return nowUs;
    return this.#state.timeUs + (this.#model.offsetUs(this.#state.sourceKey, nowUs) ?? 0);
  }

  #draw(): void {
    if (this.#frame !== undefined || !(this.#isOpen || this.#isPast)) return;
    this.#frame = requestAnimationFrame((atMs) => {
      this.#frame = undefined;
      if (atMs - this.#drawnMs >= FRAME_MS || this.#dragUs !== undefined) {
        this.#drawnMs = atMs;
        this.#drawNow();
      }
      this.#draw();
    });
  }

  #drawNow(): void {
    if (!this.#model.isReady) return;
    const model = this.#model;
    const nowUs = this.#nowUs;
    const view = model.view(nowUs);
    const positionUs = this.#positionUs(nowUs);
    const gaps: readonly TimelineGap[] = model.gaps(nowUs);
    this.#track.update({
      ...{ view, gaps, positionUs, spans: model.spans(nowUs), isLive: !this.#isPast },
      ...{ inUs: this.#inUs, outUs: this.#outUs },
    });
    const presentUs = model.nowUs(performance.now());
    const behindUs = presentUs - positionUs;
    const wallMs = model.wallMs(positionUs);
    const text = this.#isPast ? spokenText(behindUs, wallMs) : "Live";
    this.#track.describe(this.#isPast ? behindUs / 1e6 : 0, (nowUs - view.fromUs) / 1e6, text);
    this.#bar.offerViews(model.wholeUs(nowUs) > 1.5 * (nowUs - view.fromUs) || model.isLongView);
    const clip = this.#clipRange(nowUs);
    this.#bar.update({
      isLive: !this.#isPast,
      isPlaying: this.#state.mode === "playing",
      rate: this.#state.rate,
      behind: behindText(behindUs),
      clock: clockText(wallMs, model.wallMs(presentUs)),
      hasIn: this.#inUs !== undefined,
      hasOut: this.#outUs !== undefined,
      isLooping: this.#isLooping,
      clipSeconds: clip === undefined ? 0 : (clip.toUs - clip.fromUs) / 1e6,
      isRecording: this.#recordingSinceMs !== undefined,
      mayRecord: this.#parts.mayControl(),
    });
  }

  #setPast(isPast: boolean): void {
    if (isPast === this.#isPast) return;
    this.#isPast = isPast;
    this.#parts.root.classList.toggle("past", isPast);
    this.#parts.pastChanged(isPast);
    const text = this.#parts.mayControl() ? "Replay: keyboard and mouse are off" : "Replay";
    this.#banner.textContent = isPast ? text : "";
    if (isPast) {
      this.open(false);
      return;
    }
    this.#dragUs = undefined;
    this.#frozenNowUs = undefined;
    this.#foldLater();
  }

  #goLive(): void {
    if (!this.#isPast) return;
    this.#parts.send({ do: "live" });
    this.#state = LIVE;
    this.#setPast(false);
    this.#draw();
  }

  #seekTo(axisUs: number, rate: number): void {
    const found = this.#model.at(axisUs, this.#model.nowUs(performance.now()));
    if (found === undefined) return this.#parts.notice(NOTICES.nothing_held);
    this.#state = {
      ...this.#state,
      ...{ mode: rate === 0 ? "paused" : "playing", timeUs: found.timeUs, rate },
      sourceKey: found.source.key,
    };
    this.#setPast(true);
    this.#parts.send({
      ...{ do: "seek", source: found.source, timeUs: found.timeUs },
      ...{ isRough: false, rate },
    });
    this.#sendLoop();
    this.#draw();
  }

  #hover(share: number): void {
    const nowUs = this.#nowUs;
    const { fromUs, toUs } = this.#model.view(nowUs);
    const axisUs = fromUs + share * (toUs - fromUs);
    const gap = this.#model.gaps(nowUs).find((one) => axisUs >= one.fromUs && axisUs < one.toUs);
    const keyframe = gap === undefined ? this.#model.keyframeAt(axisUs, nowUs) : undefined;
    const presentUs = this.#model.nowUs(performance.now());
    const isNear = keyframe !== undefined && Math.abs(keyframe.axisUs - axisUs) < 3e6;
    this.#card.show(
      isNear ? keyframe : undefined,
      gap === undefined ? behindText(presentUs - axisUs) : GAP_WORDS[gap.cause],
      clockText(this.#model.wallMs(axisUs), this.#model.wallMs(presentUs)),
    );
    const { left, width } = this.#track.box;
    this.#card.place(left - this.#panel.getBoundingClientRect().left + share * width);
  }

  /** Shows the keyframe under the hand at once. */
  #drag(share: number): void {
    if (this.#dragUs === undefined) {
      this.#wasPlaying = this.#state.mode === "playing" ? this.#state.rate : 0;
      // The axis stands still under a hand.
      this.#frozenNowUs = this.#nowUs;
    }
    const nowUs = this.#nowUs;
    const { fromUs, toUs } = this.#model.view(nowUs);
    this.#dragUs = fromUs + share * (toUs - fromUs);
    const keyframe = this.#model.keyframeAt(this.#dragUs, nowUs);
    if (keyframe === undefined) return;
    this.#setPast(true);
    this.#parts.send({
      ...{ do: "seek", source: keyframe.source, timeUs: keyframe.timeUs },
      ...{ isRough: true, rate: 0 },
    });
    this.#draw();
  }

  /** The exact frame, now that the hand rests; at the end of the bar that is the present. */
  #settle(share: number): void {
    const dragUs = this.#dragUs;
    if (dragUs === undefined) return;
    const isReleased = !this.#track.isHeld;
    if (isReleased) {
      this.#dragUs = undefined;
      this.#frozenNowUs = undefined;
      if (share >= 1) return this.#goLive();
    }
    this.#seekTo(dragUs, isReleased ? this.#wasPlaying : 0);
  }

  #key(key: TimelineKey): void {
    switch (key.do) {
      case "step":
        return this.#step(key.frames);
      case "skip":
        return this.#skip(key.seconds);
      case "shuttle":
        return this.#shuttle(shuttleRate(key.direction, this.#state.rate));
      case "start": {
        const start = this.#model.spans(this.#nowUs).at(-1);
        if (start !== undefined) this.#seekTo(start.fromUs, 0);
        return;
      }
      case "toggle":
      case "live":
      case "in":
      case "out":
        return this.#action(key.do);
    }
  }

  #action(action: BarAction): void {
    switch (action) {
      case "step_back":
        return this.#step(-1);
      case "step_on":
        return this.#step(1);
      case "toggle":
        return this.#shuttle(this.#state.mode === "playing" || !this.#isPast ? 0 : 1);
      case "in":
      case "out":
        return this.#mark(action);
      case "clear":
        return this.#clearMarks();
      case "loop":
        this.#isLooping = !this.#isLooping;
        this.#sendLoop();
        if (this.#isLooping) this.#seekTo(this.#inUs ?? 0, this.#state.rate || 1);
        return;
      case "clip":
        return this.#saveClip();
      case "record":
        return void this.#record();
      case "live":
        return this.#goLive();
    }
  }

  #step(frames: 1 | -1): void {
    if (!this.#isPast) return frames < 0 ? this.#seekTo(this.#nowUs, 0) : undefined;
    this.#parts.send({ do: "step", frames });
  }

  #skip(seconds: number): void {
    const nowUs = this.#nowUs;
    const axisUs = this.#positionUs(nowUs) + seconds * 1e6;
    if (axisUs >= nowUs) return this.#goLive();
    this.#seekTo(axisUs, this.#state.mode === "playing" ? this.#state.rate : 0);
  }

  /** Plays at a rate, 0 rests; from live that is a seek to the present. */
  #shuttle(rate: number): void {
    if (!this.#isPast) return rate > 0 ? undefined : this.#seekTo(this.#nowUs, rate);
    this.#parts.send(rate === 0 ? { do: "pause" } : { do: "play", rate });
  }

  #setRate(rate: number): void {
    if (this.#isPast) this.#parts.send({ do: "play", rate });
  }

  #setView(choice: string): void {
    const seconds = Number(choice);
    const allUs = this.#model.wholeUs(this.#nowUs) * 1.02;
    this.#model.viewUs = choice === "all" ? allUs : seconds > 0 ? seconds * 1e6 : undefined;
    this.#draw();
  }

  #mark(which: "in" | "out"): void {
    const atUs = this.#positionUs(this.#nowUs);
    if (which === "in") this.#inUs = atUs;
    else this.#outUs = atUs;
    // A mark on the wrong side of the other begins a new range.
    if (this.#inUs !== undefined && this.#outUs !== undefined && this.#inUs >= this.#outUs) {
      if (which === "in") this.#outUs = undefined;
      else this.#inUs = undefined;
    }
    this.#sendLoop();
    this.#draw();
  }

  #clearMarks(): void {
    this.#inUs = undefined;
    this.#outUs = undefined;
    this.#isLooping = false;
    this.#sendLoop();
    this.#draw();
  }

  #sendLoop(): void {
    const nowUs = this.#nowUs;
    const offsetUs = this.#model.offsetUs(this.#state.sourceKey, nowUs) ?? 0;
    const range = this.#isLooping ? this.#marked : undefined;
    this.#isLooping = range !== undefined;
    this.#parts.send({
      do: "loop",
      range: range && { fromUs: range.fromUs - offsetUs, toUs: range.toUs - offsetUs },
    });
  }

  get #marked(): TimeRange | undefined {
    if (this.#inUs === undefined || this.#outUs === undefined) return undefined;
    return { fromUs: this.#inUs, toUs: this.#outUs };
  }

  /** What the clip button saves: between the marks, else what came before this. */
  #clipRange(nowUs: number): TimeRange | undefined {
    if (this.#marked !== undefined) return this.#marked;
    const toUs = this.#outUs ?? this.#positionUs(nowUs);
    const oldestUs = this.#model.replay(nowUs)?.fromUs;
    const fromUs = this.#inUs ?? (oldestUs && Math.max(oldestUs, toUs - CLIP_US));
    return fromUs === undefined || fromUs >= toUs ? undefined : { fromUs, toUs };
  }

  #saveClip(): void {
    if (this.#clip !== undefined) {
      this.#clip.close();
      this.#clip = undefined;
      this.#bar.showClip(undefined);
      return this.#parts.notice("The clip was not saved");
    }
    const range = this.#clipRange(this.#nowUs);
    if (range === undefined) return;
    const { path, name } = this.#model.clip(range, this.#nowUs);
    this.#clip = new ClipDownload(
      path,
      { name, expectedBytes: this.#model.bytesIn(range) },
      (progress) => this.#clipProgress(progress),
    );
  }

  #clipProgress(progress: ClipProgress): void {
    this.#bar.showClip(progress);
    if (progress.kind === "running") return;
    this.#clip = undefined;
    if (progress.kind === "failed") return this.#parts.notice(progress.message);
    const size = progress.kind === "saved" ? `: ${(progress.bytes / 1e6).toFixed(1)} MB` : "";
    this.#parts.notice(progress.kind === "saved" ? `Clip saved${size}` : "The browser saves it");
  }

  async #record(): Promise<void> {
    const isOn = this.#recordingSinceMs !== undefined;
    const outcome = await wish(
      isOn ? "/api/recordings/stop" : "/api/recordings/start",
      { stream: this.#model.streamId },
    );
    if (!outcome.ok) return this.#parts.notice(outcome.message);
    this.#parts.notice(isOn ? "Recording ended" : "Recording");
    this.#polls = 0;
  }
}

const GAP_WORDS: Readonly<Record<TimelineGap["cause"], string>> = {
  blanked: "Blanked",
  paused: "Paused: not held",
  shortened: "Not held: memory is short",
};
