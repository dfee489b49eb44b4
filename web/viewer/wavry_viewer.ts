/**
 * WavryViewer: the custom element `<wavry-viewer>`: joins the receive worker, the keeper of the
 * connection, input and everything that is shown around the picture. The video path does not pass
 * through it: pictures go from the worker to the canvas.
 */

import type { StreamName } from "../../src/wire/control.ts";
import { obstacleOf } from "./capabilities.ts";
import { ConnectionKeeper } from "./connection_keeper.ts";
import { PageFeatures } from "./features/page_features.ts";
import { InputControl } from "./input/input_control.ts";
import type { FirstPictureTimes, RendererChoice, WorkerMessage } from "./worker_messages.ts";
import type { MeasurementReport } from "./receive/frame_log.ts";
import { SessionClient } from "../shared/session_client.ts";
import { enterFullscreen, isFullscreen, leaveFullscreen } from "./ui/fullscreen.ts";
import type { ScreenAction } from "./ui/screen_texts.ts";
import type { ShortcutAction } from "./ui/shortcuts.ts";
import { mayDecide, mayInput } from "./people/people_rights.ts";
import type { ViewerRights } from "./people/people_rights.ts";
import { planOf } from "./transport/rung_plan.ts";
import type { ToolbarAction } from "./ui/toolbar.ts";
import { ViewerWindow } from "./ui/viewer_window.ts";
import type { ViewerOptions } from "./viewer_options.ts";
import type { ViewerState } from "./viewer_state.ts";
import { WorkerClient } from "./worker_client.ts";

/** A graphics driver that loses so many drawing contexts is not asked again. */
const CONTEXT_LOSSES_MAX = 3;
/** What the viewer is called until the host told its name. */
const UNNAMED_HOST = "the host";

/** Shows and controls one host. */
export class WavryViewer extends HTMLElement {
  readonly #window = new ViewerWindow({
    screenAction: (action) => this.#screenAction(action),
    toolbarAction: (action) => this.#toolbarAction(action),
    streamChosen: (stream) => this.#chooseStream(stream),
    timeline: {
      send: (command) => this.#worker?.send({ type: "playback", command }),
      pastChanged: (isPast) => this.#pastChanged(isPast),
      mayControl: () => mayDecide(this.#rights),
    },
  });
  readonly #input = new InputControl(this.#window.stage, this.#window.cursor, {
    send: (record, datagram) => this.#worker?.sendInput(record, datagram),
    shortcut: (action) => this.#shortcut(action),
    otherKey: (event) => this.#window.timeline.key(event),
    changed: () => this.#updateToolbar(),
  });
  readonly #listening = new AbortController();
  #features: PageFeatures | undefined;
  #worker: WorkerClient | undefined;
  #keeper: ConnectionKeeper | undefined;
  #rights: ViewerRights | undefined;
  #streamId: number | undefined;
  /** Name or id of what is to be shown; undefined for the host's first. */
  #stream: string | undefined;
  #streams: readonly StreamName[] = [];
  #hostName = UNNAMED_HOST;
  #backSeconds: number | undefined;
  #way: string | undefined;
  #firstPicture: FirstPictureTimes | undefined;
  #contextLosses = 0;
  #beatTimer: ReturnType<typeof setInterval> | undefined;

  /** Connects: with the link's secret, or with the session that this browser has. */
  start(options: ViewerOptions = {}): void {
    if (this.#keeper !== undefined) return;
    this.#stream = options.stream;
    this.#backSeconds = options.backSeconds;
    this.#way = options.transport;
    const keeper = this.#makeKeeper(new SessionClient(options.secret));
    this.#keeper = keeper;
    const obstacle = obstacleOf(globalThis, options.transport);
    if (obstacle === undefined) {
      // Both take their time elsewhere, so they begin before the page is built.
      this.#worker = this.#startWorker(keeper, options.renderer ?? "auto");
      keeper.start();
    } else {
      keeper.cannotPlay(obstacle.missing, obstacle.detail);
    }
    this.#window.build(this);
    this.#features = this.#makeFeatures();
    this.#listen();
    if (options.showStats === true) this.#toggleStats();
    this.#showState(keeper.state);
  }

  /** Leaves the session when the element is taken out of the page; it cannot start again. */
  disconnectedCallback(): void {
    this.#keeper?.quit();
    this.#disconnected();
    this.#listening.abort();
    this.#input.close();
    this.#window.timeline.close();
    this.#features?.close();
    this.#worker?.close();
  }

  /** What the viewer is doing. */
  get state(): ViewerState | undefined {
    return this.#keeper?.state;
  }

  /** Name of the display that is shown or on its way; empty for the only one of a host. */
  get streamName(): string {
    return this.#streams.find(({ id }) => id === this.#streamId)?.name ?? this.#stream ?? "";
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

  #listen(): void {
    const options = { signal: this.#listening.signal };
    document.addEventListener("visibilitychange", () => {
      const isVisible = document.visibilityState === "visible";
      this.#worker?.send({ type: "visibility", isVisible });
      if (isVisible) this.#keeper?.pageShown();
    }, options);
    document.addEventListener("fullscreenchange", () => this.#updateToolbar(), options);
  }

  #startWorker(keeper: ConnectionKeeper, renderer: RendererChoice): WorkerClient {
    const worker = new WorkerClient(
      new URL("receive_worker.js", document.baseURI),
      (message) => this.#workerMessage(message),
      (reason) => keeper.cannotPlay("codec", `The viewer's worker failed: ${reason}`),
    );
    worker.useCanvas(this.#window.canvas, renderer);
    return worker;
  }

  #makeFeatures(): PageFeatures {
    const hostName = () => this.#hostName;
    return new PageFeatures({
      ...{ window: this.#window, root: this, input: this.#input },
      send: (message, transfer) => this.#worker?.send(message, transfer),
      sendInput: (record, datagram) => this.#worker?.sendInput(record, datagram),
      releaseInput: () => this.#input.release(),
      setRights: (rights) => {
        this.#setRights(rights);
        this.#features?.onRights(rights);
      },
      get hostName() {
        return hostName();
      },
    });
  }

  #makeKeeper(session: SessionClient): ConnectionKeeper {
    return new ConnectionKeeper({
      open: () => {
        performance.mark("wavry:session");
        return session.open(this.#stream);
      },
      connect: (info) => {
        performance.mark("wavry:ticket");
        this.#hostName = info.name === "" ? UNNAMED_HOST : info.name;
        document.title = `${this.#hostName} - Wavry`;
        const plan = planOf(this.#way);
        this.#worker?.send({ type: "connect", info, stream: this.#stream, plan });
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
        this.#streamId = message.streamId;
        this.#streams = [];
        this.#showStreams();
        return this.#connected(message);
      case "streams":
        this.#streams = message.streams;
        return this.#showStreams();
      case "selected":
        return this.#streamShown(message.streamId);
      case "stream_state":
        return this.#keeper?.streamChanged(message.state, message.reason);
      case "cursor":
        return this.#window.cursor.update(message.cursor);
      case "picture":
        return this.#input.resizePicture(message.width, message.height);
      case "first_picture":
        return this.#pictureShown(message.times);
      case "stats":
        return this.#window.stats.update(message.stats);
      case "recording":
        return this.#window.timeline.setRecording(message.streamId, message.startedMs);
      case "playback":
        return this.#window.timeline.take(message.event);
      case "network_notice":
        return this.#window.network.show(message.notice);
      case "disconnected":
        this.#disconnected();
        return this.#keeper?.disconnected(message.ended);
      case "canvas_lost":
        return this.#replaceCanvas();
      case "cannot_play":
        return this.#keeper?.cannotPlay(message.missing, message.message);
      default:
        return this.#features?.onWorkerMessage(message);
    }
  }

  /** A person chose a display: in the session that runs, else with a new one. */
  #chooseStream({ id, name }: StreamName): void {
    const isRunning = this.#streams.some((stream) => stream.id === id);
    if (isRunning && id === this.#streamId) return;
    this.#stream = name;
    this.#streamId = id;
    this.dispatchEvent(new Event("streamchange"));
    if (!isRunning) return this.#keeper?.start();
    this.#input.pause();
    this.#window.cursor.clear();
    this.#worker?.send({ type: "select_stream", streamId: id });
    this.#features?.onStream(id);
    this.#showStreams();
  }

  #streamShown(streamId: number): void {
    // Somebody who goes through the list is on to the next one already.
    if (streamId !== this.#streamId) return;
    this.#resumeInput();
    this.#window.notices.show(`Display: ${this.streamName}`);
  }

  #showStreams(): void {
    this.#window.showStreams(this.#streams, this.#streamId);
    if (this.#streamId !== undefined) this.#window.timeline.setStream(this.#streamId);
  }

  #connected(message: WorkerMessage & { type: "connected" }): void {
    const { role, permissions, heartbeatMs, takesOver } = message;
    const streamId = this.#streamId ?? 0;
    if (takesOver) this.#features?.onDisconnected();
    this.#setRights({ role, permissions });
    if (takesOver) this.#input.move(streamId, () => this.#worker?.send({ type: "input_moved" }));
    else if (mayInput({ role, permissions })) this.#input.begin(streamId);
    if (this.#window.timeline.isPast) this.#input.pause();
    clearInterval(this.#beatTimer);
    // Of who sends no input now: it may be allowed later.
    this.#beatTimer = setInterval(() => this.#input.beat(), heartbeatMs);
    this.#features?.onConnected({ role, permissions, streamId });
    if (!takesOver) this.#keeper?.connected();
  }

  #setRights(rights: ViewerRights): void {
    this.#rights = rights;
    this.#window.showRights(mayInput(rights), this.#hostName);
    this.#updateToolbar();
  }

  #disconnected(): void {
    clearInterval(this.#beatTimer);
    this.#features?.onDisconnected();
    this.#input.end();
    this.#window.cursor.clear();
  }

  #pictureShown(times: FirstPictureTimes): void {
    this.#window.hasPicture = true;
    this.#firstPicture = times;
    for (const [name, atUs] of Object.entries(times)) {
      const startTime = Math.max(0, atUs / 1000 - performance.timeOrigin);
      performance.mark(`wavry:${name.replace(/Us$/, "")}`, { startTime });
    }
    this.#keeper?.pictureShown();
    this.#features?.onPicture();
    this.#window.timeline.prepare(this.#backSeconds);
  }

  /** Hands reach the host while the present is shown, and only then. */
  #pastChanged(isPast: boolean): void {
    this.#window.stage.classList.toggle("past", isPast);
    if (!isPast) return this.#resumeInput();
    if (this.#input.isRelative) document.exitPointerLock();
    this.#input.pause();
  }

  #resumeInput(): void {
    if (!this.#window.timeline.isPast) this.#input.resume(this.#streamId ?? 0);
  }

  #showState(state: ViewerState): void {
    this.dataset["state"] = state.name;
    if (this.#window.showState(state, this.#hostName)) this.#disconnected();
    this.#updateToolbar();
  }

  #updateToolbar(): void {
    this.#window.toolbar.update({
      isFullscreen: isFullscreen(),
      isRelative: this.#input.isRelative,
      hasStats: this.#window.stats.isShown,
      mayControl: this.#rights?.permissions.includes("pointer") === true,
    });
  }

  #shortcut(action: ShortcutAction): void {
    switch (action) {
      case "menu":
        return this.#window.toolbar.focus();
      case "capture":
        return this.#window.notices.show(
          this.#input.toggleCapture()
            ? "Keyboard and mouse control the host"
            : "Keyboard and mouse released",
        );
      case "cursor":
        return this.#window.notices.show(
          this.#window.cursor.toggle() ? "Pointer shown" : "Pointer hidden",
        );
      case "game_mode":
        if (!isFullscreen()) enterFullscreen(this);
        if (!this.#input.isRelative) this.#toggleMouseMode();
        return;
      case "timeline":
        return this.#openTimeline();
      case "fullscreen":
      case "stats":
      case "mouse_mode":
      case "quit":
        return this.#toolbarAction(action);
      default:
        return this.#features?.onShortcut(action);
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
        return void this.#window.openShortcuts();
      case "quit":
        this.#input.release();
        return this.#keeper?.quit();
    }
  }

  #openTimeline(): void {
    const { timeline, notices } = this.#window;
    if (!timeline.isOffered) return notices.show("This host holds no replay");
    this.#input.release();
    timeline.open(true);
  }

  async #toggleMouseMode(): Promise<void> {
    const problem = await this.#input.toggleRelative();
    if (problem !== undefined) this.#window.notices.show(problem);
    else if (this.#input.isRelative) this.#window.notices.show("Relative mouse: Escape ends it");
  }

  #toggleStats(): void {
    const { stats } = this.#window;
    stats.toggle(!stats.isShown);
    this.#worker?.send({ type: "timings", enabled: stats.isShown });
    this.#updateToolbar();
  }

  #screenAction(action: ScreenAction): void {
    if (action === "reload") location.reload();
    else if (action === "leave") this.#keeper?.quit();
    else this.#keeper?.start();
  }

  /** The drawing context is lost: a new canvas, and after some losses one drawn the plain way. */
  #replaceCanvas(): void {
    const isUnreliable = ++this.#contextLosses >= CONTEXT_LOSSES_MAX;
    this.#worker?.useCanvas(this.#window.replaceCanvas(), isUnreliable ? "canvas2d" : "auto");
  }
}
