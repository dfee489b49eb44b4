/**
 * Server: joins everything that faces the network: pages and API, WebTransport, sessions, the stream
 * and the media process that feeds it, and the virtual screen where there is no other. It holds the
 * order in which these start and end; what each does is its own.
 */

import hyperid from "hyperid";
import { monotonicClock } from "../core/clock.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { LinkStore } from "../session/access_token.ts";
import type { UsedLink } from "../session/access_token.ts";
import { SessionRegistry } from "../session/session_registry.ts";
import { usualPermissions } from "../session/session_rights.ts";
import { TicketStore } from "../session/ticket_store.ts";
import type { Role } from "../wire/control.ts";
import { AdminAccess, readAdminToken } from "./dashboard/admin_token.ts";
import { AllowedHosts } from "./pages/allowed_hosts.ts";
import type { ServerConfig } from "./config/config.ts";
import { planDisplays } from "./displays/displays.ts";
import { hostBudget } from "./memory/host_budget.ts";
import { HostWatch } from "./memory/host_watch.ts";
import { HostRecordings } from "./timeline/host_recordings.ts";
import { HostReplays } from "./timeline/host_replays.ts";
import { IdleCollection } from "./memory/idle_collection.ts";
import { Listening } from "./listening.ts";
import { MediaLink } from "./streams/media_link.ts";
import { MetricsToken } from "./metrics/metrics_token.ts";
import { RecordingDelivery } from "./timeline/recording_delivery.ts";
import { makeRoutes } from "./pages/routes.ts";
import type { TransportInfo } from "./pages/routes.ts";
import { judgeSession, pageAddress, sessionUrl } from "./pages/session_address.ts";
import { SessionStore } from "./session_store.ts";
import { runSteps } from "./processes/shutdown.ts";
import { defaultStateDirectory, StateDirectory } from "./state_directory.ts";
import { hostReport } from "./stats/host_report.ts";
import type { HostReport } from "./stats/stats_report.ts";
import { HostFeatures } from "./host_features.ts";
import { StaticFiles } from "./pages/static_files.ts";
import { StreamSet } from "./streams/stream_set.ts";
import { ViewerAdmission } from "./viewer_admission.ts";

/** What a server is made of. */
export interface ServerOptions {
  readonly config: ServerConfig;
  readonly log: Logger;
  /** Folder of the program: holds build/ and src/. */
  readonly root: string;
  /** Hears that a link of the terminal was used up, with the one that takes its place. */
  readonly onNextLink?: (role: Role, link: string) => void;
  /** Takes text for people, with its newline; default: nobody reads it. */
  readonly print?: (text: string) => void;
}

/** A running host. */
export class Server {
  readonly #options: ServerOptions;
  readonly #state: StateDirectory;
  readonly #clock: Clock = monotonicClock;
  readonly #newId = hyperid({ urlSafe: true });
  readonly #links = new LinkStore();
  readonly #tickets = new TicketStore();
  readonly #registry: SessionRegistry;
  readonly #sessions: SessionStore;
  readonly #streams: StreamSet;
  readonly #media: MediaLink;
  readonly #admission: ViewerAdmission;
  readonly #features: HostFeatures;
  readonly #watch: HostWatch;
  readonly #replays: HostReplays;
  readonly #recordings: HostRecordings;
  #delivery: RecordingDelivery | undefined;
  readonly #collection = new IdleCollection({
    ended: () => this.#listening?.listener.stats.connectionsEnded ?? 0,
    isIdle: () => this.#streams.viewers === 0,
  });
  readonly #startedMs = Date.now();
  #metricsToken: MetricsToken | undefined;
  #files: StaticFiles | undefined;
  #listening: Listening | undefined;
  #hosts: AllowedHosts | undefined;
  #closing: Promise<void> | undefined;

  /** Starts everything; resolves when viewers can come. Rejects with a domain error. */
  static async start(options: ServerOptions): Promise<Server> {
    const { config } = options;
    const path = config.stateDir || defaultStateDirectory(Deno.env.toObject());
    const state = await StateDirectory.open(path);
    const server = new Server(options, state);
    try {
      await server.#open(state);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  private constructor(options: ServerOptions, state: StateDirectory) {
    this.#options = options;
    this.#state = state;
    const { config, log, root } = options;
    const plans = planDisplays(config);
    this.#watch = new HostWatch({
      ...{ config, log, clock: this.#clock },
      print: options.print ?? (() => {}),
      streams: () => this.#streams,
      ...{ media: () => this.#media, admission: () => this.#admission },
      ...{ replays: () => this.#replays, recordings: () => this.#recordings },
      ...{ delivery: () => this.#delivery, people: () => this.#features.people },
      sound: () => this.#features.sound?.figures,
      files: () => this.#features.files?.figures,
      gateways: () => this.#features.gateways.figures,
      listener: () => this.#listening?.listener,
      uptimeSeconds: () => this.#uptimeSeconds,
    });
    const checkpoint = this.#watch.memoryLog.mark;
    this.#replays = HostReplays.of(config, {
      ...{ log, nowUs: () => this.#clock.nowUs() },
      account: () => this.#watch.memory.ledger.account("replay"),
      followSound: (sink, streamId) => this.#features.followSound(sink, streamId),
    });
    this.#recordings = this.#makeRecordings();
    this.#registry = new SessionRegistry({
      maxLive: config.maxViewers,
      newId: this.#newId,
      onChange: () => this.#sessions.touch(),
      permissionsOf: (role) =>
        role === "player" ? config.playerPermissions : usualPermissions(role),
    });
    this.#sessions = new SessionStore(state, { read: () => this.#registry.stored(), log });
    this.#media = new MediaLink({
      ...{ config, plans, root, log, clock: this.#clock },
      streams: () => this.#streams,
      features: () => this.#features,
      checkpoint,
      onFrame: (frame, receivedUs) => this.#watch.onFrame(frame, receivedUs),
    });
    this.#streams = new StreamSet({
      names: plans.map(({ name }) => name),
      bitrateBps: config.bitrate * 1000,
      ...{ fps: config.fps, controller: config.controller },
      keepWarmMs: config.keepWarm * 1000,
      port: this.#media,
      makeReplay: (id, onSegmentDue) => this.#replays.make(id, onSegmentDue),
      clock: this.#clock,
      log,
      audience: {
        broadcast: (framed) => this.#admission.broadcast(framed),
        tell: (id, framed, replaces) => this.#admission.tell(id, framed, replaces),
        releaseInput: (id) => this.#admission.releaseInput(id),
      },
    });
    this.#features = this.#makeFeatures();
    this.#admission = new ViewerAdmission({
      host: this.#features.serveIn(
        this.#recordings.greetIn(
          this.#streams.sessionHost((nowUs) => this.#media.hostTimeUs(nowUs)),
        ),
      ),
      ...{ registry: this.#registry, tickets: this.#tickets, newId: this.#newId },
      ...{ clock: this.#clock, nowMs: Date.now, log, checkpoint },
      refusal: () => this.#watch.guard.refusal,
      ...{ producers: this.#features.publish, players: () => this.#features.players },
    });
  }

  #makeFeatures(): HostFeatures {
    return new HostFeatures({
      ...this.#options,
      ...{ clock: this.#clock, ledger: this.#watch.memory.ledger, registry: this.#registry },
      stateFolder: this.#state.path,
      command: (command) => this.#media.send(command),
      xDisplay: (streamId) => this.#media.xDisplay(streamId),
      ...{ streams: () => this.#streams, screens: () => this.#media.screens },
      ...{ sessions: () => this.#admission.sessions, refusal: () => this.#watch.guard.refusal },
      broadcast: (framed) => this.#admission.broadcast(framed),
      hostTimeUs: (nowUs) => this.#media.hostTimeUs(nowUs),
      ...{ replays: () => this.#replays, recordings: () => this.#recordings },
    });
  }

  #makeRecordings(): HostRecordings {
    return new HostRecordings({
      ...this.#options,
      ...{ clock: this.#clock, nowMs: Date.now, ledger: this.#watch.memory.ledger },
      defaultFolder: `${this.#state.path}/recordings`,
      followSound: (sink, streamId) => this.#features.followSound(sink, streamId),
      streams: () => this.#streams,
      hostTimeUs: () => this.#media.hostTimeUs(this.#clock.nowUs()),
      broadcast: (framed) => this.#admission.broadcast(framed),
    });
  }

  /** Where the token of the metrics can be read. */
  get metricsTokenPath(): string {
    return this.#metricsToken?.path ?? "";
  }

  /** Where the dashboard is. It asks for its token, which the link of `readAdminLink` has. */
  get dashboardAddress(): string {
    return `${this.origin}/dashboard/`;
  }

  /** The address of the dashboard with its secret, which is read anew: nobody keeps it. */
  async readAdminLink(): Promise<string> {
    return `${this.dashboardAddress}#s=${await readAdminToken(this.#state)}`;
  }

  /** What looks at the host. */
  get watch(): HostWatch {
    return this.#watch;
  }

  /** The port of both TCP and UDP. */
  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** The streams that viewers see. */
  get streams(): StreamSet {
    return this.#streams;
  }

  /** Starts of the media process after the first. */
  get mediaRestarts(): number {
    return this.#media.restarts;
  }

  /** What a stream captures, for people, such as `virtual display :0`. */
  sourceText(streamId: number): string {
    return this.#media.sourceText(streamId);
  }

  /** SHA-256 of a page certificate that this machine made itself. */
  get pageFingerprint(): string | undefined {
    return this.#listening?.pageFingerprint;
  }

  /** Where people open pages, such as `http://127.0.0.1:47990`. */
  get origin(): string {
    return `${this.#scheme}://${pageAddress(this.#options.config.listen, this.port)}`;
  }

  /** Opens a link for one browser; its secret is in the fragment, which browsers never send. */
  openLink(role: Role): string {
    return `${this.origin}/#s=${this.#links.open(role, { origin: "terminal" })}`;
  }

  /** Counters and states, for the API. Holds no secret. */
  stats(): HostReport {
    return hostReport({
      ...{ uptimeSeconds: this.#uptimeSeconds, watch: this.#watch, streams: this.#streams },
      ...{ media: this.#media, admission: this.#admission, registry: this.#registry },
      ...{ replays: this.#replays, recordings: this.#recordings, delivery: this.#delivery },
      ...{ listener: this.#listening?.listener, features: this.#features },
    });
  }

  /** Ends everything in order, each step with a deadline; idempotent, never rejects. */
  close(): Promise<void> {
    this.#closing ??= runSteps([
      // First, while everything that it looks at is there.
      ["watch", () => Promise.resolve(this.#watch.close())],
      ["sessions", async () => {
        this.#collection.close();
        this.#admission.close();
        await this.#listening?.closePages();
      }],
      ["delivery", () => Promise.resolve(this.#delivery?.close())],
      ["recordings", () => this.#recordings.close()],
      ["replay", () => Promise.resolve(this.#replays.close())],
      ["network", async () => await this.#listening?.close()],
      ["streams", () => Promise.resolve(this.#streams.close())],
      ["media process", () => this.#media.close()],
      ["capabilities", () => this.#features.close()],
      ["state", () => this.#sessions.flush()],
      ["pages", () => Promise.resolve(this.#files?.[Symbol.dispose]())],
    ], this.#options.log);
    return this.#closing;
  }

  async #open(state: StateDirectory): Promise<void> {
    const { config, log, root } = this.#options;
    const files = await StaticFiles.load(
      `${root}/build/web`,
      this.#watch.memory.ledger.account("pages"),
    );
    this.#files = files;
    const metricsToken = await MetricsToken.open(state);
    this.#metricsToken = metricsToken;
    const admin = await AdminAccess.open(state);
    await this.#recordings.open();
    this.#delivery = RecordingDelivery.over(this.#recordings.folder, {
      account: this.#watch.memory.ledger.account("recording_cache"),
      ...{ clock: this.#clock, log },
    });
    this.#registry.restore(await this.#sessions.load(), Date.now());
    const app = { fetch: undefined as undefined | ReturnType<typeof makeRoutes>["fetch"] };
    const listening = await Listening.open({
      config,
      state,
      machineName: Deno.hostname(),
      handler: (request, remoteAddress, sent) => {
        return app.fetch?.(request, { remoteAddress, sent }) ?? new Response(null, { status: 503 });
      },
      gate: (request) => judgeSession(request, this.#hosts, { config, port: this.port }),
      nowMs: Date.now,
      log,
    });
    this.#listening = listening;
    this.#hosts = new AllowedHosts({
      listen: config.listen,
      allowOrigin: config.allowOrigin,
      machineName: Deno.hostname(),
      scheme: this.#scheme,
    });
    app.fetch = this.#routes(this.#hosts, { files, metricsToken, admin }).fetch;
    for (const listener of [listening.listener, ...this.#features.listeners]) {
      void this.#admission.acceptAll(listener);
    }
    log.info("Memory budget", { budget: hostBudget(config).summary });
    // After the port, so that one that is taken costs no screen and no process.
    await this.#features.open();
    await this.#media.open();
    this.#watch.start();
    if (config.record) await this.#recordings.startAll();
  }

  #routes(
    hosts: AllowedHosts,
    { files, metricsToken, admin }: {
      files: StaticFiles;
      metricsToken: MetricsToken;
      admin: AdminAccess;
    },
  ): ReturnType<typeof makeRoutes> {
    return makeRoutes({
      ...{ hosts, files, metricsToken, admin },
      adminCookieName: `wavry_admin_${this.port}`,
      dashboard: this.#watch.dashboard,
      metrics: () => this.#watch.metrics.snapshot(),
      ...{ links: this.#links, tickets: this.#tickets, registry: this.#registry },
      cookieName: `wavry_session_${this.port}`,
      isSecure: this.#scheme === "https",
      machineName: Deno.hostname(),
      nowUs: () => this.#clock.nowUs(),
      nowMs: Date.now,
      transport: (host) => this.#transport(host),
      health: () => {
        const { state } = this.#streams;
        return { isHealthy: state !== "failed", stream: state };
      },
      stats: () => ({ ...this.stats() }),
      onLinkUsed: (link) => this.#replaceLink(link),
      stored: () => this.#sessions.flush(),
      onTicket: (wanted) => this.#warm(wanted),
      ...{ replays: this.#replays, recordings: this.#recordings },
      delivery: () => this.#delivery,
      fileHost: () => this.#features.files,
      rungs: () => this.#features.rungs,
      addRoutes: (app, tools) => this.#features.addRoutes(app, tools),
      findStream: (wanted) => {
        return wanted === undefined ? this.#streams.first.id : this.#streams.find(wanted)?.id;
      },
      hostTimeUs: () => this.#media.hostTimeUs(this.#clock.nowUs()),
      log: this.#options.log,
    });
  }

  /** The stream that a page is about to watch; one that is not there is refused when it says hello. */
  #warm(wanted: string | undefined): number {
    const streams = this.#streams;
    const stream = (wanted === undefined ? undefined : streams.find(wanted)) ?? streams.first;
    stream.warm();
    return stream.id;
  }

  get #uptimeSeconds(): number {
    return Math.round((Date.now() - this.#startedMs) / 1000);
  }

  get #scheme(): "http" | "https" {
    return this.#listening?.isSecure === true ? "https" : "http";
  }

  #replaceLink(link: UsedLink): void {
    if (link.origin !== "terminal") return;
    // One admin is made by the terminal, and no more: who shares the next link shares a seat.
    const role = link.role === "admin" ? "player" : link.role;
    this.#options.onNextLink?.(role, this.openLink(role));
  }

  #transport(host: string): TransportInfo {
    return {
      url: sessionUrl(host, { config: this.#options.config, port: this.port }),
      certificateHashes: this.#listening?.certificateHashes ?? [],
    };
  }
}
