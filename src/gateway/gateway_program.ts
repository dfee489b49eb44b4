/**
 * gateway_program: the frame of a gateway process: its link to the server process over standard input
 * and output, what it says of itself, and its end with the server. The program of a rung brings what
 * it does with peers. What a library prints goes to the error output: the other one is the link.
 */

import type { GatewayControl } from "./gateway_control.ts";
import { GatewayLink } from "./gateway_link.ts";
import type { GatewayPeer, GatewayPeerHandlers } from "./gateway_peer.ts";
import { parentPipe } from "./gateway_pipe.ts";

// At import, so that libraries that print while they are imported after this are caught too.
for (const name of ["log", "info", "debug"] as const) console[name] = console.error;

/** Less than the server process waits before it uses force. */
const FAREWELL_MS = 500;

/** What the program of a rung brings. */
export interface GatewayProgram {
  /** The server opened a peer; `listen` must be called before this returns. */
  peerOpened(peer: GatewayPeer, message: GatewayControl): void;
  /** The link is over: what says farewell to peers does it within `FAREWELL_MS`. */
  ending?(): Promise<void>;
  /** Messages that are of no peer. */
  root?(link: GatewayLink): GatewayPeerHandlers;
}

/** Runs until the server process closes the link, then ends the process. */
export function runGateway(program: GatewayProgram): GatewayLink {
  // Ctrl+C in a terminal reaches this process too; the server decides when it ends.
  Deno.addSignalListener("SIGINT", () => {});
  const link: GatewayLink = new GatewayLink(parentPipe(), {
    side: "gateway",
    peerOpened: (peer, message) => program.peerOpened(peer, message),
    ended: (reason) => {
      const isEnd = reason === "Pipe is closed" || reason === "Pipe is broken";
      if (!isEnd) console.error(reason);
      const exit = () => Deno.exit(isEnd ? 0 : 1);
      setTimeout(exit, FAREWELL_MS);
      (program.ending?.() ?? Promise.resolve()).then(exit, exit);
    },
  });
  const handlers = program.root?.(link);
  link.root.listen({
    ...handlers,
    control: (message) => {
      if (message.type === "ping") link.root.sendControl(report());
      else handlers?.control?.(message);
    },
  });
  link.root.sendControl({ type: "ready" });
  return link;
}

function report(): GatewayControl {
  const { rss, heapUsed } = Deno.memoryUsage();
  return { type: "pong", rssBytes: rss, heapBytes: heapUsed };
}
