/**
 * HostFeatures: the capabilities of a host beside picture and input, each named once here, and what
 * the server and its sessions ask of all of them.
 */

import type { Hono } from "hono";
import type { MediaState } from "../ipc/media_handlers.ts";
import type { MediaMessage } from "../ipc/media_message.ts";
import type { MediaSound, MediaSoundState } from "../ipc/sound_record.ts";
import type { SessionHost } from "../session/session_host.ts";
import type { ShownSession } from "../session/shown_session.ts";
import type { Listener } from "../transport/connection.ts";
import { HostClipboard } from "./clipboard/host_clipboard.ts";
import { HostFiles } from "./files/host_files.ts";
import { HostMonitors } from "./displays/host_monitors.ts";
import { HostGateways } from "./gateways/host_gateways.ts";
import type { HostFeature, HostFeatureContext } from "./host_feature.ts";
import type { Environment } from "./pages/page_answers.ts";
import type { RouteTools } from "./pages/route_tools.ts";
import { HostInput } from "./input/host_input.ts";
import { HostMoves } from "./rungs/host_moves.ts";
import { HostTcpRung } from "./rungs/host_tcp_rung.ts";
import { HostWebRtc } from "./rungs/host_webrtc.ts";
import { HostSound } from "./sound/host_sound.ts";
import { HostPeople } from "./people/host_people.ts";
import type { PeopleHub } from "./people/people_hub.ts";
import { HostPublish } from "./publish/host_publish.ts";
import { WhipHost } from "./publish/whip_host.ts";

/** Every capability there is. */
const FEATURES: readonly ((context: HostFeatureContext) => HostFeature)[] = [
  (context) => new HostFiles(context),
  (context) => new HostClipboard(context),
  (context) => new HostInput(context),
  (context) => new HostSound(context),
  (context) => new HostPeople(context),
  (context) => new HostMonitors(context),
  (context) => new HostPublish(context),
  (context) => new HostMoves(context),
  (context) => new HostWebRtc(context),
  (context) => new WhipHost(context),
  (context) => new HostTcpRung(context),
];

/** The capabilities of one host. */
export class HostFeatures {
  readonly #features: readonly HostFeature[];
  readonly #context: HostFeatureContext;

  /** `context` is what a capability is given, without what capabilities give each other. */
  constructor(
    context: Omit<HostFeatureContext, "published" | "personName" | "gateways" | "followSound">,
  ) {
    this.#context = {
      ...context,
      followSound: (sink, streamId) => this.followSound(sink, streamId),
      gateways: new HostGateways(context),
      published: () => this.publish.published,
      personName: (id) => this.people?.callName(id) ?? "",
    };
    this.#features = FEATURES.map((make) => make(this.#context));
  }

  /** Gives them to the sessions of a host. */
  serveIn(host: SessionHost): SessionHost {
    const features = this.#features.flatMap(({ makeSession }) => makeSession ?? []);
    return {
      ...host,
      features: [...host.features, ...features],
      greeting: () => [
        ...host.greeting(),
        ...this.#features.flatMap((feature) => feature.greeting?.() ?? []),
      ],
    };
  }

  /** The ways by which viewers come, beside the UDP port. */
  get listeners(): readonly Listener[] {
    return this.#features.flatMap(({ listener }) => listener ?? []);
  }

  /** Those ways as pages are told of them: `{ tcp: { path } }`. */
  get rungs(): Record<string, { readonly path: string }> {
    const rungs = this.#features.flatMap(({ rung }) => rung ?? []);
    return Object.fromEntries(rungs.map(({ transport, path }) => [transport, { path }]));
  }

  /** Those who watch without a session of ours. */
  get players(): readonly ShownSession[] {
    return this.#features.flatMap(({ players }) => [...players ?? []]);
  }

  /** Adds the routes of all of them. */
  addRoutes(app: Hono<Environment>, tools: RouteTools): void {
    for (const feature of this.#features) feature.addRoutes?.(app, tools);
  }

  /** The processes that carry the rungs of libraries. */
  get gateways(): HostGateways {
    return this.#context.gateways;
  }

  /** The sound of the host. */
  get sound(): HostSound | undefined {
    return this.#features.find((feature) => feature instanceof HostSound);
  }

  /** What people publish. */
  get publish(): HostPublish {
    return this.#features.find((feature) => feature instanceof HostPublish)!;
  }

  /** Who is here; undefined of a host without people. */
  get people(): PeopleHub | undefined {
    return this.#features.find((feature) => feature instanceof HostPeople)?.hub;
  }

  /** Starts what they need; one that cannot is logged and the host goes on without it. */
  async open(): Promise<void> {
    for (const feature of this.#features) {
      try {
        await feature.open?.();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#context.log.warn("Cannot start a capability", { name: feature.name, message });
      }
    }
  }

  /** Gives every frame of a stream's sound to `sink` until its end; undefined without sound. */
  followSound(sink: (sound: MediaSound) => void, streamId: number): (() => void) | undefined {
    for (const feature of this.#features) {
      const end = feature.followSound?.(sink, streamId);
      if (end !== undefined) return end;
    }
    return undefined;
  }

  /** Variables for the programs of a virtual desktop and for the media process. */
  get environment(): Record<string, string> {
    return Object.assign({}, ...this.#features.map((feature) => feature.environment?.() ?? {}));
  }

  /** The files of the host. */
  get files(): HostFiles | undefined {
    return this.#features.find((feature) => feature instanceof HostFiles);
  }

  onMediaMessage(message: MediaMessage): void {
    for (const feature of this.#features) feature.onMediaMessage?.(message);
  }

  onMediaState(state: MediaState): void {
    for (const feature of this.#features) feature.onMediaState?.(state);
  }

  onSound(sound: MediaSound): void {
    for (const feature of this.#features) feature.onSound?.(sound);
  }

  onSoundState(state: MediaSoundState): void {
    for (const feature of this.#features) feature.onSoundState?.(state);
  }

  /** Counters of each by its name. */
  get report(): Record<string, unknown> {
    return Object.fromEntries(
      this.#features.flatMap((feature) => {
        const report = feature.report?.();
        return report === undefined ? [] : [[feature.name, report]];
      }).concat([["gateways", { processes: this.gateways.figures }]]),
    );
  }

  /** Ends them all; never rejects. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#features.map(async (feature) => await feature.close?.()));
    await this.#context.gateways.close();
  }
}
