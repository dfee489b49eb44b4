/**
 * probePackets: how much is sent with a frame beyond it, to find out whether the path carries more than
 * the picture needs: in repairs, or, where nothing is lost, in copies of the frame's last packet.
 */

import type { SenderPath } from "./sender_path.ts";

/** Most packets that a frame gets for this. */
const PROBE_PACKETS_MAX = 64;

/** What a frame is. */
export interface ProbedFrame {
  /** Bytes of it that were sent. */
  readonly sentBytes: number;
  readonly frameIntervalUs: number;
  /** What the encoder makes at most: a path that carries it is not tried further. */
  readonly videoBpsMax?: number | undefined;
}

/** Packets of `packetBytes` to send with a frame so that the rate is what the controller wants to try. */
export function probePackets(path: SenderPath, frame: ProbedFrame, packetBytes: number): number {
  const probeBps = path.controller.wantedProbeBps;
  const { videoBpsMax = Infinity, frameIntervalUs, sentBytes } = frame;
  if (probeBps === undefined || path.videoBps >= videoBpsMax) return 0;
  const wanted = probeBps / 8e6 * frameIntervalUs;
  const packets = Math.floor((wanted - sentBytes) / packetBytes);
  return Math.max(0, Math.min(PROBE_PACKETS_MAX, packets));
}
