/**
 * RoutesBench: the routes over real stores, and a page that calls them as a browser does, for the tests
 * of the routes.
 */

import { ManualClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import type { MetricFamily } from "../../../src/metrics/metric_registry.ts";
import { AdminAccess, readAdminToken } from "../../../src/server/dashboard/admin_token.ts";
import { AllowedHosts } from "../../../src/server/pages/allowed_hosts.ts";
import type { SubscribeOptions } from "../../../src/server/dashboard/dashboard_feed.ts";
import type { FileRoutesHost } from "../../../src/server/files/file_routes.ts";
import { HostRecordings } from "../../../src/server/timeline/host_recordings.ts";
import { HostReplays } from "../../../src/server/timeline/host_replays.ts";
import { makeRoutes } from "../../../src/server/pages/routes.ts";
import type { RecordingDelivery } from "../../../src/server/timeline/recording_delivery.ts";
import { StateDirectory } from "../../../src/server/state_directory.ts";
import { StaticFiles } from "../../../src/server/pages/static_files.ts";
import { LinkStore, newSecret } from "../../../src/session/access_token.ts";
import type { UsedLink } from "../../../src/session/access_token.ts";
import { SessionRegistry } from "../../../src/session/session_registry.ts";
import { TicketStore } from "../../../src/session/ticket_store.ts";
import type { Role } from "../../../src/wire/control.ts";

export const HOST = "127.0.0.1:47990";
export const ORIGIN = `http://${HOST}`;

/** The token of the metrics. */
export const TOKEN = newSecret();
/** The dashboard's token and who knows it. */
export const { ADMIN_TOKEN, ADMIN } = await openAdmin();
/** What there is to show. */
export const METRICS: MetricFamily[] = [
  {
    name: "wavry_frames_total",
    help: "Frames",
    kind: "counter",
    series: [{ labels: {}, value: 3 }],
  },
];

/** The routes over real stores, and a page that calls them as a browser does. */
export class RoutesBench {
  readonly clock = new ManualClock();
  readonly links = new LinkStore();
  readonly tickets = new TicketStore();
  readonly used: UsedLink[] = [];
  /** Ids of the sessions that are on disk; undefined before anything was stored. */
  stored: string[] | undefined;
  readonly ledger = new MemoryLedger();
  readonly replays: HostReplays;
  /** Without a folder until a test opens one. */
  readonly recordings: HostRecordings;
  ticketsGiven = 0;
  /** What dashboards asked for. */
  readonly subscribed: SubscribeOptions[] = [];
  dashboardsMax = 1;
  readonly registry: SessionRegistry;
  readonly app: ReturnType<typeof makeRoutes>;
  remoteAddress = "192.0.2.1";
  /** Has one file of one byte, whatever it is called. */
  fileHost: FileRoutesHost = {
    list: () => Promise.resolve({ files: [{ name: "a", bytes: 1, modifiedMs: 0 }] }),
    serve: () => Promise.resolve(new Response("a")),
    transfers: () => [],
    act: () => false,
  };
  /** None until a test makes one. */
  delivery: RecordingDelivery | undefined;

  /** Has one replay, that of stream 0, unless `seconds` is 0. */
  constructor(files: StaticFiles, { replaySeconds = 30 } = {}) {
    let ids = 0;
    this.replays = new HostReplays({
      limits: replaySeconds === 0 ? undefined : { seconds: replaySeconds, bytes: 1e6, fps: 60 },
      account: () => this.ledger.account("replay"),
      nowUs: () => this.clock.nowUs(),
      log: silentLogger,
    });
    this.replays.make(0, () => {});
    this.recordings = new HostRecordings({
      followSound: () => undefined,
      config: {
        ...{ bitrate: 1000, recordDir: "", recordDeleteOldest: false },
        ...{ recordSplitSize: { bytes: 0 }, recordSplitDuration: { ms: 0 } },
        recordQuota: { bytes: 0 },
      },
      defaultFolder: "/nowhere",
      streams: () => ({ all: [], get: () => undefined }),
      hostTimeUs: () => undefined,
      ...{ clock: this.clock, nowMs: Date.now, log: silentLogger, broadcast: () => {} },
      ledger: this.ledger,
    });
    this.registry = new SessionRegistry({ maxLive: 4, newId: () => `s${++ids}` });
    this.app = makeRoutes({
      ...{ addRoutes: () => {}, rungs: () => ({ tcp: { path: "/session/tcp" } }) },
      hosts: new AllowedHosts({
        listen: "127.0.0.1",
        allowOrigin: ["https://desk.example"],
        machineName: "desk",
        scheme: "http",
      }),
      files,
      links: this.links,
      tickets: this.tickets,
      registry: this.registry,
      cookieName: "wavry_session_47990",
      isSecure: false,
      machineName: "desk",
      nowUs: () => this.clock.nowUs(),
      nowMs: () => this.clock.nowUs() / 1000,
      transport: () => ({
        url: "https://127.0.0.1:47990/session",
        certificateHashes: ["aGFzaA=="],
      }),
      health: () => ({ isHealthy: true, stream: "running" }),
      stats: () => ({ viewers: 0 }),
      metrics: () => METRICS,
      metricsToken: { accepts: (authorization) => authorization === `Bearer ${TOKEN}` },
      admin: ADMIN,
      adminCookieName: "wavry_admin_47990",
      dashboard: { subscribe: (options) => this.#subscribe(options) },
      onLinkUsed: (link) => this.used.push(link),
      stored: async () => {
        // As slow as a disk: an answer that does not wait comes before.
        await new Promise((resolve) => setTimeout(resolve, 1));
        this.stored = this.registry.stored().map(({ id }) => id);
      },
      onTicket: (stream) => {
        this.ticketsGiven++;
        return stream === "Right" ? 1 : 0;
      },
      replays: this.replays,
      recordings: this.recordings,
      delivery: () => this.delivery,
      fileHost: () => this.fileHost,
      findStream: (wanted) => wanted === undefined || wanted === "0" ? 0 : undefined,
      hostTimeUs: () => this.clock.nowUs() + 1000,
      log: silentLogger,
    });
  }

  async send(
    method: string,
    path: string,
    options: { body?: unknown; raw?: BodyInit; headers?: Record<string, string | undefined> } = {},
  ): Promise<Response> {
    const headers = new Headers({ host: HOST });
    if (method !== "GET") {
      headers.set("origin", ORIGIN);
      headers.set("sec-fetch-site", "same-origin");
      headers.set("content-type", "application/json");
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    const body = options.raw ?? (options.body === undefined ? null : JSON.stringify(options.body));
    const init = { method, headers, body: method === "GET" ? null : body };
    const request = new Request(`${ORIGIN}${path}`, init);
    return await this.app.fetch(request, { remoteAddress: this.remoteAddress });
  }

  /** A cookie of the dashboard. */
  async signIn(): Promise<string> {
    const body = { secret: ADMIN_TOKEN };
    const response = await this.send("POST", "/api/admin/session", { body });
    return response.headers.get("set-cookie")!.split(";")[0]!;
  }

  #subscribe(options: SubscribeOptions): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    if (this.subscribed.length >= this.dashboardsMax) return undefined;
    this.subscribed.push(options);
    return new Blob(["event: end\ndata: {}\n\n"]).stream();
  }

  /** A cookie of a session with that role. */
  async join(role: Role): Promise<string> {
    const secret = this.links.open(role, { origin: "terminal" });
    const response = await this.send("POST", "/api/session", { body: { secret } });
    return response.headers.get("set-cookie")!.split(";")[0]!;
  }
}

async function openAdmin() {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const state = await StateDirectory.open(folder);
  const ADMIN = await AdminAccess.open(state);
  const ADMIN_TOKEN = await readAdminToken(state);
  await Deno.remove(folder, { recursive: true });
  return { ADMIN, ADMIN_TOKEN };
}

/** A folder of pages. */
export async function makeFiles(): Promise<StaticFiles> {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  await Deno.mkdir(`${folder}/sub`);
  await Deno.writeTextFile(`${folder}/index.html`, "<!doctype html><title>Wavry</title>");
  await Deno.writeTextFile(`${folder}/viewer.js`, "export {};");
  await Deno.writeTextFile(`${folder}/sub/index.html`, "sub");
  const files = await StaticFiles.load(folder, new MemoryLedger().account("pages"));
  await Deno.remove(folder, { recursive: true });
  return files;
}
