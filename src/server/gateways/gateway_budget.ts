/**
 * gateway_budget: what gateways cost the server process, as lines of the host's budget. What a gateway
 * process itself may hold is its own limit, beyond which it is ended: it is no part of this sum.
 */

import {
  GATEWAY_LINK_BUFFER_BYTES,
  GATEWAY_UNDER_WAY_BYTES_MAX,
} from "../../gateway/gateway_link.ts";
import type { BudgetLine } from "../../memory/memory_budget.ts";
import type { ServerConfig } from "../config/config.ts";

/** Lines for the gateways that `config` allows. */
export function gatewayLines({ tcp, webrtc }: Pick<ServerConfig, "tcp" | "webrtc">): BudgetLine[] {
  const count = [tcp, webrtc].filter((choice) => choice === "on").length;
  if (count === 0) return [];
  return [{
    owner: "ipc",
    process: "server",
    bytes: GATEWAY_LINK_BUFFER_BYTES + GATEWAY_UNDER_WAY_BYTES_MAX,
    count,
    why: "pipes to a gateway while viewers need it, and what it has not taken yet",
  }];
}
