/**
 * Wavry: a low-latency desktop in a browser tab. This module is the public interface: the server as a
 * whole, and the parts that stand on their own: packets, reorder and loss, the pipelines of both
 * ends, WebTransport over QUIC, and the wire formats they share.
 */

export { Server } from "./src/server/server.ts";
export type { ServerOptions } from "./src/server/server.ts";
export type { HostReport, ViewerReport } from "./src/server/stats/stats_report.ts";
export type {
  QualityLimitationReason,
  RtcCandidatePairStats,
  RtcCodecStats,
  RtcOutboundStats,
  RtcRemoteInboundStats,
  RtcStats,
  RtcStatsType,
  RtcTransportStats,
  RtcVideoSourceStats,
} from "./src/server/stats/stats_rtc_objects.ts";
export { defaultConfig, readConfig, VERSION } from "./src/server/config/config.ts";
export type { CommandLine, ConfigSources, ServerConfig } from "./src/server/config/config.ts";
export type { ByteSize, Duration, PictureSize } from "./src/server/config/option_schemas.ts";

export { QuicListener } from "./src/transport/quic/quic_listener.ts";
export type { CertificatePem, QuicListenOptions } from "./src/transport/quic/quic_listener.ts";
export { QUIC_LIMITS } from "./src/transport/quic/quic_limits.ts";
export type { QuicLimits } from "./src/transport/quic/quic_limits.ts";
export { createLoopbackPair } from "./src/transport/loopback.ts";
export type { LoopbackOptions, LoopbackPair } from "./src/transport/loopback.ts";
export type {
  BidirectionalStream,
  CloseInfo,
  Connection,
  ConnectionStats,
  IncomingConnection,
  Listener,
  SessionGate,
  SessionRequest,
  TransportKind,
} from "./src/transport/connection.ts";
export { MuxConnection } from "./src/transport/mux/mux_connection.ts";
export type { MuxConnectionOptions } from "./src/transport/mux/mux_connection.ts";
export type { MuxChannel, MuxHandlers } from "./src/transport/mux/mux_channel.ts";
export { MUX_LIMITS } from "./src/transport/mux/mux_limits.ts";
export type { MuxLimits } from "./src/transport/mux/mux_limits.ts";
export { createMemoryChannels } from "./src/transport/mux/memory_channel.ts";
export type { MemoryChannel, MemoryChannelOptions } from "./src/transport/mux/memory_channel.ts";
export { joinConnections } from "./src/transport/mux/join_connections.ts";

export { Packetizer } from "./src/packet/packetizer.ts";
export { Depacketizer } from "./src/packet/depacketizer.ts";
export { ReorderBuffer } from "./src/reorder/reorder_buffer.ts";
export { LossDetector } from "./src/reorder/loss_detector.ts";
export { FecDecoder } from "./src/fec/fec_decoder.ts";
export { StreamingFecEncoder } from "./src/fec/fec_encoder.ts";
export { MediaFanout } from "./src/pipeline/media_fanout.ts";
export { MediaSender } from "./src/pipeline/media_sender.ts";
export { MediaReceiver } from "./src/pipeline/media_receiver.ts";
export { FrameTee } from "./src/pipeline/frame_tee.ts";

export { ReplayBuffer } from "./src/replay/replay_buffer.ts";
export type {
  PushOutcome,
  ReplayLimits,
  ReplaySpan,
  ReplayStats,
} from "./src/replay/replay_buffer.ts";
export { ReplayCursor } from "./src/replay/replay_cursor.ts";
export type { CursorStep } from "./src/replay/replay_cursor.ts";
export type { IndexedFrame } from "./src/replay/held_frames.ts";
export type { ReplaySegment, SegmentLease } from "./src/replay/segment_leases.ts";

export { Recorder } from "./src/recording/recorder.ts";
export type {
  NewFile,
  PartSink,
  RecorderOptions,
  RecorderStats,
  SplitLimits,
  StopReason,
} from "./src/recording/recorder.ts";
export { RecordingFolder } from "./src/recording/recording_folder.ts";
export type { FolderEntry, RecordingFolderOptions } from "./src/recording/recording_folder.ts";
export type { RecordingFilter, RecordingRow } from "./src/recording/catalog.ts";
export { writeClip } from "./src/recording/clip.ts";
export type { ClipFrame, ClipRange, ClipSource } from "./src/recording/clip.ts";
export { MemoryLedger } from "./src/memory/memory_ledger.ts";

export type {
  CongestionController,
  ControllerLimits,
  ControllerName,
  PathReport,
} from "./src/congestion/congestion_controller.ts";
export { createController } from "./src/congestion/controllers.ts";

export * from "./src/wire/codec.ts";
export * from "./src/wire/control.ts";
export * from "./src/wire/feedback.ts";
export * from "./src/wire/frame.ts";
export * from "./src/wire/frame_stream.ts";
export * from "./src/wire/framing.ts";
export * from "./src/wire/input.ts";
export * from "./src/wire/packet.ts";
export * from "./src/wire/probe.ts";

export { ManualClock, monotonicClock } from "./src/core/clock.ts";
export type { Clock } from "./src/core/clock.ts";
export * from "./src/core/errors.ts";
export { silentLogger } from "./src/core/log.ts";
export type { LogFields, Logger } from "./src/core/log.ts";
