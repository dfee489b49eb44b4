/**
 * HostProcess: the real server process, started from src/main.ts as a user would, for end-to-end
 * tests: its links are read from its output, and a viewer without a browser talks to it. It runs
 * without the right to load native code.
 */

import type { BidirectionalStream } from "../../src/transport/connection.ts";
import { encodeClientMessage, parseServerMessage, WIRE_VERSION } from "../../src/wire/control.ts";
import type { ClientMessage, Role, ServerMessage } from "../../src/wire/control.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageSplitter } from "../../src/wire/framing.ts";
import { QuicClient } from "../quic_client.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
/** As the task `host` has them: everything but native code. */
const HOST_RIGHTS = ["net", "read", "write", "env", "run", "sys"].map((name) => `--allow-${name}`);
const START_TIMEOUT_MS = 20_000;
const LINK = /^ {2}(https?:\/\/(\S+):(\d+))\/#s=([\w-]{43})$/gm;

/** What a page is told about its transport. */
export interface ConnectInfo {
  readonly ticket: string;
  readonly role: Role;
  readonly streamId: number;
  readonly webTransport: { readonly url: string; readonly certificateHashes: readonly string[] };
}

/** Waits until `check` gives a value; throws after `limitMs`. */
export async function until<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  limitMs = 20_000,
): Promise<T> {
  const deadlineMs = performance.now() + limitMs;
  // A check that asks a page costs the processor time that the page is waited for.
  for (let waitMs = 5;; waitMs = Math.min(60, waitMs * 1.3)) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadlineMs) throw new Error(`Cannot wait longer for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** How a host is started, besides its arguments. */
export interface HostProcessOptions {
  /** Kept for a later host; default: a folder of its own, which goes with it. */
  readonly stateDir?: string;
  readonly port?: number;
  readonly env?: Record<string, string>;
  /** Flags of the runtime, such as `--inspect`. */
  readonly runtimeFlags?: readonly string[];
  /** What calls of the API go through. */
  readonly client?: Deno.HttpClient;
}

/**
 * Frames a second of a host that is not told otherwise, half of the usual rate: what a test waits for
 * comes sooner on a machine that is not full.
 */
export const HOST_FPS = 30;

/** One running host. */
export class HostProcess {
  readonly process: Deno.ChildProcess;
  readonly stateDir: string;
  /** Standard output and standard error so far. */
  out = "";
  log = "";
  readonly #readers: Promise<void>[];
  readonly #client: Deno.HttpClient | undefined;

  /** Starts a host and waits for its links; state is kept in `stateDir` for a later one. */
  static async start(
    args: readonly string[] = ["--source", "pattern", "--size", "640x360"],
    options: HostProcessOptions = {},
  ): Promise<HostProcess> {
    const stateDir = options.stateDir ?? await Deno.makeTempDir({ prefix: "wavry-test-" });
    const port = ["--port", String(options.port ?? 0)];
    const host = new HostProcess(stateDir, [...port, ...args], options);
    await Promise.race([
      until(() => host.links.length >= 2, "the links", START_TIMEOUT_MS),
      host.process.status.then(({ code }) => {
        throw new Error(`The host ended with ${code}: ${host.log}`);
      }),
    ]);
    return host;
  }

  /** Runs a host that ends by itself. */
  static async run(args: readonly string[], env: Record<string, string> = {}) {
    const stateHome = await Deno.makeTempDir({ prefix: "wavry-test-" });
    const host = new HostProcess("", args, { env: { XDG_STATE_HOME: stateHome, ...env } });
    const { code } = await host.process.status;
    await Promise.all(host.#readers);
    await Deno.remove(stateHome, { recursive: true });
    return { code, out: host.out, log: host.log };
  }

  private constructor(stateDir: string, args: readonly string[], options: HostProcessOptions) {
    const { env = {}, runtimeFlags = [], client } = options;
    this.stateDir = stateDir;
    this.#client = client;
    const state = stateDir === "" ? [] : ["--state-dir", stateDir];
    const display: Record<string, string> = env["DISPLAY"] === undefined ? { DISPLAY: "" } : {};
    this.process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--unstable-net", ...HOST_RIGHTS, ...runtimeFlags],
        `${ROOT}/src/main.ts`,
        ...["--log-level", "debug", "--log-format", "json", "--first-link", "player"],
        ...[...state, ...args],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { WAVRY_FPS: String(HOST_FPS), ...display, ...env },
      cwd: stateDir === "" ? ROOT : stateDir,
    }).spawn();
    this.#readers = [
      collect(this.process.stdout, (text) => this.out += text),
      collect(this.process.stderr, (text) => this.log += text),
    ];
  }

  /** Every link that was printed so far, in order: player, viewer, and those that followed. */
  get links(): { origin: string; port: number; secret: string }[] {
    return [...this.out.matchAll(LINK)].map(([_all, origin, _host, port, secret]) => {
      return { origin: origin!, port: Number(port), secret: secret! };
    });
  }

  /** Where pages are, such as `http://127.0.0.1:4000`. */
  get origin(): string {
    return this.links[0]!.origin;
  }

  get port(): number {
    return this.links[0]!.port;
  }

  /** The certificate that the QUIC side shows. */
  async certificate(): Promise<string> {
    const text = await Deno.readTextFile(`${this.stateDir}/quic-certificates.json`);
    return JSON.parse(text)[0].certChainPem;
  }

  /** Calls the API as the page does. */
  call(
    method: string,
    path: string,
    options: { body?: unknown; cookie?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = new Headers({ origin: this.origin, "content-type": "application/json" });
    if (options.cookie !== undefined) headers.set("cookie", options.cookie);
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
    const body = method === "GET" ? null : JSON.stringify(options.body ?? {});
    const client = this.#client === undefined ? {} : { client: this.#client };
    return fetch(`${this.origin}${path}`, { method, headers, body, ...client });
  }

  /** Turns the newest link of a role into a session. */
  async join(role: Role): Promise<{ cookie: string; info: ConnectInfo }> {
    const { secret } = this.links[role === "player" ? 0 : 1]!;
    const response = await this.call("POST", "/api/session", { body: { secret } });
    if (response.status !== 201) throw new Error(`Cannot join: ${await response.text()}`);
    const cookie = response.headers.get("set-cookie")!.split(";")[0]!;
    return { cookie, info: await response.json() };
  }

  /** A fresh ticket of a session. */
  async ticket(cookie: string): Promise<ConnectInfo> {
    const response = await this.call("POST", "/api/ticket", { cookie });
    if (response.status !== 200) throw new Error(`Cannot get a ticket: ${await response.text()}`);
    return await response.json();
  }

  /** Opens the transport as the page does, without saying anything. */
  async connect(options: { origin?: string; path?: string } = {}): Promise<QuicClient> {
    return await QuicClient.connect({
      port: this.port,
      certChainPem: await this.certificate(),
      origin: options.origin ?? this.origin,
      path: options.path ?? "/session",
    });
  }

  /** Opens a transport and says hello with a ticket. */
  async view(ticket: string): Promise<PlainViewer> {
    const viewer = new PlainViewer(await this.connect());
    await viewer.open();
    await viewer.send({ type: "hello", version: WIRE_VERSION, ticket });
    return viewer;
  }

  /** Process ids of the host and of everything below it. */
  async tree(): Promise<number[]> {
    return await descendants(this.process.pid);
  }

  /** Ends the host as Ctrl+C does, and its state unless another host will use it. */
  async stop(signal: Deno.Signal = "SIGINT", keepState = false): Promise<Deno.CommandStatus> {
    try {
      this.process.kill(signal);
    } catch {
      // It has ended already.
    }
    const status = await this.process.status;
    await Promise.all(this.#readers);
    if (!keepState) await Deno.remove(this.stateDir, { recursive: true }).catch(() => {});
    return status;
  }
}

/** A viewer without a browser. */
export class PlainViewer {
  readonly client: QuicClient;
  readonly said: ServerMessage[] = [];
  #stream: BidirectionalStream | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;

  constructor(client: QuicClient) {
    this.client = client;
  }

  /** Opens the control stream. */
  async open(): Promise<void> {
    this.#stream = await this.client.openBidirectional();
    this.#writer = this.#stream.writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#read(this.#stream.readable).catch(() => {});
  }

  async send(message: ClientMessage): Promise<void> {
    await this.#writer?.write(encodeClientMessage(message));
  }

  /** The newest message of that type, waiting for one that `accept` takes. */
  heard<T extends ServerMessage["type"]>(
    type: T,
    accept: (message: Extract<ServerMessage, { type: T }>) => boolean = () => true,
    limitMs = 20_000,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    type Wanted = Extract<ServerMessage, { type: T }>;
    return until(
      () => this.said.findLast((m): m is Wanted => m.type === type && accept(m as Wanted)),
      type,
      limitMs,
    );
  }

  async #read(readable: ReadableStream<Uint8Array>): Promise<void> {
    const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES);
    for await (const chunk of readable) {
      for (const payload of splitter.push(chunk)) {
        const message = parseServerMessage(payload);
        this.said.push(message);
        // As a page does: the host waits a moment for it.
        if (message.type === "ended") this.client.close(0, "The host ended the session");
      }
    }
  }
}

/** True while a process exists and is no zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** `pid` and everything below it that is alive. */
export async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const match = /\) ([A-Z]) (\d+) /.exec(stat);
    if (match !== null && match[1] !== "Z") parents.set(Number(name), Number(match[2]));
  }
  const found = [pid];
  for (const parent of found) {
    for (const [child, its] of parents) if (its === parent) found.push(child);
  }
  return found;
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  take: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
