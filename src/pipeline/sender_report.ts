/**
 * Sender report: the counters of a MediaSender, and how its path is, in the words of the control
 * message `path_report`. Plain data, made when somebody asks.
 */

import type { FrameLayers, ServerMessage } from "../wire/control.ts";
import type { OutletStats, PacketOutlet } from "./packet_outlet.ts";
import type { LadderCounts, RepairLadder } from "./repair_ladder.ts";
import type { SenderPath } from "./sender_path.ts";

/** Counters that a sender keeps itself. */
export interface SenderCounts {
  framesSent: number;
  /** Frames that this viewer could not use, or that its path could not take. */
  framesSkipped: number;
  /** Times that too much was in flight, so that frames were skipped until it had drained. */
  flightStops: number;
  /** Times that the viewer fell silent with packets in flight. */
  silences: number;
  repairsSent: number;
  /** Small packets that asked a silent viewer whether it is there. */
  probesSent: number;
  feedbacks: number;
  /** Reports that named missing packets. */
  missingReports: number;
  /** Reports that were late, doubled or not possible. */
  feedbacksRefused: number;
}

/** Counters of a sender. */
export interface MediaSenderStats extends Readonly<SenderCounts>, Readonly<OutletStats> {
  readonly reactiveRepairsSent: number;
  /** How often each rung of the ladder was taken. */
  readonly ladder: Readonly<LadderCounts>;
  readonly targetBps: number;
  readonly redundancy: number;
  readonly loss: number;
  readonly burstLength: number;
  readonly rttUs: number;
  /** The newest round trip, and the sum and number of all. */
  readonly rttLatestUs: number;
  readonly rttTotalUs: number;
  readonly rttSamples: number;
  /** Unevenness of arrivals, as RFC 3550 has it. */
  readonly jitterUs: number;
  /** Packets that arrived and that did not, as the viewer's reports tell. */
  readonly packetsArrived: number;
  readonly packetsLost: number;
  readonly queueDelayUs: number;
  readonly bytesInFlight: number;
  /** Bytes that wait for their time to leave. */
  readonly queuedBytes: number;
  /** How long the last of them will wait, at the pace of now. */
  readonly queuedUs: number;
  readonly rateCuts: number;
}

/** How the path to the viewer is, as the message `path_report` tells it. */
export type SenderReport = Omit<
  Extract<ServerMessage, { type: "path_report" }>,
  "type" | "streamId" | "fps" | "scale"
>;

/** What a report is made of. */
export interface ReportParts {
  readonly path: SenderPath;
  readonly outlet: PacketOutlet;
  readonly ladder: RepairLadder;
  readonly reactiveRepairs: number;
}

/** Counters at zero. */
export function emptySenderCounts(): SenderCounts {
  return {
    framesSent: 0,
    framesSkipped: 0,
    flightStops: 0,
    silences: 0,
    repairsSent: 0,
    probesSent: 0,
    feedbacks: 0,
    missingReports: 0,
    feedbacksRefused: 0,
  };
}

/** All counters of a sender. */
export function statsOf(counts: SenderCounts, parts: ReportParts): MediaSenderStats {
  const { path, outlet, ladder, reactiveRepairs } = parts;
  const { rtt } = path.sent;
  return {
    ...counts,
    ...outlet.stats,
    reactiveRepairsSent: reactiveRepairs,
    ladder: { ...ladder.counts },
    targetBps: path.targetBps,
    redundancy: path.redundancy,
    loss: path.loss,
    burstLength: path.burstLength,
    rttUs: path.rttUs,
    rttLatestUs: rtt.latestUs,
    rttTotalUs: rtt.totalUs,
    rttSamples: rtt.samples,
    jitterUs: path.sent.jitter.jitterUs,
    packetsArrived: path.sent.stats.acked,
    packetsLost: path.sent.stats.lost,
    queueDelayUs: path.controller.queueDelayUs,
    bytesInFlight: path.sent.bytesInFlight,
    queuedBytes: outlet.queuedBytes,
    queuedUs: Math.round(outlet.queuedUs),
    rateCuts: path.controller.cuts,
  };
}

/** The path as a viewer is told of it; whole numbers, as the message has them. */
export function reportOf(
  parts: ReportParts,
  now: { readonly sentBps: number; readonly layers: FrameLayers },
): SenderReport {
  const { path, ladder, reactiveRepairs } = parts;
  return {
    targetBps: Math.round(path.targetBps),
    videoBps: Math.round(path.videoBps),
    sentBps: Math.round(now.sentBps),
    redundancy: path.redundancy,
    rung: ladder.takeRung(),
    rttUs: Math.round(path.rttUs),
    queueDelayUs: Math.max(0, Math.round(path.controller.queueDelayUs)),
    loss: path.loss,
    burstLength: path.burstLength,
    layers: now.layers,
    reactiveRepairs,
    referenceRepairs: ladder.counts.reference,
    keyframes: ladder.counts.keyframe,
    rateCuts: path.controller.cuts,
  };
}
