/**
 * Producer: who gives the pictures and the sound of a published stream, whatever way they come, and
 * what it says of them. Types alone.
 */

import type { EncoderRate } from "../../ipc/media_command.ts";
import type { MediaSound } from "../../ipc/sound_record.ts";
import type { PublishKind } from "../../wire/publish_messages.ts";

/** What the viewers' paths carry. */
export type RateWish = Pick<EncoderRate, "bitrateBps" | "fps"> & { readonly scale: number };

/** Who gives the pictures of a published stream; called from within other calls, and must not throw. */
export interface Producer {
  /** For logs and people: how it is connected, such as `quic` or `whip`. */
  readonly via: string;
  /** What this process holds of its packets. */
  readonly bufferBytes: number;
  /** The next frame should be a keyframe. */
  onKeyframeWanted(): void;
  onRate(rate: RateWish): void;
  /** State, viewers, or whether it is wanted have changed. */
  onChange(): void;
  /** It is not the producer of this stream any more: another one came, or somebody ended it. */
  onReplaced(why: "replaced" | "ended" | "shutdown"): void;
  /** Counters for the dashboard and the API. */
  report(): ProducerReport;
}

/** What a producer says of itself and of its path; what it does not know is left out. */
export interface ProducerReport {
  readonly score?: number | undefined;
  readonly framesDropped?: number | undefined;
  readonly fps?: number | undefined;
  readonly processingUs?: number | undefined;
  /** Packets that never came, and those that repairs brought back. */
  readonly packetsLost?: number | undefined;
  readonly packetsRecovered?: number | undefined;
  readonly rttUs?: number | undefined;
}

/** Whose stream it is. */
export interface PublishOwner {
  /** A browser session, or what else stands for a publisher. */
  readonly owner: string;
  /** Which of the owner's publications it is. */
  readonly key: string;
  readonly kind: PublishKind;
  /** Who publishes, for people. */
  readonly by: string;
}

/** What a producer says of the pictures that follow. */
export interface PublishedFacts {
  readonly fps: number;
  /** For people. */
  readonly encoder: string;
  readonly hasSound: boolean;
}

/** One frame of sound; its payload is valid only during the call. */
export interface PublishedSound extends Pick<MediaSound, "channels" | "frameUs" | "payload"> {
  /** Host time, modulo 2^32; undefined for now. */
  readonly captureTimeUs?: number | undefined;
  /** Counts the frames of one connection; a gap is what was lost. */
  readonly frameId: number;
}
