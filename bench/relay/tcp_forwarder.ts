/**
 * TcpForwarder: a TCP port whose connections go on to a server as they are. The pages and the API of
 * a host share a port number with its video, so what stands between them and a browser must too;
 * only the video's side is worth harming. Connections are bounded and end with it.
 */

const CONNECTIONS_MAX = 64;

/** A port that forwards. */
export class TcpForwarder {
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #server: Deno.ConnectOptions | undefined;

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
      await Promise.all([
        near.readable.pipeTo(far.writable),
        far.readable.pipeTo(near.writable),
      ]);
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
