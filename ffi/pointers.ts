/**
 * Pointers: one branded type per opaque C struct, so that a handle of the wrong kind does not
 * compile. Used on the capture, staging, encode and input steps; owners are the wrapper classes.
 */

/** Handle of a `wv_output`: the way out for encoded frames, cursors and messages. */
export type OutputPointer = Deno.PointerObject<"wv_output">;
/** Handle of a `wv_pool`: staging frames in native memory. */
export type PoolPointer = Deno.PointerObject<"wv_pool">;
/** Handle of a `wv_encoder_pool`: encoders in use and idle. */
export type EncoderPoolPointer = Deno.PointerObject<"wv_encoder_pool">;
/** Handle of a `wv_stream`: one captured source, its encoder and its thread. */
export type StreamPointer = Deno.PointerObject<"wv_stream">;
/** Handle of a `wv_input`: an X connection that injects keys and pointer events. */
export type InputPointer = Deno.PointerObject<"wv_input">;

/** Handle of a `wv_sound`: one captured sound, its encoder and its thread. */
export type SoundPointer = Deno.PointerObject<"wv_sound">;
/** Handle of a `wv_clipboard`: an X connection that owns and reads selections. */
export type ClipboardPointer = Deno.PointerObject<"wv_clipboard">;

/** Handle of a `wv_speaker`: voices of viewers that play into a virtual source. */
export type SpeakerPointer = Deno.PointerObject<"wv_speaker">;

/** FFI type of an `OutputPointer`. */
export const OUTPUT_POINTER = "pointer" as Deno.NativeTypedPointer<OutputPointer>;
/** FFI type of a `PoolPointer`. */
export const POOL_POINTER = "pointer" as Deno.NativeTypedPointer<PoolPointer>;
/** FFI type of an `EncoderPoolPointer`. */
export const ENCODER_POOL_POINTER = "pointer" as Deno.NativeTypedPointer<EncoderPoolPointer>;
/** FFI type of a `StreamPointer`. */
export const STREAM_POINTER = "pointer" as Deno.NativeTypedPointer<StreamPointer>;
/** FFI type of an `InputPointer`. */
export const INPUT_POINTER = "pointer" as Deno.NativeTypedPointer<InputPointer>;
/** FFI type of a `SoundPointer`. */
export const SOUND_POINTER = "pointer" as Deno.NativeTypedPointer<SoundPointer>;
/** FFI type of a `ClipboardPointer`. */
export const CLIPBOARD_POINTER = "pointer" as Deno.NativeTypedPointer<ClipboardPointer>;
/** FFI type of a `SpeakerPointer`. */
export const SPEAKER_POINTER = "pointer" as Deno.NativeTypedPointer<SpeakerPointer>;
