/**
 * WebRtcGateway: the server process's side of the process that speaks WebRTC: starts it when somebody
 * comes, tells it where to open sockets, and opens sessions in it, at most so many for each network.
 */

import { ConfigError, TransportError } from "../../core/errors.ts";
import type { GatewayLink } from "../../gateway/gateway_link.ts";
import type { GatewayProcess } from "../../gateway/gateway_process.ts";
import type { SenderSettings } from "../../session/session_host.ts";
import { addressPrefix } from "../../transport/address_prefix.ts";
import type { ServerConfig } from "../config/config.ts";
import { portsOf } from "../config/port_schemas.ts";
import type { HostGateways } from "../gateways/host_gateways.ts";
import { isLoopback, isWildcard } from "../pages/allowed_hosts.ts";
import { WebRtcSession } from "./webrtc_session.ts";
import { WebRtcStreams } from "./webrtc_streams.ts";
import type { FollowSound } from "./webrtc_streams.ts";

/** Folder of the rung, and name of its process. */
const RUNG = "webrtc";
/** Sessions of one /24 or /64 at once, and of all. */
export const SESSIONS_PER_PREFIX_MAX = 16;
/** A library for a hundred sessions and their packets. */
const HEAP_MEGABYTES = 512;
const RSS_BYTES_MAX = 700_000_000;
/** Addresses that peers are told of. */
const ADDRESSES_MAX = 6;
/** How long a gateway may take for an answer. */
const ANSWER_MS = 15_000;

/** What the gateway needs of the host. */
export interface WebRtcGatewayOptions {
  readonly config: Pick<ServerConfig, "listen" | "webrtcPorts" | "webrtcAddress">;
  readonly gateways: HostGateways;
  readonly followSound: FollowSound;
}

/** An offer of somebody who may watch. */
export interface WebRtcOffer {
  readonly sdp: string;
  readonly use: "player" | "viewer";
  readonly remoteAddress: string;
  /** Of the streams' H.264; 0 when it is not known. */
  readonly profileIdc: number;
  readonly settings: SenderSettings;
  /** Its transport is up; nothing else of its peer is heard before this returns. */
  readonly onConnected?: ((session: WebRtcSession) => void) | undefined;
}

/** Where sockets are opened; see `rtc_setup`. */
export interface RtcSetup {
  readonly sockets: string[];
  readonly bind4?: string;
  readonly bind6?: string;
  readonly told: string[];
}

/** The process, made once for all who use it. */
export function rtcProcess(
  config: WebRtcGatewayOptions["config"],
  gateways: HostGateways,
): GatewayProcess {
  const [portMin, portMax] = portsOf(config.webrtcPorts) ?? [0, 0];
  return gateways.gateway({
    rung: RUNG,
    // Its library lists all variables to find settings of its own; the process is given a few only.
    rights: ["--allow-net", "--allow-env"],
    heapMegabytes: HEAP_MEGABYTES,
    limits: { rssBytesMax: RSS_BYTES_MAX },
    started: (link) => {
      const setup = rtcSetup(config, hostAddresses());
      link.root.sendControl({ type: "rtc_setup", ...setup, portMin, portMax });
      return undefined;
    },
  });
}

/** Sessions of WebRTC. */
export class WebRtcGateway {
  readonly process: GatewayProcess;
  readonly stats = { opened: 0, refused: 0 };
  readonly #options: WebRtcGatewayOptions;
  readonly #sessions = new Set<WebRtcSession>();
  readonly #prefixes = new Map<string, number>();
  #streams: { readonly link: GatewayLink; readonly streams: WebRtcStreams } | undefined;

  constructor(options: WebRtcGatewayOptions) {
    this.#options = options;
    const { config, gateways } = options;
    this.process = rtcProcess(config, gateways);
  }

  /** Sessions now. */
  get sessions(): ReadonlySet<WebRtcSession> {
    return this.#sessions;
  }

  /** Counters of the streams that go to it. */
  get streamStats(): WebRtcStreams["stats"] | undefined {
    return this.#streams?.streams.stats;
  }

  /**
   * Opens a session: its answer comes later. Rejects with TransportError when there is no room or no
   * gateway.
   */
  async open(offer: WebRtcOffer): Promise<WebRtcSession> {
    const prefix = addressPrefix(offer.remoteAddress);
    const count = this.#prefixes.get(prefix) ?? 0;
    if (count >= SESSIONS_PER_PREFIX_MAX) {
      this.stats.refused++;
      throw new TransportError("Cannot open another session of WebRTC for this network", {
        reason: "unavailable",
      });
    }
    this.#prefixes.set(prefix, count + 1);
    try {
      const session = this.#begin(await this.process.link(), offer);
      void session.ended.then(() => {
        this.#sessions.delete(session);
        this.#leave(prefix);
      });
      return session;
    } catch (error) {
      this.stats.refused++;
      this.#leave(prefix);
      throw error;
    }
  }

  /** The answer of a session within a time. Rejects with why there is none, and the session is over. */
  async answerOf(session: WebRtcSession): Promise<Awaited<WebRtcSession["answer"]>> {
    const timer = setTimeout(() => session.close("No answer in time"), ANSWER_MS);
    try {
      return await session.answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends all sessions. */
  close(): void {
    for (const session of [...this.#sessions]) session.close("The host ends");
    this.#streams?.streams.close();
  }

  #begin(link: GatewayLink, offer: WebRtcOffer): WebRtcSession {
    const { sdp, use, profileIdc, settings, onConnected } = offer;
    const { startBps, minBps, maxBps } = settings.limits;
    const session = new WebRtcSession({
      streams: this.#streamsOf(link),
      ...{ settings, onConnected },
      withSound: use === "player",
    });
    const peer = link.openPeer({
      type: "open_rtc",
      ...{ use, offer: sdp, profileIdc, controller: settings.controller },
      ...{
        startBps: Math.round(startBps),
        minBps: Math.round(minBps),
        maxBps: Math.round(maxBps),
      },
    }, session.handlers);
    if (peer === undefined) {
      throw new TransportError("Cannot open another session of WebRTC", { reason: "unavailable" });
    }
    session.begin(peer);
    this.#sessions.add(session);
    this.stats.opened++;
    return session;
  }

  /** A gateway that was started again knows no streams. */
  #streamsOf(link: GatewayLink): WebRtcStreams {
    if (this.#streams?.link !== link) {
      this.#streams?.streams.close();
      this.#streams = { link, streams: new WebRtcStreams(link, this.#options.followSound) };
    }
    return this.#streams.streams;
  }

  #leave(prefix: string): void {
    const left = (this.#prefixes.get(prefix) ?? 1) - 1;
    if (left > 0) this.#prefixes.set(prefix, left);
    else this.#prefixes.delete(prefix);
  }
}

/**
 * Where peers are met: on the address that is listened on, or with a wildcard on one socket of each
 * family that all addresses of this machine are told for; besides, what the operator says.
 */
export function rtcSetup(
  { listen, webrtcAddress }: Pick<ServerConfig, "listen" | "webrtcAddress">,
  addresses: readonly string[],
): RtcSetup {
  const own = webrtcAddress === "" ? [] : [webrtcAddress];
  if (!isWildcard(listen)) {
    const bound = listen.includes(":") ? { bind6: listen } : { bind4: listen };
    return { sockets: [listen], ...bound, told: own };
  }
  const isFour = (address: string) => address.includes(".");
  // What is bound to every IPv4 address hears no IPv6.
  const usable = addresses.filter((address) => listen === "::" || isFour(address));
  const first = [usable.find(isFour), usable.find((address) => !isFour(address))];
  const sockets = first.filter((address) => address !== undefined);
  if (sockets.length === 0) {
    throw new ConfigError("Cannot open WebRTC: this machine has no address", {
      reason: "conflict",
    });
  }
  const told = [...own, ...usable.filter((address) => !sockets.includes(address))];
  return { sockets, told: told.slice(0, ADDRESSES_MAX) };
}

/** Addresses of this machine, loopback last, without those that are of one link only. */
function hostAddresses(): string[] {
  const all = Deno.networkInterfaces().map(({ address }) => address)
    .filter((address) => !/^fe80:/i.test(address) && !address.startsWith("169.254."));
  return [...all.filter((one) => !isLoopback(one)), ...all.filter((one) => isLoopback(one))];
}
