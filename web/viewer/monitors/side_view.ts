/**
 * SideView: one display beside the one that is controlled: its own decoder, canvas and receiving half,
 * on the connection that there is. Loaded with the first one; it holds what one stream needs.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { FeatureLink } from "../features/worker_feature.ts";
import { PicturePath } from "../picture_path.ts";
import { FrameLog } from "../receive/frame_log.ts";
import { StatsCollector } from "../receive/stats_collector.ts";
import { StreamPlayer } from "../receive/stream_player.ts";

/** Shows one stream after another on one canvas. */
export class SideView {
  readonly #clock: Clock;
  readonly #log = new FrameLog();
  readonly #pictures: PicturePath;
  #player: StreamPlayer | undefined;
  #stats: StatsCollector | undefined;
  #link: FeatureLink | undefined;
  #streamId: number | undefined;
  #catalog: readonly StreamDescription[] | undefined;

  constructor(clock: Clock, canvas: OffscreenCanvas) {
    this.#clock = clock;
    this.#pictures = new PicturePath(clock, this.#log, {
      decoded: (record) => this.#stats?.decoded(record),
      presented: (record) => {
        this.#player?.presented(record.frameId, record.presentedUs);
        this.#stats?.presented(record);
      },
      damage: (first, lastGood) => this.#player?.damaged(first, lastGood),
      // The last picture stays; the display itself can be shown instead.
      canvasLost: () => this.end(),
      cannotPlay: () => this.end(),
    });
    this.#pictures.openCanvas(canvas, "auto");
  }

  /** The stream that is shown. */
  get streamId(): number | undefined {
    return this.#streamId;
  }

  /** Shows a stream from its next keyframe on; the last picture stays until then. */
  begin(streamId: number, link: FeatureLink): void {
    this.#player?.close();
    const { decoder } = this.#pictures;
    if (decoder === undefined) return;
    // Until it is set up anew it takes nothing, so that no frame meets the other stream's decoder.
    decoder.close();
    this.#catalog = undefined;
    this.#link = link;
    this.#streamId = streamId;
    const { clockOffset } = link;
    const stats = new StatsCollector(clockOffset, this.#clock.nowUs());
    const { frames } = link;
    const player = new StreamPlayer({
      ...{ streamId, decoder, clockOffset, stats, clock: this.#clock, log: this.#log },
      isReliable: link.isReliable === true,
      send: (message) => link.send(message),
      sendFeedback: (datagram) => link.sendFeedback(datagram),
      frames: frames === undefined ? undefined : {
        open: (id, arrived) =>
          frames.open(id, (nowUs) => {
            this.#lookAtCatalog();
            arrived(nowUs);
          }),
      },
    });
    this.#player = player;
    this.#stats = stats;
    // A stream that plays already begins with a keyframe only when it begins anew.
    link.send({ type: "pause", streamId });
    link.send({ type: "play", streamId });
  }

  /** Takes a datagram of its stream. */
  push(datagram: Uint8Array, nowUs: number): void {
    this.#lookAtCatalog();
    this.#player?.push(datagram, nowUs);
  }

  /** Shows nothing new; the last picture stays. */
  end(): void {
    this.#player?.close();
    this.#player = undefined;
    this.#stats = undefined;
    this.#link = undefined;
    this.#streamId = undefined;
  }

  #lookAtCatalog(): void {
    if (this.#link !== undefined && this.#link.catalog !== this.#catalog) void this.#configure();
  }

  /** Sets the decoder up for what the host says of the stream now. */
  async #configure(): Promise<void> {
    const { catalog = [] } = this.#link ?? {};
    this.#catalog = catalog;
    const description = catalog.find(({ id }) => id === this.#streamId);
    const player = this.#player;
    if (description === undefined) return;
    await this.#pictures.decoder?.configure(description);
    if (player === this.#player) player?.pump(this.#clock.nowUs());
  }
}
