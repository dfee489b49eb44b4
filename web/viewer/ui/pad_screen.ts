/**
 * PadScreen: a gamepad on the screen, for phones: two sticks, a cross, four buttons, shoulders and
 * triggers, under both thumbs. Each finger holds what it came down on until it leaves the glass. It
 * looks like any other gamepad to what reads them.
 */

import { PAD_BUTTONS } from "../../../src/wire/pad.ts";
import { SCREEN_PAD } from "../input/pads.ts";
import type { PadReading } from "../input/pad_state.ts";
import { element, outlineIcon } from "./element.ts";

type ButtonName = (typeof PAD_BUTTONS)[number];

/** A key of the pad: which button it is, its letter or drawing, and what it is called. */
interface PadKey {
  readonly name: ButtonName;
  readonly face: string | readonly string[];
  readonly label: string;
}

const key = (name: ButtonName, face: PadKey["face"], label = String(face)): PadKey => {
  return { name, face, label };
};

const LEFT_SHOULDERS = [
  key("leftTrigger", "LT", "LT, left trigger"),
  key("leftShoulder", "LB", "LB, left shoulder"),
];
const RIGHT_SHOULDERS = [
  key("rightShoulder", "RB", "RB, right shoulder"),
  key("rightTrigger", "RT", "RT, right trigger"),
];
const CROSS = [
  key("up", ["M6 15l6-6 6 6"], "Up"),
  key("left", ["M15 6l-6 6 6 6"], "Left"),
  key("right", ["M9 6l6 6-6 6"], "Right"),
  key("down", ["M6 9l6 6 6-6"], "Down"),
];
const FACE = [key("north", "Y"), key("west", "X"), key("east", "B"), key("south", "A")];
const MIDDLE = [
  key("select", ["M9 9h11v9H9z", "M15 9V6H4v9h5"], "View"),
  key("guide", ["M4 11l8-7 8 7", "M6.5 9.5V19h11V9.5"], "Guide"),
  key("start", ["M5 7h14", "M5 12h14", "M5 17h14"], "Menu"),
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

  #key({ name, face, label }: PadKey): HTMLElement {
    const button = element(
      "button",
      { type: "button", class: "pad-key", "data-button": name, "aria-label": label },
      typeof face === "string" ? face : outlineIcon(face),
    );
    const code = PAD_BUTTONS.indexOf(name);
    const set = (down: boolean) => {
      if (this.#pressed.has(code) === down) return;
      if (down) this.#pressed.add(code);
      else this.#pressed.delete(code);
      button.classList.toggle("held", down);
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
