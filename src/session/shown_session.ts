/**
 * ShownSession: what dashboards, metrics and statistics read of somebody who watches, however the
 * pictures go there: a viewer of ours, or a player that knows nothing of us. Types only.
 */

import type { MediaSenderStats } from "../pipeline/sender_report.ts";
import type { ConnectionStats, TransportKind } from "../transport/connection.ts";
import type { InputStats } from "./input_receiver.ts";
import type { LiveSession } from "./session_registry.ts";
import type { SessionRights } from "./session_rights.ts";
import type { ViewerSessionStats } from "./viewer_session_stats.ts";

/** One stream to somebody. */
export interface ShownFeed {
  readonly isPlaying: boolean;
  readonly keyframeRequests: number;
  readonly stats: MediaSenderStats | undefined;
}

/** Somebody who watches. */
export interface ShownSession extends LiveSession {
  readonly rights: SessionRights;
  readonly remoteAddress: string;
  /** How its bytes travel. */
  readonly transport: TransportKind;
  readonly connectedSeconds: number;
  readonly stats: Readonly<ViewerSessionStats>;
  readonly inputStats: Readonly<InputStats>;
  /** Bytes of control messages that wait to be written. */
  readonly queuedControlBytes: number;
  readonly connectionStats: Readonly<ConnectionStats>;
  /** Streams that were played so far. */
  readonly streamIds: Iterable<number>;
  /** The stream that is watched; undefined while none is. */
  readonly streamId: number | undefined;
  /** Counters of what is sent, once something was. */
  readonly sent: MediaSenderStats | undefined;
  feed(streamId: number): ShownFeed | undefined;
}
