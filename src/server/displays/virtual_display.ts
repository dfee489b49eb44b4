/**
 * VirtualDisplay: a screen for a machine that has none: Xvfb with a framebuffer in shared memory and
 * an own access cookie, and on it a window manager and a terminal where the machine has them, and
 * an application that moves. Everything is kept running, and ended on close.
 */

import { NativeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { ChildReaper } from "../processes/child_reaper.ts";
import type { PictureSize } from "../config/option_schemas.ts";
import { SupervisedChild } from "../processes/supervised_child.ts";
import { cookieEntry, newCookie, writeXauthority } from "./xauthority.ts";

/** How long Xvfb may take to start; 0.3 s is usual. */
const START_TIMEOUT_MS = 10_000;
/** What is kept of one line of Xvfb's output. */
const MAX_LINE = 4096;

/** A running X server. */
export interface XServer {
  /** Its name, such as `:7`. */
  readonly display: string;
  /** System V id of its framebuffer, -1 when it did not tell. */
  readonly framebufferShmId: number;
}

/** What a virtual display is made of. */
export interface VirtualDisplayOptions {
  readonly size: PictureSize;
  /** Size of the framebuffer, within which the screen may change its own; default: `size`. */
  readonly maxSize?: PictureSize;
  /** Is waited for between the start of the X server and that of its programs. */
  readonly prepare?: (server: XServer, xauthority: string) => Promise<void>;
  readonly fps: number;
  /** Absolute path of the application to show, or undefined for none. */
  readonly application: string | undefined;
  /** What the application draws differs with it; default 1. */
  readonly seed?: number;
  /** More variables for the programs on the screen, such as where their sound goes. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Private folder for the access cookie; its owner removes it. */
  readonly folder: string;
  /** Ends the programs when this process is killed. */
  readonly reaper: ChildReaper;
  readonly log: Logger;
  /** Hears of every start of the X server, the first included. */
  readonly onServer: (server: XServer) => void;
  /** Hears of every end: from then on its number may be somebody else's. */
  readonly onServerEnded: () => void;
}

/** Path of the first program of that name in PATH, or undefined. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/${name}`;
    if (folder !== "" && await isExecutable(path)) return path;
  }
  return undefined;
}

/** A virtual screen with something on it. */
export class VirtualDisplay {
  /** Who shows it may use the screen. */
  readonly cookie = newCookie();
  readonly #options: VirtualDisplayOptions;
  readonly #children: SupervisedChild[] = [];
  readonly #first = Promise.withResolvers<XServer>();
  #server: XServer | undefined;

  /**
   * Starts everything; resolves when the X server takes clients. Rejects with NativeError when
   * there is no Xvfb or it does not start.
   */
  static async start(options: VirtualDisplayOptions): Promise<VirtualDisplay> {
    const program = await findProgram("Xvfb");
    if (program === undefined) {
      throw new NativeError("Cannot start a virtual screen: Xvfb is not installed", {
        reason: "unavailable",
        status: -1,
      });
    }
    const display = new VirtualDisplay(options);
    try {
      // For every number: the server takes any that is free, and another one after a restart.
      writeXauthority(display.xauthority, [cookieEntry(display.cookie, "")]);
      const server = await display.#startServer(program);
      await options.prepare?.(server, display.xauthority);
      await display.#startClients();
      return display;
    } catch (error) {
      await display.close();
      throw error;
    }
  }

  private constructor(options: VirtualDisplayOptions) {
    this.#options = options;
  }

  /** Path of the file with the access cookie, for the environment of its clients. */
  get xauthority(): string {
    return `${this.#options.folder}/xauthority`;
  }

  /** The X server as it is now; undefined while it is being started again. */
  get server(): XServer | undefined {
    return this.#server;
  }

  /** Process ids of everything that runs. */
  get pids(): number[] {
    return this.#children.flatMap((child) => child.pid ?? []);
  }

  /** Ends all programs, the X server last; never rejects. */
  async close(): Promise<void> {
    const [server, ...clients] = this.#children;
    await Promise.all(clients.map((client) => client.close()));
    await server?.close();
  }

  async #startServer(program: string): Promise<XServer> {
    const { log } = this.#options;
    const { width, height } = this.#options.maxSize ?? this.#options.size;
    this.#run("Xvfb", {
      command: () =>
        new Deno.Command(program, {
          args: [
            // A free number at each start: the old one may be somebody else's by then.
            ...["-displayfd", "1"],
            ...["-screen", "0", `${width}x${height}x24`],
            ...["-auth", this.xauthority, "-nolisten", "tcp"],
            ...["-noreset", "-shmem", "-s", "0"],
          ],
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
          detached: true,
        }),
      onStart: (process) => {
        // Its output ends long before: Xvfb closes the descriptor that it wrote its number to.
        process.status.then(() => {
          this.#server = undefined;
          this.#options.onServerEnded();
        });
        this.#watchStart(process).catch((error: unknown) => {
          log.warn("Cannot read what Xvfb says", { message: String(error) });
        });
      },
      onGivenUp: (why) => {
        this.#first.reject(
          new NativeError(`Cannot start Xvfb: ${why}`, { reason: "failed", status: -1 }),
        );
      },
    });
    const timer = setTimeout(() => {
      this.#first.reject(
        new NativeError(`Cannot start Xvfb: not ready after ${START_TIMEOUT_MS} ms`, {
          reason: "failed",
          status: -1,
        }),
      );
    }, START_TIMEOUT_MS);
    try {
      return await this.#first.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads display number and framebuffer id, and goes on reading so that no pipe fills up. */
  async #watchStart(process: Deno.ChildProcess): Promise<void> {
    let framebufferShmId = -1;
    const readingErrors = eachLine(process.stderr, (line) => {
      const id = /^screen 0 shmid (\d+)$/.exec(line)?.[1];
      if (id !== undefined) framebufferShmId = Number(id);
      else this.#options.log.debug("Xvfb", { line });
    });
    await eachLine(process.stdout, (line) => {
      if (!/^\d+$/.test(line)) return;
      this.#server = { display: `:${line}`, framebufferShmId };
      void this.#markFramebuffer(framebufferShmId);
      this.#options.onServer(this.#server);
      this.#first.resolve(this.#server);
    });
    await readingErrors;
  }

  /**
   * Marks the framebuffer's segment for removal: Xvfb itself leaves it behind however it ends (8 MB
   * at 1080p). Linux still maps a marked segment for as long as somebody holds it.
   */
  async #markFramebuffer(framebufferShmId: number): Promise<void> {
    if (framebufferShmId < 0) return;
    try {
      const args = ["-m", String(framebufferShmId)];
      const { success } = await new Deno.Command("ipcrm", { args, stderr: "null" }).output();
      if (success) return;
    } catch {
      // No ipcrm here; the line below says what follows from that.
    }
    this.#options.log.debug("Xvfb will leave its framebuffer behind", { id: framebufferShmId });
  }

  async #startClients(): Promise<void> {
    const { application, fps, seed = 1 } = this.#options;
    const manager = await findProgram("openbox");
    if (manager !== undefined) this.#runClient("openbox", [manager]);
    if (application !== undefined && await isExecutable(application)) {
      const look = ["--fps", String(fps), "--seed", String(seed)];
      this.#runClient("the demo application", [application, "desktop", ...look]);
    }
    const terminal = await findProgram("xterm");
    if (terminal !== undefined) {
      const look = ["-geometry", "80x18+40-40", "-fa", "Monospace", "-fs", "11"];
      const colours = ["-bg", "#101418", "-fg", "#d8dee9", "-title", "Terminal"];
      this.#runClient("xterm", [terminal, ...look, ...colours]);
    }
  }

  #runClient(name: string, words: readonly [string, ...string[]]): void {
    const [program, ...args] = words;
    this.#run(name, {
      command: () =>
        new Deno.Command(program, {
          args,
          stdin: "null",
          stdout: "null",
          stderr: "null",
          env: {
            ...this.#options.environment,
            ...{ DISPLAY: this.#server?.display ?? "", XAUTHORITY: this.xauthority },
          },
          detached: true,
        }),
    });
  }

  #run(
    name: string,
    child: Pick<
      ConstructorParameters<typeof SupervisedChild>[0],
      "command" | "onStart" | "onGivenUp"
    >,
  ): void {
    const { log, reaper } = this.#options;
    this.#children.push(new SupervisedChild({ name, reaper, log, ...child }));
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = (lines.pop() ?? "").slice(-MAX_LINE);
    for (const line of lines) onLine(line);
  }
}
