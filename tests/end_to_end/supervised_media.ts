/** A real media process under its supervisor, with what came out of it kept for tests. */

import { monotonicClock } from "../../src/core/clock.ts";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import { mediaCommandLine } from "../../src/ipc/media_command_line.ts";
import type { MediaStreamConfig } from "../../src/ipc/media_command.ts";
import type {
  MediaCursor,
  MediaFrame,
  MediaState,
  StreamFailed,
  StreamStarted,
} from "../../src/ipc/media_handlers.ts";
import type { MediaStats } from "../../src/ipc/media_message.ts";
import { MediaSupervisor } from "../../src/ipc/media_supervisor.ts";

/** Folder of the repository. */
export const ROOT: string = decodeURIComponent(new URL("../..", import.meta.url).pathname)
  .replace(/\/$/, "");

const WAIT_MS = 15_000;
const POLL_MS = 5;
/** Frames kept; a test reads the newest. */
const FRAMES_KEPT = 5000;

/** A frame without its bytes, and when it came by the test's clock. */
export type SeenFrame = Omit<MediaFrame, "payload"> & { readonly atMs: number };

/** Everything that a media process said. */
export class SupervisedMedia implements AsyncDisposable {
  readonly supervisor: MediaSupervisor;
  readonly frames: SeenFrame[] = [];
  readonly cursors: MediaCursor[] = [];
  readonly started: StreamStarted[] = [];
  readonly failed: StreamFailed[] = [];
  readonly states: { state: MediaState; reason: string }[] = [];
  readonly stats: MediaStats[] = [];
  readonly lines: string[] = [];

  constructor() {
    const note = (line: string) => void this.lines.push(line);
    const log: Logger = { ...silentLogger, error: note, warn: note };
    this.supervisor = new MediaSupervisor({
      command: () => mediaCommandLine({ root: ROOT }),
      log,
      clock: monotonicClock,
      handlers: {
        frame: ({ payload: _payload, ...frame }) => {
          if (this.frames.length >= FRAMES_KEPT) this.frames.shift();
          this.frames.push({ ...frame, atMs: performance.now() });
        },
        cursor: (cursor) => void this.cursors.push({ ...cursor, rgba: cursor.rgba.slice() }),
        started: (started) => void this.started.push(started),
        failed: (failed) => void this.failed.push(failed),
        stateChanged: (state, reason) => void this.states.push({ state, reason }),
        stats: (stats) => void this.stats.push(stats),
      },
    });
  }

  /** Waits for `condition`; rejects with everything known when it does not come true. */
  async until(what: string, condition: () => boolean, timeoutMs = WAIT_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > deadline) {
        const { states, failed, lines } = this;
        throw new Error(`Cannot see ${what}: ${JSON.stringify({ states, failed, lines })}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Kills the media process with `signal` and gives the milliseconds until the next frame. */
  async killAndWait(signal: Deno.Signal, timeoutMs = WAIT_MS): Promise<number> {
    const { pid } = this.supervisor.stats;
    if (pid === undefined) throw new Error("Cannot kill a media process: there is none");
    const killedMs = performance.now();
    await this.until(`the end of ${pid}`, () => {
      if (this.supervisor.stats.pid !== pid) return true;
      // V8 takes a SIGSEGV for a trap of WebAssembly and waits for the fault to come again.
      sendSignal(pid, signal);
      return false;
    }, timeoutMs);
    const count = this.frames.length;
    await this.until("video again", () => this.frames.length > count, timeoutMs);
    return (this.frames[count]?.atMs ?? Infinity) - killedMs;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.supervisor.close();
  }
}

/** The pattern, or a display. */
export function streamConfig(display = ""): MediaStreamConfig {
  return {
    streamId: 0,
    source: display === "" ? "pattern" : "x11",
    display,
    width: display === "" ? 640 : 0,
    height: display === "" ? 360 : 0,
    fps: 60,
    encoder: "auto",
    bitrateBps: 10_000_000,
    framebufferShmId: -1,
  };
}

function sendSignal(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    // It has ended, and its supervisor hears of it next.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
