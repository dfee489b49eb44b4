/**
 * HostSampler: the memory of a running host from outside, at even times: resident pages of both
 * processes from /proc, which is the truth, and what the host says of itself from /metrics, at every
 * fifth look only, because an answer costs the server process some garbage. It keeps a day of looks.
 */

import { METRICS_TOKEN_FILE } from "../../src/server/metrics/metrics_token.ts";
import type { MetricFamily, MetricSeries } from "../../src/metrics/metric_registry.ts";
import type { Host } from "./host.ts";
import { countDescriptors, partOf, processTree } from "./process_usage.ts";
import { fileBytesOnce, readResidentMemory, type ResidentMemory } from "./resident_pages.ts";

/** Looks for each request to the host. */
const LOOKS_PER_REQUEST = 5;
/** A day of looks, one every two seconds. */
const LOOKS_MAX = 43_200;

/** One process at a look. */
export interface ProcessLook extends ResidentMemory {
  readonly pid: number;
  readonly descriptors: number;
}

/** What the host said of itself. */
export class HostMetricsReading {
  readonly #families: ReadonlyMap<string, readonly MetricSeries[]>;

  constructor(families: readonly MetricFamily[]) {
    this.#families = new Map(families.map(({ name, series }) => [name, series]));
  }

  /** The value of a metric, of the series with that value of its label, or the sum of all series. */
  value(name: string, label?: string): number | undefined {
    const all = this.#families.get(name);
    const series = label === undefined
      ? all
      : all?.filter(({ labels }) => Object.values(labels).includes(label));
    if (series === undefined || series.length === 0) return undefined;
    return series.reduce((sum, one) => sum + one.value, 0);
  }

  /** Values of a metric by the value of its only label. */
  byLabel(name: string): Record<string, number> {
    const series = this.#families.get(name) ?? [];
    return Object.fromEntries(
      series.map(({ labels, value }) => [Object.values(labels)[0] ?? "", value]),
    );
  }
}

/** The host at one moment. */
export interface HostLook {
  /** Since the first look, seconds. */
  readonly seconds: number;
  /** What the run was doing. */
  readonly phase: string;
  readonly server: ProcessLook;
  readonly media: ProcessLook;
  /** Both, shared pages counted twice. */
  readonly rssBytes: number;
  /** Both, as the kernel divides pages among all programs of the machine. */
  readonly pssBytes: number;
  /** Both, each page once, as if nothing else ran; undefined where pagemap cannot be read. */
  readonly onceBytes: number | undefined;
  readonly descriptors: number;
  /** Undefined at looks without a request. */
  readonly metrics: HostMetricsReading | undefined;
}

/** Looks at a host until it is closed. */
export class HostSampler {
  readonly looks: HostLook[] = [];
  /** Names the looks from now on. */
  phase: string;
  readonly #host: Host;
  readonly #token: string;
  readonly #onLook: (look: HostLook) => void;
  readonly #startMs = performance.now();
  #pids: { readonly server: number; readonly media: number } | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;
  #missed = 0;
  #isBusy = false;

  private constructor(host: Host, token: string, options: HostSamplerOptions) {
    this.#host = host;
    this.#token = token;
    this.phase = options.phase;
    this.#onLook = options.onLook ?? (() => {});
  }

  /** Begins to look. The token of the metrics is in the host's state directory. */
  static async start(host: Host, options: HostSamplerOptions): Promise<HostSampler> {
    const token = await Deno.readTextFile(`${options.stateDirectory}/${METRICS_TOKEN_FILE}`);
    const sampler = new HostSampler(host, token.trim(), options);
    sampler.#timer = setInterval(() => void sampler.#look(), options.lookMs);
    return sampler;
  }

  /** Since it began, seconds: the time of the looks. */
  get seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  /** Looks that did not see both processes, or came while one was under way. */
  get missed(): number {
    return this.#missed;
  }

  /** What the host says of itself now. */
  async readMetrics(): Promise<HostMetricsReading> {
    const response = await fetch(`${this.#host.origin}/metrics`, {
      headers: { accept: "application/json", authorization: `Bearer ${this.#token}` },
    });
    if (!response.ok) throw new Error(`Cannot read the metrics: ${await response.text()}`);
    const { metrics } = await response.json() as { metrics: MetricFamily[] };
    return new HostMetricsReading(metrics);
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isBusy || this.looks.length >= LOOKS_MAX) {
      this.#missed++;
      return;
    }
    this.#isBusy = true;
    const seen = this.#processes();
    if (seen === undefined) this.#missed++;
    else {
      const { seconds, phase } = this;
      const wanted = this.#count++ % LOOKS_PER_REQUEST === 0;
      const metrics = wanted ? await this.readMetrics().catch(() => undefined) : undefined;
      const look = { seconds, phase, ...seen, metrics };
      this.looks.push(look);
      this.#onLook(look);
    }
    this.#isBusy = false;
  }

  #processes() {
    this.#pids ??= findProcesses(this.#host.program.pid);
    if (this.#pids === undefined) return undefined;
    const server = lookAt(this.#pids.server);
    const media = lookAt(this.#pids.media);
    if (server === undefined || media === undefined) {
      // The media process may have been started anew.
      this.#pids = undefined;
      return undefined;
    }
    const fileBytes = fileBytesOnce([server.pid, media.pid]);
    return {
      server,
      media,
      rssBytes: server.rssBytes + media.rssBytes,
      pssBytes: server.pssBytes + media.pssBytes,
      onceBytes: fileBytes === undefined
        ? undefined
        : server.ownPssBytes + media.ownPssBytes + fileBytes,
      descriptors: server.descriptors + media.descriptors,
    };
  }
}

/** How to look. */
export interface HostSamplerOptions {
  readonly stateDirectory: string;
  /** Name of the first looks. */
  readonly phase: string;
  readonly lookMs: number;
  readonly onLook?: (look: HostLook) => void;
}

function findProcesses(rootPid: number): { server: number; media: number } | undefined {
  const tree = processTree(rootPid);
  const pidOf = (part: string) => tree.find((info) => partOf(info) === part)?.pid;
  const [server, media] = [pidOf("server"), pidOf("media")];
  return server === undefined || media === undefined ? undefined : { server, media };
}

function lookAt(pid: number): ProcessLook | undefined {
  const memory = readResidentMemory(pid);
  const descriptors = countDescriptors(pid);
  if (memory === undefined || descriptors === undefined) return undefined;
  return { pid, descriptors, ...memory };
}
