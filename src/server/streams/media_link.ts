/**
 * MediaLink: ties the streams to the media process, and each to what it captures, which
 * display_sources.ts starts. One process serves all streams; its end concerns them all.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { mediaCommandLine } from "../../ipc/media_command_line.ts";
import type { EncoderRate, KeyframeCause, MediaCommand } from "../../ipc/media_command.ts";
import type { MediaFrame, MediaState } from "../../ipc/media_handlers.ts";
import type { MediaStats } from "../../ipc/media_message.ts";
import { MediaSupervisor } from "../../ipc/media_supervisor.ts";
import type { CheckpointName } from "../../memory/memory_checkpoint.ts";
import type { HostFeatures } from "../host_features.ts";
import { ChildReaper } from "../processes/child_reaper.ts";
import type { ServerConfig } from "../config/config.ts";
import { DisplaySources } from "../displays/display_sources.ts";
import type { DisplayPlan } from "../displays/displays.ts";
import type { Stream } from "./stream.ts";
import type { StreamPort } from "../config/stream_options.ts";
import type { StreamSet } from "./stream_set.ts";

/** What a link is made of. */
export interface MediaLinkOptions {
  readonly config: ServerConfig;
  /** The displays in the order of their stream ids. */
  readonly plans: readonly DisplayPlan[];
  /** Folder of the program. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The streams that frames go to. */
  readonly streams: () => StreamSet;
  /** Sees the times of each frame, and when it came, after the stream had it. */
  readonly onFrame: (frame: MediaFrame, receivedUs: number) => void;
  /** The capabilities beside picture and input. */
  readonly features: () => HostFeatures;
  /** Hears of the points that a frame passes; undefined costs nothing. */
  readonly checkpoint: ((name: CheckpointName) => void) | undefined;
}

/** The media process and the screens it captures. */
export class MediaLink implements StreamPort {
  readonly #options: MediaLinkOptions;
  readonly #supervisor: MediaSupervisor;
  readonly #sources: DisplaySources;
  #reaper: ChildReaper | undefined;
  #stats: MediaStats | undefined;

  constructor(options: MediaLinkOptions) {
    this.#options = options;
    const { config, plans, clock, log, streams, features, root, checkpoint, onFrame } = options;
    this.#sources = new DisplaySources({
      ...{ config, plans, root, log },
      environment: () => features().environment,
      onChanged: (id) => streams().get(id)?.restart("The virtual screen started anew"),
    });
    this.#supervisor = new MediaSupervisor({
      command: () => {
        const env = { ...this.#sources.environment, ...features().environment };
        return mediaCommandLine({ root, env, writableFolder: options.config.heapSnapshots });
      },
      log,
      clock,
      handlers: {
        frame: checkpoint === undefined
          ? (frame) => {
            const nowUs = clock.nowUs();
            streams().get(frame.streamId)?.onFrame(frame, nowUs);
            onFrame(frame, nowUs);
          }
          : (frame) => {
            const nowUs = clock.nowUs();
            const stream = streams().get(frame.streamId);
            if (stream !== undefined) pushMarked(stream, { frame, nowUs, checkpoint });
            onFrame(frame, nowUs);
          },
        cursor: (cursor) => streams().get(cursor.streamId)?.onCursor(cursor),
        pointer: (pointer) => streams().tellPointer(pointer),
        started: (started) => streams().get(started.streamId)?.onStarted(started),
        failed: ({ streamId, message, reason }) => {
          streams().get(streamId)?.onFailed(message || reason);
        },
        stateChanged: (state, reason) => {
          streams().onMediaState(state, reason);
          features().onMediaState(state);
        },
        sound: (sound) => features().onSound(sound),
        soundState: (state) => features().onSoundState(state),
        message: (message) => features().onMediaMessage(message),
        stats: (stats) => this.#stats = stats,
      },
      processStarted: (pid) => this.#reaper?.watch(pid),
      processEnded: (pid) => {
        this.#stats = undefined;
        this.#reaper?.forget(pid);
      },
    });
  }

  /** What the streams capture. */
  get screens(): DisplaySources {
    return this.#sources;
  }

  /** What a stream captures, for people, such as `virtual display :0`. */
  sourceText(streamId: number): string {
    return this.#sources.get(streamId).text;
  }

  /** Starts the screens, where some are needed, and the media process. */
  async open(): Promise<void> {
    const path = await Deno.makeTempDir({ prefix: "wavry-" });
    this.#reaper = new ChildReaper(path);
    await this.#sources.open({ path, reaper: this.#reaper });
    this.#supervisor.start();
  }

  start(streamId: number): void {
    const { config } = this.#options;
    const { text, isGone, ...source } = this.#sources.get(streamId);
    if (isGone) {
      const stream = this.#options.streams().get(streamId);
      // Later, as the media process would: the stream is in the middle of its start.
      queueMicrotask(() => stream?.onFailed(`Cannot show the ${text}`));
      return;
    }
    const { fps, encoder, bitrate, input } = config;
    const bitrateBps = bitrate * 1000;
    this.#supervisor.startStream({
      ...{ streamId, ...source, fps, encoder, bitrateBps },
      input,
    });
  }

  stop(streamId: number): void {
    this.#supervisor.stopStream(streamId);
  }

  requestKeyframe(streamId: number, cause: KeyframeCause): void {
    this.#supervisor.requestKeyframe(streamId, cause);
  }

  setRate(streamId: number, rate: EncoderRate): void {
    this.#supervisor.setRate(streamId, rate);
  }

  invalidate(streamId: number, firstLostFrameId: number): void {
    this.#supervisor.invalidate(streamId, firstLostFrameId);
  }

  sendInput(streamId: number, records: Uint8Array): void {
    this.#supervisor.sendInput(streamId, records);
  }

  /** Name of the X display that a stream shows now; empty for the pattern. */
  xDisplay(streamId: number): string {
    return this.#sources.get(streamId).display;
  }

  /** Sends any other command; lost while there is no process. */
  send(command: MediaCommand): void {
    this.#supervisor.send(command);
  }

  /** The host's CLOCK_MONOTONIC for a time of the server's clock. */
  hostTimeUs(nowUs: number): number | undefined {
    return this.#supervisor.hostTimeUs(nowUs);
  }

  /** What the media process told of itself last; undefined while there is none. */
  get processStats(): MediaStats | undefined {
    return this.#stats;
  }

  /** What it is doing. */
  get state(): MediaState {
    return this.#supervisor.state;
  }

  /** Starts of it after the first. */
  get restarts(): number {
    return this.#supervisor.stats.restarts;
  }

  /** Has it free what it does not use now. */
  trimMemory(): void {
    this.#supervisor.trimMemory();
  }

  /** Has it write its JavaScript heap to a file. */
  takeHeapSnapshot(path: string): void {
    this.#supervisor.takeHeapSnapshot(path);
  }

  /** Bytes that the pipes to it hold here. */
  get pipeBytes(): number {
    return this.#supervisor.stats.pipeBytes;
  }

  /** Counters of the media process, as it last told them. */
  stats(): Record<string, unknown> {
    return { ...this.#supervisor.stats, process: this.#stats ?? null };
  }

  /** Ends the media process and the virtual screens; never rejects. */
  async close(): Promise<void> {
    await this.#supervisor.close();
    await this.#sources.close();
    await this.#reaper?.close();
  }
}

/** Hands a frame on and names the points that it passes. */
function pushMarked(
  stream: Stream,
  { frame, nowUs, checkpoint }: {
    frame: MediaFrame;
    nowUs: number;
    checkpoint: (name: CheckpointName) => void;
  },
): void {
  const repairsMade = () => stream.groups.reduce((sum, { fecStats }) => sum + fecStats.repairs, 0);
  const before = repairsMade();
  checkpoint("encode_output_ready");
  stream.onFrame(frame, nowUs);
  if (repairsMade() !== before) checkpoint("fec_window_repaired");
  checkpoint("send_queue_size");
}
