/**
 * HostMonitors: the screens of a host as viewers see them: tells how each is divided, has a stream for
 * each monitor of a display with several, follows what is plugged in and out, and gives a screen the
 * size that a viewer's window has. At most `--max-monitors` streams of monitors.
 */

import type { FeatureSession, SessionFeature } from "../../session/session_feature.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { ClientMessage, ServerMessage } from "../../wire/control.ts";
import {
  MAX_SCREEN_SCALE,
  MIN_SCREEN_SCALE,
  MIN_SCREEN_SIDE,
} from "../../wire/monitor_messages.ts";
import type { MonitorDescription, ScreenDescription } from "../../wire/monitor_messages.ts";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";
import { cleanName } from "./displays.ts";
import { ResizeWish } from "./resize_wish.ts";
import { fitScreen } from "./screen_control.ts";
import type { ScreenLayout } from "./screen_control.ts";

/** Dots an inch of a screen whose pixels are of usual size. */
const USUAL_DPI = 96;
/** Rates beyond are not told. */
const MAX_REFRESH_MILLIHZ = 10_000_000;

type ResizeRequest = Extract<ClientMessage, { type: "resize_display" }>;

interface Asked {
  readonly request: ResizeRequest;
  readonly session: FeatureSession;
}

interface Desk {
  readonly wish: ResizeWish<Asked>;
  timer: ReturnType<typeof setTimeout> | undefined;
  isBusy: boolean;
}

interface MonitorStream {
  readonly screenId: number;
  readonly name: string;
  readonly streamId: number;
  isPlugged: boolean;
}

/** The screens of one host. */
export class HostMonitors implements HostFeature {
  readonly name = "monitors";
  readonly #context: HostFeatureContext;
  readonly #monitors: MonitorStream[] = [];
  /** One for each screen that somebody wanted another size for. */
  readonly #desks = new Map<number, Desk>();
  readonly #stats = { resizes: 0, refusals: 0, failures: 0, layouts: 0 };

  constructor(context: HostFeatureContext) {
    this.#context = context;
    context.screens().onLayout = (screenId, layout) => this.#onLayout(screenId, layout);
  }

  /** Takes a viewer's wishes. */
  readonly makeSession = (session: FeatureSession): SessionFeature => ({
    messages: ["resize_display"],
    onMessage: (message, nowUs) => {
      if (message.type === "resize_display") this.#ask({ request: message, session }, nowUs);
    },
    close: () => {},
  });

  /** What a new viewer is told. */
  greeting(): Uint8Array[] {
    const list = this.#list();
    return list.screens.length === 0 ? [] : [encodeServerMessage(list)];
  }

  /** Counters for the API. */
  report(): Record<string, unknown> {
    const plugged = this.#monitors.filter(({ isPlugged }) => isPlugged).length;
    return { ...this.#stats, streams: this.#monitors.length, plugged };
  }

  close(): void {
    for (const { timer } of this.#desks.values()) clearTimeout(timer);
  }

  #onLayout(screenId: number, layout: ScreenLayout): void {
    this.#stats.layouts++;
    const plugged = partsOf(layout);
    for (const known of this.#monitors) {
      if (known.screenId === screenId) this.#plug(known, plugged.includes(known.name));
    }
    for (const name of plugged) this.#add(screenId, name);
    this.#context.broadcast(encodeServerMessage(this.#context.streams().listMessage));
    this.#context.broadcast(encodeServerMessage(this.#list()));
  }

  #plug(monitor: MonitorStream, isPlugged: boolean): void {
    if (monitor.isPlugged === isPlugged) return;
    monitor.isPlugged = isPlugged;
    const streams = this.#context.streams();
    streams.offer(monitor.streamId, isPlugged);
    // Who watches it stays and is told; it fails by itself when it is gone.
    if (isPlugged) streams.get(monitor.streamId)?.restart("The monitor is plugged in again");
  }

  /** Makes a stream of a monitor that has none, where there is room. */
  #add(screenId: number, name: string): void {
    if (this.#context.screens().isVirtual(screenId)) return;
    const isKnown = this.#monitors.some((one) => one.screenId === screenId && one.name === name);
    if (isKnown || this.#monitors.length >= this.#context.config.maxMonitors) return;
    const streams = this.#context.streams();
    const screen = streams.get(screenId);
    const stream = streams.add(cleanName(`${screen?.name ?? "Display"} ${name}`));
    if (stream === undefined) return;
    this.#context.screens().showMonitor(stream.id, screenId, name);
    this.#monitors.push({ screenId, name, streamId: stream.id, isPlugged: true });
    this.#context.log.info("Monitor found", { stream: stream.id, name: stream.name });
  }

  #list(): Extract<ServerMessage, { type: "monitor_list" }> {
    const screens = this.#context.streams().all.flatMap(({ id }) => this.#describe(id) ?? []);
    return { type: "monitor_list", screens };
  }

  #describe(streamId: number): ScreenDescription | undefined {
    const sources = this.#context.screens();
    const layout = sources.layout(streamId);
    if (layout === undefined) return undefined;
    const { width, height } = layout;
    const max = sources.maxSize(streamId);
    return {
      ...{ streamId, width, height, isResizable: max !== undefined },
      ...{ maxWidth: max?.width ?? 0, maxHeight: max?.height ?? 0 },
      monitors: layout.monitors.map((monitor): MonitorDescription => {
        const { name, x, y, primary: isPrimary } = monitor;
        const own = this.#monitors.find((one) => {
          return one.isPlugged && one.screenId === streamId && one.name === name;
        });
        return {
          ...{ name, x, y, isPrimary, width: monitor.width, height: monitor.height },
          refreshMilliHz: Math.min(monitor.refreshMilliHz, MAX_REFRESH_MILLIHZ),
          ...own === undefined ? {} : { streamId: own.streamId },
        };
      }),
    };
  }

  #ask(asked: Asked, nowUs: number): void {
    const { streamId } = asked.request;
    const why = this.#refusal(streamId);
    if (why !== undefined) {
      this.#stats.refusals++;
      return this.#answer(asked, "refused", why);
    }
    let desk = this.#desks.get(streamId);
    if (desk === undefined) {
      desk = { wish: new ResizeWish<Asked>(), timer: undefined, isBusy: false };
      this.#desks.set(streamId, desk);
    }
    desk.wish.push(asked, nowUs);
    this.#arm(streamId, desk);
  }

  #refusal(streamId: number): string | undefined {
    const sources = this.#context.screens();
    if (sources.maxSize(streamId) !== undefined) return undefined;
    if (this.#monitors.some((one) => one.streamId === streamId)) {
      return "Only a whole display can have another size";
    }
    return sources.layout(streamId) === undefined
      ? "There is no screen that could have another size"
      : "This is a real display: its host does not allow to resize it";
  }

  #arm(screenId: number, desk: Desk): void {
    const { deadline } = desk.wish;
    clearTimeout(desk.timer);
    if (deadline === undefined || desk.isBusy) return;
    const waitUs = deadline - this.#context.clock.nowUs();
    desk.timer = setTimeout(() => void this.#carryOut(screenId, desk), Math.max(0, waitUs / 1000));
  }

  async #carryOut(screenId: number, desk: Desk): Promise<void> {
    const asked = desk.wish.pull(this.#context.clock.nowUs());
    if (asked !== undefined) {
      desk.isBusy = true;
      await this.#resize(screenId, asked);
      desk.isBusy = false;
    }
    this.#arm(screenId, desk);
  }

  async #resize(screenId: number, asked: Asked): Promise<void> {
    const sources = this.#context.screens();
    const max = sources.maxSize(screenId);
    if (max === undefined) return;
    const scale = Math.min(MAX_SCREEN_SCALE, Math.max(MIN_SCREEN_SCALE, asked.request.scale));
    const size = fitScreen(asked.request, max, MIN_SCREEN_SIDE);
    const { isDone, why } = await sources.resize(screenId, size, Math.round(USUAL_DPI * scale));
    this.#stats[isDone ? "resizes" : "failures"]++;
    if (isDone) return this.#answer(asked, "done", "", size);
    this.#context.log.warn("Cannot resize a screen", { stream: screenId, why });
    this.#answer(asked, "failed", why);
  }

  #answer(
    { request: { streamId }, session }: Asked,
    outcome: "done" | "refused" | "failed",
    reason: string,
    size = { width: 0, height: 0 },
  ): void {
    const layout = this.#context.screens().layout(streamId);
    const { width, height } = outcome === "done" ? size : layout ?? size;
    const message = { streamId, outcome, width, height, reason } as const;
    session.send(encodeServerMessage({ type: "display_resized", ...message }), "display_resized");
  }
}

/** Monitors that show a part of a divided screen; one that shows all of it is the screen. */
function partsOf({ width, height, monitors }: ScreenLayout): string[] {
  if (monitors.length < 2) return [];
  const parts = monitors.filter((one) => one.width < width || one.height < height);
  return parts.map(({ name }) => name);
}
