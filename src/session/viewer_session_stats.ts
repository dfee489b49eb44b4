/**
 * ViewerSessionStats: what one session counts of its viewer, and what the viewer reports of itself.
 * Numbers only; they end with the session.
 */

import type { ClientMessage } from "../wire/control.ts";

/** What a session has counted. */
export interface ViewerSessionStats {
  /** Datagrams that were malformed, too many, or not this session's to send. */
  datagramsRefused: number;
  /** Messages that were under way when the right to send them ended. */
  messagesLate: number;
  probes: number;
  framesReceived: number;
  framesDroppedNetwork: number;
  /** Most packets that waited in the viewer for those before them, and the room for such. */
  reorderPackets?: number;
  reorderPacketsMax?: number;
}

/** Counters of a session that begins. */
export function newSessionStats(): ViewerSessionStats {
  return {
    datagramsRefused: 0,
    messagesLate: 0,
    probes: 0,
    framesReceived: 0,
    framesDroppedNetwork: 0,
  };
}

/** Takes what a viewer saw in the last second. */
export function noteReport(
  stats: ViewerSessionStats,
  report: Extract<ClientMessage, { type: "viewer_report" }>,
): void {
  const { reorderPackets, reorderPacketsMax } = report;
  stats.framesReceived = report.framesReceived;
  stats.framesDroppedNetwork = report.framesDroppedNetwork;
  if (reorderPackets !== undefined) stats.reorderPackets = reorderPackets;
  if (reorderPacketsMax !== undefined) stats.reorderPacketsMax = reorderPacketsMax;
}
