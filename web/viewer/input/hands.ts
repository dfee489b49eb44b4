/**
 * Hands: fingers, the phone's keyboard, keys on the screen and gamepads joined with the viewer: the
 * entry of a bundle of its own. It decides what is shown and what leads where; each part does its work.
 */

import { PadList } from "../ui/pad_list.ts";
import { PadScreen } from "../ui/pad_screen.ts";
import { MODE_NAMES, TouchBar } from "../ui/touch_bar.ts";
import { TouchKeys } from "../ui/touch_keys.ts";
import { element } from "../ui/element.ts";
import type { InputAbility } from "../../../src/wire/input_messages.ts";
import { keyOfCharacter } from "./character_keys.ts";
import type { HandsHandle, HandsParts } from "./hands_handle.ts";
import type { Rumble } from "./hands_messages.ts";
import { keyboardPlatform } from "./keyboard_platform.ts";
import { Pads } from "./pads.ts";
import type { BrowserPad } from "./pads.ts";
import { ScreenKeyboard } from "./screen_keyboard.ts";
import { StickyKeys } from "./sticky_keys.ts";
import { TextCatcher } from "./text_catcher.ts";
import { FINGER_MODES, TouchSurface } from "./touch_surface.ts";
import type { FingerMode } from "./touch_surface.ts";
import { TypingKeys } from "./typing_keys.ts";

/** Opens everything that hands do beside a mouse and a keyboard. */
export function openHands(parts: HandsParts): HandsHandle {
  return new Hands(parts);
}

class Hands implements HandsHandle {
  readonly #parts: HandsParts;
  readonly #isTouch = matchMedia("(pointer: coarse)").matches;
  readonly #surface: TouchSurface;
  readonly #sticky: StickyKeys;
  readonly #typing: TypingKeys<KeyboardEvent>;
  readonly #catcher: TextCatcher;
  readonly #keys: TouchKeys;
  readonly #bar: TouchBar;
  readonly #padScreen = new PadScreen((reading) => this.#pads.setScreen(reading));
  readonly #padList = new PadList();
  readonly #pads: Pads;
  readonly #layer: HTMLElement;
  readonly #screenKeyboard: ScreenKeyboard;
  #modes: readonly FingerMode[] = FINGER_MODES.slice(1);
  /** Why the host takes no gamepads; undefined when it does. */
  #padsLack: InputAbility | undefined;
  /** A person has said how fingers are read; else it is what the host does best. */
  #hasChosenMode = false;
  #isReleasing = false;

  constructor(parts: HandsParts) {
    this.#parts = parts;
    const { input } = parts;
    const press = (code: string, down: boolean) => input.keyboard.press(code, down);
    const isApple = keyboardPlatform(navigator.userAgent) === "apple";
    this.#sticky = new StickyKeys(press, () => this.#keys.update());
    this.#typing = new TypingKeys<KeyboardEvent>(input.keyboard, isApple);
    this.#keys = new TouchKeys({ press }, this.#sticky);
    this.#surface = new TouchSurface({
      ...{ input, cursor: parts.cursor, openToolbar: parts.openToolbar },
      clicked: () => this.#sticky.used(),
      viewChanged: () => this.#update(),
    });
    this.#catcher = new TextCatcher({
      character: (codePoint) => this.#character(codePoint),
      tapKey: (code) => this.#tapKey(code),
      key: (event, down) => input.isCaptured && this.#typing.key(event, down),
      focusChanged: (hasFocus) => this.#typingChanged(hasFocus),
    }, { isTouch: this.#isTouch, isApple });
    this.#bar = new TouchBar({
      keyboard: () => this.toggleTyping(),
      keys: () => this.#showKeys(this.#keys.root.hidden === true),
      nextMode: () => this.#nextMode(),
      pad: () => this.#showPad(this.#padScreen.root.hidden === true),
      whole: () => this.#showWhole(),
      folded: () => this.#update(),
    });
    this.#pads = this.#makePads();
    const dock = element("div", { class: "hands-dock" }, this.#keys.root, this.#bar.root);
    this.#bar.root.hidden = true;
    this.#padScreen.root.hidden = true;
    this.#layer = element(
      "div",
      { class: "hands" },
      ...[this.#padScreen.root, this.#padList.root, this.#catcher.root, dock],
    );
    parts.addLayer(this.#layer);
    this.#screenKeyboard = new ScreenKeyboard({
      ...{ root: parts.root, dock, pad: this.#padScreen.root },
    });
    this.#update();
  }

  get hasControls(): boolean {
    return !this.#bar.root.hidden;
  }

  finger(event: PointerEvent): boolean {
    const { stage } = this.#parts;
    // Keys follow the finger, unless what it types comes from a keyboard that would close.
    if (event.type === "pointerdown" && !this.#catcher.hasFocus) stage.focus();
    this.#surface.push(event);
    return true;
  }

  begin(): void {
    this.#pads.announce();
  }

  release(): void {
    // What lets go may itself be told to.
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    this.#surface.cancel();
    this.#padScreen.release();
    this.#keys.release();
    this.#sticky.release();
    this.#typing.forget();
    this.#pads.release();
    this.#isReleasing = false;
  }

  setAbilities(abilities: readonly InputAbility[]): void {
    this.#padsLack = abilities.find(({ name, state }) => name === "pads" && state === "none");
    const touch = abilities.find(({ name }) => name === "touch");
    this.#modes = touch?.state === "full" ? FINGER_MODES : FINGER_MODES.slice(1);
    const [best = "pointer"] = this.#modes;
    const mode = this.#surface.mode;
    const isLeft = this.#hasChosenMode && this.#modes.includes(mode);
    if (!isLeft && mode !== best) this.#surface.setMode(best);
    this.#update();
  }

  rumble(rumble: Rumble): void {
    this.#pads.rumble(rumble);
  }

  watchPads(): void {
    this.#pads.watch();
  }

  showControls(isShown: boolean): void {
    this.#bar.root.hidden = !isShown;
    if (!isShown) {
      this.#showKeys(false);
      this.#showPad(false);
    }
    this.#update();
  }

  toggleTyping(): void {
    const { input, stage, notice } = this.#parts;
    if (this.#catcher.hasFocus && !this.#screenKeyboard.isDismissed) {
      stage.focus();
      return;
    }
    if (!input.isCaptured) return notice("Take the keyboard first");
    // A phone shows its keyboard again only for a focus that is new.
    this.#catcher.root.blur();
    this.#catcher.focus();
    if (!this.#isTouch) notice("Typing with this computer's layout");
  }

  showPlayers(): void {
    this.#padList.number(this.#parts.input.players);
  }

  close(): void {
    this.release();
    this.#pads.close();
    this.#screenKeyboard.close();
    this.#layer.remove();
  }

  #makePads(): Pads {
    const { input } = this.#parts;
    return new Pads({
      sink: input.sender,
      readings: () => navigator.getGamepads() as unknown as readonly (BrowserPad | null)[],
      isPlaying: () => input.takesPads && document.hasFocus(),
      vibrate: (ms) => void navigator.vibrate?.(ms),
      changed: (pads) => {
        const known = this.#padList.count;
        this.#padList.update(pads, input.players);
        const newest = pads.at(-1);
        if (this.#padList.count > known && newest !== undefined) {
          this.#tellPad(`${newest.name} is plugged in`);
        }
      },
      nowUs: () => performance.now() * 1000,
    });
  }

  /** A gamepad that the host takes for nothing should not be tried for long. */
  #tellPad(text: string): void {
    const lack = this.#padsLack;
    if (lack === undefined) return this.#parts.notice(text);
    this.#parts.notice(
      `This host takes no gamepads${lack.reason === "" ? "" : `: ${lack.reason}`}`,
    );
  }

  /** With a modifier down a character is a key; else it is what it is, whatever the layout. */
  #character(codePoint: number): void {
    const { sender } = this.#parts.input;
    const character = String.fromCodePoint(codePoint);
    const key = keyOfCharacter(character);
    if (character === "\n") return this.#tapKey("Enter");
    if (!this.#sticky.isHolding || key === undefined) return sender.text(codePoint);
    this.#tapKey(key.code);
  }

  #tapKey(code: string): void {
    const { keyboard } = this.#parts.input;
    keyboard.press(code, true);
    keyboard.press(code, false);
    this.#sticky.used();
  }

  #typingChanged(isTyping: boolean): void {
    if (!isTyping) this.release();
    if (this.#isTouch) this.#showKeys(isTyping);
    this.#parts.root.classList.toggle("typing", isTyping);
    this.#update();
  }

  #nextMode(): void {
    const next = (this.#modes.indexOf(this.#surface.mode) + 1) % this.#modes.length;
    const mode = this.#modes[next] ?? "pointer";
    this.#hasChosenMode = true;
    this.#surface.setMode(mode);
    this.#parts.notice(`Fingers: ${MODE_NAMES[mode]}`);
    this.#update();
  }

  #showKeys(isShown: boolean): void {
    this.#keys.root.hidden = !isShown;
    if (!isShown) {
      this.#keys.release();
      this.#sticky.release();
    }
    this.#update();
  }

  #showPad(isShown: boolean): void {
    const { root } = this.#padScreen;
    if (root.hidden === !isShown) return;
    root.hidden = !isShown;
    this.#padScreen.release();
    this.#pads.setScreen(isShown ? this.#padScreen.reading : undefined);
    if (isShown && this.#padsLack !== undefined) this.#tellPad("");
    this.#update();
  }

  #showWhole(): void {
    this.#parts.input.view.reset();
    this.#parts.input.place();
    this.#surface.follow();
    this.#update();
  }

  #update(): void {
    this.#layer.classList.toggle("with-pad", !this.#padScreen.root.hidden);
    this.#bar.update({
      isTyping: this.#catcher.hasFocus,
      hasKeys: !this.#keys.root.hidden,
      mode: this.#surface.mode,
      hasPad: !this.#padScreen.root.hidden,
      isMagnified: this.#parts.input.view.zoom > 1,
    });
    this.#screenKeyboard?.layout();
  }
}
