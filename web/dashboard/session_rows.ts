/**
 * Session rows: sessions as the table shows them: texts, and which of them deserve a look. Admins and
 * players come first, then whoever came first, so that rows do not jump while somebody reads.
 */

import type { DashboardSample, DashboardSession } from "../../src/wire/dashboard.ts";
import { bytesText, durationText, rateText, shareText, timeText } from "./figure_text.ts";

/** A text, and whether it is worse than it should be. */
export interface Cell {
  readonly text: string;
  readonly isPoor?: boolean;
}

/** What a person may do. */
export type SessionRights = Pick<DashboardSession, "role" | "permissions">;

/** One row. */
export interface SessionRow {
  readonly id: string;
  readonly role: string;
  /** As the host writes them. */
  readonly rights: SessionRights;
  /** What the person is called; empty where nobody knows. */
  readonly name: string;
  readonly hasControl: boolean;
  readonly address: string;
  readonly stream: string;
  readonly state: Cell;
  readonly transport: string;
  readonly connected: string;
  readonly sent: string;
  readonly target: string;
  readonly rtt: Cell;
  readonly loss: Cell;
  readonly queue: Cell;
  readonly redundancy: string;
  readonly repair: string;
  readonly reorder: string;
}

const ROLE_ORDER: readonly DashboardSession["role"][] = ["admin", "player", "viewer"];

const ROLES: Readonly<Record<DashboardSession["role"], string>> = {
  admin: "Admin",
  player: "Player",
  viewer: "Viewer",
};

const STATES: Readonly<Record<DashboardSession["state"], string>> = {
  joining: "Joining",
  playing: "Playing",
  paused: "Paused",
  silent: "No answer",
};

const RUNGS: Readonly<Record<DashboardSession["rung"], string>> = {
  none: "None needed",
  repairs: "Repairs",
  reactive: "Repairs on request",
  reference: "Older reference",
  keyframe: "Keyframe",
  rate: "Lower rate",
};

const TRANSPORTS: Readonly<Record<DashboardSession["transport"], string>> = {
  loopback: "Loopback",
  quic: "QUIC",
  webrtc: "WebRTC",
  tcp: "TCP",
};

const POOR_LOSS = 0.02;
const POOR_RTT_US = 150_000;
const POOR_QUEUE_MS = 50;

/** The rows of a sample. */
export function sessionRows(sample: DashboardSample): SessionRow[] {
  const names = new Map(sample.streams.map(({ id, name }) => [id, name]));
  return sample.sessions.toSorted((a, b) => {
    return ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) ||
      b.connectedSeconds - a.connectedSeconds;
  }).map((session) => rowOf(session, names));
}

/** A viewer in a few words, for dialogs and labels. */
export function viewerText(row: Pick<SessionRow, "role" | "name" | "address">): string {
  const name = row.name === "" ? "" : ` ${row.name}`;
  return `${row.role.toLowerCase()}${name} from ${row.address}`;
}

function rowOf(session: DashboardSession, names: ReadonlyMap<number, string>): SessionRow {
  const { queuedBytes, targetBps, reorderPackets, reorderPacketsMax, streamId } = session;
  const queueMs = targetBps === 0 ? 0 : queuedBytes * 8000 / targetBps;
  const hasReorder = reorderPackets !== undefined && reorderPacketsMax !== undefined;
  return {
    id: session.id,
    role: ROLES[session.role],
    rights: { role: session.role, permissions: session.permissions },
    name: session.name ?? "",
    hasControl: session.controls.length > 0,
    address: session.addressPrefix,
    stream: streamId === undefined ? "–" : names.get(streamId) ?? `Stream ${streamId}`,
    state: { text: STATES[session.state], isPoor: session.state === "silent" },
    transport: TRANSPORTS[session.transport],
    connected: durationText(session.connectedSeconds),
    sent: rateText(session.sentBps),
    target: rateText(targetBps),
    rtt: { text: timeText(session.rttUs), isPoor: session.rttUs >= POOR_RTT_US },
    loss: { text: shareText(session.loss), isPoor: session.loss >= POOR_LOSS },
    queue: {
      text: `${bytesText(queuedBytes)}, ${queueMs.toFixed(0)} ms`,
      isPoor: queueMs >= POOR_QUEUE_MS,
    },
    redundancy: shareText(session.redundancy),
    repair: RUNGS[session.rung],
    reorder: hasReorder ? `${reorderPackets} of ${reorderPacketsMax}` : "–",
  };
}
