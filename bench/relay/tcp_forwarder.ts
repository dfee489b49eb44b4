/**
 * TcpForwarder: a TCP port whose connections go on to a server, as they are or over links that delay
 * them. The pages and the API of a host share a port number with its video, so what stands between
 * them and a browser must too. Connections are bounded and end with it.
 */

import { shapedPipe } from "./shaped_pipe.ts";
import type { TcpLink } from "./tcp_link.ts";

const CONNECTIONS_MAX = 64;

/** One link for each direction, shared by all connections as a path is. */
export interface TcpLinks {
  /** From the server to the clients. */
  readonly down: TcpLink;
  readonly up: TcpLink;
}

/** A port that forwards. */
export class TcpForwarder {
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #server: Deno.ConnectOptions | undefined;
  #links: TcpLinks | undefined;

  /** Binds `port` of `hostname`; connections are closed at once until `forwardTo` was called. */
  constructor(hostname: string, port: number) {
    this.#listener = Deno.listen({ hostname, port });
    this.#accepting = this.#acceptAll();
  }

  /** The port that clients connect to. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Names the server. */
  forwardTo(hostname: string, port: number): void {
    this.#server = { hostname, port };
  }

  /**
   * From now on bytes go over `links`. Connections that were opened without any stay without; call it
   * before the first.
   */
  setLinks(links: TcpLinks): void {
    this.#links = links;
  }

  /** Closes the port and every connection. */
  async close(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) closeQuietly(connection);
    await Promise.all([this.#accepting, ...this.#tasks]);
  }

  async #acceptAll(): Promise<void> {
    for await (const connection of this.#listener) {
      if (this.#server === undefined || this.#tasks.size >= CONNECTIONS_MAX) {
        closeQuietly(connection);
        continue;
      }
      const task = this.#forward(connection, this.#server).finally(() => this.#tasks.delete(task));
      this.#tasks.add(task);
    }
  }

  async #forward(near: Deno.TcpConn, server: Deno.ConnectOptions): Promise<void> {
    this.#connections.add(near);
    let far: Deno.TcpConn | undefined;
    try {
      far = await Deno.connect(server);
      this.#connections.add(far);
      near.setNoDelay();
      far.setNoDelay();
      // Either side may end first; a half that is closed ends the other one's half alone.
      await Promise.all(
        this.#links === undefined
          ? [near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)]
          : [
            shapedPipe(near.readable, far.writable, () => this.#links!.up),
            shapedPipe(far.readable, near.writable, () => this.#links!.down),
          ],
      );
    } catch {
      // A side broke off, as browsers do; the other one learns it by the close below.
    } finally {
      for (const connection of [near, far]) {
        if (connection === undefined) continue;
        this.#connections.delete(connection);
        closeQuietly(connection);
      }
    }
  }
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
