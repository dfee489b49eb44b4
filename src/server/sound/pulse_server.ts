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
/** Name of the source that programs hear viewers from, as ffi/native/audio/speaker_pulse.c has it. */
export const MICROPHONE_NAME = "wavry_microphone";
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
  #isClosed = false;
  #starts = 0;
  /** It has run, so that it takes what it is told. */
  #isProven = false;

  /** Starts it, without waiting for it. Rejects with why it cannot run. */
  static async start(options: PulseServerOptions): Promise<PulseServer> {
    const program = await findProgram("pulseaudio");
    if (program === undefined) throw new Error("pulseaudio is not installed");
    const folder = await Deno.makeTempDir({ prefix: "wavry-sound-" });
    return new PulseServer(program, folder, options);
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

  /** Resolves when programs can connect, or it was closed. Rejects with why they never can. */
  async ready(): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadlineMs) {
      if (this.#why !== undefined) throw new Error(`pulseaudio ended: ${this.#why}`);
      this.#isProven ||= await exists(this.#socket);
      if (this.#isClosed || this.#isProven) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`pulseaudio was not ready after ${START_TIMEOUT_MS} ms`);
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it and removes its folder; never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#child.close();
    await this.#reaper.close();
  }

  get #socket(): string {
    return `${this.#folder}/native`;
  }

  #command(program: string): Deno.Command {
    const script = `${this.#folder}/setup.pa`;
    if (!this.#isProven) this.#starts++;
    // One that is older than this argument ends at once, and is started again without it.
    const isQuick = this.#starts % 2 === 1;
    Deno.writeTextFileSync(script, setupScript(this.#socket, isQuick));
    const switches = ["--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"];
    const quiet = ["--log-target=stderr", "--log-level=error"];
    return new Deno.Command(program, {
      args: [...switches, ...quiet, "-n", "-F", script],
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
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** What it has; who can reach into its folder is this user, so that the socket needs no cookie. */
function setupScript(socket: string, isQuick: boolean): string {
  // Without it an output that was still has mixed 2 s ahead, which is how long the next one waits.
  const quick = isQuick ? "norewinds=1 " : "";
  const format = "rate=48000 format=float32le";
  const input = `${MICROPHONE_NAME}_in`;
  return [
    `load-module module-null-sink sink_name=${OUTPUT_NAME} ${format} channels=2 ${quick}` +
    "sink_properties=device.description=Desktop",
    `load-module module-null-sink sink_name=${input} ${format} channels=1 ${quick}` +
    "sink_properties=device.description=Viewers",
    `load-module module-remap-source source_name=${MICROPHONE_NAME} master=${input}.monitor ` +
    "source_properties=\"device.description='Wavry microphone'\"",
    `load-module module-suspend-on-idle timeout=${SUSPEND_SECONDS}`,
    `set-default-sink ${OUTPUT_NAME}`,
    `set-default-source ${MICROPHONE_NAME}`,
    // Last: who finds the socket finds all of it.
    `load-module module-native-protocol-unix socket=${socket} auth-anonymous=1`,
    "",
  ].join("\n");
}
