/**
 * DisplaySources: what each stream captures: an X display that is there, a virtual one that it starts
 * and keeps running, or the pattern where not even that can be had. Each is on its own: what happens
 * to one screen concerns one stream.
 */

import type { Logger } from "../../core/log.ts";
import type { MediaStreamConfig } from "../../ipc/media_command.ts";
import type { ChildReaper } from "../processes/child_reaper.ts";
import type { ServerConfig } from "../config/config.ts";
import type { PictureSize } from "../config/option_schemas.ts";
import type { DisplayPlan } from "./displays.ts";
import { ScreenControl } from "./screen_control.ts";
import type { ResizeOutcome, ScreenControlOptions, ScreenLayout } from "./screen_control.ts";
import { VirtualDisplay } from "./virtual_display.ts";
import type { XServer } from "./virtual_display.ts";
import { cookieEntry, userXauthority, writeXauthority } from "./xauthority.ts";

/** What a stream captures. */
export interface DisplaySource extends
  Pick<
    MediaStreamConfig,
    "source" | "display" | "monitor" | "width" | "height" | "framebufferShmId"
  > {
  /** For people, such as `virtual display :7`. */
  readonly text: string;
  /** Its screen has ended and is being started again: there is nothing to open. */
  readonly isGone?: true;
}

/** What sources are made of. */
export interface DisplaySourcesOptions {
  readonly config: Pick<ServerConfig, "size" | "maxSize" | "allowResize" | "fps">;
  /** The displays in the order of their stream ids. */
  readonly plans: readonly DisplayPlan[];
  /** Folder of the program. */
  readonly root: string;
  readonly log: Logger;
  /** Variables for the programs of virtual screens. */
  readonly environment?: () => Readonly<Record<string, string>>;
  /** A screen ended and started anew: its stream must be captured anew. */
  readonly onChanged: (streamId: number) => void;
}

/** Where screens keep their files, and what ends them when this process is killed. */
export interface DisplayFolder {
  /** Private to this process; its owner removes it. */
  readonly path: string;
  readonly reaper: ChildReaper;
}

/** The sources of all streams. */
export class DisplaySources {
  readonly #options: DisplaySourcesOptions;
  readonly #sources: DisplaySource[];
  readonly #virtual = new Map<number, VirtualDisplay>();
  /** X servers of virtual displays that run now, whether they have their size yet or not. */
  readonly #servers = new Map<number, XServer>();
  readonly #controls = new Map<number, ScreenControl>();
  /** Streams that show a monitor of another stream's screen. */
  readonly #monitors = new Map<number, { readonly screenId: number; readonly name: string }>();
  #folder: DisplayFolder | undefined;
  #isClosed = false;

  /** Hears that the layout of a stream's screen is known or another one. */
  onLayout: (streamId: number, layout: ScreenLayout) => void = () => {};

  constructor(options: DisplaySourcesOptions) {
    this.#options = options;
    this.#sources = options.plans.map((plan) => this.#sourceOf(plan));
  }

  /** What a stream captures; the pattern while its screen has not started. */
  get(streamId: number): DisplaySource {
    const monitor = this.#monitors.get(streamId);
    if (monitor === undefined) {
      this.#controls.get(streamId)?.revive();
      return this.#sources[streamId] ?? this.#pattern("test pattern");
    }
    const screen = this.get(monitor.screenId);
    const text = `monitor ${monitor.name} of ${screen.text}`;
    return { ...screen, width: 0, height: 0, monitor: monitor.name, text };
  }

  /** Has a stream show a monitor of the screen that another stream shows whole. */
  showMonitor(streamId: number, screenId: number, name: string): void {
    this.#monitors.set(streamId, { screenId, name });
  }

  /** How the screen of a stream is divided; undefined where that is not known. */
  layout(streamId: number): ScreenLayout | undefined {
    return this.#controls.get(streamId)?.layout;
  }

  /** True for a screen that was started here. */
  isVirtual(streamId: number): boolean {
    return this.#options.plans[streamId]?.kind === "virtual";
  }

  /** Largest size that the screen of a stream may be given; undefined where it may be given none. */
  maxSize(streamId: number): PictureSize | undefined {
    const kind = this.#options.plans[streamId]?.kind;
    const isOurs = kind === "virtual" || (kind === "display" && this.#options.config.allowResize);
    return isOurs && this.#controls.has(streamId) ? this.#largest : undefined;
  }

  /** Gives the screen of a stream another size; never rejects. */
  async resize(streamId: number, size: PictureSize, dpi: number): Promise<ResizeOutcome> {
    const none = { width: 0, height: 0, isDone: false, why: "there is no such screen" };
    return await this.#controls.get(streamId)?.resize(size, dpi) ?? none;
  }

  /** What the media process needs in its environment to open the screens. */
  get environment(): Record<string, string> {
    const folder = this.#folder;
    if (folder === undefined || this.#virtual.size === 0) return {};
    return { XAUTHORITY: authorityOf(folder) };
  }

  /** Starts the virtual screens, all at once; rejects never, but for a fault of this program. */
  async open(folder: DisplayFolder): Promise<void> {
    this.#folder = folder;
    await Promise.all(this.#options.plans.map(async ({ kind }, streamId) => {
      if (kind === "virtual") await this.#start(streamId, folder);
    }));
    for (const [streamId, { kind, display }] of this.#options.plans.entries()) {
      if (kind === "display") {
        this.#control(streamId, folder, {
          display: () => display,
          environment: () => this.environment,
        });
      }
    }
  }

  /** Ends the virtual screens; never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#controls.values()].map((control) => control.close()));
    await Promise.all([...this.#virtual.values()].map((display) => display.close()));
  }

  async #start(streamId: number, folder: DisplayFolder): Promise<void> {
    const { config, root, log } = this.#options;
    const path = `${folder.path}/screen${streamId}`;
    try {
      await Deno.mkdir(path, { mode: 0o700 });
      const display = await VirtualDisplay.start({
        size: config.size,
        maxSize: this.#largest,
        fps: config.fps,
        application: `${root}/build/native/wavry_scene`,
        seed: streamId + 1,
        environment: this.#options.environment?.() ?? {},
        folder: path,
        reaper: folder.reaper,
        log,
        onServer: (server) => this.#onServer(streamId, server),
        onServerEnded: () => {
          this.#servers.delete(streamId);
          this.#sources[streamId] = this.#gone();
        },
        prepare: (_server, XAUTHORITY) => this.#prepare(streamId, folder, XAUTHORITY),
      });
      this.#virtual.set(streamId, display);
      this.#writeAuthority();
      if (this.#isClosed) await display.close();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.warn("No display to show, showing the test pattern", { stream: streamId, why });
      this.#sources[streamId] = this.#pattern(`test pattern (${why})`);
    }
  }

  /** Gives a virtual screen its size, before a program sees the framebuffer's. */
  async #prepare(streamId: number, folder: DisplayFolder, XAUTHORITY: string): Promise<void> {
    const control = this.#control(streamId, folder, {
      display: () => this.#servers.get(streamId)?.display ?? "",
      environment: () => ({ XAUTHORITY }),
    });
    const { isDone, why } = await control.resize(this.#options.config.size);
    if (!isDone) this.#options.log.warn("Cannot set the size of a screen", { why });
  }

  #control(
    streamId: number,
    { reaper }: DisplayFolder,
    screen: Pick<ScreenControlOptions, "display" | "environment">,
  ): ScreenControl {
    const { root, log } = this.#options;
    const control = new ScreenControl({
      program: `${root}/build/native/wavry_screen`,
      ...{ reaper, log, ...screen },
      onLayout: (layout) => this.onLayout(streamId, layout),
    });
    this.#controls.set(streamId, control);
    return control;
  }

  /**
   * A screen has started; it has another framebuffer and perhaps another number than before, and is
   * shown once it has its size again.
   */
  async #onServer(streamId: number, server: XServer): Promise<void> {
    this.#servers.set(streamId, server);
    if (this.#virtual.has(streamId)) await this.#controls.get(streamId)?.begin();
    // It may have ended meanwhile, too.
    if (this.#servers.get(streamId) !== server) return;
    this.#sources[streamId] = this.#virtualSource(server);
    if (!this.#virtual.has(streamId)) return;
    this.#writeAuthority();
    this.#options.onChanged(streamId);
  }

  /** The screens of this process first, by their numbers; then those that the user can open. */
  #writeAuthority(): void {
    if (this.#folder === undefined) return;
    const own = [...this.#virtual.values()].flatMap(({ cookie, server }) => {
      return server === undefined ? [] : cookieEntry(cookie, server.display.slice(1));
    });
    const users = this.#options.plans.some(({ kind }) => kind === "display")
      ? [userXauthority(Deno.env.toObject())]
      : [];
    writeXauthority(authorityOf(this.#folder), [...own, ...users]);
  }

  get #largest(): PictureSize {
    const { size, maxSize } = this.#options.config;
    return {
      width: Math.max(size.width, maxSize.width),
      height: Math.max(size.height, maxSize.height),
    };
  }

  #sourceOf({ kind, display }: DisplayPlan): DisplaySource {
    if (kind !== "display") return this.#pattern("test pattern");
    // The whole screen, whatever its size.
    return {
      ...{ source: "x11", display, width: 0, height: 0, framebufferShmId: -1 },
      text: `display ${display}`,
    };
  }

  #pattern(text: string): DisplaySource {
    const { size } = this.#options.config;
    return { source: "pattern", display: "", ...size, framebufferShmId: -1, text };
  }

  /**
   * A server that lets everybody in may have taken the number of one that ended: who opened it then
   * would show a stranger's screen, and give it another size.
   */
  #gone(): DisplaySource {
    const text = "virtual display: it is being started again";
    const nowhere = { display: "", width: 0, height: 0, framebufferShmId: -1 };
    return { source: "x11", ...nowhere, text, isGone: true };
  }

  #virtualSource({ display, framebufferShmId }: XServer): DisplaySource {
    const text = `virtual display ${display}`;
    // The whole screen: its size may change.
    return { source: "x11", display, width: 0, height: 0, framebufferShmId, text };
  }
}

function authorityOf(folder: DisplayFolder): string {
  return `${folder.path}/xauthority`;
}
