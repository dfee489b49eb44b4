/**
 * TextCatcher: an editable field that nobody sees, for what only those get: a phone's keyboard, dead
 * keys and input methods. What its text becomes is typed at the host; keys without text go as keys.
 */

import { element } from "../ui/element.ts";
import { MIRROR_SEED, TextMirror } from "./text_mirror.ts";
import { typedCharacters } from "./text_entry.ts";

/** Who takes what is typed. */
export interface TextTaker {
  /** A character; a line feed ends a line. */
  character(codePoint: number): void;
  /** The key of that physical name goes down and up. */
  tapKey(code: string): void;
  /** A key that makes no text; true when it is the host's. */
  key(event: KeyboardEvent, down: boolean): boolean;
  /** The field has the focus, or no longer. */
  focusChanged(hasFocus: boolean): void;
}

/** Keys of a composition, or of a keyboard that does not tell. */
const UNTOLD = new Set(["Unidentified", "Process", "Dead"]);
/** Languages that are composed of what nobody wants to see typed. */
const COMPOSED = /^(?:zh|ja|ko|vi|th)\b/;

/** The field. */
export class TextCatcher {
  readonly root: HTMLTextAreaElement;
  readonly #taker: TextTaker;
  readonly #mirror = new TextMirror();
  /** Words are typed letter by letter, though a phone's keyboard composes them. */
  readonly #isEager: boolean;
  readonly #isApple: boolean;
  #isComposing = false;

  /** `isTouch`: a phone, whose keyboard composes every word of every language. */
  constructor(
    taker: TextTaker,
    platform: { readonly isTouch: boolean; readonly isApple: boolean },
  ) {
    this.#taker = taker;
    this.#isApple = platform.isApple;
    this.#isEager = platform.isTouch && !COMPOSED.test(navigator.language);
    this.root = element("textarea", {
      ...{ class: "text-catcher", rows: "1", tabindex: "-1", "aria-label": "Text for the host" },
      ...{ autocomplete: "off", autocorrect: "off", autocapitalize: "off", spellcheck: "false" },
      enterkeyhint: "enter",
    });
    this.#reset();
    this.#listen();
  }

  /** True while what is typed comes here. */
  get hasFocus(): boolean {
    return document.activeElement === this.root;
  }

  /** Takes the keyboard; a phone shows its own, when this is done by a tap. */
  focus(): void {
    this.#reset();
    this.root.focus({ preventScroll: true });
  }

  #listen(): void {
    const { root } = this;
    root.addEventListener("keydown", (event) => this.#key(event, true));
    root.addEventListener("keyup", (event) => this.#key(event, false));
    root.addEventListener("compositionstart", () => this.#isComposing = true);
    root.addEventListener("compositionend", () => {
      this.#isComposing = false;
      this.#read();
    });
    root.addEventListener("input", () => {
      if (!this.#isComposing || this.#isEager) this.#read();
    });
    root.addEventListener("focus", () => this.#taker.focusChanged(true));
    root.addEventListener("blur", () => {
      this.#isComposing = false;
      this.#reset();
      this.#taker.focusChanged(false);
    });
  }

  #key(event: KeyboardEvent, down: boolean): void {
    if (event.defaultPrevented || event.isComposing || this.#isComposing) return;
    if (UNTOLD.has(event.key) || this.#isText(event)) return;
    // A phone's own keys have a name and no place: the field changes, and that is what counts.
    if (event.code === "" && (event.key === "Backspace" || event.key === "Enter")) return;
    if (this.#taker.key(event, down)) event.preventDefault();
  }

  /** What the field holds is typed. */
  #read(): void {
    const { deleted, typed } = this.#mirror.change(this.root.value);
    for (let count = 0; count < deleted; count++) this.#taker.tapKey("Backspace");
    for (const codePoint of typedCharacters(typed).codePoints) this.#taker.character(codePoint);
    if (this.#mirror.isWorn && !this.#isComposing) this.#reset();
  }

  #reset(): void {
    this.root.value = MIRROR_SEED;
    this.root.setSelectionRange(MIRROR_SEED.length, MIRROR_SEED.length);
    this.#mirror.reset();
  }

  /** A character of this computer's layout; AltGr is Control and Alt on Windows. */
  #isText(event: KeyboardEvent): boolean {
    if ([...event.key].length !== 1) return false;
    if (event.getModifierState("AltGraph")) return true;
    return !event.ctrlKey && (!event.altKey || this.#isApple) && !event.metaKey;
  }
}
