/**
 * RTC stats: what the host knows of streams and viewers in the words of the W3C's webrtc-stats: a flat
 * list of objects that name each other by id. Plain functions of figures; nothing is kept.
 */

import type { StreamTarget } from "../../congestion/stream_rate.ts";
import type { MediaSenderStats } from "../../pipeline/sender_report.ts";
import type { ConnectionStats } from "../../transport/connection.ts";
import type { PictureFigures } from "./stats_pictures.ts";
import type {
  RtcCandidatePairStats,
  RtcCodecStats,
  RtcOutboundStats,
  RtcRemoteInboundStats,
  RtcStats,
  RtcTransportStats,
  RtcVideoSourceStats,
} from "./stats_rtc_objects.ts";
import type { StreamFacts } from "../streams/stream_messages.ts";

/** One stream. */
export interface StreamFigures {
  readonly id: number;
  readonly name: string;
  readonly facts: StreamFacts | undefined;
  readonly target: StreamTarget;
  readonly pictures: PictureFigures;
}

/** One stream to one viewer. */
export interface FeedFigures {
  readonly streamId: number;
  readonly isPlaying: boolean;
  readonly keyframeRequests: number;
  readonly sent: MediaSenderStats;
}

/** One viewer. */
export interface SessionFigures {
  readonly id: string;
  readonly connection: Readonly<ConnectionStats>;
  readonly feeds: readonly FeedFigures[];
}

/** Everything that the objects are made of. */
export interface RtcFigures {
  /** Wall clock, milliseconds. */
  readonly nowMs: number;
  readonly streams: readonly StreamFigures[];
  readonly sessions: readonly SessionFigures[];
}

/** All objects: streams first, then each viewer with what it is sent. */
export function rtcStats({ nowMs: timestamp, streams, sessions }: RtcFigures): RtcStats[] {
  return [
    ...streams.flatMap((stream) => streamStats(stream, timestamp)),
    ...sessions.flatMap((session) => [
      transportStats(session, timestamp),
      candidatePairStats(session, timestamp),
      ...session.feeds.flatMap((feed) => {
        const stream = streams.find(({ id }) => id === feed.streamId);
        return stream === undefined ? [] : feedStats({ session, feed, stream }, timestamp);
      }),
    ]),
  ];
}

function streamStats(stream: StreamFigures, timestamp: number): RtcStats[] {
  const { id, name, facts, pictures } = stream;
  const source: RtcVideoSourceStats = {
    ...{ id: sourceId(id), type: "media-source", timestamp, kind: "video", trackIdentifier: name },
    ...(facts === undefined ? {} : { width: facts.screenWidth, height: facts.screenHeight }),
    frames: pictures.sourceFrames,
    framesPerSecond: pictures.sourcePerSecond,
  };
  return facts === undefined ? [source] : [codecStats(id, facts.codec, timestamp), source];
}

/** An RFC 6381 string as a MIME type and its parameters. */
function codecStats(streamId: number, codec: string, timestamp: number): RtcCodecStats {
  const profile = /^avc1\.([0-9a-fA-F]{6})$/.exec(codec)?.[1];
  return {
    ...{ id: codecId(streamId), type: "codec", timestamp },
    mimeType: profile === undefined ? `video/${codec.split(".")[0]}` : "video/H264",
    ...(profile === undefined ? {} : { sdpFmtpLine: `profile-level-id=${profile.toLowerCase()}` }),
  };
}

interface FeedParts {
  readonly session: SessionFigures;
  readonly feed: FeedFigures;
  readonly stream: StreamFigures;
}

function feedStats(parts: FeedParts, timestamp: number): RtcStats[] {
  return [outboundStats(parts, timestamp), remoteInboundStats(parts, timestamp)];
}

function outboundStats({ session, feed, stream }: FeedParts, timestamp: number): RtcOutboundStats {
  const { sent, streamId } = feed;
  const { facts, pictures, target } = stream;
  return {
    ...{ id: outboundId(session.id, streamId), type: "outbound-rtp", timestamp, kind: "video" },
    transportId: transportId(session.id),
    ...(facts === undefined ? {} : { codecId: codecId(streamId) }),
    mediaSourceId: sourceId(streamId),
    remoteId: remoteId(session.id, streamId),
    active: feed.isPlaying,
    packetsSent: sent.packetsSent,
    bytesSent: sent.bytesSent - sent.headerBytesSent,
    headerBytesSent: sent.headerBytesSent,
    targetBitrate: target.bitrateBps,
    ...(pictures.width === undefined ? {} : { frameWidth: pictures.width }),
    ...(pictures.height === undefined ? {} : { frameHeight: pictures.height }),
    framesPerSecond: pictures.encodedPerSecond,
    framesSent: sent.framesSent,
    framesEncoded: pictures.framesEncoded,
    keyFramesEncoded: pictures.keyFramesEncoded,
    qpSum: pictures.qpSum,
    totalEncodeTime: seconds(pictures.encodeUsTotal),
    totalPacketSendDelay: seconds(sent.waitedUs),
    qualityLimitationReason: pictures.limitation,
    qualityLimitationDurations: {
      none: seconds(pictures.limitationUs.none),
      cpu: seconds(pictures.limitationUs.cpu),
      bandwidth: seconds(pictures.limitationUs.bandwidth),
      other: seconds(pictures.limitationUs.other),
    },
    qualityLimitationResolutionChanges: pictures.resolutionChanges,
    nackCount: sent.missingReports,
    pliCount: feed.keyframeRequests,
    ...(facts === undefined ? {} : { encoderImplementation: facts.encoder }),
    scalabilityMode: target.temporalLayers === 2 && facts?.temporalLayersMax === 2
      ? "L1T2"
      : "L1T1",
  };
}

function remoteInboundStats(parts: FeedParts, timestamp: number): RtcRemoteInboundStats {
  const { session, feed: { sent, streamId }, stream } = parts;
  return {
    ...{ id: remoteId(session.id, streamId), type: "remote-inbound-rtp", timestamp, kind: "video" },
    transportId: transportId(session.id),
    ...(stream.facts === undefined ? {} : { codecId: codecId(streamId) }),
    localId: outboundId(session.id, streamId),
    packetsReceived: sent.packetsArrived,
    packetsLost: sent.packetsLost,
    fractionLost: sent.loss,
    jitter: seconds(sent.jitterUs),
    ...(sent.rttSamples === 0 ? {} : { roundTripTime: seconds(sent.rttLatestUs) }),
    totalRoundTripTime: seconds(sent.rttTotalUs),
    roundTripTimeMeasurements: sent.rttSamples,
  };
}

function transportStats({ id, connection }: SessionFigures, timestamp: number): RtcTransportStats {
  return {
    ...{ id: transportId(id), type: "transport", timestamp },
    ...datagrams(connection),
    selectedCandidatePairId: pairId(id),
  };
}

function candidatePairStats(session: SessionFigures, timestamp: number): RtcCandidatePairStats {
  const { id, connection, feeds } = session;
  const heard = feeds.findLast(({ sent }) => sent.rttSamples > 0);
  return {
    ...{ id: pairId(id), type: "candidate-pair", timestamp },
    ...{ transportId: transportId(id), state: "succeeded", nominated: true },
    ...datagrams(connection),
    packetsDiscardedOnSend: connection.datagramsDropped,
    ...(heard === undefined ? {} : { currentRoundTripTime: seconds(heard.sent.rttLatestUs) }),
    totalRoundTripTime: seconds(feeds.reduce((sum, { sent }) => sum + sent.rttTotalUs, 0)),
    ...(feeds.length === 0 ? {} : {
      availableOutgoingBitrate: feeds.reduce((sum, { sent }) => sum + sent.targetBps, 0),
    }),
  };
}

function datagrams(connection: Readonly<ConnectionStats>) {
  return {
    packetsSent: connection.datagramsSent,
    packetsReceived: connection.datagramsReceived,
    bytesSent: connection.bytesSent,
    bytesReceived: connection.bytesReceived,
  };
}

function seconds(us: number): number {
  return us / 1e6;
}

function codecId(streamId: number): string {
  return `codec-${streamId}`;
}

function sourceId(streamId: number): string {
  return `source-${streamId}`;
}

function outboundId(session: string, streamId: number): string {
  return `outbound-${session}-${streamId}`;
}

function remoteId(session: string, streamId: number): string {
  return `remote-inbound-${session}-${streamId}`;
}

function transportId(session: string): string {
  return `transport-${session}`;
}

function pairId(session: string): string {
  return `candidate-pair-${session}`;
}
