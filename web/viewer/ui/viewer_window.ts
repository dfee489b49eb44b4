/**
 * ViewerWindow: all elements of the viewer and what they show: the stage with the canvas, screens,
 * statistics, badge, notices, toolbar and the list of shortcuts. It decides nothing: it is told the
 * state and reports what was pressed.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import type { ViewerState } from "../viewer_state.ts";
import { element } from "./element.ts";
import { isFullscreen, leaveFullscreen } from "./fullscreen.ts";
import { NetworkNotice } from "./network_notice.ts";
import { Notices } from "./notices.ts";
import { RemoteCursor } from "./remote_cursor.ts";
import type { ScreenAction } from "./screen_texts.ts";
import type { ShortcutsDialog } from "./shortcuts_dialog.ts";
import { StateScreens } from "./state_screens.ts";
import { StatsOverlay } from "./stats_overlay.ts";
import { StreamMenu } from "./stream_menu.ts";
import { TimelineGate } from "./timeline_gate.ts";
import type { TimelineHandlers } from "./timeline_gate.ts";
import { Toolbar } from "./toolbar.ts";
import type { ToolbarAction } from "./toolbar.ts";

/** States in which there is no session and none is tried for. */
const OVER: readonly ViewerState["name"][] = ["refused", "ended", "unsupported"];

const SHORTCUTS_BUNDLE = "shortcuts.js";

/** What was pressed. */
export interface WindowHandlers {
  screenAction(action: ScreenAction): void;
  toolbarAction(action: ToolbarAction): void;
  readonly timeline: TimelineHandlers;
  /** A display of the host was picked. */
  streamChosen(stream: StreamName): void;
}

/** The viewer's elements. */
export class ViewerWindow {
  /** Hears keys and pointer, and holds the picture. */
  readonly stage = element("div", { class: "stage", tabindex: "0", role: "application" });
  readonly notices = new Notices();
  readonly network = new NetworkNotice();
  readonly stats: StatsOverlay;
  readonly cursor = new RemoteCursor(this.stage);
  readonly toolbar: Toolbar;
  readonly timeline: TimelineGate;
  readonly #screens: StateScreens;
  readonly #streamMenu = new StreamMenu();
  readonly #badge = element("p", { class: "badge", hidden: true }, "View only");
  #canvas = newCanvas();
  #dialog: Promise<ShortcutsDialog> | undefined;

  /** True while a picture, live or the last one, is on the stage. */
  hasPicture = false;

  /** Shows another display, as if it was picked from the list. */
  readonly chooseStream: (stream: StreamName) => void;

  constructor(handlers: WindowHandlers) {
    this.chooseStream = (stream) => handlers.streamChosen(stream);
    this.stats = new StatsOverlay(() => {
      handlers.toolbarAction("stats");
      this.stage.focus();
    });
    this.toolbar = new Toolbar((action) => handlers.toolbarAction(action), this.#streamMenu.root);
    this.timeline = new TimelineGate({
      stage: this.stage,
      notice: (text) => this.notices.show(text),
      ...handlers.timeline,
    });
    this.#screens = new StateScreens(
      (action) => handlers.screenAction(action),
      (stream) => handlers.streamChosen(stream),
    );
    this.#streamMenu.onChoice = (stream, isByPointer) => {
      handlers.streamChosen(stream);
      // Who clicks goes on in the picture; who uses keys may want the next one.
      if (isByPointer) this.stage.focus();
    };
  }

  /** The canvas that pictures are drawn on. */
  get canvas(): HTMLCanvasElement {
    return this.#canvas;
  }

  /** Puts the elements into `root`. */
  build(root: HTMLElement): void {
    this.stage.append(this.#canvas, this.cursor.root);
    root.replaceChildren(
      this.stage,
      this.#screens.root,
      this.stats.root,
      this.#badge,
      this.network.root,
      this.notices.root,
      this.toolbar.root,
      this.timeline.root,
    );
  }

  /** Displays of a host that has several. */
  get streams(): readonly StreamName[] {
    return this.#streamMenu.streams;
  }

  /** Opens the list of shortcuts, which is loaded when somebody first asks for it. */
  async openShortcuts(): Promise<void> {
    try {
      await (this.#dialog ??= this.#loadDialog()).then((dialog) => dialog.open());
    } catch {
      this.#dialog = undefined;
      this.notices.show("The list of shortcuts could not be loaded");
    }
  }

  async #loadDialog(): Promise<ShortcutsDialog> {
    const url = new URL(SHORTCUTS_BUNDLE, document.baseURI).href;
    const { ShortcutsDialog } = await import(url) as typeof import("./shortcuts_dialog.ts");
    const dialog = new ShortcutsDialog(() => this.stage.focus());
    this.timeline.root.after(dialog.root);
    return dialog;
  }

  /** Adds an element of a capability above the picture and below the toolbar; after `build`. */
  addLayer(layer: HTMLElement): void {
    this.toolbar.root.before(layer);
  }

  /** Puts a new canvas in the place of one that cannot be drawn on any more. */
  replaceCanvas(): HTMLCanvasElement {
    const canvas = newCanvas();
    this.#canvas.replaceWith(canvas);
    this.#canvas = canvas;
    return canvas;
  }

  /** Shows a state; true when the session is over. */
  showState(state: ViewerState, hostName: string): boolean {
    const isOver = OVER.includes(state.name);
    if (isOver) {
      this.#badge.hidden = true;
      this.hasPicture = false;
      this.stats.toggle(false);
      this.#dialog?.then((dialog) => dialog.root.close(), () => {});
      if (isFullscreen()) leaveFullscreen();
    }
    this.stage.classList.toggle("empty", !this.hasPicture);
    // Without a picture there is nothing to type into, and nothing for the toolbar to act on but the
    // choice of another display.
    this.stage.inert = !this.hasPicture;
    this.toolbar.root.hidden = isOver || !(this.hasPicture || this.#streamMenu.isShown);
    this.timeline.setVisible(!isOver && this.hasPicture);
    this.#screens.show(state, hostName, this.hasPicture);
    if (isOver) this.#screens.focus();
    if (state.name === "playing" && document.activeElement === document.body) this.stage.focus();
    return isOver;
  }

  /** Offers the displays of a host that has several. */
  showStreams(streams: readonly StreamName[], streamId: number | undefined): void {
    this.#streamMenu.show(streams, streamId);
    if (this.#streamMenu.isShown) this.toolbar.root.hidden = false;
  }

  /** Shows whether the viewer may send input. */
  showRights(mayInput: boolean, hostName: string): void {
    this.#badge.hidden = mayInput;
    this.stage.setAttribute(
      "aria-label",
      mayInput
        ? `Desktop of ${hostName}. Keys go to the host; Control Alt Shift Z releases them.`
        : `Desktop of ${hostName}, view only.`,
    );
  }
}

function newCanvas(): HTMLCanvasElement {
  return element("canvas", { class: "picture", width: "16", height: "9" });
}
