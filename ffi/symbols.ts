/**
 * Symbols: the C functions of ffi/native/native.h in the same order, as Deno's FFI needs them. All
 * capture, staging, encode and input calls pass here; `nonblocking` marks only those that wait.
 */

import {
  CLIPBOARD_POINTER,
  ENCODER_POOL_POINTER,
  INPUT_POINTER,
  OUTPUT_POINTER,
  POOL_POINTER,
  SOUND_POINTER,
  SPEAKER_POINTER,
  STREAM_POINTER,
} from "./pointers.ts";

/** Signatures of the native library; argument meanings and units are in native.h. */
export const SYMBOLS = {
  wv_abi_version: { parameters: [], result: "u32" },
  wv_monotonic_us: { parameters: [], result: "u64" },
  wv_candidates: { parameters: ["buffer", "u32"], result: "i32", nonblocking: true },
  wv_display_info: { parameters: ["buffer", "buffer"], result: "i32", nonblocking: true },
  wv_memory_stats: { parameters: ["buffer"], result: "i32" },
  wv_memory_release: { parameters: [], result: "i32", nonblocking: true },
  wv_process_memory: { parameters: ["i32", "buffer"], result: "i32", nonblocking: true },

  wv_output_create: { parameters: ["u32"], result: OUTPUT_POINTER },
  wv_output_attach_fd: { parameters: [OUTPUT_POINTER, "i32"], result: "i32" },
  wv_output_post: { parameters: [OUTPUT_POINTER, "buffer", "u32"], result: "i32" },
  wv_output_next: {
    parameters: [OUTPUT_POINTER, "buffer", "u32", "u32"],
    result: "i32",
    nonblocking: true,
  },
  // The same function without a thread of its own, for calls that do not wait.
  wv_output_take: {
    name: "wv_output_next",
    parameters: [OUTPUT_POINTER, "buffer", "u32", "u32"],
    result: "i32",
  },
  wv_output_stats: { parameters: [OUTPUT_POINTER, "buffer"], result: "i32" },
  wv_output_close: { parameters: [OUTPUT_POINTER], result: "void" },
  wv_output_destroy: { parameters: [OUTPUT_POINTER], result: "void" },

  wv_pool_create: { parameters: ["u32", "u32", "u32", "u64"], result: POOL_POINTER },
  wv_pool_lease: { parameters: [POOL_POINTER, "u32"], result: "pointer" },
  wv_pool_release: { parameters: [POOL_POINTER, "pointer"], result: "void" },
  wv_pool_trim: { parameters: [POOL_POINTER, "u32"], result: "i32" },
  wv_pool_take_peak: { parameters: [POOL_POINTER], result: "i32" },
  wv_pool_stats: { parameters: [POOL_POINTER, "buffer"], result: "i32" },
  wv_pool_destroy: { parameters: [POOL_POINTER], result: "i32" },

  wv_encoder_pool_create: { parameters: ["u32", "u32", "u64"], result: ENCODER_POOL_POINTER },
  wv_encoder_pool_trim: { parameters: [ENCODER_POOL_POINTER, "u64"], result: "i32" },
  wv_encoder_pool_set_idle_limit: { parameters: [ENCODER_POOL_POINTER, "u32"], result: "i32" },
  wv_encoder_pool_stats: { parameters: [ENCODER_POOL_POINTER, "buffer"], result: "i32" },
  wv_encoder_pool_destroy: { parameters: [ENCODER_POOL_POINTER], result: "i32" },

  wv_stream_create: {
    parameters: [OUTPUT_POINTER, POOL_POINTER, ENCODER_POOL_POINTER, "buffer", "buffer", "u32"],
    result: STREAM_POINTER,
    nonblocking: true,
  },
  wv_stream_start: { parameters: [STREAM_POINTER], result: "i32" },
  wv_stream_stop: { parameters: [STREAM_POINTER], result: "i32", nonblocking: true },
  wv_stream_destroy: { parameters: [STREAM_POINTER], result: "void" },
  wv_stream_set_qp: { parameters: [STREAM_POINTER, "u32"], result: "i32" },
  wv_stream_set_limits: { parameters: [STREAM_POINTER, "u32", "u32", "u32"], result: "i32" },
  wv_stream_set_fps: { parameters: [STREAM_POINTER, "u32"], result: "i32" },
  wv_stream_set_shape: { parameters: [STREAM_POINTER, "u32", "u32"], result: "i32" },
  wv_stream_request_keyframe: { parameters: [STREAM_POINTER], result: "i32" },
  wv_stream_request_segment: { parameters: [STREAM_POINTER, "u32", "u32"], result: "i32" },
  wv_stream_request_refresh: { parameters: [STREAM_POINTER], result: "i32" },
  wv_stream_invalidate: { parameters: [STREAM_POINTER, "u32"], result: "i32" },
  wv_stream_stats: { parameters: [STREAM_POINTER, "buffer"], result: "i32" },

  wv_input_open: {
    parameters: ["buffer", "u32", "u32", "u32", "buffer", "u32"],
    result: INPUT_POINTER,
    nonblocking: true,
  },
  wv_input_describe: { parameters: [INPUT_POINTER, "buffer", "u32"], result: "i32" },
  wv_input_set_screen: { parameters: [INPUT_POINTER, "u32", "u32"], result: "i32" },
  wv_input_key: { parameters: [INPUT_POINTER, "u32", "u8"], result: "i32" },
  wv_input_pointer_absolute: { parameters: [INPUT_POINTER, "i32", "i32"], result: "i32" },
  wv_input_pointer_relative: { parameters: [INPUT_POINTER, "i32", "i32"], result: "i32" },
  wv_input_button: { parameters: [INPUT_POINTER, "u32", "u8"], result: "i32" },
  wv_input_wheel: { parameters: [INPUT_POINTER, "i32", "i32"], result: "i32" },
  wv_input_touch: {
    parameters: [INPUT_POINTER, "u32", "u32", "i32", "i32", "u32"],
    result: "i32",
  },
  wv_input_pen: {
    parameters: [INPUT_POINTER, "u32", "i32", "i32", "u32", "i32", "i32"],
    result: "i32",
  },
  wv_input_pad: { parameters: [INPUT_POINTER, "u32", "u8", "u32"], result: "i32" },
  wv_input_pad_axis: { parameters: [INPUT_POINTER, "u32", "u32", "i32"], result: "i32" },
  wv_input_text: { parameters: [INPUT_POINTER, "u32"], result: "i32" },
  wv_input_locks: { parameters: [INPUT_POINTER, "u32", "u32"], result: "i32" },
  wv_input_take_rumbles: { parameters: [INPUT_POINTER, "buffer", "u32"], result: "i32" },
  wv_input_release_all: { parameters: [INPUT_POINTER], result: "i32" },
  wv_input_close: { parameters: [INPUT_POINTER], result: "void" },

  wv_sound_open: {
    parameters: [OUTPUT_POINTER, "buffer", "buffer", "u32"],
    result: SOUND_POINTER,
    nonblocking: true,
  },
  wv_sound_stats: { parameters: [SOUND_POINTER, "buffer"], result: "i32" },
  wv_sound_close: { parameters: [SOUND_POINTER], result: "void", nonblocking: true },

  wv_speaker_open: {
    parameters: ["buffer", "buffer", "u32"],
    result: SPEAKER_POINTER,
    nonblocking: true,
  },
  wv_speaker_begin: { parameters: [SPEAKER_POINTER, "u32"], result: "i32" },
  wv_speaker_end: { parameters: [SPEAKER_POINTER, "u32"], result: "i32" },
  wv_speaker_write: {
    parameters: [SPEAKER_POINTER, "u32", "buffer", "u32", "u32"],
    result: "i32",
  },
  wv_speaker_stats: { parameters: [SPEAKER_POINTER, "buffer"], result: "i32" },
  wv_speaker_close: { parameters: [SPEAKER_POINTER], result: "void", nonblocking: true },

  wv_clipboard_open: {
    parameters: ["buffer", "u32", "buffer", "u32"],
    result: CLIPBOARD_POINTER,
    nonblocking: true,
  },
  wv_clipboard_next: {
    parameters: [CLIPBOARD_POINTER, "buffer", "u32"],
    result: "i32",
    nonblocking: true,
  },
  wv_clipboard_read: { parameters: [CLIPBOARD_POINTER, "u32", "u32", "u32"], result: "i32" },
  wv_clipboard_take: { parameters: [CLIPBOARD_POINTER, "u32", "buffer", "u32"], result: "i32" },
  wv_clipboard_drop: { parameters: [CLIPBOARD_POINTER], result: "i32" },
  wv_clipboard_own: { parameters: [CLIPBOARD_POINTER, "u32", "u32"], result: "i32" },
  wv_clipboard_give: {
    parameters: [CLIPBOARD_POINTER, "u32", "u32", "u32", "u32", "buffer", "u32"],
    result: "i32",
  },
  wv_clipboard_refuse: { parameters: [CLIPBOARD_POINTER, "u32", "u32"], result: "i32" },
  wv_clipboard_stats: { parameters: [CLIPBOARD_POINTER, "buffer"], result: "i32" },
  wv_clipboard_close: { parameters: [CLIPBOARD_POINTER], result: "i32", nonblocking: true },
  wv_clipboard_destroy: { parameters: [CLIPBOARD_POINTER], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;
