/**
 * Worker messages: what the page and its receive worker say to each other. Both come from the same
 * build, so the types are the whole contract; sizes are bounded by the senders.
 */

import type { EndReason, Role, ServerMessage, StreamName } from "../../src/wire/control.ts";
import type { Permission } from "../../src/wire/permission.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import type { RungPlan } from "../transport/diallers.ts";
import type { FeaturePageMessage, FeatureWorkerMessage } from "./features/feature_messages.ts";
import type { RtcEvent, RtcRequest } from "../transport/rtc_messages.ts";
import type { MeasurementReport } from "./receive/frame_log.ts";
import type { PlaybackCommand, PlaybackEvent } from "./playback/playback_messages.ts";
import type { NetworkNotice } from "./receive/path_notice.ts";
import type { StatsSnapshot } from "./receive/stats_snapshot.ts";

/** Drawing paths that a page can ask for; "auto" takes the fastest that works. */
export const RENDERER_CHOICES = ["auto", "webgl", "canvas2d"] as const;
/** One of `RENDERER_CHOICES`. */
export type RendererChoice = (typeof RENDERER_CHOICES)[number];

/** From the page to the worker. */
export type PageMessage =
  /** The canvas to draw on; a later one replaces it after its drawing context was lost. */
  | { readonly type: "canvas"; readonly canvas: OffscreenCanvas; readonly renderer: RendererChoice }
  /** Dials; `stream` is the name or id of the stream to watch, undefined for the usual one. */
  | {
    readonly type: "connect";
    readonly info: ConnectInfo;
    readonly stream: string | undefined;
    readonly plan: RungPlan;
  }
  /** Input that follows is for the connection that took over. */
  | { readonly type: "input_moved" }
  /** Shows another stream of the same host. */
  | { readonly type: "select_stream"; readonly streamId: number }
  /** One input record and, or, one pointer datagram. */
  | {
    readonly type: "input";
    readonly record?: Uint8Array<ArrayBuffer> | undefined;
    readonly datagram?: Uint8Array<ArrayBuffer> | undefined;
  }
  /** Turns the host's frame timings on, for the overlay or a measurement. */
  | { readonly type: "timings"; readonly enabled: boolean }
  | { readonly type: "measure"; readonly marker: boolean }
  /** The page was shown or hidden: a browser draws nothing on a hidden one. */
  | { readonly type: "visibility"; readonly isVisible: boolean }
  | { readonly type: "take_measurements"; readonly requestId: number }
  /** For the player of what was captured before. */
  | { readonly type: "playback"; readonly command: PlaybackCommand }
  /** Of a WebRTC connection, which only the page can open. */
  | { readonly type: "rtc"; readonly event: RtcEvent }
  /** For a capability beside the picture. */
  | FeaturePageMessage
  | { readonly type: "disconnect"; readonly quit: boolean };

/** From the worker to the page. */
export type WorkerMessage =
  | {
    readonly type: "connected";
    readonly role: Role;
    readonly permissions: readonly Permission[];
    readonly heartbeatMs: number;
    readonly streamId: number;
    /** It takes the place of another connection, whose picture is still shown. */
    readonly takesOver: boolean;
  }
  /** Streams of a host that has several, and the one that is watched. */
  | {
    readonly type: "streams";
    readonly streams: readonly StreamName[];
    readonly streamId: number;
  }
  /** The first picture of a stream that was selected was drawn. */
  | { readonly type: "selected"; readonly streamId: number }
  | { readonly type: "stream_state"; readonly state: StreamState; readonly reason: string }
  | { readonly type: "cursor"; readonly cursor: CursorMessage }
  /** The size of the host's screen changed; pictures of it may be smaller. */
  | { readonly type: "picture"; readonly width: number; readonly height: number }
  /** The first picture of a connection was drawn. */
  | { readonly type: "first_picture"; readonly times: FirstPictureTimes }
  | { readonly type: "stats"; readonly stats: StatsSnapshot }
  /** What the page should say of a poor network; undefined: nothing. */
  | { readonly type: "network_notice"; readonly notice: NetworkNotice | undefined }
  | {
    readonly type: "measurements";
    readonly requestId: number;
    readonly report: MeasurementReport;
  }
  /** The connection is over; `ended` is the host's last word where it had one. */
  | {
    readonly type: "disconnected";
    readonly message: string;
    readonly ended: EndedNotice | undefined;
  }
  /** Since when a stream is recorded, milliseconds since 1970; absent while it is not. */
  | { readonly type: "recording"; readonly streamId: number; readonly startedMs?: number }
  /** From the player of what was captured before. */
  | { readonly type: "playback"; readonly event: PlaybackEvent }
  /** Wants a WebRTC connection, or its end. */
  | { readonly type: "rtc"; readonly request: RtcRequest }
  /** From a capability beside the picture. */
  | FeatureWorkerMessage
  /** Drawing is lost for good on this canvas: send another one. */
  | { readonly type: "canvas_lost" }
  /** This browser cannot show the stream; `message` says why. */
  | {
    readonly type: "cannot_play";
    readonly missing: "codec" | "transport";
    readonly message: string;
  };

/** What a stream is doing on the host. */
export type StreamState = Extract<ServerMessage, { type: "stream_state" }>["state"];

/** The pointer's image. */
export type CursorMessage = Extract<ServerMessage, { type: "cursor" }>;

/** Why the host ended the session. */
export interface EndedNotice {
  readonly reason: EndReason;
  readonly message: string;
  readonly retry: boolean;
  /** Streams of the host, when the one that was asked for is not among them. */
  readonly streams?: readonly StreamName[];
}

/** Times of a connection's start, microseconds of pageClock. */
export interface FirstPictureTimes {
  readonly dialUs: number;
  readonly connectedUs: number;
  readonly welcomeUs: number;
  readonly firstDatagramUs: number;
  readonly decodedUs: number;
  readonly presentedUs: number;
}
