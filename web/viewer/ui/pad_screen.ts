/**
 * PadScreen: a gamepad on the screen, for phones: two sticks, a cross, four buttons, shoulders and
 * triggers, under both thumbs. Each finger holds what it came down on until it leaves the glass. It
 * looks like any other gamepad to what reads them.
 */

import { PAD_BUTTONS } from "../../../src/wire/pad.ts";
import { SCREEN_PAD } from "../input/pads.ts";
import type { PadReading } from "../input/pad_state.ts";
import { element } from "./element.ts";

type ButtonName = (typeof PAD_BUTTONS)[number];

/** A key of the pad: where it is, what it says and is called. */
interface PadKey {
  readonly name: ButtonName;
  readonly text: string;
  readonly label: string;
}

const key = (name: ButtonName, text: string, label = text): PadKey => ({ name, text, label });

const LEFT_SHOULDERS = [key("leftTrigger", "LT", "Left trigger"), key("leftShoulder", "LB")];
const RIGHT_SHOULDERS = [key("rightShoulder", "RB"), key("rightTrigger", "RT", "Right trigger")];
const CROSS = [
  key("up", "\u25b2", "Up"),
  key("left", "\u25c0", "Left"),
  key("right", "\u25b6", "Right"),
  key("down", "\u25bc", "Down"),
];
const FACE = [key("north", "Y"), key("west", "X"), key("east", "B"), key("south", "A")];
const MIDDLE = [
  key("select", "\u29c9", "View"),
  key("guide", "\u2302", "Guide"),
  key("start", "\u2630", "Menu"),
];

/** The pad's elements and what is held on it. */
export class PadScreen {
  readonly root: HTMLElement;
  readonly #changed: (reading: PadReading) => void;
  readonly #pressed = new Set<number>();
  readonly #axes = [0, 0, 0, 0];
  readonly #letGo: (() => void)[] = [];

  /** `changed` hears of every other state. */
  constructor(changed: (reading: PadReading) => void) {
    this.#changed = changed;
    this.root = element(
      "div",
      { class: "pad", role: "group", "aria-label": "Gamepad" },
      element(
        "div",
        { class: "pad-side left" },
        this.#keys("pad-shoulders", LEFT_SHOULDERS),
        this.#stick("Left stick", 0),
        this.#keys("pad-diamond", CROSS),
      ),
      this.#keys("pad-middle", MIDDLE),
      element(
        "div",
        { class: "pad-side right" },
        this.#keys("pad-shoulders", RIGHT_SHOULDERS),
        this.#keys("pad-diamond", FACE),
        this.#stick("Right stick", 2),
      ),
    );
    // A long press opens no menu and selects nothing.
    this.root.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** What it says now. */
  get reading(): PadReading {
    return {
      id: "Gamepad on the screen",
      index: SCREEN_PAD,
      mapping: "standard",
      axes: [...this.#axes],
      buttons: PAD_BUTTONS.map((_, button) => {
        const pressed = this.#pressed.has(button);
        return { pressed, value: pressed ? 1 : 0 };
      }),
    };
  }

  /** Fingers that are on it hold nothing any more. */
  release(): void {
    for (const letGo of this.#letGo) letGo();
  }

  #keys(name: string, keys: readonly PadKey[]): HTMLElement {
    return element("div", { class: name }, ...keys.map((one) => this.#key(one)));
  }

  #key({ name, text, label }: PadKey): HTMLElement {
    const button = element(
      "button",
      { type: "button", class: `pad-key ${name}`, "aria-label": label },
      text,
    );
    const code = PAD_BUTTONS.indexOf(name);
    const set = (down: boolean) => {
      if (this.#pressed.has(code) === down) return;
      if (down) this.#pressed.add(code);
      else this.#pressed.delete(code);
      button.classList.toggle("down", down);
      this.#changed(this.reading);
    };
    this.#hold(button, () => set(true), () => set(false));
    return button;
  }

  #stick(label: string, axis: number): HTMLElement {
    const knob = element("i", { class: "pad-knob" });
    const stick = element("div", { class: "pad-stick", role: "img", "aria-label": label }, knob);
    const set = (x: number, y: number) => {
      this.#axes[axis] = x;
      this.#axes[axis + 1] = y;
      knob.style.transform = `translate(${x * 50}%, ${y * 50}%)`;
      this.#changed(this.reading);
    };
    const follow = (event: PointerEvent) => {
      const { left, top, width, height } = stick.getBoundingClientRect();
      const x = (event.clientX - left - width / 2) * 2 / width;
      const y = (event.clientY - top - height / 2) * 2 / height;
      const length = Math.max(1, Math.hypot(x, y));
      set(x / length, y / length);
    };
    stick.addEventListener("pointermove", (event) => {
      if (stick.hasPointerCapture(event.pointerId)) follow(event);
    });
    this.#hold(stick, follow, () => set(0, 0));
    return stick;
  }

  /** One finger holds an element, from its coming down to its leaving, wherever it goes. */
  #hold(target: HTMLElement, down: (event: PointerEvent) => void, up: () => void): void {
    let holder: number | undefined;
    const letGo = () => {
      if (holder === undefined) return;
      holder = undefined;
      up();
    };
    target.addEventListener("pointerdown", (event) => {
      // The focus stays with the picture.
      event.preventDefault();
      if (holder !== undefined) return;
      holder = event.pointerId;
      target.setPointerCapture(event.pointerId);
      down(event);
    });
    target.addEventListener("mousedown", (event) => event.preventDefault());
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      target.addEventListener(end, (event) => {
        if (event.pointerId === holder) letGo();
      });
    }
    this.#letGo.push(letGo);
  }
}
