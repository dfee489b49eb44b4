/**
 * Host: the real host of a measurement, started with the very command of `deno task host` after its
 * setup step, so with the permissions that users run it with; and its API as a page would use it.
 */

import { fileURLToPath } from "node:url";
import { buildHost } from "../../tools/build_host.ts";
import type { ProcessGroup, Program } from "./process_group.ts";

const START_TIMEOUT_MS = 20_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
/** A refused request is sent again after this time, at most so often: the API limits its rate. */
const RETRY_DELAY_MS = 250;
const MAX_RETRIES = 40;

/** How to start it. */
export interface HostOptions {
  /** Flags of the host, such as `--display :5`. */
  readonly args: readonly string[];
  /** Directory for certificates and sessions. */
  readonly stateDirectory: string;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gets every line of both outputs. */
  readonly onLine?: (line: string) => void;
}

/** A running host and the first session on it. */
export class Host {
  readonly program: Program;
  /** Such as http://127.0.0.1:41234 */
  readonly origin: string;
  #secret: string;
  #cookie = "";

  constructor(program: Program, link: string) {
    this.program = program;
    const url = new URL(link);
    this.origin = url.origin;
    this.#secret = new URLSearchParams(url.hash.slice(1)).get("s") ?? "";
  }

  /** A link that nobody has used yet. The first use of the host's own link makes our session. */
  async newLink(): Promise<string> {
    if (this.#cookie === "") await this.#openSession();
    const response = await this.#post("/api/links", { role: "player" });
    const { path } = await response.json() as { path: string };
    return new URL(path, this.origin).href;
  }

  /** What POST /api/ticket answers: where to connect, and a ticket for one connection. */
  async newTicket(): Promise<Record<string, unknown>> {
    if (this.#cookie === "") return await this.#openSession();
    return await (await this.#post("/api/ticket", {})).json();
  }

  /** The header of our session, for requests of another kind. */
  async cookie(): Promise<string> {
    if (this.#cookie === "") await this.#openSession();
    return this.#cookie;
  }

  /** What GET /api/stats answers. */
  async stats(): Promise<Record<string, unknown>> {
    if (this.#cookie === "") await this.#openSession();
    const response = await fetch(`${this.origin}/api/stats`, { headers: { cookie: this.#cookie } });
    if (!response.ok) throw new Error(`Cannot read the statistics: ${await response.text()}`);
    return await response.json();
  }

  async #openSession(): Promise<Record<string, unknown>> {
    const response = await this.#post("/api/session", { secret: this.#secret });
    this.#cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    return await response.json();
  }

  async #post(path: string, body: unknown): Promise<Response> {
    for (let attempt = 0;; attempt++) {
      const response = await fetch(`${this.origin}${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "origin": this.origin,
          ...(this.#cookie === "" ? {} : { cookie: this.#cookie }),
        },
        body: JSON.stringify(body),
      });
      if (response.ok) return response;
      const text = await response.text();
      if (response.status !== 429 || attempt === MAX_RETRIES) {
        throw new Error(`Cannot post to ${path}: ${response.status} ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
    }
  }
}

/** Starts the host and waits for its link; it ends with the group. */
export async function startHost(
  group: ProcessGroup,
  options: HostOptions,
  signal: AbortSignal,
): Promise<Host> {
  // What the setup step of the task does, for runs that are started without one.
  await buildHost();
  const [command = "", ...args] = await hostCommand();
  const program = group.start({
    name: "host",
    command: command === "deno" ? Deno.execPath() : command,
    args: [...args, "--port", "0", "--state-dir", options.stateDirectory, ...options.args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...options.env },
    ...(options.onLine === undefined
      ? {}
      : { onLine: options.onLine, onErrorLine: options.onLine }),
  });
  const [link] = await program.waitForLine(/https?:\/\/\S+#s=[\w-]+/, {
    timeoutMs: START_TIMEOUT_MS,
    signal,
  });
  return new Host(program, link);
}

/** What `--print-budget` says with these flags. */
export async function printBudget(args: readonly string[]): Promise<string> {
  const [command = "", ...rest] = await hostCommand();
  const { code, stdout, stderr } = await new Deno.Command(
    command === "deno" ? Deno.execPath() : command,
    { args: [...rest, ...args, "--print-budget"], cwd: ROOT, env: { NO_COLOR: "1" } },
  ).output();
  if (code !== 0) throw new Error(`Cannot read the budget: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** The last command of the task `host` in deno.json: the one that runs the host itself. */
async function hostCommand(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`)) as {
    tasks: { host: { command: string } };
  };
  const last = tasks.host.command.split("&&").at(-1)?.trim();
  if (!last?.includes("build/server.js")) {
    throw new Error(`Cannot start a host with the task "${tasks.host.command}"`);
  }
  return last.split(/\s+/);
}
