/**
 * A gateway process for tests: peers are joined two by two, so that what one brings goes to the other;
 * and it does wrong what a gateway can do wrong, when the address of a peer names it.
 */

import { GatewayChannel } from "../../../src/gateway/gateway_channel.ts";
import { GATEWAY_HEADER_BYTES, writeGatewayHeader } from "../../../src/gateway/gateway_message.ts";
import { runGateway } from "../../../src/gateway/gateway_program.ts";
import type { GatewayPeer } from "../../../src/gateway/gateway_peer.ts";
import { joinConnections } from "../../../src/transport/mux/join_connections.ts";
import { MuxConnection } from "../../../src/transport/mux/mux_connection.ts";

/** Faults by the address that asks for them. */
const FAULTS: Readonly<Record<string, (peer: GatewayPeer) => void>> = {
  crash: () =>
    queueMicrotask(() => {
      throw new RangeError("A library's fault");
    }),
  hang: () => {
    for (;;);
  },
  garbage: () => writeOut(new Uint8Array(64).fill(0xee)),
  flood: (peer) => void flood(peer.id),
  print: () => console.log("A library prints"),
  // Takes nothing of what comes, and does not say so.
  deaf: (peer) => peer.listen({ message: () => false }),
};

let alone: MuxConnection | undefined;

function opened(peer: GatewayPeer, address: string): void {
  const fault = FAULTS[address];
  if (fault !== undefined) return fault(peer);
  const channel = new GatewayChannel(peer, { remoteAddress: "server" });
  const connection = new MuxConnection(channel, { side: "client", transport: "loopback" });
  const other = alone;
  alone = other === undefined ? connection : undefined;
  if (other !== undefined) void joinConnections(other, connection);
}

/** Sends what it has no credit for. */
async function flood(peerId: number): Promise<void> {
  const payloadBytes = 65_536;
  const message = new Uint8Array(GATEWAY_HEADER_BYTES + payloadBytes);
  writeGatewayHeader(message, 0, { kind: "raw", peerId, payloadBytes });
  for (;;) await writeOut(message);
}

async function writeOut(bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    offset += await Deno.stdout.write(bytes.subarray(offset));
  }
}

runGateway({
  peerOpened: (peer, message) => {
    if (message.type === "open_echo") opened(peer, message.remoteAddress);
  },
});
