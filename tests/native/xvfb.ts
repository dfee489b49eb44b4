/**
 * Xvfb for tests of the native library: a server on a number that it picks itself, with or without
 * its framebuffer in shared memory, gone when disposed.
 */

/** What to start. */
export interface XvfbOptions {
  readonly width: number;
  readonly height: number;
  /** Share the framebuffer; default false. */
  readonly shmem?: boolean;
}

const START_TIMEOUT_MS = 15_000;

/** A running Xvfb. */
export class Xvfb implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** Such as ":7". */
  readonly display: string;
  /** System V id of the framebuffer, -1 without `shmem`. */
  readonly shmId: number;

  private constructor(child: Deno.ChildProcess, display: string, shmId: number) {
    this.#child = child;
    this.display = display;
    this.shmId = shmId;
  }

  /** Starts a server; rejects when it does not answer in time. */
  static async start(options: XvfbOptions): Promise<Xvfb> {
    const child = new Deno.Command("Xvfb", {
      args: [
        ...["-displayfd", "1", "-screen", "0", `${options.width}x${options.height}x24`],
        ...["-noreset", "-nolisten", "tcp", "-ac"],
        ...(options.shmem ? ["-shmem"] : []),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: options.shmem ? "piped" : "null",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
    try {
      const number = await waitFor(child.stdout, /^(\d+)\n/m);
      const segment = options.shmem
        ? await waitFor(child.stderr, /^screen 0 shmid (\d+)\n/m)
        : "-1";
      // Xvfb leaves its framebuffer behind; marked now, it goes with its last user.
      if (options.shmem) await new Deno.Command("ipcrm", { args: ["-m", segment] }).output();
      return new Xvfb(child, `:${number}`, Number(segment));
    } catch (error) {
      child.kill("SIGKILL");
      await child.status;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal, such as SIGSTOP for a server that hangs. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
      this.#child.kill("SIGCONT"); // A stopped server would never hear of it.
    } catch {
      // It has ended already.
    }
    await this.#child.status;
  }
}

/** First group of `pattern` in what `stream` says; cancels the stream. */
async function waitFor(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const found = pattern.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error(`Xvfb ended: ${text}`);
}
