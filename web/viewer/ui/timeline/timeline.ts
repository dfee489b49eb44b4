/**
 * Timeline: one seek bar over recordings, replay and the present, and all that it can do. It joins what
 * the host holds, the player in the worker and the hands of a person, and says when the past is shown,
 * so that hands reach nothing then. Closed and live it does nothing at all.
 */

import type { PlaybackEvent, PlaybackNotice } from "../../playback/playback_messages.ts";
import { element } from "../element.ts";
import type { TimelineHandle, TimelineParts } from "../timeline_handle.ts";
import { ClipSaver } from "./clip_saver.ts";
import { HeldWatch } from "./held_watch.ts";
import { HoverCard } from "./hover_card.ts";
import { Marks } from "./marks.ts";
import { PastControl } from "./past_control.ts";
import { Privacy } from "./privacy.ts";
import { wish } from "./replay_client.ts";
import { behindText, clockText, spokenText } from "./time_text.ts";
import { TimelineBar } from "./timeline_bar.ts";
import type { BarAction } from "./timeline_bar.ts";
import { TimelineHand } from "./timeline_hand.ts";
import { shuttleRate, timelineKeyOf } from "./timeline_keys.ts";
import type { TimelineKey } from "./timeline_keys.ts";
import { TimelineModel } from "./timeline_model.ts";
import { Track } from "./track.ts";

/** The bar is drawn this often at most while nothing but time moves. */
const FRAME_MS = 33;
/** Without a hand near it, the bar folds away after this. */
const IDLE_MS = 3000;

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

/** Adds the timeline to `parts.root`. */
export function openTimeline(parts: TimelineParts): TimelineHandle {
  return new Timeline(parts);
}

class Timeline implements TimelineHandle {
  readonly #parts: TimelineParts;
  readonly #model = new TimelineModel();
  readonly #marks = new Marks();
  readonly #control: PastControl;
  readonly #watch: HeldWatch;
  readonly #hand: TimelineHand;
  readonly #clips: ClipSaver;
  readonly #privacy: Privacy;
  readonly #bar: TimelineBar;
  readonly #track: Track;
  readonly #card: HoverCard;
  readonly #banner = element("p", { class: "past-banner", role: "status", "aria-live": "polite" });
  readonly #listening = new AbortController();
  #isOpen = false;
  #recordingSinceMs: number | undefined;
  #frame: number | undefined;
  #drawnMs = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: TimelineParts) {
    this.#parts = parts;
    const model = this.#model;
    model.streamId = parts.streamId;
    this.#control = new PastControl({
      model,
      nowMs: () => performance.now(),
      send: (command) => parts.send(command),
      pastChanged: (isPast) => this.#pastChanged(isPast),
      nothingHeld: () => parts.notice(NOTICES.nothing_held),
    });
    this.#bar = new TimelineBar({
      action: (action) => this.#action(action),
      rate: (rate) => this.#control.isPast && this.#control.shuttle(rate),
      view: (choice) => this.#setView(choice),
    });
    this.#card = new HoverCard((command) => parts.send(command));
    this.#track = new Track({
      hover: (share) => this.#hand.hover(share),
      leave: () => this.#hand.leave(),
      drag: (share) => this.#hand.drag(share),
      settle: (share) => this.#hand.settle(share, !this.#track.isHeld),
    });
    const panel = element(
      "div",
      { class: "timeline-bar" },
      ...[this.#card.root, this.#track.root, this.#bar.root],
    );
    this.#hand = new TimelineHand({
      ...{ model, control: this.#control, card: this.#card },
      box: () => {
        const { left, width } = this.#track.box;
        return { left: left - panel.getBoundingClientRect().left, width };
      },
      changed: () => this.#draw(),
    });
    this.#watch = new HeldWatch(model, {
      isWanted: () => this.#isOpen || this.#control.isPast,
      changed: () => this.#draw(),
      blanked: (sourceKey, ranges) => {
        this.#card.clear();
        for (const range of ranges) parts.send({ do: "forget", sourceKey, range });
      },
    });
    this.#clips = new ClipSaver({
      progress: (progress) => this.#bar.showClip(progress),
      notice: (text) => parts.notice(text),
    });
    this.#privacy = new Privacy({
      model,
      marked: () => this.#marks.range,
      notice: (text) => parts.notice(text),
      changed: () => this.#watch.start(),
    });
    parts.root.append(this.#banner, panel);
    this.#listen();
  }

  get isPast(): boolean {
    return this.#control.isPast;
  }

  /** Unfolds it; with the focus on the seek bar when `takesFocus`. */
  open(takesFocus: boolean): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#parts.root.classList.add("open");
      this.#parts.opened(true);
      this.#watch.start();
    }
    this.#draw();
    if (takesFocus) this.#track.root.focus();
    this.#foldLater();
  }

  async back(seconds: number): Promise<void> {
    await this.#watch.ask();
    this.#control.seekTo(this.#control.presentUs - seconds * 1e6, 1);
  }

  take(event: PlaybackEvent): void {
    switch (event.event) {
      case "thumbnail":
        return this.#card.take(event.id, event.bitmap);
      case "notice":
        return this.#parts.notice(NOTICES[event.notice]);
      case "state":
        this.#control.take(event.state);
        return this.#draw();
    }
  }

  setStream(streamId: number): void {
    if (streamId === this.#model.streamId) return;
    this.#control.live();
    this.#marks.clear();
    this.#card.clear();
    this.#model.streamId = streamId;
    if (this.#isOpen) this.#watch.start();
  }

  setRecording(startedMs: number | undefined): void {
    this.#recordingSinceMs = startedMs;
    if (this.#isOpen) this.#watch.start();
  }

  setVisible(isVisible: boolean): void {
    if (!isVisible) this.#control.live();
  }

  key(event: KeyboardEvent): boolean {
    const key = timelineKeyOf(event);
    if (key === undefined) return false;
    const repeats = key.do === "step" || key.do === "skip";
    if (!event.repeat || repeats) this.#key(key);
    this.open(false);
    return true;
  }

  close(): void {
    this.#control.live();
    this.#listening.abort();
    this.#watch.close();
    clearTimeout(this.#idleTimer);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#clips.close();
    this.#privacy.close();
    this.#card.clear();
  }

  #listen(): void {
    const { root, stage } = this.#parts;
    const options = { signal: this.#listening.signal };
    root.addEventListener("pointerenter", () => this.open(false), options);
    root.addEventListener("pointerleave", () => this.#foldLater(), options);
    root.addEventListener("focusin", () => this.open(false), options);
    root.addEventListener("focusout", () => this.#foldLater(), options);
    // What the host does not get is the timeline's: a click on the picture rests or plays.
    stage.addEventListener("click", () => {
      if (this.#control.isPast) this.#action("toggle");
    }, options);
    stage.addEventListener("pointermove", () => {
      if (this.#control.isPast) this.open(false);
    }, { ...options, passive: true });
  }

  #foldLater(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#fold(), IDLE_MS);
  }

  /** Folds it away, unless somebody is at it. */
  #fold(): void {
    const { root } = this.#parts;
    const focused = document.activeElement;
    const isUsed = root.matches(":hover") || this.#track.isHeld || this.#clips.isSaving ||
      (focused !== null && root.contains(focused) && focused.matches(":focus-visible"));
    // What rests in the past is being looked at with it.
    const isResting = this.#control.isPast && this.#control.state.mode !== "playing";
    if (!this.#isOpen || isUsed || isResting) return;
    this.#isOpen = false;
    root.classList.remove("open");
    this.#hand.leave();
    this.#parts.opened(false);
  }

  /** Draws at the next frames, for as long as it can be seen. */
  #draw(): void {
    if (this.#frame !== undefined || !this.#isOpen) return;
    this.#frame = requestAnimationFrame((atMs) => {
      this.#frame = undefined;
      if (atMs - this.#drawnMs >= FRAME_MS || this.#hand.isDown) {
        this.#drawnMs = atMs;
        this.#drawNow();
      }
      this.#draw();
    });
  }

  #drawNow(): void {
    const model = this.#model;
    if (!model.isReady) return;
    const { isPast, state, presentUs } = this.#control;
    const { nowUs, positionUs } = this.#hand;
    const view = model.view(nowUs);
    const { inUs, outUs } = this.#marks;
    this.#track.update({
      ...{ view, positionUs, inUs, outUs, isLive: !isPast },
      ...{ gaps: model.gaps(nowUs), spans: model.spans(nowUs) },
    });
    this.#hand.refresh();
    const behindUs = isPast ? presentUs - positionUs : 0;
    const wallMs = model.wallMs(positionUs);
    this.#track.describe(
      behindUs / 1e6,
      (nowUs - view.fromUs) / 1e6,
      isPast ? spokenText(behindUs, wallMs) : "Live",
    );
    this.#bar.offerViews(model.isLongView || model.wholeUs(nowUs) > 1.5 * (nowUs - view.fromUs));
    const clip = this.#clipRange;
    this.#bar.update({
      isLive: !isPast,
      isPlaying: state.mode === "playing",
      rate: state.rate,
      behind: behindText(behindUs),
      clock: clockText(wallMs, model.wallMs(presentUs)),
      hasIn: inUs !== undefined,
      hasOut: outUs !== undefined,
      isLooping: this.#marks.loop !== undefined,
      clipSeconds: clip === undefined ? 0 : (clip.toUs - clip.fromUs) / 1e6,
      isRecording: this.#recordingSinceMs !== undefined,
      mayRecord: this.#parts.mayControl(),
      isPaused: this.#privacy.isPaused,
      canBlank: this.#privacy.range(presentUs) !== undefined,
      isBlankArmed: this.#privacy.isArmed,
    });
  }

  get #clipRange() {
    const { nowUs, positionUs } = this.#hand;
    return this.#marks.clipRange(positionUs, this.#model.replay(nowUs)?.fromUs);
  }

  #pastChanged(isPast: boolean): void {
    this.#parts.root.classList.toggle("past", isPast);
    this.#parts.pastChanged(isPast);
    const text = this.#parts.mayControl() ? "Replay: keyboard and mouse are off" : "Replay";
    this.#banner.textContent = isPast ? text : "";
    if (isPast) return this.open(false);
    this.#hand.reset();
    this.#foldLater();
    this.#draw();
  }

  #key(key: TimelineKey): void {
    switch (key.do) {
      case "step":
        return this.#control.step(key.frames);
      case "skip":
        return this.#control.skip(key.seconds);
      case "shuttle":
        return this.#control.shuttle(shuttleRate(key.direction, this.#control.rate));
      case "start": {
        const replay = this.#model.replay(this.#control.presentUs);
        return this.#control.seekTo(replay?.fromUs ?? 0, 0);
      }
      case "toggle":
      case "live":
      case "in":
      case "out":
        return this.#action(key.do);
    }
  }

  #action(action: BarAction): void {
    const control = this.#control;
    switch (action) {
      case "step_back":
        return control.step(-1);
      case "step_on":
        return control.step(1);
      case "toggle":
        return control.shuttle(control.rate !== 0 || !control.isPast ? 0 : 1);
      case "in":
      case "out":
        this.#marks.set(action, this.#hand.positionUs);
        return this.#marksChanged();
      case "clear":
        this.#marks.clear();
        return this.#marksChanged();
      case "loop":
        this.#marks.toggleLoop();
        this.#marksChanged();
        if (this.#marks.loop !== undefined) control.seekTo(this.#marks.loop.fromUs, 1);
        return;
      case "clip":
        return this.#saveClip();
      case "pause_replay":
        return void this.#privacy.togglePause();
      case "blank":
        return void this.#privacy.blank(control.presentUs);
      case "record":
        return void this.#record();
      case "live":
        return control.live();
    }
  }

  #marksChanged(): void {
    this.#control.loop = this.#marks.loop;
    this.#draw();
  }

  #setView(choice: string): void {
    const wholeUs = this.#model.wholeUs(this.#control.presentUs);
    const seconds = Number(choice);
    this.#model.viewUs = choice === "all"
      ? wholeUs * 1.02
      : seconds > 0
      ? seconds * 1e6
      : undefined;
    this.#draw();
  }

  #saveClip(): void {
    if (this.#clips.isSaving) return this.#clips.stop();
    const range = this.#clipRange;
    if (range === undefined) return;
    const { path, name } = this.#model.clip(range, this.#control.presentUs);
    this.#clips.save(path, name, this.#model.bytesIn(range));
  }

  async #record(): Promise<void> {
    const isOn = this.#recordingSinceMs !== undefined;
    const path = `/api/recordings/${isOn ? "stop" : "start"}`;
    const outcome = await wish(path, { stream: this.#model.streamId });
    if (!outcome.ok) return this.#parts.notice(outcome.message);
    this.#parts.notice(isOn ? "Recording ended" : "Recording");
    this.#watch.start();
  }
}
