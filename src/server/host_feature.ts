/**
 * HostFeature: the server's side of one capability beside picture and input, such as sound, clipboard
 * or files: it hears what the media process says of it, and makes its part of each session.
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Hono } from "hono";
import type { MediaCommand } from "../ipc/media_command.ts";
import type { MediaState } from "../ipc/media_handlers.ts";
import type { MediaMessage } from "../ipc/media_message.ts";
import type { MediaSound, MediaSoundState } from "../ipc/sound_record.ts";
import type { MemoryLedger } from "../memory/memory_ledger.ts";
import type { SessionRegistry } from "../session/session_registry.ts";
import type { SessionFeatureFactory } from "../session/session_feature.ts";
import type { ShownSession } from "../session/shown_session.ts";
import type { ViewerSession } from "../session/viewer_session.ts";
import type { Listener } from "../transport/connection.ts";
import type { ServerConfig } from "./config/config.ts";
import type { DisplaySources } from "./displays/display_sources.ts";
import type { Environment } from "./pages/page_answers.ts";
import type { RouteTools } from "./pages/route_tools.ts";
import type { HostGateways } from "./gateways/host_gateways.ts";
import type { PublishedStreams } from "./publish/published_streams.ts";
import type { StreamSet } from "./streams/stream_set.ts";
import type { HostRecordings } from "./timeline/host_recordings.ts";
import type { HostReplays } from "./timeline/host_replays.ts";

/** What a capability is given. */
export interface HostFeatureContext {
  readonly config: ServerConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ledger: MemoryLedger;
  /** Folder of the program: holds build/ and src/. */
  readonly root: string;
  /** Folder where a host keeps its state. */
  readonly stateFolder: string;
  /** Who may come in, with what each may do. */
  readonly registry: SessionRegistry;
  /** Sends a command to the media process; lost while there is none. */
  command(command: MediaCommand): void;
  streams(): StreamSet;
  /** What the streams capture. */
  screens(): DisplaySources;
  /** Name of the X display that a stream shows now, such as `:7`; empty where it shows none. */
  xDisplay(streamId: number): string;
  replays(): HostReplays;
  recordings(): HostRecordings;
  /** The processes that carry the rungs of libraries. */
  readonly gateways: HostGateways;
  /** What people publish. */
  published(): PublishedStreams;
  /** What the person of a browser session is called. */
  personName(browserSessionId: string): string;
  /** Sessions that run now. */
  sessions(): Iterable<ViewerSession>;
  /** Why nobody else can be let in, for people; undefined while somebody can. */
  refusal(): string | undefined;
  /** Gives every frame of a stream's sound to `sink` until its end; undefined without sound. */
  followSound(sink: (sound: MediaSound) => void, streamId: number): (() => void) | undefined;
  /** Sends a framed message to every viewer. */
  broadcast(framed: Uint8Array): void;
  /** The host's CLOCK_MONOTONIC for a time of the server's clock. */
  hostTimeUs(nowUs: number): number | undefined;
}

/** A way to a session that needs no UDP port of ours, as pages are told of it. */
export interface OfferedRung {
  readonly transport: "webrtc" | "tcp";
  /** On the page's own address: what is opened or posted to. */
  readonly path: string;
}

/** One capability. */
export interface HostFeature {
  /** Its name in reports, such as `sound`. */
  readonly name: string;
  /** Makes its part of a session; absent when sessions have none. */
  readonly makeSession?: SessionFeatureFactory | undefined;
  /** Connections that come by another way than the UDP port; viewers of all ways are the same. */
  readonly listener?: Listener | undefined;
  /** The way by which those come, for pages that look for one; undefined while it is not offered. */
  readonly rung?: OfferedRung | undefined;
  /** Adds routes of its own; each has a row in the permission table or its own proof of who asks. */
  addRoutes?(app: Hono<Environment>, tools: RouteTools): void;
  /** Framed messages that a new viewer needs. */
  greeting?(): Uint8Array[];
  /** Starts what it needs of its own, before the media process. */
  open?(): Promise<void>;
  /** Variables for the programs of a virtual desktop and for the media process. */
  environment?(): Readonly<Record<string, string>>;
  /** Messages of the media process that are not about pictures, of all capabilities. */
  onMediaMessage?(message: MediaMessage): void;
  onMediaState?(state: MediaState): void;
  /** A frame of sound; its payload is valid only during the call. */
  onSound?(sound: MediaSound): void;
  onSoundState?(state: MediaSoundState): void;
  /** Gives every frame of sound of a stream to who keeps it; undefined where there is none. */
  followSound?(sink: (sound: MediaSound) => void, streamId: number): (() => void) | undefined;
  /** Those who watch without a session of ours. */
  readonly players?: Iterable<ShownSession> | undefined;
  /** Counters for the API. Holds no secret. */
  report?(): Record<string, unknown> | undefined;
  close?(): Promise<void> | void;
}
