/**
 * main: the server process: command line -> ServerConfig -> Server -> signals. It prints the links on
 * standard output, logs on standard error, and exits with 2 for a bad configuration, 1 for a host
 * that cannot start, 0 for one that ended when asked.
 */

import { showBytes } from "./core/byte_size.ts";
import { ConfigError } from "./core/errors.ts";
import { readConfig, VERSION } from "./server/config/config.ts";
import type { ServerConfig } from "./server/config/config.ts";
import { DebuggerGuard } from "./server/processes/debugger_guard.ts";
import { FaultGuard } from "./server/processes/fault_guard.ts";
import { hostBudget } from "./server/memory/host_budget.ts";
import { openLog } from "./server/log.ts";
import { Server } from "./server/server.ts";
import { nextLinkText, startText } from "./server/start_text.ts";
import type { Terminal } from "./server/start_text.ts";
import type { Stream } from "./server/streams/stream.ts";

const EXIT_FAILURE = 1;
const EXIT_BAD_CONFIG = 2;
/** As shells report an end by Ctrl+C. */
const EXIT_FORCED = 130;
/** How long the start text waits to know whether the capture works. */
const CAPTURE_WAIT_MS = 5000;
const CAPTURE_POLL_MS = 20;
const FINGERPRINT_GROUP = 24;
/** Capture that nobody watches ends after 3 s at the least. */
const KEEP_WARM_MS = 1000;

async function main(): Promise<number> {
  const commandLine = await readConfig({
    arguments: Deno.args,
    environment: Deno.env.toObject(),
    readFile: readFileIfThere,
  });
  if (commandLine.kind === "print") {
    print(commandLine.text);
    return 0;
  }
  const { config } = commandLine;
  if (config.printBudget) {
    print(hostBudget(config).text());
    return 0;
  }
  const log = openLog(config);
  const guard = new FaultGuard(log);
  const debuggerGuard = new DebuggerGuard();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = () => {
    signals++;
    if (signals > 1) Deno.exit(EXIT_FORCED);
    resolve();
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  // The end of the terminal ends a host that runs in it, and not one that was started by nohup.
  if (Deno.stdout.isTerminal()) Deno.addSignalListener("SIGHUP", onSignal);
  const server = await Server.start({
    config,
    log,
    print,
    root: `${import.meta.dirname}/..`,
    onNextLink: (role, link) => print(nextLinkText(role, link)),
  });
  Deno.addSignalListener("SIGUSR1", () => {
    debuggerGuard.onSignal();
    server.watch.memoryLog.signal();
  });
  // Without somebody who hears it this signal would end the host.
  Deno.addSignalListener("SIGUSR2", () => server.watch.heapSnapshots.take());
  server.streams.warm();
  await Promise.race([captureKnown(server), asked]);
  if (signals === 0) print(await describe(server, config));
  const run = config.streamFor.ms > 0 ? streamFor(server, config.streamFor.ms) : undefined;
  await Promise.race([asked, ...run === undefined ? [] : [run.done]]);
  run?.end();
  await server.close();
  if (run !== undefined) print(streamedText(server));
  if (guard.faults > 0) log.error("Faults of this program", { faults: guard.faults });
  guard.close();
  return 0;
}

/** Keeps capture and encoder running for `ms`, whoever watches, and then resolves `done`. */
function streamFor(server: Server, ms: number): { done: Promise<void>; end: () => void } {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const endMs = performance.now() + ms;
  const timer = setInterval(() => {
    server.streams.warm();
    if (performance.now() >= endMs) resolve();
  }, Math.min(KEEP_WARM_MS, ms));
  return { done, end: () => clearInterval(timer) };
}

/** What a stream that ran for a time has done. */
function streamedText(server: Server): string {
  const { streams } = server;
  return `streamed ${streams.count("frames")} frames (${streams.count("keyframes")} keyframes), ` +
    `${showBytes(streams.count("bytes"))}, ${streams.count("failures")} failures, ` +
    `${server.mediaRestarts} restarts of the media process\n`;
}

/** Waits, but not long, until the first capture has begun or failed: the text says which. */
async function captureKnown(server: Server): Promise<void> {
  const deadlineMs = performance.now() + CAPTURE_WAIT_MS;
  const isOpen = () => server.streams.all.some(({ state }) => state === "starting");
  while (isOpen() && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, CAPTURE_POLL_MS));
  }
}

async function describe(server: Server, config: ServerConfig): Promise<string> {
  const adminLink = config.admin ? await server.readAdminLink() : undefined;
  const { streams, pageFingerprint } = server;
  return startText({
    version: VERSION,
    displays: streams.all.map((stream) => ({
      name: stream.name,
      // A display that cannot be reached has no size that we know.
      picture: `${server.sourceText(stream.id)}${sizeOf(stream)}, up to ${config.fps} frames/s`,
      encoder: encoderOf(stream, config),
    })),
    address: `${server.origin.replace(/^https?:\/\//, "")} (TCP and UDP)`,
    metricsToken: server.metricsTokenPath,
    dashboard: server.dashboardAddress,
    adminLink,
    playerLink: server.openLink(config.firstLink),
    playerRole: config.firstLink,
    viewerLink: server.openLink("viewer"),
    notes: pageFingerprint === undefined ? [] : [certificateNote(pageFingerprint)],
  }, terminal(config));
}

function sizeOf({ facts }: Stream): string {
  return facts === undefined ? "" : `, ${facts.width}x${facts.height}`;
}

function encoderOf({ facts, state, reason }: Stream, { bitrate }: ServerConfig): string {
  const works = state === "running" && facts !== undefined;
  return works ? `${facts.encoder}, ${bitrate} kbit/s` : `none yet: ${reason || state}`;
}

function certificateNote(fingerprint: string): string {
  const groups = fingerprint.match(new RegExp(`.{1,${FINGERPRINT_GROUP}}`, "g")) ?? [];
  return "The browser will warn of a certificate that no authority signed: this machine made it. " +
    `Go on if its SHA-256 is ${groups.join(" ")}`;
}

function terminal(config: ServerConfig): Terminal {
  const isTerminal = Deno.stdout.isTerminal();
  const { columns, rows } = isTerminal ? Deno.consoleSize() : { columns: 80, rows: 24 };
  return { isTerminal, usesColour: config.usesColour, columns, lines: rows };
}

function print(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let offset = 0; offset < bytes.byteLength;) {
      offset += Deno.stdout.writeSync(bytes.subarray(offset));
    }
  } catch {
    // Whoever read our output is gone; viewers are not.
  }
}

async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`wavry: ${message}`);
    Deno.exit(error instanceof ConfigError ? EXIT_BAD_CONFIG : EXIT_FAILURE);
  }
}
