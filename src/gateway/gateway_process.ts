/**
 * GatewayProcess: keeps one gateway process for the server process: starts it when it is first
 * needed, starts it again after a crash, ends it when it is silent, too large, or was not needed for
 * a while. Its end ends its peers and nothing else.
 */

import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import {
  DEFAULT_RESTART_LIMITS,
  RestartBackoff,
  type RestartLimits,
} from "../core/restart_backoff.ts";
import { GatewayChild } from "./gateway_child.ts";
import type { CommandLine } from "../process/runtime_command_line.ts";
import type { GatewayControl } from "./gateway_control.ts";
import { GatewayLink } from "./gateway_link.ts";
import type { GatewayPeerHandlers } from "./gateway_peer.ts";

/** Limits of a `GatewayProcess`; times in milliseconds. */
export interface GatewayProcessLimits {
  /** A process that is up says so within this time, also on a busy machine. */
  readonly startMs: number;
  readonly pingMs: number;
  /** Pings in a row without an answer after which the process counts as stuck. */
  readonly silentPingsMax: number;
  /** Without a peer or a hold for this long it is ended. */
  readonly idleMs: number;
  /** A process that is larger is ended: its library keeps what it should not. */
  readonly rssBytesMax: number;
  readonly restart: RestartLimits;
  /** What each step of `close` may take: closing its pipe, SIGTERM, SIGKILL. */
  readonly closeStepMs: number;
}

/** The limits where options name no other. */
export const GATEWAY_PROCESS_LIMITS: GatewayProcessLimits = {
  startMs: 15_000,
  pingMs: 1_000,
  silentPingsMax: 5,
  idleMs: 120_000,
  rssBytesMax: 500_000_000,
  restart: DEFAULT_RESTART_LIMITS,
  closeStepMs: 1_000,
};

/** What the process is doing. */
export type GatewayState = "idle" | "starting" | "running" | "restarting" | "failed";

/** What a `GatewayProcess` needs. */
export interface GatewayProcessOptions {
  /** Shown in the log and in figures, such as `websocket`. */
  readonly name: string;
  /** Asked anew for each start. */
  readonly command: () => CommandLine;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<GatewayProcessLimits>;
  /** The process is up; what hears of messages that are of no peer. */
  readonly started?: (link: GatewayLink) => GatewayPeerHandlers | undefined;
  readonly stateChanged?: (state: GatewayState, reason: string) => void;
  /** Hears of each process id, for whoever ends what a killed server leaves behind. */
  readonly processStarted?: (pid: number) => void;
  readonly processEnded?: (pid: number) => void;
}

/** Figures of a `GatewayProcess`. */
export interface GatewayProcessStats {
  readonly state: GatewayState;
  readonly pid: number | undefined;
  readonly starts: number;
  /** Ends that nobody asked for. */
  readonly crashes: number;
  /** Of these, processes ended because they were silent or too large. */
  readonly kills: number;
  readonly peers: number;
  /** Of the process, as it said last; 0 while there is none. */
  readonly rssBytes: number;
  /** What this process holds of the pipes. */
  readonly heldBytes: number;
}

/** Who waits for the process to be up. */
interface Waiter {
  readonly resolve: (link: GatewayLink) => void;
  readonly reject: (error: TransportError) => void;
}

/** Keeps one gateway process. */
export class GatewayProcess {
  readonly #options: GatewayProcessOptions;
  readonly #limits: GatewayProcessLimits;
  readonly #backoff: RestartBackoff;
  readonly #waiters = new Set<Waiter>();
  #state: GatewayState = "idle";
  #child: GatewayChild | undefined;
  #link: GatewayLink | undefined;
  #holds = 0;
  #starts = 0;
  #crashes = 0;
  #kills = 0;
  #rssBytes = 0;
  #startedUs = 0;
  #idleSinceUs = 0;
  #silentPings = 0;
  #isEndingIdle = false;
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> | undefined;

  /** Starts nothing yet. */
  constructor(options: GatewayProcessOptions) {
    this.#options = options;
    this.#limits = { ...GATEWAY_PROCESS_LIMITS, ...options.limits };
    this.#backoff = new RestartBackoff(this.#limits.restart);
  }

  get state(): GatewayState {
    return this.#state;
  }

  get stats(): GatewayProcessStats {
    return {
      state: this.#state,
      pid: this.#child?.pid,
      starts: this.#starts,
      crashes: this.#crashes,
      kills: this.#kills,
      peers: this.#link?.peers ?? 0,
      rssBytes: this.#rssBytes,
      heldBytes: this.#link?.heldBytes ?? 0,
    };
  }

  /** The link of a process that is up, started when there is none. Rejects with TransportError. */
  link(): Promise<GatewayLink> {
    if (this.#closing !== undefined || this.#state === "failed") {
      const message = `Cannot use the gateway "${this.#options.name}": it does not run`;
      return Promise.reject(new TransportError(message, { reason: "unavailable" }));
    }
    const link = this.#link;
    if (this.#state === "running" && link !== undefined && !this.#isEndingIdle) {
      this.#idleSinceUs = this.#options.clock.nowUs();
      return Promise.resolve(link);
    }
    const up = new Promise<GatewayLink>((resolve, reject) => {
      this.#waiters.add({ resolve, reject });
    });
    if (this.#state === "idle") this.#spawn();
    return up;
  }

  /** Keeps a process that is up from ending for idleness until the given function is called. */
  hold(): () => void {
    this.#holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      this.#idleSinceUs = this.#options.clock.nowUs();
    };
  }

  /** Ends the process and all timers; resolves when it is gone, and never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #spawn(): void {
    const { command, log, name, clock, processStarted } = this.#options;
    this.#restartTimer = undefined;
    this.#setState("starting", "");
    this.#starts++;
    this.#startedUs = clock.nowUs();
    this.#silentPings = 0;
    let child: GatewayChild;
    try {
      const onEnd = (reason: string) => this.#onEnd(child, reason);
      child = new GatewayChild({ commandLine: command(), name, log, onEnd });
    } catch (error) {
      this.#startAgain(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#child = child;
    processStarted?.(child.pid);
    this.#startTimer = setTimeout(() => child.kill("it did not start"), this.#limits.startMs);
    const link = new GatewayLink(child.pipe, {
      side: "server",
      // While this closes, it gives the process time to say farewell.
      ended: (reason) => {
        if (this.#closing === undefined) child.kill(reason);
      },
    });
    this.#link = link;
    link.root.listen({ control: (message) => this.#onRootControl(link, message) });
  }

  #onRootControl(link: GatewayLink, message: GatewayControl): void {
    this.#silentPings = 0;
    if (message.type === "pong") return this.#onPong(message.rssBytes);
    if (message.type === "ready") this.#onReady(link);
  }

  #onReady(link: GatewayLink): void {
    if (this.#state === "running") return;
    clearTimeout(this.#startTimer);
    this.#idleSinceUs = this.#options.clock.nowUs();
    const handlers = this.#options.started?.(link);
    link.root.listen({
      ...handlers,
      control: (message) => {
        this.#onRootControl(link, message);
        if (message.type !== "pong") handlers?.control?.(message);
      },
    });
    this.#pingTimer = setInterval(() => this.#ping(), this.#limits.pingMs);
    this.#setState("running", "");
    for (const { resolve } of this.#waiters) resolve(link);
    this.#waiters.clear();
  }

  /** Counted in pings and not in time, so that a pause of this process is no fault of the other. */
  #ping(): void {
    const link = this.#link;
    if (link === undefined) return;
    if (++this.#silentPings > this.#limits.silentPingsMax) {
      return this.#kill("it was silent for too long");
    }
    link.root.sendControl({ type: "ping" });
    const nowUs = this.#options.clock.nowUs();
    if (link.peers > 0 || this.#holds > 0) this.#idleSinceUs = nowUs;
    if (nowUs - this.#idleSinceUs < this.#limits.idleMs * 1_000) return;
    this.#isEndingIdle = true;
    link.end("Idle");
  }

  #onPong(rssBytes: number): void {
    this.#rssBytes = rssBytes;
    if (rssBytes > this.#limits.rssBytesMax) this.#kill(`it has ${rssBytes} bytes`);
  }

  #kill(reason: string): void {
    this.#kills++;
    this.#child?.kill(reason);
  }

  #onEnd(child: GatewayChild, reason: string): void {
    const { processEnded, log, name } = this.#options;
    processEnded?.(child.pid);
    const wasIdle = this.#isEndingIdle;
    const link = this.#link;
    this.#child = undefined;
    this.#link = undefined;
    this.#rssBytes = 0;
    this.#isEndingIdle = false;
    this.#stopTimers();
    link?.end(`Gateway ended: ${reason}`);
    if (this.#closing !== undefined) return this.#setState("idle", reason);
    if (!wasIdle) return this.#startAgain(reason);
    log.info("Gateway ended", { name, reason: "idle" });
    this.#setState("idle", "idle");
    if (this.#waiters.size > 0) this.#spawn();
  }

  #startAgain(reason: string): void {
    const { clock, log, name } = this.#options;
    const ranMs = (clock.nowUs() - this.#startedUs) / 1_000;
    const { delayMs, isFailed } = this.#backoff.next(ranMs);
    this.#crashes++;
    const fields = { name, reason, failures: this.#backoff.failures, retryMs: delayMs };
    if (isFailed) log.error("Gateway does not run", fields);
    else log.warn("Gateway ended by itself", fields);
    this.#setState(isFailed ? "failed" : "restarting", reason);
    if (isFailed) this.#rejectWaiters();
    this.#restartTimer = setTimeout(() => this.#spawn(), delayMs);
  }

  #rejectWaiters(): void {
    const message = `Cannot use the gateway "${this.#options.name}": it does not run`;
    const error = new TransportError(message, { reason: "unavailable" });
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters.clear();
  }

  #setState(state: GatewayState, reason: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.stateChanged?.(state, reason);
  }

  #stopTimers(): void {
    clearTimeout(this.#startTimer);
    clearTimeout(this.#restartTimer);
    clearInterval(this.#pingTimer);
  }

  async #close(): Promise<void> {
    this.#stopTimers();
    const child = this.#child;
    this.#rejectWaiters();
    if (child === undefined) return;
    // Closing its pipe ends it, which `end` would do by force.
    for (const signal of [undefined, "SIGTERM", "SIGKILL"] as const) {
      if (signal === undefined) child.pipe.close();
      else child.signal(signal);
      if (await endsWithin(child, this.#limits.closeStepMs)) return;
    }
    this.#options.log.error("Cannot end a gateway", { name: this.#options.name, pid: child.pid });
  }
}

async function endsWithin(child: GatewayChild, timeoutMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const hasEnded = await Promise.race([child.done.then(() => true), timeout]);
  clearTimeout(timer);
  return hasEnded;
}
