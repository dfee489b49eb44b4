/**
 * RtcSockets: how the library opens its UDP sockets, replaced: a socket that cannot be bound, or that
 * fails later, is an error of its session and not the end of the process, and a port is bound once and
 * not looked for by binding another socket to it before.
 */

import { UdpTransport } from "werift";

/** A port of a session that has just ended may be free only a moment later. */
const TRIES = 5;
const RETRY_MS = 60;

/** Replaces it; called once, before the first session. */
export function guardSockets(): void {
  UdpTransport.init = async (type, options = {}) => {
    for (let attempt = 1;; attempt++) {
      const transport: UdpTransport = Reflect.construct(UdpTransport, [type, options]);
      const error = await bind(transport, {
        port: options.portRange?.[0] ?? 0,
        address: options.interfaceAddresses?.[type],
      });
      if (error === undefined) return transport;
      transport.close().catch(() => {});
      if (attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
}

/** Binds its socket; undefined, or why that cannot be. */
function bind(
  { socket }: UdpTransport,
  { port, address }: { readonly port: number; readonly address: string | undefined },
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    // Stays for good: what fails later is seen by who does not hear from its peer any more.
    socket.on("error", (error: Error) => resolve(error));
    socket.once("listening", () => resolve(undefined));
    socket.bind(address === undefined ? { port } : { port, address });
  });
}
