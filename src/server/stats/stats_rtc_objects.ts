/**
 * RTC stats objects: the shapes of the statistics that the W3C has names for, as `/api/stats` gives
 * them in `rtcStats`. A member is here only where it means what the W3C says
 * (https://www.w3.org/TR/webrtc-stats/), in its unit: seconds, bytes, bits a second; what there is no
 * equal of is left out. docs/STATS.md says where each figure comes from.
 */

/** Kinds of objects. */
export type RtcStatsType =
  | "codec"
  | "media-source"
  | "outbound-rtp"
  | "remote-inbound-rtp"
  | "transport"
  | "candidate-pair";

/** What every object has. */
interface RtcStatsBase {
  /** Stays the same for as long as what it describes. */
  readonly id: string;
  /** Wall clock, milliseconds since 1970. */
  readonly timestamp: number;
}

/** How a stream is encoded. */
export interface RtcCodecStats extends RtcStatsBase {
  readonly type: "codec";
  readonly mimeType: string;
  readonly sdpFmtpLine?: string;
}

/** What is captured. */
export interface RtcVideoSourceStats extends RtcStatsBase {
  readonly type: "media-source";
  readonly kind: "video";
  readonly trackIdentifier: string;
  readonly width?: number;
  readonly height?: number;
  /** Pictures of the source, whether they were encoded or not. */
  readonly frames: number;
  readonly framesPerSecond: number;
}

/** Why size or frame rate are below their best. */
export type QualityLimitationReason = "none" | "cpu" | "bandwidth" | "other";

/** What one viewer is sent of one stream. */
export interface RtcOutboundStats extends RtcStatsBase {
  readonly type: "outbound-rtp";
  readonly kind: "video";
  readonly transportId: string;
  readonly codecId?: string;
  readonly mediaSourceId: string;
  readonly remoteId: string;
  readonly active: boolean;
  readonly packetsSent: number;
  /** Without headers. */
  readonly bytesSent: number;
  readonly headerBytesSent: number;
  readonly targetBitrate: number;
  readonly frameWidth?: number;
  readonly frameHeight?: number;
  readonly framesPerSecond: number;
  readonly framesSent: number;
  readonly framesEncoded: number;
  readonly keyFramesEncoded: number;
  readonly qpSum: number;
  readonly totalEncodeTime: number;
  readonly totalPacketSendDelay: number;
  readonly qualityLimitationReason: QualityLimitationReason;
  readonly qualityLimitationDurations: Readonly<Record<QualityLimitationReason, number>>;
  readonly qualityLimitationResolutionChanges: number;
  readonly nackCount: number;
  readonly pliCount: number;
  readonly encoderImplementation?: string;
  readonly scalabilityMode: "L1T1" | "L1T2";
}

/** What one viewer reports of one stream. */
export interface RtcRemoteInboundStats extends RtcStatsBase {
  readonly type: "remote-inbound-rtp";
  readonly kind: "video";
  readonly transportId: string;
  readonly codecId?: string;
  readonly localId: string;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly fractionLost: number;
  readonly jitter: number;
  /** Absent before the first report. */
  readonly roundTripTime?: number;
  readonly totalRoundTripTime: number;
  readonly roundTripTimeMeasurements: number;
}

/** The datagrams of one viewer's connection. */
export interface RtcTransportStats extends RtcStatsBase {
  readonly type: "transport";
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly selectedCandidatePairId: string;
}

/** The path of one viewer's connection. */
export interface RtcCandidatePairStats extends RtcStatsBase {
  readonly type: "candidate-pair";
  readonly transportId: string;
  readonly state: "succeeded";
  readonly nominated: true;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly packetsDiscardedOnSend: number;
  /** Absent before the first report. */
  readonly currentRoundTripTime?: number;
  readonly totalRoundTripTime: number;
  /** Absent before the first stream is played. */
  readonly availableOutgoingBitrate?: number;
}

/** One object of `rtcStats`. */
export type RtcStats =
  | RtcCodecStats
  | RtcVideoSourceStats
  | RtcOutboundStats
  | RtcRemoteInboundStats
  | RtcTransportStats
  | RtcCandidatePairStats;
