/**
 * Diallers: the ways to a host as far as browser and host both have them, each with what dials it. What
 * is not needed over QUIC is loaded when it is dialled.
 */

import type { Connection } from "../../src/transport/connection.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import type { Dialler } from "./climb.ts";
import { dialQuic } from "./dial.ts";
import type { Rung } from "./ladder.ts";

const TCP_BUNDLE = "tcp.js";

type TcpModule = typeof import("./tcp_connection.ts");

/** How a browser should look for a way, as its page knows it. */
export interface RungPlan {
  /** This one and no other, as the person asked for. */
  readonly force?: Rung | undefined;
  /** What worked last on this network. */
  readonly first?: Rung | undefined;
}

/** What of a ticket's answer tells the ways. */
export type HostWays = Pick<ConnectInfo, "webTransport" | "transports">;

/** Which of them are wanted. */
export interface WantedWays {
  readonly plan: RungPlan;
  /** Dials by WebRTC, where this browser can. */
  readonly webrtc?: ((path: string) => Promise<Connection>) | undefined;
  /** Rungs that may be used; default: all. */
  readonly rungs?: readonly Rung[];
}

/** The ways to a host, as far as browser and host both have them. */
export function diallersOf(
  ways: HostWays,
  { plan, webrtc, rungs }: WantedWays,
): Partial<Record<Rung, Dialler>> {
  const isWanted = (rung: Rung) => {
    return plan.force === undefined ? rungs?.includes(rung) ?? true : plan.force === rung;
  };
  const { tcp, webrtc: rtc } = ways.transports ?? {};
  return {
    ...isWanted("quic") && typeof WebTransport !== "undefined"
      ? { quic: () => dialQuic(ways.webTransport) }
      : {},
    ...isWanted("webrtc") && rtc !== undefined && webrtc !== undefined
      ? { webrtc: () => webrtc(rtc.path) }
      : {},
    ...isWanted("tcp") && tcp !== undefined ? { tcp: () => dialTcp(tcp.path) } : {},
  };
}

async function dialTcp(path: string): Promise<Connection> {
  const { dialTcp } = await import(new URL(TCP_BUNDLE, self.location.href).href) as TcpModule;
  return await dialTcp({ url: new URL(path, self.location.origin).href });
}
