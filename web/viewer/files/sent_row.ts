/**
 * SentRow: one file of the panel that is sent: its name, where it stands, how far it is, and what a
 * person can do about it.
 */

import { element, outlineIcon } from "../ui/element.ts";
import type { FileCommand, SendFailure, SendState } from "./file_messages.ts";
import { sentText, shownName } from "./file_words.ts";

const PAUSE = ["M9 6v12", "M15 6v12"];
const RESUME = ["M8 5.5v13l10-6.5z"];
const CANCEL = ["M7 7l10 10", "M17 7L7 17"];
const RETRY = ["M19 12a7 7 0 1 1-2.2-5.1", "M19 4v4h-4"];
/** Weight of what is new in a rate that is shown. */
const RATE_WEIGHT = 0.3;

/** What a row needs of its panel. */
export interface SentRowParts {
  readonly hostName: () => string;
  readonly maxBytes: () => number;
  readonly send: (command: FileCommand) => void;
  /** The person wants it gone. */
  readonly onRemove: () => void;
}

/** One file that is sent. */
export class SentRow {
  readonly root: HTMLLIElement;
  readonly id: number;
  readonly file: File;
  readonly #parts: SentRowParts;
  readonly #text = element("p", { class: "file-state" });
  readonly #bar: HTMLProgressElement;
  readonly #pause = toolOf("Pause");
  readonly #retry = toolOf("Retry");
  readonly #cancel = toolOf("Cancel");
  #state: SendState = "queued";
  #written = 0;
  #reason: SendFailure | undefined;
  #rate: number | undefined;
  #movedMs: number | undefined;

  constructor(id: number, file: File, parts: SentRowParts) {
    this.id = id;
    this.file = file;
    this.#parts = parts;
    const name = shownName(file.name);
    this.#bar = element("progress", { max: String(Math.max(1, file.size)), "aria-label": name });
    this.#pause.addEventListener("click", () => this.#togglePause());
    this.#retry.replaceChildren(outlineIcon(RETRY));
    this.#retry.addEventListener("click", () => parts.send({ do: "retry", id }));
    this.#cancel.replaceChildren(outlineIcon(CANCEL));
    this.#cancel.addEventListener("click", () => {
      if (!this.isOver) parts.send({ do: "cancel", id });
      parts.onRemove();
    });
    this.root = element(
      "li",
      { class: "file" },
      element(
        "div",
        { class: "file-facts" },
        element("bdi", { class: "file-name", title: name }, name),
        this.#text,
        this.#bar,
      ),
      element("div", { class: "file-tools" }, this.#pause, this.#retry, this.#cancel),
    );
    this.#show();
  }

  get state(): SendState {
    return this.#state;
  }

  /** True while nothing more happens by itself. */
  get isOver(): boolean {
    return this.#state === "done" || this.#state === "failed";
  }

  /** Shows where it stands. */
  update(
    { state, written, reason }: { state: SendState; written: number; reason?: SendFailure },
    nowMs: number,
  ): void {
    this.#follow(written, state, nowMs);
    this.#state = state;
    this.#reason = reason;
    this.#show();
  }

  /** How fast it moves, smoothed. */
  #follow(written: number, state: SendState, nowMs: number): void {
    const movedMs = this.#movedMs;
    const isMoving = state === "sending" && this.#state === "sending" && movedMs !== undefined;
    if (isMoving && nowMs > movedMs && written >= this.#written) {
      const rate = (written - this.#written) * 1000 / (nowMs - movedMs);
      this.#rate = this.#rate === undefined ? rate : this.#rate + RATE_WEIGHT * (rate - this.#rate);
    }
    if (!isMoving) this.#rate = undefined;
    this.#movedMs = nowMs;
    this.#written = written;
  }

  #show(): void {
    const { hostName, maxBytes } = this.#parts;
    const name = shownName(this.file.name);
    this.root.dataset["state"] = this.#state;
    this.#text.textContent = sentText({
      ...{ state: this.#state, written: this.#written, reason: this.#reason, rate: this.#rate },
      ...{ bytes: this.file.size, hostName: hostName(), maxBytes: maxBytes() },
    });
    this.#bar.value = this.#state === "done" ? this.#bar.max : this.#written;
    this.#bar.hidden = this.isOver;
    const isPaused = this.#state === "paused";
    this.#pause.hidden = this.isOver || this.#state === "checking" || this.#state === "held";
    this.#pause.replaceChildren(outlineIcon(isPaused ? RESUME : PAUSE));
    setLabel(this.#pause, `${isPaused ? "Resume" : "Pause"} ${name}`);
    this.#retry.hidden = this.#state !== "failed" || this.#reason === "too_large";
    setLabel(this.#retry, `Retry ${name}`);
    setLabel(this.#cancel, `${this.isOver ? "Remove" : "Cancel"} ${name}`);
  }

  #togglePause(): void {
    this.#parts.send({ do: "pause", id: this.id, isPaused: this.#state !== "paused" });
  }
}

function toolOf(label: string): HTMLButtonElement {
  return element("button", { type: "button", class: "file-tool", "aria-label": label });
}

function setLabel(button: HTMLButtonElement, label: string): void {
  button.setAttribute("aria-label", label);
  button.title = label;
}
