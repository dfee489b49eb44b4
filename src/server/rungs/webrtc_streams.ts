/**
 * WebRtcStreams: the streams that somebody watches by WebRTC, each with a peer of the gateway's link
 * of its own, so that a frame crosses the pipe once for all who watch. A frame that finds no room is
 * dropped whole: the gateway sees the gap and asks for a keyframe.
 */

import type { MediaSound } from "../../ipc/sound_record.ts";
import {
  GATEWAY_FRAME_BYTES,
  writeGatewayFrame,
  writeGatewaySound,
} from "../../gateway/gateway_frame.ts";
import type { GatewayLink } from "../../gateway/gateway_link.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import type { EncodedFrame } from "../../wire/frame.ts";

/** Follows the sound of a stream; undefined when there is none. */
export type FollowSound = (
  sink: (sound: MediaSound) => void,
  streamId: number,
) => (() => void) | undefined;

/** Counters of all streams. */
export interface WebRtcStreamsStats {
  framesSent: number;
  /** Frames that found no room on the way to the gateway. */
  framesDropped: number;
  soundSent: number;
}

interface OpenStream {
  readonly peer: GatewayPeer;
  readonly prefix: Uint8Array;
  users: number;
  listeners: number;
  endSound: (() => void) | undefined;
  newest: EncodedFrame | undefined;
}

/** The streams of one link. */
export class WebRtcStreams {
  readonly stats: WebRtcStreamsStats = { framesSent: 0, framesDropped: 0, soundSent: 0 };
  readonly #link: GatewayLink;
  readonly #followSound: FollowSound;
  readonly #streams = new Map<number, OpenStream>();

  constructor(link: GatewayLink, followSound: FollowSound) {
    this.#link = link;
    this.#followSound = followSound;
  }

  /** Somebody begins to watch, with sound or without; the function that is given back ends it. */
  use(streamId: number, withSound: boolean): () => void {
    const stream = this.#streams.get(streamId) ?? this.#open(streamId);
    if (stream === undefined) return () => {};
    stream.users++;
    if (withSound && stream.listeners++ === 0) this.#listen(streamId, stream);
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      if (withSound && --stream.listeners === 0) this.#deafen(stream);
      if (--stream.users === 0) this.#close(streamId, stream);
    };
  }

  /** Hands on a frame, the first time that one of those who watch brings it. */
  push(frame: EncodedFrame): void {
    const stream = this.#streams.get(frame.streamId);
    if (stream === undefined || stream.newest === frame) return;
    stream.newest = frame;
    writeGatewayFrame(stream.prefix, frame);
    if (stream.peer.send("frame_out", frame.payload, stream.prefix)) this.stats.framesSent++;
    else this.stats.framesDropped++;
  }

  /** Lets all go; the link is gone or about to be. */
  close(): void {
    for (const [streamId, stream] of this.#streams) {
      this.#deafen(stream);
      this.#close(streamId, stream);
    }
  }

  #open(streamId: number): OpenStream | undefined {
    const peer = this.#link.openPeer({ type: "open_rtc_stream", streamId }, {});
    if (peer === undefined) return undefined;
    const prefix = new Uint8Array(GATEWAY_FRAME_BYTES);
    const stream: OpenStream = {
      ...{ peer, prefix, users: 0, listeners: 0, endSound: undefined, newest: undefined },
    };
    this.#streams.set(streamId, stream);
    return stream;
  }

  #listen(streamId: number, stream: OpenStream): void {
    const prefix = new Uint8Array(GATEWAY_FRAME_BYTES);
    stream.endSound = this.#followSound((sound) => {
      const { channels, frameUs: durationUs, captureTimeUs, payload } = sound;
      writeGatewaySound(prefix, { channels, durationUs, captureTimeUs, payload });
      if (stream.peer.send("sound_out", payload, prefix)) this.stats.soundSent++;
    }, streamId);
  }

  #deafen(stream: OpenStream): void {
    stream.endSound?.();
    stream.endSound = undefined;
  }

  #close(streamId: number, stream: OpenStream): void {
    stream.peer.close("Nobody watches");
    stream.newest = undefined;
    if (this.#streams.get(streamId) === stream) this.#streams.delete(streamId);
  }
}
