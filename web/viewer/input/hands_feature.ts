/**
 * HandsFeature: the page's door to fingers, gamepads and typed text, which are a bundle of their own:
 * loaded on a device with a coarse pointer after the first picture, else with the first finger, the
 * first gamepad or a person's wish. Until then a viewer has a button in its toolbar and runs nothing.
 */

import type { InputAbility } from "../../../src/wire/input_messages.ts";
import type { PageFeature, PageFeatureContext, PageSession } from "../features/page_feature.ts";
import { mayInput } from "../people/people_rights.ts";
import type { ViewerRights } from "../people/people_rights.ts";
import { loadStyle } from "../ui/load_style.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import type { StatsSection } from "../ui/stats_lines.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { HandsHandle, HandsParts } from "./hands_handle.ts";
import { FRAME_MS } from "./motion_meter.ts";
import { TYPED_MAX, typedCharacters } from "./text_entry.ts";

const BUNDLE = "hands.js";
const STYLE = "hands.css";

type HandsModule = typeof import("./hands.ts");

/** Makes the page's half. */
export function handsFeature(context: PageFeatureContext): PageFeature {
  return new HandsFeature(context);
}

class HandsFeature implements PageFeature {
  readonly workerMessages = ["rumble", "input_abilities", "pointer_place"] as const;
  readonly shortcuts = ["type_clipboard", "typing"] as const;
  readonly #context: PageFeatureContext;
  readonly #button: HTMLButtonElement;
  readonly #listening = new AbortController();
  readonly #abilities = new Map<number, readonly InputAbility[]>();
  #hands: HandsHandle | undefined;
  #loading: Promise<HandsHandle | undefined> | undefined;
  #mayInput = false;
  #streamId: number | undefined;
  /** What a person chose; undefined: what the device suggests. */
  #wantsControls: boolean | undefined;

  constructor(context: PageFeatureContext) {
    this.#context = context;
    const { toolbar, stats } = context.window;
    const options = { action: "controls", icon: "touch", label: "Touch controls" } as const;
    this.#button = toolbar.addButton(options, () => this.#toggleControls());
    this.#button.setAttribute("aria-pressed", "false");
    this.#button.hidden = true;
    stats.addSection(() => this.#statsSection());
    context.input.wantsMouse = () => {
      context.window.notices.show("A program wants the mouse: Ctrl+Alt+Shift+M hands it over");
    };
    this.#listen();
  }

  onWorkerMessage(message: WorkerMessage): void {
    if (message.type === "rumble") {
      if (message.streamId === this.#streamId) this.#hands?.rumble(message.rumble);
    } else if (message.type === "pointer_place") {
      if (message.streamId === this.#streamId) this.#context.window.cursor.hostAt(message);
    } else if (message.type === "input_abilities") {
      this.#abilities.set(message.streamId, message.abilities);
      this.#applyAbilities();
    }
  }

  async onShortcut(action: ShortcutAction): Promise<void> {
    if (action === "type_clipboard") await this.#typeClipboard();
    else (await this.#load())?.toggleTyping();
  }

  onConnected(session: PageSession): void {
    this.#streamId = session.streamId;
    this.onRights(session);
    this.#applyAbilities();
  }

  onRights(rights: ViewerRights): void {
    this.#mayInput = mayInput(rights);
    this.#button.hidden = !this.#mayInput;
    if (!this.#mayInput && this.#hands?.hasControls === true) {
      this.#showControls(this.#hands, false);
    }
  }

  onStream(streamId: number): void {
    this.#streamId = streamId;
    this.#applyAbilities();
  }

  onPicture(): void {
    if (matchMedia("(pointer: coarse)").matches) this.#suggestControls();
    if (navigator.getGamepads?.().some((pad) => pad !== null) === true) this.#watchPads();
  }

  onDisconnected(): void {
    this.#abilities.clear();
  }

  close(): void {
    this.#listening.abort();
    this.#hands?.close();
    this.#hands = undefined;
  }

  #listen(): void {
    const { signal } = this.#listening;
    globalThis.addEventListener("gamepadconnected", () => this.#watchPads(), { signal });
    this.#context.window.stage.addEventListener("pointerdown", ({ pointerType }) => {
      if (pointerType === "touch") this.#suggestControls();
    }, { signal, passive: true });
  }

  async #watchPads(): Promise<void> {
    (await this.#load())?.watchPads();
  }

  async #suggestControls(): Promise<void> {
    const hands = await this.#load();
    if (!this.#mayInput || this.#wantsControls === false) return;
    if (hands?.hasControls === false) this.#showControls(hands, true);
  }

  async #toggleControls(): Promise<void> {
    const hands = await this.#load();
    if (hands === undefined) return;
    this.#wantsControls = !hands.hasControls;
    this.#showControls(hands, this.#wantsControls);
  }

  #showControls(hands: HandsHandle, isShown: boolean): void {
    hands.showControls(isShown);
    this.#button.setAttribute("aria-pressed", String(isShown));
  }

  /** Types what the clipboard of this computer holds, for hosts that may not have it. */
  async #typeClipboard(): Promise<void> {
    const { input, window } = this.#context;
    if (!input.isCaptured) return window.notices.show("Take the keyboard first");
    let text: string;
    try {
      text = await navigator.clipboard.readText();
    } catch {
      return window.notices.show("The browser did not hand over the clipboard");
    }
    const { codePoints, isCut } = typedCharacters(text);
    for (const codePoint of codePoints) input.sender.text(codePoint);
    if (codePoints.length === 0) return window.notices.show("The clipboard holds no text");
    window.notices.show(
      isCut ? `Typed the first ${TYPED_MAX} characters of the clipboard` : "Typed the clipboard",
    );
  }

  #applyAbilities(): void {
    const abilities = this.#streamId === undefined
      ? undefined
      : this.#abilities.get(this.#streamId);
    const pen = abilities?.find(({ name }) => name === "pen");
    this.#context.input.takesPen = pen !== undefined && pen.state !== "none";
    if (abilities !== undefined) this.#hands?.setAbilities(abilities);
  }

  #statsSection(): StatsSection {
    const { reports, sent, waitMsMax, late } = this.#context.input.takeMotionStats();
    const wait = sent === 0 ? "-" : `${waitMsMax.toFixed(1)} ms`;
    return {
      title: "Input",
      lines: [
        ["Motion reported/sent", `${reports}/${sent} a second`],
        ["Longest wait here", wait, waitMsMax > FRAME_MS ? "poor" : "plain"],
        ["Late by a frame", String(late), late > 0 ? "poor" : "plain"],
      ],
    };
  }

  #load(): Promise<HandsHandle | undefined> {
    this.#loading ??= this.#import();
    return this.#loading;
  }

  async #import(): Promise<HandsHandle | undefined> {
    const { window } = this.#context;
    try {
      const url = new URL(BUNDLE, document.baseURI).href;
      const [{ openHands }] = await Promise.all([
        import(url) as Promise<HandsModule>,
        loadStyle(STYLE),
      ]);
      if (this.#listening.signal.aborted) return undefined;
      this.#hands = openHands(this.#parts());
      this.#context.input.hands = this.#hands;
      this.#applyAbilities();
      return this.#hands;
    } catch {
      this.#loading = undefined;
      window.notices.show("The controls could not be loaded");
      return undefined;
    }
  }

  #parts(): HandsParts {
    const { input, window, root } = this.#context;
    return {
      input,
      root,
      cursor: window.cursor,
      stage: window.stage,
      addLayer: (layer) => window.addLayer(layer),
      notice: (text) => window.notices.show(text),
      openToolbar: () => window.toolbar.open(),
    };
  }
}
