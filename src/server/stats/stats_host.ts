/**
 * HostStats: collects what the statistics in the W3C's names are made of: looks at each frame as it
 * passes, and at streams and viewers when somebody asks. It holds the sums of at most `MAX_STREAMS`
 * streams.
 */

import type { MediaFrame } from "../../ipc/media_handlers.ts";
import type { ShownSession } from "../../session/shown_session.ts";
import { MAX_STREAMS } from "../../wire/codec.ts";
import { type PictureFigures, PictureStats } from "./stats_pictures.ts";
import { type FeedFigures, rtcStats, type SessionFigures } from "./stats_rtc.ts";
import type { RtcStats } from "./stats_rtc_objects.ts";
import type { Stream } from "../streams/stream.ts";

/** Where the figures come from. */
export interface HostStatsSources {
  readonly streams: () => readonly Stream[];
  readonly sessions: () => Iterable<ShownSession>;
  readonly nowUs: () => number;
  /** Wall clock. */
  readonly nowMs: () => number;
}

/** The statistics of one host. */
export class HostStats {
  readonly #sources: HostStatsSources;
  readonly #pictures = new Map<number, PictureStats>();

  constructor(sources: HostStatsSources) {
    this.#sources = sources;
  }

  /** Looks at a frame that has just come from the encoder. */
  onFrame(frame: MediaFrame): void {
    const { streams, nowUs } = this.#sources;
    const stream = streams().find(({ id }) => id === frame.streamId);
    if (stream === undefined || frame.streamId >= MAX_STREAMS) return;
    this.#of(frame.streamId).push(frame, stream.pictureLimits, nowUs());
  }

  /** The pictures of a stream so far. */
  pictures(streamId: number): PictureFigures {
    return this.#of(streamId).figures(this.#sources.nowUs());
  }

  /** Every object of the W3C's statistics as it is now. */
  rtc(): RtcStats[] {
    const { streams, sessions, nowMs, nowUs } = this.#sources;
    return rtcStats({
      nowMs: nowMs(),
      streams: streams().map((stream) => {
        const { id, name, facts, encoderTarget: target } = stream;
        if (!stream.isCapturing) this.#of(id).pause(nowUs());
        return { id, name, facts, target, pictures: this.pictures(id) };
      }),
      sessions: [...sessions()].map(sessionFigures),
    });
  }

  #of(streamId: number): PictureStats {
    let pictures = this.#pictures.get(streamId);
    if (pictures === undefined) {
      pictures = new PictureStats();
      this.#pictures.set(streamId, pictures);
    }
    return pictures;
  }
}

function sessionFigures(session: ShownSession): SessionFigures {
  const feeds = [...session.streamIds].flatMap((streamId): FeedFigures[] => {
    const feed = session.feed(streamId);
    const sent = feed?.stats;
    if (feed === undefined || sent === undefined) return [];
    const { isPlaying, keyframeRequests } = feed;
    return [{ streamId, isPlaying, keyframeRequests, sent }];
  });
  return { id: session.id, connection: session.connectionStats, feeds };
}
