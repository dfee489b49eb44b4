/**
 * ScreenKeyboard: makes room for a phone's keyboard and for the keys above it: the viewer is as high as
 * what the keyboard leaves, and the picture ends where the keys begin. It listens to the visual
 * viewport.
 */

/** What makes room and what for. */
export interface ScreenKeyboardParts {
  /** The element `<wavry-viewer>`. */
  readonly root: HTMLElement;
  /** What lies at the lower edge. */
  readonly dock: HTMLElement;
  /** The gamepad on the screen, which is below the picture of a phone that is held upright. */
  readonly pad: HTMLElement;
}

/** A viewport that is lower by more than this has a keyboard below it. */
const KEYBOARD_PX_MIN = 120;

/** Lays the viewer out around a keyboard. */
export class ScreenKeyboard {
  readonly #parts: ScreenKeyboardParts;
  readonly #listening = new AbortController();
  #wasOpen = false;
  #isDismissed = false;

  constructor(parts: ScreenKeyboardParts) {
    this.#parts = parts;
    const { signal } = this.#listening;
    visualViewport?.addEventListener("resize", () => this.layout(), { signal });
    visualViewport?.addEventListener("scroll", () => this.layout(), { signal });
    parts.root.addEventListener("focusin", () => this.#isDismissed = false, { signal });
  }

  /** True when a keyboard was shown and put away while its field kept the focus. */
  get isDismissed(): boolean {
    return this.#isDismissed;
  }

  /** Lays everything out. */
  layout(): void {
    const { root, dock, pad } = this.#parts;
    const height = visualViewport?.height ?? innerHeight;
    const isMagnified = (visualViewport?.scale ?? 1) !== 1;
    const isOpen = !isMagnified && innerHeight - height > KEYBOARD_PX_MIN;
    if (this.#wasOpen && !isOpen) this.#isDismissed = true;
    this.#wasOpen = isOpen;
    root.style.setProperty("height", isOpen ? `${Math.round(height)}px` : "");
    // Browsers that move the page up for the field moved the picture out of sight.
    if (isOpen) scrollTo(0, 0);
    const covers = isOpen || root.classList.contains("typing");
    const isUpright = matchMedia("(orientation: portrait)").matches;
    const padPx = isUpright && !isOpen ? pad.offsetHeight : 0;
    const coveredPx = Math.max(covers ? dock.offsetHeight : 0, padPx);
    root.style.setProperty("--hands-bottom", `${coveredPx}px`);
  }

  /** Gives the room back. */
  close(): void {
    this.#listening.abort();
    this.#parts.root.style.removeProperty("height");
    this.#parts.root.style.removeProperty("--hands-bottom");
  }
}
