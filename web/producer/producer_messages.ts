/**
 * Producer messages: what a publishing page and its worker say to each other. Both come from the same
 * build, so the types are the whole contract. Tracks come as streams of frames, or frame by frame where
 * a browser cannot hand them over.
 */

import type { PublishWish } from "../../src/wire/publish_messages.ts";
import type { Rung } from "../transport/ladder.ts";
import type { ProcessingPolicy } from "./adaptive_frame_processing.ts";
import type { PictureBounds } from "./device_class.ts";
import type { MemoryRelief } from "./memory_monitor.ts";
import type { LiveFigures, PublishState } from "./producer_figures.ts";
import type { LinkState } from "./publish_keeper.ts";

/** From the page to the worker. */
export type ProducerCommand =
  /** Begins to publish; `secret` is the link's, when the page was opened with one. */
  | {
    readonly type: "start";
    readonly wish: PublishWish;
    readonly secret?: string | undefined;
    /** This way and no other. */
    readonly transport?: Rung | undefined;
  }
  | { readonly type: "stop" }
  /** Pictures of a source, which replace those of the one before. */
  | { readonly type: "pictures"; readonly readable: ReadableStream<VideoFrame> }
  /** The same as a track, for a browser whose workers read it themselves. */
  | { readonly type: "picture_track"; readonly track: MediaStreamTrack }
  /** One picture, where neither can be handed over; answered by `frame_taken`. */
  | { readonly type: "frame"; readonly frame: VideoFrame }
  /** The source is gone, or shows nothing for now. */
  | { readonly type: "no_pictures" }
  /** Sound of a source, which replaces that of the one before; undefined: none. */
  | { readonly type: "sound"; readonly readable: ReadableStream<AudioData> | undefined }
  /** The same as blocks of 10 ms of one channel, where a track cannot be read. */
  | { readonly type: "sound_blocks"; readonly port: MessagePort }
  | {
    readonly type: "limits";
    readonly bounds: PictureBounds;
    readonly policy: ProcessingPolicy;
    readonly relief: MemoryRelief;
  }
  /** How often a kept stream was used again, and could have been. */
  | { readonly type: "reuse"; readonly reused: number; readonly reusable: number };

/** From the worker to the page. */
export type ProducerEvent =
  | { readonly type: "state"; readonly state: LinkState }
  | { readonly type: "publish_state"; readonly state: PublishState }
  | { readonly type: "figures"; readonly figures: LiveFigures }
  | { readonly type: "frame_taken" }
  /** A track was handed over that this worker cannot read: pictures must come another way. */
  | { readonly type: "track_refused" }
  /** This browser cannot encode; `message` says what. */
  | {
    readonly type: "cannot_encode";
    readonly part: "picture" | "sound";
    readonly message: string;
  };
