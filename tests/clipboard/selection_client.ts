/**
 * SelectionClient: a program of an X display that lies, hangs or asks for what few ask for; see
 * ffi/native/test/selection_client.c for its modes.
 */

import { buildTestProgram } from "../../ffi/build.ts";
import { until } from "../end_to_end/host_process.ts";

let program: Promise<string> | undefined;

/** One such program. */
export class SelectionClient implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  /** What it has said. */
  lines: string[] = [];

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reading = this.#read();
  }

  /** Starts it, and waits until it has begun. */
  static async start(display: string, mode: string): Promise<SelectionClient> {
    // Built once, whoever starts first: two builds at once would take each other's result away.
    program ??= buildTestProgram("selection_client");
    const path = await program;
    const child = new Deno.Command(path, {
      args: [display, mode],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const client = new SelectionClient(child);
    await client.said("ready");
    return client;
  }

  /** Waits for a line. */
  async said(line: string, limitMs = 10_000): Promise<void> {
    await until(() => this.lines.includes(line), `"${line}"`, limitMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
    await this.#reading;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
    }
  }
}
