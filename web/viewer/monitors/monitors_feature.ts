/**
 * monitorsFeature: the page's half of monitors: keeps what the host said of its screens, has the screen
 * follow the window where that is wanted (`?fit=1`, or the switch in the panel), and is the door to the
 * panel, to displays side by side and to words about published streams, loaded with their first use.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import type { ScreenDescription } from "../../../src/wire/monitor_messages.ts";
import type { PageFeature, PageFeatureContext, PageSession } from "../features/page_feature.ts";
import { loadStyle } from "../ui/load_style.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { DisplaysHandle, DisplaysView } from "./displays_handle.ts";
import { screenOf, streamsBeside } from "./monitor_map.ts";
import type { MonitorEvent } from "./monitor_messages.ts";
import type { PublishedEvent } from "../published/published.ts";
import { WindowFit } from "./window_fit.ts";

const BUNDLE = "displays.js";
const STYLE = "displays.css";
/** Word of the address that turns the fit on. */
const FIT_WORD = "fit";

type PublishedModule = typeof import("../published/published.ts");
type DisplaysModule = typeof import("./displays.ts");
type SideBySide = InstanceType<DisplaysModule["SideBySide"]>;

/** Makes it. */
export function monitorsFeature(context: PageFeatureContext): PageFeature {
  return new MonitorsFeature(context);
}

class MonitorsFeature implements PageFeature {
  readonly workerMessages = ["monitors"] as const;
  readonly shortcuts = ["displays"] as const;
  readonly #context: PageFeatureContext;
  readonly #button: HTMLButtonElement;
  readonly #fit: WindowFit<ReturnType<typeof setTimeout>>;
  readonly #observer = new ResizeObserver(() => this.#fit.windowChanged());
  #screens: readonly ScreenDescription[] = [];
  #streamId: number | undefined;
  #mayResize = false;
  #wantsFit = new URLSearchParams(location.search).get(FIT_WORD) === "1";
  #loading: Promise<DisplaysHandle | undefined> | undefined;
  #handle: DisplaysHandle | undefined;
  #sides: SideBySide | undefined;
  #isBeside = false;
  #published: PublishedEvent | undefined;

  constructor(context: PageFeatureContext) {
    this.#context = context;
    const { toolbar, stage } = context.window;
    this.#button = toolbar.addButton(
      { action: "displays", icon: "displays", label: "Displays" },
      () => void this.#toggle(),
    );
    this.#button.setAttribute("aria-pressed", "false");
    this.#button.hidden = true;
    this.#fit = new WindowFit({
      measure: () => ({
        width: stage.clientWidth,
        height: stage.clientHeight,
        scale: devicePixelRatio,
      }),
      ask: (size) => this.#ask(size),
      setTimer: (run, waitMs) => setTimeout(run, waitMs),
      clearTimer: (timer) => clearTimeout(timer),
    });
    this.#observer.observe(stage);
  }

  onWorkerMessage(message: WorkerMessage): void {
    if (message.type !== "monitors") return;
    const { event } = message;
    if (event.type === "published_list") {
      this.#published = event;
      void this.#showPublished();
    } else this.#take(event);
    this.#update();
  }

  onShortcut(): void {
    void this.#toggle();
  }

  onConnected({ permissions, streamId }: PageSession): void {
    this.#streamId = streamId;
    this.#mayResize = permissions.includes("keyboard") || permissions.includes("pointer");
    // The host is asked anew when it has told its screens.
    this.#screens = [];
    this.#fit.toggle(false);
    this.#showBeside();
    this.#update();
  }

  onStream(streamId: number): void {
    this.#streamId = streamId;
    void this.#showPublished();
    this.#startFit();
    this.#showBeside();
    this.#update();
  }

  /** A host that tells no screens has told its streams by now. */
  onPicture(): void {
    if (this.#isBeside && this.#screens.length === 0) this.#showBeside();
  }

  close(): void {
    this.#observer.disconnect();
    this.#fit.close();
    this.#handle?.close();
  }

  #take(event: Exclude<MonitorEvent, PublishedEvent>): void {
    if (event.type === "monitor_list") {
      const isFirst = this.#screens.length === 0;
      const others = this.#others;
      this.#screens = event.screens;
      if (isFirst) this.#startFit();
      // A screen with another size is no reason to begin anew.
      if (JSON.stringify(others) !== JSON.stringify(this.#others)) this.#showBeside();
      return;
    }
    if (event.outcome === "done") return;
    this.#context.window.notices.show(`The display keeps its size: ${event.reason}`);
    this.#setFit(false);
  }

  async #showPublished(): Promise<void> {
    if (this.#published === undefined) return;
    const { PublishedNotes } = await load<PublishedModule>("published.js");
    PublishedNotes.of(this.#context.window).show(this.#published, this.#streamId);
  }

  /** As the address or the switch wants it, where this display can. */
  #startFit(): void {
    const isPossible = this.#fitRefusal === undefined;
    if (this.#fit.isOn === (this.#wantsFit && isPossible)) return this.#fit.screenChanged();
    this.#fit.toggle(this.#wantsFit && isPossible);
  }

  #setFit(isOn: boolean): void {
    this.#wantsFit = isOn;
    const address = new URL(location.href);
    if (isOn) address.searchParams.set(FIT_WORD, "1");
    else address.searchParams.delete(FIT_WORD);
    history.replaceState(null, "", address);
    this.#fit.toggle(isOn);
    this.#update();
  }

  get #others(): StreamName[] {
    return streamsBeside(this.#context.window.streams, this.#screens, this.#streamId);
  }

  #setBeside(isOn: boolean): void {
    this.#isBeside = isOn;
    this.#showBeside();
    this.#update();
  }

  /** Again with each connection and each choice: the host forgets them then. */
  #showBeside(): void {
    this.#sides?.show(this.#isBeside ? this.#others : []);
  }

  #ask(size: { width: number; height: number; scale: number }): void {
    const screen = screenOf(this.#screens, this.#streamId);
    if (screen === undefined) return;
    const command = { type: "resize_display", streamId: screen.streamId, ...size } as const;
    this.#context.send({ type: "monitors", command });
  }

  get #fitRefusal(): string | undefined {
    const screen = screenOf(this.#screens, this.#streamId);
    if (!this.#mayResize) return "Only who may use the mouse or the keyboard can do that.";
    if (screen === undefined) return "This display has no screen whose size could change.";
    if (!screen.isResizable) return "This is a real display: its host does not let it be resized.";
    if (screen.streamId !== this.#streamId) return "Only a whole display can be fitted.";
    return undefined;
  }

  get #view(): DisplaysView {
    const { window } = this.#context;
    return {
      streams: window.streams.length > 0 ? window.streams : this.#unnamed,
      screens: this.#screens,
      streamId: this.#streamId,
      isFit: this.#fit.isOn,
      fitRefusal: this.#fitRefusal,
      isBeside: this.#isBeside,
      hasOthers: this.#others.length > 0,
    };
  }

  /** The only display of a host has no name in its list. */
  get #unnamed(): DisplaysView["streams"] {
    return this.#screens.map(({ streamId }) => ({ id: streamId, name: this.#context.hostName }));
  }

  #update(): void {
    const isWorth = this.#screens.some(({ isResizable, monitors }) => {
      return isResizable || monitors.length > 1;
    });
    this.#button.hidden = !isWorth && this.#context.window.streams.length < 2;
    if (this.#handle?.isOpen === true) this.#handle.show(this.#view);
  }

  async #toggle(): Promise<void> {
    if (this.#handle?.isOpen === true) return this.#handle.close();
    const handle = await this.#load();
    handle?.show(this.#view);
    handle?.open();
  }

  #load(): Promise<DisplaysHandle | undefined> {
    this.#loading ??= this.#import();
    return this.#loading;
  }

  async #import(): Promise<DisplaysHandle | undefined> {
    const { window, send } = this.#context;
    try {
      const [{ DisplaysPanel, SideBySide }] = await Promise.all([
        load<DisplaysModule>(BUNDLE),
        loadStyle(STYLE),
      ]);
      const handle = new DisplaysPanel({
        choose: (streamId) => this.#choose(streamId),
        fit: (isOn) => this.#setFit(isOn),
        beside: (isOn) => this.#setBeside(isOn),
        opened: (isOpen) => this.#opened(isOpen),
      });
      this.#sides = new SideBySide({
        viewer: this.#context.root,
        send: (command, transfer) => send({ type: "side_views", command }, transfer),
        choose: (streamId) => this.#choose(streamId),
      });
      window.addLayer(this.#sides.root);
      window.addLayer(handle.root);
      this.#handle = handle;
      return handle;
    } catch {
      this.#loading = undefined;
      window.notices.show("The list of displays could not be loaded");
      return undefined;
    }
  }

  #choose(streamId: number): void {
    const stream = this.#context.window.streams.find(({ id }) => id === streamId);
    if (stream !== undefined) this.#context.window.chooseStream(stream);
  }

  #opened(isOpen: boolean): void {
    this.#button.setAttribute("aria-pressed", String(isOpen));
    if (isOpen) this.#context.releaseInput();
    else this.#context.window.stage.focus();
  }
}

/** A bundle that lies beside the page; the browser loads it once. */
function load<T>(name: string): Promise<T> {
  return import(new URL(name, document.baseURI).href);
}
