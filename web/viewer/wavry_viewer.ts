/**
 * WavryViewer: the custom element `<wavry-viewer>`: joins the receive worker, the keeper of the
 * connection, input and everything that is shown around the picture. The video path does not pass
 * through it: pictures go from the worker to the canvas.
 */

import type { Role } from "../../src/wire/control.ts";
import { missingFeature } from "./capabilities.ts";
import { ConnectionKeeper } from "./connection_keeper.ts";
import { InputControl } from "./input/input_control.ts";
import type { FirstPictureTimes, RendererChoice, WorkerMessage } from "./worker_messages.ts";
import type { MeasurementReport } from "./receive/frame_log.ts";
import { SessionClient } from "./session_client.ts";
import { element } from "./ui/element.ts";
import { RemoteCursor } from "./ui/remote_cursor.ts";
import { ShortcutsDialog } from "./ui/shortcuts_dialog.ts";
import type { ShortcutAction } from "./ui/shortcuts.ts";
import { StateScreens } from "./ui/state_screens.ts";
import type { ScreenAction } from "./ui/screen_texts.ts";
import { StatsOverlay } from "./ui/stats_overlay.ts";
import { Toolbar } from "./ui/toolbar.ts";
import type { ToolbarAction } from "./ui/toolbar.ts";
import { Notices } from "./ui/notices.ts";
import { enterFullscreen, isFullscreen, leaveFullscreen } from "./ui/fullscreen.ts";
import type { ViewerState } from "./viewer_state.ts";
import { WorkerClient } from "./worker_client.ts";

/** A graphics driver that loses so many drawing contexts is not asked again. */
const CONTEXT_LOSSES_MAX = 3;
/** What the viewer is called until the host told its name. */
const UNNAMED_HOST = "the host";

/** How a viewer starts. */
export interface ViewerOptions {
  /** The link's, when the page was opened with one. */
  readonly secret?: string | undefined;
  /** Opens the statistics at once. */
  readonly showStats?: boolean;
  /** Drawing path, for those who look into a problem with one. */
  readonly renderer?: RendererChoice | undefined;
}

/** Shows and controls one host. */
export class WavryViewer extends HTMLElement {
  readonly #stage = element("div", { class: "stage", tabindex: "0", role: "application" });
  readonly #notices = new Notices();
  readonly #screens = new StateScreens((action) => this.#screenAction(action));
  readonly #stats = new StatsOverlay();
  readonly #toolbar = new Toolbar((action) => this.#toolbarAction(action));
  readonly #dialog = new ShortcutsDialog(() => this.#stage.focus());
  readonly #badge = element("p", { class: "badge", hidden: true }, "View only");
  readonly #cursor = new RemoteCursor(this.#stage);
  readonly #input = new InputControl(this.#stage, this.#cursor, {
    send: (record, datagram) => this.#worker?.sendInput(record, datagram),
    shortcut: (action) => this.#shortcut(action),
    changed: () => this.#updateControls(),
  });
  #canvas = newCanvas();
  #worker: WorkerClient | undefined;
  #keeper: ConnectionKeeper | undefined;
  #role: Role | undefined;
  #streamId = 0;
  #hostName = UNNAMED_HOST;
  #hasPicture = false;
  #firstPicture: FirstPictureTimes | undefined;
  #contextLosses = 0;
  #beatTimer: ReturnType<typeof setInterval> | undefined;

  /** Connects: with the link's secret, or with the session that this browser has. */
  start(options: ViewerOptions = {}): void {
    if (this.#keeper !== undefined) return;
    const keeper = this.#makeKeeper(new SessionClient(options.secret));
    this.#keeper = keeper;
    const missing = missingFeature(globalThis as unknown as Record<string, unknown>);
    if (missing === undefined) {
      // Both take their time elsewhere, so they begin before the page is built.
      this.#worker = this.#startWorker(keeper, options.renderer ?? "auto");
      keeper.start();
    } else {
      keeper.cannotPlay(missing, "");
    }
    this.#build();
    if (options.showStats === true) this.#toggleStats();
    this.#showState(keeper.state);
  }

  /** What the viewer is doing. */
  get state(): ViewerState | undefined {
    return this.#keeper?.state;
  }

  /** When the steps up to the first picture of this connection happened, microseconds since 1970. */
  get firstPicture(): FirstPictureTimes | undefined {
    return this.#firstPicture;
  }

  /** Begins to keep what happens to each frame; `marker` reads the content's marker back. */
  startMeasurement(options: { readonly marker: boolean }): void {
    this.#worker?.send({ type: "measure", marker: options.marker });
  }

  /** What was measured since the start or the last call. */
  async takeMeasurements(): Promise<MeasurementReport | undefined> {
    return await this.#worker?.takeMeasurements();
  }

  #build(): void {
    this.#stage.append(this.#canvas, this.#cursor.root);
    this.replaceChildren(
      this.#stage,
      this.#screens.root,
      this.#stats.root,
      this.#badge,
      this.#notices.root,
      this.#toolbar.root,
      this.#dialog.root,
    );
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#keeper?.pageShown();
    });
    document.addEventListener("fullscreenchange", () => this.#updateControls());
  }

  #startWorker(keeper: ConnectionKeeper, renderer: RendererChoice): WorkerClient {
    const worker = new WorkerClient(
      new URL("receive_worker.js", document.baseURI),
      (message) => this.#workerMessage(message),
      (reason) => keeper.cannotPlay("codec", `The viewer's worker failed: ${reason}`),
    );
    worker.useCanvas(this.#canvas, renderer);
    return worker;
  }

  #makeKeeper(session: SessionClient): ConnectionKeeper {
    return new ConnectionKeeper({
      open: () => {
        performance.mark("wavry:session");
        return session.open();
      },
      connect: (info) => {
        performance.mark("wavry:dial");
        this.#hostName = info.name === "" ? UNNAMED_HOST : info.name;
        this.#streamId = info.streamId;
        document.title = `${this.#hostName} - Wavry`;
        this.#worker?.send({ type: "connect", info });
      },
      disconnect: (quit) => this.#worker?.send({ type: "disconnect", quit }),
      isVisible: () => document.visibilityState === "visible",
      changed: (state) => this.#showState(state),
      setTimer: (run, waitMs) => setTimeout(run, waitMs),
      clearTimer: (timer) => clearTimeout(timer),
      nowMs: () => performance.now(),
      random: Math.random,
    });
  }

  #workerMessage(message: Exclude<WorkerMessage, { type: "measurements" }>): void {
    switch (message.type) {
      case "connected":
        return this.#connected(message.role, message.heartbeatMs);
      case "catalog":
        return;
      case "stream_state":
        return this.#keeper?.streamChanged(message.state, message.reason);
      case "cursor":
        return this.#cursor.update(message.cursor);
      case "picture":
        return this.#input.resizePicture(message.width, message.height);
      case "first_picture":
        return this.#pictureShown(message.times);
      case "stats":
        return this.#stats.update(message.stats);
      case "disconnected":
        this.#disconnected();
        return this.#keeper?.disconnected(message.ended);
      case "canvas_lost":
        return this.#replaceCanvas();
      case "cannot_play":
        return this.#keeper?.cannotPlay("codec", message.message);
    }
  }

  #connected(role: Role, heartbeatMs: number): void {
    this.#role = role;
    this.#badge.hidden = role !== "viewer";
    if (role === "player") {
      this.#input.begin(this.#streamId);
      clearInterval(this.#beatTimer);
      this.#beatTimer = setInterval(() => this.#input.beat(), heartbeatMs);
    }
    this.#keeper?.connected();
    this.#updateControls();
  }

  #disconnected(): void {
    clearInterval(this.#beatTimer);
    this.#input.end();
    this.#cursor.clear();
  }

  #pictureShown(times: FirstPictureTimes): void {
    this.#hasPicture = true;
    this.#firstPicture = times;
    for (const [name, atUs] of Object.entries(times)) {
      const startTime = Math.max(0, atUs / 1000 - performance.timeOrigin);
      performance.mark(`wavry:${name}`, { startTime });
    }
    this.#keeper?.pictureShown();
  }

  #showState(state: ViewerState): void {
    this.dataset["state"] = state.name;
    const isOver = ["refused", "ended", "unsupported"].includes(state.name);
    if (isOver) {
      this.#disconnected();
      this.#badge.hidden = true;
      this.#hasPicture = false;
      if (isFullscreen()) leaveFullscreen();
    }
    this.#stage.classList.toggle("empty", !this.#hasPicture);
    this.#screens.show(state, this.#hostName, this.#hasPicture);
    // Without a picture there is nothing to type into, and nothing for the toolbar to act on.
    this.#stage.inert = !this.#hasPicture;
    this.#toolbar.root.hidden = !this.#hasPicture;
    if (isOver) {
      this.#stats.toggle(false);
      this.#screens.focus();
    }
    if (state.name === "playing" && document.activeElement === document.body) this.#stage.focus();
    this.#updateControls();
  }

  #updateControls(): void {
    const mayControl = this.#role === "player";
    this.#toolbar.update({
      isFullscreen: isFullscreen(),
      isRelative: this.#input.isRelative,
      hasStats: this.#stats.isShown,
      mayControl,
    });
    this.#stage.setAttribute(
      "aria-label",
      mayControl
        ? `Desktop of ${this.#hostName}. Keys go to the host; Control Alt Shift Z releases them.`
        : `Desktop of ${this.#hostName}, view only.`,
    );
  }

  #shortcut(action: ShortcutAction): void {
    switch (action) {
      case "menu":
        return this.#toolbar.focus();
      case "capture":
        return this.#notices.show(
          this.#input.toggleCapture()
            ? "Keyboard and mouse control the host"
            : "Keyboard and mouse released",
        );
      case "cursor":
        return this.#notices.show(this.#cursor.toggle() ? "Pointer shown" : "Pointer hidden");
      case "game_mode":
        if (!isFullscreen()) enterFullscreen(this);
        if (!this.#input.isRelative) this.#toggleMouseMode();
        return;
      case "fullscreen":
      case "stats":
      case "mouse_mode":
      case "quit":
        return this.#toolbarAction(action);
    }
  }

  #toolbarAction(action: ToolbarAction): void {
    switch (action) {
      case "fullscreen":
        if (isFullscreen()) leaveFullscreen();
        else enterFullscreen(this);
        return;
      case "mouse_mode":
        this.#toggleMouseMode();
        return;
      case "stats":
        return this.#toggleStats();
      case "shortcuts":
        this.#input.release();
        return this.#dialog.open();
      case "quit":
        this.#input.release();
        return this.#keeper?.quit();
    }
  }

  async #toggleMouseMode(): Promise<void> {
    const problem = await this.#input.toggleRelative();
    if (problem !== undefined) this.#notices.show(problem);
    else if (this.#input.isRelative) this.#notices.show("Relative mouse: Escape ends it");
  }

  #toggleStats(): void {
    this.#stats.toggle(!this.#stats.isShown);
    this.#worker?.send({ type: "timings", enabled: this.#stats.isShown });
    this.#updateControls();
  }

  #screenAction(action: ScreenAction): void {
    if (action === "reload") location.reload();
    else if (action === "leave") this.#keeper?.quit();
    else this.#keeper?.start();
  }

  /** The drawing context is lost: a new canvas, and after some losses one drawn the plain way. */
  #replaceCanvas(): void {
    const canvas = newCanvas();
    this.#canvas.replaceWith(canvas);
    this.#canvas = canvas;
    const isUnreliable = ++this.#contextLosses >= CONTEXT_LOSSES_MAX;
    this.#worker?.useCanvas(canvas, isUnreliable ? "canvas2d" : "auto");
  }
}

function newCanvas(): HTMLCanvasElement {
  return element("canvas", { class: "picture", width: "16", height: "9" });
}
