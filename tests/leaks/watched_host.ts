/**
 * WatchedHost: a real host of two processes of which everything can be counted from outside: objects
 * of the server process, and resources, descriptors, threads, native allocations and the ledger of
 * both. It waits until what was begun has ended, and then compares with what there was before.
 */

import { descendants, HostProcess, type PlainViewer, until } from "../end_to_end/host_process.ts";
import { HeapProbe, INSPECT_FLAGS } from "./heap_probe.ts";
import {
  descriptorHoldings,
  differences,
  type Holdings,
  objectHoldings,
  prefixed,
  sourceClasses,
  threadHoldings,
} from "./holdings.ts";

/** A peer that is gone is found after 8 to 10 s; nothing else takes longer to end. */
const SETTLE_MS = 15_000;
/** Between looks at what can be seen from outside. */
const LOOK_PAUSE_MS = 100;
/** How long a connection lingers that was closed by the host. */
const LINGER_MS = 1_100;
/** Looks at all objects before what differs is believed to be a leak. */
const LOOKS = 4;
/** The media process tells its figures once a second. */
const CALM_MS = 1_200;
/** What a host that does nothing may have more of after that time: a cache of the engine. */
const CALM_GROWTH = 5;
const VIEWERS = "server viewers";

/** Statistics of the host's API, as far as they are read here. */
interface HostStats {
  readonly viewers: readonly unknown[];
  readonly pressure: { readonly level: string };
  readonly memory: {
    readonly owners: readonly {
      readonly owner: string;
      readonly currentBytes: number;
      readonly live: number;
      readonly undisposed: number;
    }[];
  };
  readonly media: {
    readonly pid: number | undefined;
    readonly process: null | {
      readonly streams: readonly unknown[];
      readonly native: readonly {
        readonly type: string;
        readonly live: number;
        readonly liveBytes: number;
      }[];
    };
  };
}

/** A host and what it holds. */
export class WatchedHost implements AsyncDisposable {
  readonly host: HostProcess;
  /** Of the first player, who asks the API. */
  readonly cookie: string;
  readonly #client: Deno.HttpClient;
  readonly #probe: HeapProbe;
  readonly #ours: ReadonlySet<string>;
  readonly #breathes: RegExp | undefined;

  /** Starts a host with these arguments and lets a player in; what `breathes` matches is not counted. */
  static async start(args: readonly string[], breathes?: RegExp): Promise<WatchedHost> {
    // Each call has a connection of its own, so that none is kept open beyond it.
    const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const host = await HostProcess.start(args, { runtimeFlags: INSPECT_FLAGS, client });
    try {
      const probe = await HeapProbe.ofChild(host.log);
      const { cookie } = await host.join("player");
      return new WatchedHost({
        ...{ host, cookie, client, probe, breathes },
        ours: await sourceClasses(),
      });
    } catch (error) {
      await host.stop();
      client.close();
      throw error;
    }
  }

  private constructor(parts: {
    host: HostProcess;
    cookie: string;
    client: Deno.HttpClient;
    probe: HeapProbe;
    ours: ReadonlySet<string>;
    breathes: RegExp | undefined;
  }) {
    this.host = parts.host;
    this.cookie = parts.cookie;
    this.#client = parts.client;
    this.#probe = parts.probe;
    this.#ours = parts.ours;
    this.#breathes = parts.breathes;
  }

  /** What the API tells. */
  async stats(): Promise<HostStats> {
    return await (await this.host.call("GET", "/api/stats", { cookie: this.cookie })).json();
  }

  /** A viewer with a fresh ticket that was let in and watches. */
  async watch(): Promise<PlainViewer> {
    const viewer = await this.host.view(await this.ticket());
    await viewer.heard("welcome");
    await viewer.send({ type: "play", streamId: 0 });
    return viewer;
  }

  /** A fresh ticket; a page that asks too often waits and asks again. */
  async ticket(): Promise<string> {
    const ask = () => this.host.ticket(this.cookie).catch(() => undefined);
    return (await until(ask, "a ticket")).ticket;
  }

  /** What both processes hold, once nobody watches and nothing changes any more. */
  async settled(): Promise<Holdings> {
    let before: Holdings = await this.#outside();
    await this.#poll(async () => {
      const now = await this.#outside();
      const isCalm = now.get(VIEWERS) === 0 && differences(before, now, 1).length === 0;
      before = now;
      return isCalm;
    }, CALM_MS);
    for (let look = 0; look < LOOKS; look++) {
      const first = await this.#holdings();
      await pause(CALM_MS);
      const second = await this.#holdings();
      if (differences(first, second, CALM_GROWTH).length === 0) return second;
    }
    throw new Error("Cannot wait longer for a host that is calm");
  }

  /** What is held more or less than `before`, once all that was begun had its time to end. */
  async leaks(before: Holdings, repetitions: number): Promise<string[]> {
    const outside = withoutObjects(before);
    await this.#poll(async () => {
      return differences(outside, await this.#outside(), repetitions).length === 0;
    }, LOOK_PAUSE_MS);
    let found: string[] = [];
    for (let look = 0; look < LOOKS; look++) {
      await pause(LINGER_MS);
      found = differences(before, await this.#holdings(), repetitions);
      if (found.length === 0) break;
    }
    return found;
  }

  /** Ends host and debugger. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#probe[Symbol.dispose]();
    await this.host.stop();
    this.#client.close();
  }

  async #holdings(): Promise<Map<string, number>> {
    const objects = objectHoldings(await this.#probe.census(), this.#ours);
    return this.#counted([...prefixed(OBJECTS, objects), ...await this.#outside()]);
  }

  /** Asks now and then, for as long as anything may take to end. */
  async #poll(isDone: () => Promise<boolean>, pauseMs: number): Promise<void> {
    const deadlineMs = performance.now() + SETTLE_MS;
    while (!await isDone() && performance.now() < deadlineMs) await pause(pauseMs);
  }

  /** Everything but objects, which can be counted without stopping the process. */
  async #outside(): Promise<Map<string, number>> {
    const stats = await this.stats();
    const holdings = new Map<string, number>([[VIEWERS, stats.viewers.length]]);
    for (const [name, count] of await this.#probe.resources()) {
      holdings.set(`server resource ${name}`, count);
    }
    for (const { owner, currentBytes, live, undisposed } of stats.memory.owners) {
      holdings.set(`ledger ${owner} bytes`, currentBytes);
      holdings.set(`ledger ${owner} live`, live);
      holdings.set(`ledger ${owner} undisposed`, undisposed);
    }
    for (const { type, live, liveBytes } of stats.media.process?.native ?? []) {
      holdings.set(`native ${type} live`, live);
      holdings.set(`native ${type} bytes`, liveBytes);
    }
    await this.#addProcesses(holdings, stats.media.pid);
    return this.#counted([...holdings]);
  }

  #counted(all: readonly [string, number][]): Map<string, number> {
    return new Map(all.filter(([name]) => this.#breathes?.test(name) !== true));
  }

  async #addProcesses(holdings: Map<string, number>, mediaPid: number | undefined): Promise<void> {
    const server = this.host.process.pid;
    for (const pid of await descendants(server)) {
      const part = pid === server ? "server" : pid === mediaPid ? "media" : undefined;
      if (part === undefined) {
        // A window manager, a shell: that they are there counts, what they open is their own.
        holdings.set("child processes", (holdings.get("child processes") ?? 0) + 1);
        continue;
      }
      const counts = [...await descriptorHoldings(pid), ...await threadHoldings(pid)];
      for (const [name, count] of counts) holdings.set(`${part} ${name}`, count);
    }
  }
}

const OBJECTS = "server";

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function withoutObjects(holdings: Holdings): Map<string, number> {
  return new Map([...holdings].filter(([name]) => !/^server (?:object|any) /.test(name)));
}
