/**
 * MonitorsWorker: the worker's half of monitors: it hands the host's words to the page and the page's
 * wishes to the host, and gives datagrams of displays that are shown beside the one that is controlled
 * to their views, which are loaded with the first of them.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";
import type {
  FeatureLink,
  WorkerFeature,
  WorkerFeatureContext,
} from "../features/worker_feature.ts";
import type { PageMessage } from "../worker_messages.ts";
import type { MonitorEvent } from "./monitor_messages.ts";
import { SIDE_PLACES } from "./side_messages.ts";
import type { SideCommand } from "./side_messages.ts";

const BUNDLE = "side_view.js";

type ViewModule = typeof import("./side_view.ts");
type SideView = InstanceType<ViewModule["SideView"]>;

/** Makes it. */
export function monitorsWorker(context: WorkerFeatureContext): WorkerFeature {
  return new MonitorsWorker(context);
}

class MonitorsWorker implements WorkerFeature {
  readonly serverMessages = ["monitor_list", "display_resized", "published_list"] as const;
  readonly pageMessages = ["monitors", "side_views"] as const;
  readonly #context: WorkerFeatureContext;
  readonly #views = new Map<number, SideView>();
  #wanted: readonly (number | undefined)[] = [];
  #link: FeatureLink | undefined;
  #module: Promise<ViewModule> | undefined;

  constructor(context: WorkerFeatureContext) {
    this.#context = context;
  }

  onServerMessage(message: ServerMessage): void {
    this.#context.post({ type: "monitors", event: message as MonitorEvent });
  }

  onPageMessage(message: PageMessage): void {
    if (message.type === "monitors") this.#link?.send(message.command);
    else if (message.type === "side_views") this.#take(message.command);
  }

  onMedia(datagram: Uint8Array, streamId: number, nowUs: number): boolean {
    for (const view of this.#views.values()) {
      if (view.streamId !== streamId) continue;
      view.push(datagram, nowUs);
      return true;
    }
    return false;
  }

  onConnected(link: FeatureLink): void {
    this.#link = link;
  }

  onDisconnected(): void {
    this.#link = undefined;
    for (const view of this.#views.values()) view.end();
  }

  #take(command: SideCommand): void {
    if (command.do === "canvas") return void this.#open(command.place, command.canvas);
    this.#wanted = command.streamIds.slice(0, SIDE_PLACES);
    // Those that are not wanted end first: a stream that changes its place has one sender.
    for (const [place, view] of this.#views) {
      const { streamId } = view;
      if (streamId === undefined) continue;
      // One that was picked to be controlled goes on, elsewhere.
      const isOver = !this.#wanted.includes(streamId) && streamId !== this.#link?.streamId;
      if (isOver) this.#link?.send({ type: "pause", streamId });
      if (this.#wanted[place] !== streamId) view.end();
    }
    for (const place of this.#views.keys()) this.#begin(place);
  }

  async #open(place: number, canvas: OffscreenCanvas): Promise<void> {
    this.#module ??= import(new URL(BUNDLE, self.location.href).href);
    try {
      const { SideView } = await this.#module;
      this.#views.set(place, new SideView(this.#context.clock, canvas));
      this.#begin(place);
    } catch {
      // The place stays empty; the display can be chosen all the same.
      this.#module = undefined;
    }
  }

  /** Also when it is shown already: the host ends it when another display is selected. */
  #begin(place: number): void {
    const streamId = this.#wanted[place];
    if (streamId === undefined || this.#link === undefined) return;
    this.#views.get(place)?.begin(streamId, this.#link);
  }
}
