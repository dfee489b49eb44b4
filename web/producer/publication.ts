/**
 * Publication: one stream that this page publishes, in its worker: joins capture, encoder, ring and
 * sender, keeps them connected, and follows what the host, the path, the machine and its memory allow.
 * It outlives connections; what waits for one is bounded by the ring.
 */

import type { Clock } from "../../src/core/clock.ts";
import type { ServerMessage } from "../../src/wire/control.ts";
import type { PublishWish } from "../../src/wire/publish_messages.ts";
import { SessionClient } from "../shared/session_client.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import type { Rung } from "../transport/ladder.ts";
import { AdaptiveFrameProcessing } from "./adaptive_frame_processing.ts";
import { ChunkRing } from "./chunk_ring.ts";
import { HostRoute } from "./host_route.ts";
import { PictureEncoder } from "./picture_encoder.ts";
import { PicturePlan } from "./picture_plan.ts";
import { PictureSource } from "./picture_source.ts";
import type { PublishState } from "./producer_figures.ts";
import type { ProducerCommand, ProducerEvent } from "./producer_messages.ts";
import { ProducerMetrics } from "./producer_metrics.ts";
import { PublishKeeper } from "./publish_keeper.ts";
import { SoundSender } from "./sound_sender.ts";

/** How often figures are shown, and every how many of them the host is told. */
const FIGURES_MS = 500;
const FIGURES_PER_REPORT = 2;
/** How often size and bitrate are looked at, and still screens. */
const TICK_MS = 125;
/** A wish for a keyframe waits so long for a new picture; then the last one is sent again. */
const STILL_US = 120_000;
/** Times that a still picture is sent again, so that it becomes clear. */
const REFINEMENTS = 2;

type Limits = Extract<ProducerCommand, { type: "limits" }>;
type RateWish = Pick<Extract<ServerMessage, { type: "rate_wish" }>, "bitrateBps" | "fps" | "scale">;

/** One published stream. */
export class Publication {
  readonly #clock: Clock;
  readonly #post: (event: ProducerEvent) => void;
  readonly #ring = new ChunkRing();
  readonly #plan = new PicturePlan();
  readonly #metrics = new ProducerMetrics();
  readonly #processing: AdaptiveFrameProcessing;
  readonly #encoder: PictureEncoder;
  readonly #sound: SoundSender;
  readonly #keeper: PublishKeeper;
  readonly source: PictureSource;
  #limits: Limits;
  #reuse = { reused: 0, reusable: 0 };
  #session = new SessionClient(undefined);
  #wish: PublishWish | undefined;
  #force: Rung | undefined;
  #route: HostRoute | undefined;
  #rateWish: RateWish | undefined;
  #size = { width: 0, height: 0 };
  #capturedUs = -Infinity;
  #refinements = 0;
  /** Frames that were wanted while the path took none, and were not encoded for that. */
  #unsent = 0;
  #sent = { frames: 0, bytes: 0 };
  #timers: ReturnType<typeof setInterval>[] = [];
  #figures = 0;

  constructor(clock: Clock, post: (event: ProducerEvent) => void, limits: Limits) {
    this.#clock = clock;
    this.#post = post;
    this.#limits = limits;
    this.#processing = new AdaptiveFrameProcessing(limits.policy);
    this.#encoder = new PictureEncoder(clock, {
      chunk: (chunk, busyUs) => {
        this.#processing.processed(busyUs);
        this.#ring.push(chunk);
        this.#route?.pump();
      },
      replaced: () => {
        this.#processing.encoderReplaced();
        this.#describe();
      },
      failed: (message) => {
        post({ type: "cannot_encode", part: "picture", message });
        this.stop(message);
      },
    });
    this.source = new PictureSource(clock, (frame, atUs) => this.#take(frame, atUs));
    this.#sound = new SoundSender({
      clock,
      route: () => this.#route?.sound,
      send: (datagram) => this.#route?.sendSound(datagram) ?? false,
      failed: (message) => post({ type: "cannot_encode", part: "sound", message }),
    });
    this.#keeper = new PublishKeeper({
      open: () => this.#session.open(),
      connect: (info) => this.#connect(info),
      disconnect: () => this.#disconnect(),
      changed: (state) => {
        if (!this.#keeper.isActive) this.#rest();
        post({ type: "state", state });
      },
      setTimer: (run, waitMs) => setTimeout(run, waitMs) as unknown as number,
      clearTimer: (timer) => clearTimeout(timer),
      nowMs: () => clock.nowUs() / 1000,
      random: Math.random,
    });
  }

  /** Begins to publish. */
  start({ wish, secret, transport }: Extract<ProducerCommand, { type: "start" }>): void {
    this.#wish = wish;
    this.#force = transport;
    if (secret !== undefined) this.#session = new SessionClient(secret);
    this.#metrics.restart();
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#report(), FIGURES_MS),
    ];
    this.#keeper.start();
  }

  /** Ends it; the host keeps nothing waiting. `message` says why, empty when a person wanted it. */
  stop(message = ""): void {
    this.#route?.farewell();
    this.#keeper.stop(message);
  }

  /** Sound from now on, or none. */
  useSound(readable: ReadableStream<AudioData> | undefined): void {
    this.#sound.use(readable);
    this.#describe();
  }

  /** The same, of who cannot read tracks. */
  useSoundBlocks(port: MessagePort): void {
    this.#sound.useBlocks(port);
    this.#describe();
  }

  /** What the machine can do and has memory for. */
  setLimits(limits: Limits): void {
    const before = this.#limits;
    this.#limits = limits;
    const { policy, relief } = limits;
    const qualityMax = Math.min(policy.qualityMax, relief.qualityMax);
    const targetFps = Math.min(policy.targetFps, this.#rateWish?.fps ?? Infinity);
    const isChanged = policy.targetFps !== before.policy.targetFps;
    this.#processing.setPolicy({ ...policy, targetFps, qualityMax });
    this.#ring.resize(relief.ringChunks);
    if (isChanged) this.#describe();
  }

  /** How often kept streams were used again. */
  noteReuse(reused: number, reusable: number): void {
    this.#reuse = { reused, reusable };
  }

  /** Nothing is published: nothing is encoded, held or reported. */
  #rest(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#encoder.close();
    this.#ring.clear();
  }

  #connect(info: ConnectInfo): void {
    const wish = this.#wish;
    if (wish === undefined) return;
    this.#rateWish = undefined;
    const route = new HostRoute({
      ...{ clock: this.#clock, ring: this.#ring, info, wish, force: this.#force },
      fps: () => this.#processing.targetFps,
      began: () => {
        this.#ring.clear();
        this.#processing.requestKeyframe();
        this.#describe();
      },
      state: (state) => this.#hostState(state),
      keyframeWanted: () => this.#processing.requestKeyframe(),
      rateWished: (wished) => {
        this.#rateWish = wished;
        this.setLimits(this.#limits);
      },
      ended: (end) => {
        if (route !== this.#route) return;
        this.#dropRoute();
        this.#keeper.ended(end);
      },
    });
    this.#dropRoute();
    this.#route = route;
    route.open();
  }

  #hostState(state: PublishState): void {
    this.#post({ type: "publish_state", state });
    this.#keeper.live();
  }

  /** A frame was captured: it is encoded, or left out for a reason that is counted. */
  #take(frame: VideoFrame, captureUs: number): void {
    const nowUs = this.#clock.nowUs();
    this.#capturedUs = nowUs;
    this.#refinements = 0;
    if (!this.#prepare(frame)) return frame.close();
    if (this.#processing.admit(nowUs, this.#encoder.inFlight) !== "encode") return frame.close();
    this.#encode(frame, captureUs);
  }

  /** True when a frame can be encoded and sent. */
  #prepare(frame: VideoFrame): boolean {
    if (this.#size.width !== frame.displayWidth || this.#size.height !== frame.displayHeight) {
      this.#size = { width: frame.displayWidth, height: frame.displayHeight };
      this.#configure();
    }
    const route = this.#route;
    if (!this.#keeper.isActive || route?.isWanted !== true) return false;
    // Nothing that is made now could be decoded: it would be given up from the ring.
    if (this.#ring.needsKeyframe && !route.canTake) {
      if (route.hasBegun) this.#unsent++;
      return false;
    }
    if (this.#encoder.target === undefined) this.#configure();
    return this.#encoder.isReady;
  }

  #encode(frame: VideoFrame, captureUs: number): void {
    this.#encoder.encode(frame, this.#processing.takeKeyframe(), captureUs);
  }

  #configure(): void {
    const { width, height } = this.#size;
    const state = this.#route?.state;
    if (width === 0 || height === 0 || state === undefined) return;
    const { bounds } = this.#limits;
    const { maxWidth = Infinity, maxHeight = Infinity, maxBitrateBps = Infinity } = state;
    this.#encoder.configure(this.#plan.next({
      ...{ sourceWidth: width, sourceHeight: height, fps: this.#processing.targetFps },
      longSideMax: Math.min(Math.max(maxWidth, maxHeight), Math.max(bounds.width, bounds.height)),
      shortSideMax: Math.min(Math.min(maxWidth, maxHeight), Math.min(bounds.width, bounds.height)),
      bitrateBpsMax: Math.min(maxBitrateBps, this.#rateWish?.bitrateBps ?? Infinity),
      wishedScale: this.#rateWish?.scale ?? 1,
      pathBps: this.#route?.videoBps ?? Infinity,
      quality: this.#processing.quality,
    }, this.#clock.nowUs()));
  }

  #tick(): void {
    this.#configure();
    const nowUs = this.#clock.nowUs();
    if (nowUs - this.#capturedUs < STILL_US) return;
    const wantsKeyframe = this.#processing.wantsKeyframe;
    if (!wantsKeyframe && this.#refinements >= REFINEMENTS) return;
    const frame = this.source.again();
    if (frame === undefined) return;
    if (!this.#prepare(frame) || this.#encoder.inFlight > 0) return frame.close();
    this.#refinements++;
    this.#encode(frame, nowUs);
  }

  /** Tells the host what its viewers get. */
  #describe(): void {
    this.#route?.describe({
      // At most: what viewers wish for less changes nothing of what is described.
      fps: this.#limits.policy.targetFps,
      encoder: this.#encoder.name,
      hasSound: this.#sound.isOn,
    });
  }

  #report(): void {
    const route = this.#route;
    const { stats, targetFps, averageUs, adaptations, quality } = this.#processing;
    const sent = this.#sentSoFar();
    const evicted = this.#ring.stats.evicted + this.#unsent + (route?.framesSkipped ?? 0);
    const report = this.#metrics.report({
      framesWanted: stats.encoded + stats.skipped + this.#unsent,
      ...{ framesSent: sent.frames, bytesSent: sent.bytes, skipped: stats.skipped, evicted },
      ...{ adaptations, ...this.#reuse, targetFps, processingUs: averageUs },
    }, this.#clock.nowUs());
    const { width = 0, height = 0 } = this.#encoder.target ?? {};
    this.#post({
      type: "figures",
      figures: {
        ...{ ...report, width, height, quality },
        ...{ encoder: this.#encoder.name, hasSound: this.#sound.isOn },
        ...{ transport: route?.transport ?? "", rttUs: route?.rttUs },
        pathBps: route?.videoBps ?? 0,
        ring: {
          ...{ held: this.#ring.size, limit: this.#ring.limit },
          evicted: this.#ring.stats.evicted,
        },
      },
    });
    if (++this.#figures % FIGURES_PER_REPORT !== 0) return;
    const { width: sourceWidth } = this.#size;
    route?.sendStats({
      ...{ framesCaptured: stats.encoded + stats.skipped + stats.surplus + this.#unsent },
      ...{ framesEncoded: stats.encoded, framesDropped: stats.skipped + evicted, adaptations },
      ...{ reuse: report.reuseRate, processingUs: Math.round(averageUs), fps: report.fps },
      scale: sourceWidth === 0 ? 1 : Math.min(1, width / sourceWidth),
      score: report.score,
    });
  }

  #sentSoFar(): { frames: number; bytes: number } {
    const { frames, bytes } = this.#route?.sent ?? { frames: 0, bytes: 0 };
    return { frames: this.#sent.frames + frames, bytes: this.#sent.bytes + bytes };
  }

  #disconnect(): void {
    this.#dropRoute();
  }

  #dropRoute(): void {
    this.#sent = this.#sentSoFar();
    this.#unsent += this.#route?.framesSkipped ?? 0;
    const route = this.#route;
    this.#route = undefined;
    route?.close();
  }
}
