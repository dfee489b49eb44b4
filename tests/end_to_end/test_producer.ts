/**
 * TestProducer: a producer without a browser: publishes over QUIC what a real encoder made, which
 * is the host's own test pattern as a viewer of it gets it, through the same packetizer, FEC and
 * sender that publishing pages have.
 */

import { MediaFanout } from "../../src/pipeline/media_fanout.ts";
import type { ReceivedFrame } from "../../src/pipeline/media_receiver.ts";
import { MediaSender } from "../../src/pipeline/media_sender.ts";
import { encodeAudioDatagram, parseAudioDatagram } from "../../src/wire/audio.ts";
import { WIRE_VERSION } from "../../src/wire/control.ts";
import { parseFeedback } from "../../src/wire/feedback.ts";
import type { EncodedFrame } from "../../src/wire/frame.ts";
import { datagramClass } from "../../src/wire/packet.ts";
import { encodeProbeRequest, parseProbeReply } from "../../src/wire/probe.ts";
import type { PublishWish } from "../../src/wire/publish_messages.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { MediaReader } from "../media_reader.ts";
import type { QuicClient } from "../quic_client.ts";
import { type HostProcess, PlainViewer } from "./host_process.ts";

/** A keyframe that was asked for is on its way. */
const KEYFRAME_MS = 300;

/** Microseconds of this process. */
export function testNowUs(): number {
  return Math.round(performance.now() * 1000);
}

/** Pictures and sound of a host's stream 0, for producers. */
export class PatternSource {
  readonly viewer: PlainViewer;
  readonly #frames = new Set<(frame: ReceivedFrame) => void>();
  readonly #sounds = new Set<(payload: Uint8Array, frameUs: number) => void>();

  #wantedMs = 0;

  private constructor(viewer: PlainViewer) {
    this.viewer = viewer;
    new MediaReader(viewer.client, {
      frame: (frame) => {
        for (const take of this.#frames) take(frame);
      },
      other: (datagram) => {
        if (datagramClass(datagram) !== "audio") return;
        const { frames, frameUs } = parseAudioDatagram(datagram);
        for (const take of this.#sounds) take(frames[0]!, frameUs);
      },
    });
  }

  /** Watches the pattern. */
  static async open(host: HostProcess, cookie: string): Promise<PatternSource> {
    const viewer = await host.view((await host.ticket(cookie)).ticket);
    const source = new PatternSource(viewer);
    await viewer.send({ type: "play", streamId: 0 });
    await viewer.heard("catalog", ({ streams }) => streams.length > 0, 15_000);
    return source;
  }

  follow(take: (frame: ReceivedFrame) => void): () => void {
    this.#frames.add(take);
    return () => void this.#frames.delete(take);
  }

  /** Opus packets of two channels. */
  async hear(take: (payload: Uint8Array, frameUs: number) => void): Promise<() => void> {
    this.#sounds.add(take);
    await this.viewer.send({ type: "sound_play" });
    return () => void this.#sounds.delete(take);
  }

  /** Watches anew: what is only damaged may have to wait for its keyframe, who joins does not. */
  wantKeyframe(): void {
    const nowMs = performance.now();
    if (nowMs - this.#wantedMs < KEYFRAME_MS) return;
    this.#wantedMs = nowMs;
    for (const type of ["pause", "play"] as const) {
      this.viewer.send({ type, streamId: 0 }).catch(() => {});
    }
  }
}

/** One producer on one connection. */
export class TestProducer {
  readonly link: PlainViewer;
  /** What the server's time is ahead of ours; by the last probe. */
  offsetUs = 0;
  streamId = -1;
  /** Frames given to the sender. */
  frames = 0;
  readonly #source: PatternSource;
  #fanout: MediaFanout | undefined;
  #sender: MediaSender | undefined;
  #firstId = 0;
  #unfollow: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #soundSequence = 0;

  private constructor(link: PlainViewer, source: PatternSource) {
    this.link = link;
    this.#source = source;
  }

  /** Says hello; the answer may be a refusal. */
  static async hello(
    host: HostProcess,
    cookie: string,
    source: PatternSource,
    { connection, ...wish }: PublishWish & {
      /** Another way than QUIC. */
      readonly connection?: Connection;
    },
  ): Promise<TestProducer> {
    const link = new PlainViewer(connection as QuicClient | undefined ?? await host.connect());
    await link.open();
    const { ticket } = await host.ticket(cookie);
    await link.send({ type: "hello", version: WIRE_VERSION, ticket, publish: wish });
    return new TestProducer(link, source);
  }

  /** Sends all that the source has from its next keyframe on. */
  async start({ hasSound = false } = {}): Promise<this> {
    const { streamId = -1 } = await this.link.heard("welcome");
    this.streamId = streamId;
    this.#fanout = new MediaFanout({
      streamId,
      onFault: (error) => {
        throw error;
      },
    });
    const wantKeyframe = () => this.#source.wantKeyframe();
    this.#sender = new MediaSender({
      ...{ connection: this.link.client, streamId },
      limits: { startBps: 8e6, minBps: 3e5, maxBps: 8e6 },
      frameIntervalUs: 16_667,
      onInvalidate: wantKeyframe,
      onKeyframeNeeded: wantKeyframe,
    });
    this.#fanout.add(this.#sender);
    void this.#read();
    this.link.client.sendDatagram(encodeProbeRequest({ id: 1, viewerSendUs: testNowUs() }));
    await this.link.send({ type: "publish_start", fps: 30, encoder: "test", hasSound });
    const unfollow = this.#source.follow((frame) => this.push(frame, frame.payload));
    const unhear = hasSound
      ? await this.#source.hear((payload, frameUs) => this.sound(payload, frameUs))
      : undefined;
    this.#unfollow = () => {
      unfollow();
      unhear?.();
    };
    wantKeyframe();
    return this;
  }

  /** Sends one frame, as if it had been captured just now. */
  push(frame: EncodedFrame, payload: Uint8Array): void {
    const isKey = frame.referenceDistance === 0;
    if (this.#firstId === 0 && !isKey) return;
    if (this.#firstId === 0) this.#firstId = frame.frameId;
    const frameId = frame.frameId - this.#firstId + 1;
    if (frame.referenceDistance >= frameId && !isKey) return;
    const captureTimeUs = testNowUs() + this.offsetUs;
    const { streamId } = this;
    this.frames++;
    this.#fanout?.push({ ...frame, streamId, frameId, captureTimeUs, payload }, testNowUs());
    this.#arm();
  }

  /** Sends one frame of sound. */
  sound(payload: Uint8Array, frameUs: number): void {
    this.link.client.sendDatagram(encodeAudioDatagram({
      ...{ kind: "sound", streamId: this.streamId, epoch: 0, channels: 2, frameUs },
      sequence: this.#soundSequence++,
      captureTimeUs: (testNowUs() + this.offsetUs) >>> 0,
      frames: [payload],
    }));
  }

  /** Sends no more pictures; the connection stays. */
  pause(): void {
    this.#unfollow?.();
  }

  /** The connection is gone from one moment to the next. */
  drop(): void {
    this.pause();
    clearTimeout(this.#timer);
    this.link.client.close(0, "");
  }

  async #read(): Promise<void> {
    for (;;) {
      const datagram = await this.link.client.readDatagram();
      if (datagram === undefined) return this.drop();
      const name = datagramClass(datagram);
      if (name === "feedback") this.#sender?.onFeedback(parseFeedback(datagram), testNowUs());
      if (name === "probe") {
        const reply = parseProbeReply(datagram);
        this.offsetUs = reply.serverSendUs - testNowUs();
      }
      if (this.link.said.some(({ type }) => type === "keyframe_wish")) {
        this.link.said.splice(
          0,
          Infinity,
          ...this.link.said.filter(({ type }) => {
            return type !== "keyframe_wish";
          }),
        );
        this.#source.wantKeyframe();
      }
      this.#arm();
    }
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = this.#sender?.deadline;
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => {
      this.#sender?.pull(testNowUs());
      this.#arm();
    }, Math.max(0, (deadline - testNowUs()) / 1000));
  }
}
