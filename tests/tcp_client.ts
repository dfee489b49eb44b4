/**
 * tcp_client: the browser's side of the TCP rung in a test's own process: the bundle that pages load,
 * over this runtime's WebSocket with the headers that a browser would send.
 */

import type { Connection } from "../src/transport/connection.ts";

const BUNDLE = new URL("../build/web/tcp.js", import.meta.url).href;
const RealWebSocket = globalThis.WebSocket;

interface TcpModule {
  dialTcp(target: { readonly url: string }): Promise<Connection>;
}

/** Dials as the page of `origin` with `cookie` does. Rejects with TransportError. */
export async function dialTcpAs(
  url: string,
  headers: { readonly origin: string; readonly cookie?: string },
): Promise<Connection> {
  // The bundle asks for the page's scheme.
  Object.defineProperty(globalThis, "location", { value: new URL(url), configurable: true });
  const { dialTcp } = await import(BUNDLE) as TcpModule;
  globalThis.WebSocket = class extends RealWebSocket {
    constructor(address: string | URL, protocols: string[]) {
      // Where the types of browsers are loaded as well, they know no headers.
      super(address, { protocols, headers: { ...headers } } as unknown as string[]);
    }
  } as typeof WebSocket;
  try {
    // It opens its socket before its first pause.
    return await dialTcp({ url });
  } finally {
    globalThis.WebSocket = RealWebSocket;
  }
}
