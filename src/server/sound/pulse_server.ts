/**
 * PulseServer: a PulseAudio of the host's own, for the programs of a virtual screen: one output that
 * nobody hears but viewers, in a private folder, kept running and ended with the host.
 */

import type { Logger } from "../../core/log.ts";
import { findProgram } from "../displays/virtual_display.ts";
import { ChildReaper } from "../processes/child_reaper.ts";
import { SupervisedChild } from "../processes/supervised_child.ts";

/** How long it may take to open its socket; 0.1 s is usual. */
const START_TIMEOUT_MS = 5000;
const LOOK_MS = 25;
/** Name of the output that programs play to. */
export const OUTPUT_NAME = "wavry_desktop";
/** An output that nobody plays to or listens to costs nothing after so many seconds. */
const SUSPEND_SECONDS = 1;

/** What a server is made of. */
export interface PulseServerOptions {
  readonly log: Logger;
  /** Hears that it could not be kept running. */
  readonly onGivenUp: (why: string) => void;
}

/** One sound server. */
export class PulseServer {
  readonly #folder: string;
  readonly #reaper: ChildReaper;
  readonly #child: SupervisedChild;
  #why: string | undefined;

  /** Starts it; resolves when programs can connect. Rejects with why it cannot run. */
  static async start(options: PulseServerOptions): Promise<PulseServer> {
    const program = await findProgram("pulseaudio");
    if (program === undefined) throw new Error("pulseaudio is not installed");
    const folder = await Deno.makeTempDir({ prefix: "wavry-sound-" });
    const server = new PulseServer(program, folder, options);
    try {
      await server.#ready();
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  private constructor(program: string, folder: string, options: PulseServerOptions) {
    this.#folder = folder;
    this.#reaper = new ChildReaper(folder);
    this.#child = new SupervisedChild({
      name: "the sound server",
      command: () => this.#command(program),
      reaper: this.#reaper,
      log: options.log,
      onGivenUp: (why) => {
        this.#why = why;
        options.onGivenUp(why);
      },
    });
  }

  /** By which programs find it, as PULSE_SERVER. */
  get address(): string {
    return `unix:${this.#socket}`;
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it and removes its folder; never rejects. */
  async close(): Promise<void> {
    await this.#child.close();
    await this.#reaper.close();
  }

  get #socket(): string {
    return `${this.#folder}/native`;
  }

  /** Who can reach into the folder is this user, so that the socket needs no cookie. */
  #command(program: string): Deno.Command {
    const output = `sink_name=${OUTPUT_NAME} rate=48000 channels=2 format=float32le ` +
      "sink_properties=device.description=Desktop";
    const modules = [
      `module-native-protocol-unix socket=${this.#socket} auth-anonymous=1`,
      `module-null-sink ${output}`,
      `module-suspend-on-idle timeout=${SUSPEND_SECONDS}`,
    ];
    const switches = ["--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"];
    const quiet = ["--log-target=stderr", "--log-level=error"];
    return new Deno.Command(program, {
      args: [...switches, ...quiet, "-n", ...modules.flatMap((module) => ["-L", module])],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
        HOME: this.#folder,
        XDG_RUNTIME_DIR: this.#folder,
        PULSE_RUNTIME_PATH: `${this.#folder}/run`,
        PULSE_STATE_PATH: `${this.#folder}/state`,
      },
      detached: true,
    });
  }

  async #ready(): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadlineMs) {
      if (this.#why !== undefined) throw new Error(`pulseaudio ended: ${this.#why}`);
      if (await exists(this.#socket)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`pulseaudio was not ready after ${START_TIMEOUT_MS} ms`);
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
