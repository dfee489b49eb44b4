/**
 * WhipHost: publishing by WHIP as a capability of a host: the token to publish, the routes, and who
 * publishes. Its publishers are peers of the gateway that speaks WebRTC, which the capability of that
 * name sets up; without it there is none.
 */

import type { Hono } from "hono";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";
import type { Environment } from "../pages/page_answers.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import { rtcProcess } from "../rungs/webrtc_gateway.ts";
import { StateDirectory } from "../state_directory.ts";
import { StreamToken } from "../stream_token.ts";
import { WhipPublishers } from "./whip_publishers.ts";
import { addWhipRoutes } from "./whip_routes.ts";

/** WHIP on one host. */
export class WhipHost implements HostFeature {
  readonly name = "whip";
  readonly #context: HostFeatureContext;
  #publishers: WhipPublishers | undefined;
  #token: StreamToken | undefined;

  constructor(context: HostFeatureContext) {
    this.#context = context;
  }

  async open(): Promise<void> {
    if (this.#publishers === undefined) return;
    const state = await StateDirectory.open(this.#context.stateFolder);
    this.#token = await StreamToken.open(state, "publish");
  }

  addRoutes(app: Hono<Environment>, tools: RouteTools): void {
    const { config, clock, personName, published } = this.#context;
    if (config.webrtc === "off") return;
    const { gateways, hostTimeUs, log, registry } = this.#context;
    this.#publishers = new WhipPublishers({
      ...{ published: published(), clock, hostTimeUs, log },
      link: () => rtcProcess(config, gateways).link(),
    });
    addWhipRoutes(app, {
      ...tools,
      publishers: this.#publishers,
      token: () => this.#token,
      mayPublish: (id) => registry.rights(id)?.may("publish") === true,
      ...{ personName, nowUs: () => clock.nowUs() },
    });
  }

  report(): Record<string, unknown> | undefined {
    const publishers = this.#publishers;
    return publishers === undefined ? undefined : { now: publishers.size, ...publishers.stats };
  }

  close(): void {
    this.#publishers?.close();
  }
}
