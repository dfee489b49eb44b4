/**
 * The native library as the rest of the project sees it: capture, staging, encode and input owners.
 * Nothing outside this folder calls a native function.
 */

export {
  NativeSound,
  type NativeSoundOptions,
  type NativeSoundStats,
  type SoundSourceKind,
} from "./audio.ts";
export {
  type DisplayInfo,
  displayInfo,
  type NativeCandidate,
  nativeCandidates,
} from "./capture.ts";
export {
  CLIPBOARD_TYPES,
  type ClipboardType,
  NativeClipboard,
  type NativeClipboardEvent,
  type NativeClipboardStats,
} from "./clipboard.ts";
export {
  type FrameLease,
  FramePool,
  type FramePoolOptions,
  type FramePoolStats,
} from "./frame_pool.ts";
export { stagingFrameBytes } from "../src/core/picture_layout.ts";
export {
  NativeEncoderPool,
  type NativeEncoderPoolOptions,
  type NativeEncoderPoolStats,
} from "./encoder_pool.ts";
export { InputDevice } from "./input_device.ts";
export type {
  DeviceAbility,
  DevicePen,
  DeviceRumble,
  DeviceTouch,
  InputChoice,
  InputDeviceOptions,
} from "./input_device.ts";
export { ABI_VERSION, LIBRARY_PATH } from "./library.ts";
export { MediaOutput, type MediaOutputStats, RECORD_HEADER_BYTES } from "./media_output.ts";
export {
  type FrameLimits,
  MediaStream,
  type MediaStreamOptions,
  type MediaStreamStats,
  type StreamSource,
} from "./media_stream.ts";
export {
  type KernelMemory,
  kernelMemory,
  MEMORY_TYPES,
  type MemoryType,
  type MemoryTypeStats,
  nativeMemoryStats,
  releaseFreedMemory,
} from "./memory_stats.ts";
export { monotonicUs } from "./monotonic_clock.ts";
export { NativeSpeaker, type NativeSpeakerOptions, type NativeSpeakerStats } from "./speaker.ts";
export { STATUS } from "./status.ts";
export { ENCODER_INDEX, type EncoderName, encoderName } from "./video_encoder.ts";
