/**
 * TimelineBar: the elements below the seek bar: buttons to step and play, rate, times, marks, the clip
 * with its progress, recording, and the way back to live. It decides nothing: it reports what was
 * pressed and shows what it is told.
 */

import { element, outlineIcon } from "../element.ts";
import type { ClipProgress } from "./clip_download.ts";
import { spanText } from "./time_text.ts";
import { TIMELINE_ICONS } from "./timeline_icons.ts";
import type { TimelineIconName } from "./timeline_icons.ts";
import { PLAYBACK_RATES } from "../../playback/playback_messages.ts";

/** What a button of the bar does. */
export type BarAction =
  | "step_back"
  | "toggle"
  | "step_on"
  | "in"
  | "out"
  | "clear"
  | "loop"
  | "clip"
  | "pause_replay"
  | "blank"
  | "record"
  | "live";

/** What the bar shows. */
export interface BarState {
  readonly isLive: boolean;
  readonly isPlaying: boolean;
  readonly rate: number;
  readonly behind: string;
  readonly clock: string;
  readonly hasIn: boolean;
  readonly hasOut: boolean;
  readonly isLooping: boolean;
  /** Length of what the clip button saves, in seconds; 0 when there is nothing. */
  readonly clipSeconds: number;
  readonly isRecording: boolean;
  readonly mayRecord: boolean;
  /** Nothing new is held. */
  readonly isPaused: boolean;
  /** There is something that can be blanked, and a first press was made. */
  readonly canBlank: boolean;
  readonly isBlankArmed: boolean;
}

/** What is shown of the axis, besides the length of the replay. */
export const VIEW_CHOICES = [
  ["replay", "Replay"],
  ["300", "5 min"],
  ["3600", "1 h"],
  ["86400", "24 h"],
  ["all", "All"],
] as const;

const LABELS: Readonly<Record<BarAction, readonly [string, string]>> = {
  step_back: ["One frame back", ","],
  toggle: ["Play", "Space"],
  step_on: ["One frame on", "."],
  in: ["Mark in", "I"],
  out: ["Mark out", "O"],
  clear: ["Clear the marks", ""],
  loop: ["Loop between the marks", ""],
  clip: ["Save clip", ""],
  pause_replay: ["Stop holding a replay", ""],
  blank: ["Blank between the marks", ""],
  record: ["Record", ""],
  live: ["Live", "Esc"],
};

const WITH_TEXT: readonly BarAction[] = ["clip", "live"];

/** The controls. */
export class TimelineBar {
  /** The row to place below the seek bar. */
  readonly root: HTMLElement;
  /** Says what became of a clip to those who listen. */
  readonly #buttons = new Map<BarAction, HTMLButtonElement>();
  readonly #rate = element("select", { class: "rate", "aria-label": "Speed" });
  readonly #view = element("select", { class: "view", "aria-label": "Length of the timeline" });
  readonly #viewBox: HTMLElement;
  readonly #behind = element("strong", { class: "behind" });
  readonly #clock = element("span", { class: "clock" });
  readonly #clipText = element("span", { class: "text" });
  readonly #clipBar = element("i", { class: "progress" });
  readonly #liveText = element("span", { class: "text" }, "Live");
  readonly #onAction: (action: BarAction) => void;
  #isPlaying: boolean | undefined;

  constructor(handlers: {
    action(action: BarAction): void;
    rate(rate: number): void;
    view(choice: string): void;
  }) {
    this.#onAction = (action) => handlers.action(action);
    for (const rate of PLAYBACK_RATES) {
      this.#rate.append(element("option", { value: String(rate) }, `${rate}×`));
    }
    this.#rate.value = "1";
    this.#rate.addEventListener("change", () => handlers.rate(Number(this.#rate.value)));
    for (const [value, label] of VIEW_CHOICES) {
      this.#view.append(element("option", { value }, label));
    }
    this.#view.addEventListener("change", () => handlers.view(this.#view.value));
    this.#viewBox = element("div", { class: "set views", hidden: true }, this.#view);
    this.root = this.#build();
  }

  /** Shows a state. */
  update(state: BarState): void {
    this.root.classList.toggle("is-live", state.isLive);
    this.#setToggle(state.isPlaying || state.isLive);
    const rate = String(Math.abs(state.rate));
    if (state.rate !== 0 && this.#rate.value !== rate) this.#rate.value = rate;
    this.#behind.hidden = state.isLive;
    setText(this.#behind, state.behind);
    setText(this.#clock, state.clock);
    this.#press("in", state.hasIn);
    this.#press("out", state.hasOut);
    this.#press("loop", state.isLooping);
    this.#button("loop").disabled = !(state.hasIn && state.hasOut);
    this.#button("clear").hidden = !(state.hasIn || state.hasOut);
    this.#button("clip").disabled = state.clipSeconds <= 0;
    if (!this.#button("clip").classList.contains("running")) {
      const length = state.clipSeconds <= 0 ? "" : ` ${spanText(state.clipSeconds)}`;
      setText(this.#clipText, `Clip${length}`);
    }
    this.#press("record", state.isRecording);
    this.#button("record").hidden = !state.mayRecord;
    this.#press("pause_replay", state.isPaused);
    this.#button("pause_replay").hidden = !state.mayRecord;
    this.#press("blank", state.isBlankArmed);
    this.#button("blank").hidden = !state.mayRecord || !state.canBlank;
    const live = this.#button("live");
    live.classList.toggle("on", state.isLive);
    setText(this.#liveText, state.isLive ? "Live" : "Go live");
    live.setAttribute("aria-pressed", String(state.isLive));
  }

  /** Offers longer views of the axis. */
  offerViews(isOffered: boolean): void {
    this.#viewBox.hidden = !isOffered;
  }

  /** Shows how far a clip is; undefined ends that. */
  showClip(progress: ClipProgress | undefined): void {
    const button = this.#button("clip");
    const isRunning = progress?.kind === "running";
    button.classList.toggle("running", isRunning);
    if (!isRunning) {
      this.#clipBar.style.width = "0";
      return;
    }
    const percent = Math.round(100 * progress.share);
    this.#clipBar.style.width = `${percent}%`;
    setText(this.#clipText, `Saving ${percent} %`);
  }

  #build(): HTMLElement {
    const clip = this.#make("clip", "clip");
    clip.classList.add("wide");
    clip.append(this.#clipText, this.#clipBar);
    const live = this.#make("live", undefined);
    live.classList.add("wide", "go-live");
    live.prepend(element("i", { class: "dot" }), this.#liveText);
    const set = (name: string, ...nodes: Node[]) =>
      element("div", { class: `set ${name}` }, ...nodes);
    const playing = set(
      "playing",
      this.#make("step_back", "step_back"),
      this.#make("toggle", "play"),
      this.#make("step_on", "step_on"),
      this.#rate,
    );
    const marks = set(
      "marks",
      this.#make("in", "mark_in"),
      this.#make("out", "mark_out"),
      this.#make("loop", "loop"),
      this.#make("clear", "clear"),
      this.#make("blank", "blank"),
    );
    const times = element("p", { class: "times" }, this.#behind, this.#clock);
    const keep = set(
      "keep",
      ...[clip, this.#make("pause_replay", "shield"), this.#make("record", "record")],
    );
    return element(
      "div",
      { class: "controls" },
      ...[playing, times, element("span", { class: "space" }), this.#viewBox, marks, keep],
      live,
    );
  }

  #make(action: BarAction, iconName: TimelineIconName | undefined): HTMLButtonElement {
    const [label, key] = LABELS[action];
    const tip = element("span", { class: "tip" }, label);
    if (key !== "") tip.append(" ", element("kbd", {}, key));
    const button = element("button", {
      type: "button",
      class: "tool",
      // Buttons with text of their own are called by it.
      "aria-label": WITH_TEXT.includes(action) ? undefined : label,
      "data-action": action,
    });
    if (WITH_TEXT.includes(action)) tip.setAttribute("aria-hidden", "true");
    if (iconName !== undefined) button.append(outlineIcon(TIMELINE_ICONS[iconName]));
    button.append(tip);
    button.addEventListener("click", () => this.#onAction(action));
    this.#buttons.set(action, button);
    return button;
  }

  #button(action: BarAction): HTMLButtonElement {
    return this.#buttons.get(action)!;
  }

  #press(action: BarAction, isOn: boolean): void {
    const button = this.#button(action);
    if (button.getAttribute("aria-pressed") !== String(isOn)) {
      button.setAttribute("aria-pressed", String(isOn));
    }
  }

  #setToggle(isPlaying: boolean): void {
    if (isPlaying === this.#isPlaying) return;
    this.#isPlaying = isPlaying;
    const button = this.#button("toggle");
    const label = isPlaying ? "Pause" : "Play";
    button.setAttribute("aria-label", label);
    button.querySelector("svg")?.replaceWith(
      outlineIcon(TIMELINE_ICONS[isPlaying ? "pause" : "play"]),
    );
    button.querySelector(".tip")?.firstChild?.replaceWith(label);
  }
}

function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
