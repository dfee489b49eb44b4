/**
 * MediaLink: ties the stream to the media process, and both to a screen: the display that the user
 * named or has, a virtual one where there is none, or the pattern where not even that can be had.
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { mediaCommandLine } from "../ipc/media_command_line.ts";
import type { EncoderRate, KeyframeCause, MediaStreamConfig } from "../ipc/media_command.ts";
import type { MediaFrame } from "../ipc/media_handlers.ts";
import type { MediaStats } from "../ipc/media_message.ts";
import { MediaSupervisor } from "../ipc/media_supervisor.ts";
import type { CheckpointName } from "../memory/memory_checkpoint.ts";
import { ChildReaper } from "./child_reaper.ts";
import type { ServerConfig } from "./config.ts";
import type { Stream, StreamPort } from "./stream.ts";
import type { StreamSet } from "./stream_set.ts";
import { VirtualDisplay } from "./virtual_display.ts";
import type { XServer } from "./virtual_display.ts";

/** What a link is made of. */
export interface MediaLinkOptions {
  readonly config: ServerConfig;
  /** Folder of the program. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The streams that frames go to. */
  readonly streams: () => StreamSet;
  /** Sees the times of each frame after the stream had it. */
  readonly onFrame: (frame: MediaFrame) => void;
  /** Hears of the points that a frame passes; undefined costs nothing. */
  readonly checkpoint: ((name: CheckpointName) => void) | undefined;
}

/** What is captured. */
type Source = Pick<MediaStreamConfig, "source" | "display" | "width" | "height"> & {
  readonly framebufferShmId: number;
  /** For people. */
  readonly text: string;
};

/** The media process and the screen it captures. */
export class MediaLink implements StreamPort {
  readonly #options: MediaLinkOptions;
  readonly #supervisor: MediaSupervisor;
  #folder: string | undefined;
  #reaper: ChildReaper | undefined;
  #virtual: VirtualDisplay | undefined;
  #source: Source;
  #stats: MediaStats | undefined;

  constructor(options: MediaLinkOptions) {
    this.#options = options;
    const { clock, log, streams, root, checkpoint, onFrame } = options;
    this.#source = patternSource(options.config, "test pattern");
    this.#supervisor = new MediaSupervisor({
      command: () => mediaCommandLine({ root, env: this.#environment() }),
      log,
      clock,
      handlers: {
        frame: checkpoint === undefined
          ? (frame) => {
            streams().get(frame.streamId)?.onFrame(frame, clock.nowUs());
            onFrame(frame);
          }
          : (frame) => {
            const stream = streams().get(frame.streamId);
            if (stream !== undefined) {
              pushMarked(stream, { frame, nowUs: clock.nowUs(), checkpoint });
            }
            onFrame(frame);
          },
        cursor: (cursor) => streams().get(cursor.streamId)?.onCursor(cursor),
        started: (started) => streams().get(started.streamId)?.onStarted(started),
        failed: ({ streamId, message, reason }) => {
          streams().get(streamId)?.onFailed(message || reason);
        },
        stateChanged: (state, reason) => streams().onMediaState(state, reason),
        stats: (stats) => this.#stats = stats,
      },
      processStarted: (pid) => this.#reaper?.watch(pid),
      processEnded: (pid) => {
        this.#stats = undefined;
        this.#reaper?.forget(pid);
      },
    });
  }

  /** What is captured, for people, such as `virtual display :0`. */
  get sourceText(): string {
    return this.#source.text;
  }

  /** Starts the screen, where one is needed, and the media process. */
  async open(): Promise<void> {
    this.#folder = await Deno.makeTempDir({ prefix: "wavry-" });
    this.#reaper = new ChildReaper(this.#folder);
    this.#source = await this.#findSource();
    this.#supervisor.start();
  }

  start(streamId: number): void {
    const { config } = this.#options;
    const { source, display, width, height, framebufferShmId } = this.#source;
    const { fps, encoder, bitrate } = config;
    const bitrateBps = bitrate * 1000;
    this.#supervisor.startStream({
      ...{ streamId, source, display, width, height, fps, encoder, bitrateBps, framebufferShmId },
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

  /** The host's CLOCK_MONOTONIC for a time of the server's clock. */
  hostTimeUs(nowUs: number): number | undefined {
    return this.#supervisor.hostTimeUs(nowUs);
  }

  /** What the media process told of itself last; undefined while there is none. */
  get processStats(): MediaStats | undefined {
    return this.#stats;
  }

  /** Starts of it after the first. */
  get restarts(): number {
    return this.#supervisor.stats.restarts;
  }

  /** Has it free what it does not use now. */
  trimMemory(): void {
    this.#supervisor.trimMemory();
  }

  /** Bytes that the pipes to it hold here. */
  get pipeBytes(): number {
    return this.#supervisor.stats.pipeBytes;
  }

  /** Counters of the media process, as it last told them. */
  stats(): Record<string, unknown> {
    return { ...this.#supervisor.stats, process: this.#stats ?? null };
  }

  /** Ends the media process and the virtual screen; never rejects. */
  async close(): Promise<void> {
    await this.#supervisor.close();
    await this.#virtual?.close();
    await this.#reaper?.close();
  }

  #environment(): Record<string, string> {
    return this.#virtual === undefined ? {} : { XAUTHORITY: this.#virtual.xauthority };
  }

  async #findSource(): Promise<Source> {
    const { config } = this.#options;
    if (config.source === "pattern") return patternSource(config, "test pattern");
    const display = config.display === "" ? config.environmentDisplay : config.display;
    if (display !== undefined && display !== "none") {
      // The whole screen, whatever its size.
      return {
        ...{ source: "x11", display, width: 0, height: 0, framebufferShmId: -1 },
        text: `display ${display}`,
      };
    }
    return await this.#startVirtual();
  }

  async #startVirtual(): Promise<Source> {
    const { config, root, log } = this.#options;
    const folder = this.#folder;
    const reaper = this.#reaper;
    if (folder === undefined || reaper === undefined) throw new Error("Cannot start before open");
    try {
      let started: XServer | undefined;
      this.#virtual = await VirtualDisplay.start({
        size: config.size,
        fps: config.fps,
        application: `${root}/build/native/wavry_scene`,
        folder,
        reaper,
        log,
        onServer: (server) => {
          started = server;
          this.#onServer(server);
        },
      });
      if (started === undefined) throw new Error("Cannot use a screen that never started");
      return virtualSource(config, started);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.warn("No display to show, showing the test pattern", { why });
      return patternSource(config, `test pattern (${why})`);
    }
  }

  /** The screen ended and started anew, with another framebuffer. */
  #onServer(server: XServer): void {
    if (this.#virtual === undefined) return;
    this.#source = virtualSource(this.#options.config, server);
    this.#options.streams().first.restart("The virtual screen started anew");
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

function patternSource(config: ServerConfig, text: string): Source {
  return { source: "pattern", display: "", ...config.size, framebufferShmId: -1, text };
}

function virtualSource(config: ServerConfig, server: XServer): Source {
  const { display, framebufferShmId } = server;
  const text = `virtual display ${display}`;
  return { source: "x11", display, ...config.size, framebufferShmId, text };
}
