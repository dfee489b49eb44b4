/**
 * RawWebSocket: a WebSocket made by hand over a TCP connection, for tests of what no browser would do:
 * any header, any bytes, and nothing read.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How to open one. */
export interface RawWebSocketOptions {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A socket whose upgrade was answered. */
export class RawWebSocket {
  /** Of the answer: 101 when it is a WebSocket now. */
  readonly status: number;
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn, status: number) {
    this.#connection = connection;
    this.status = status;
  }

  /** Asks for an upgrade and reads the head of the answer. */
  static async open({ port, path, headers }: RawWebSocketOptions): Promise<RawWebSocket> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const all = {
      host: `127.0.0.1:${port}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "webtransport_kDraft2",
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    await connection.write(encoder.encode(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`));
    let head = "";
    const one = new Uint8Array(1);
    while (!head.endsWith("\r\n\r\n")) {
      if (await connection.read(one) === null) break;
      head += decoder.decode(one);
    }
    return new RawWebSocket(connection, Number(head.split(" ")[1]));
  }

  /** Sends a message as one masked frame. */
  async send(message: Uint8Array): Promise<void> {
    const length = message.byteLength;
    const head = length <= 125 ? [0x82, 0x80 | length] : [0x82, 0xfe, length >> 8, length & 255];
    await this.sendBytes(Uint8Array.from([...head, 0, 0, 0, 0, ...message]));
  }

  /** Sends bytes as they are. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.byteLength;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /** Reads until the host says that it closes; gives the number of bytes before that. */
  async readToClose(): Promise<number> {
    const buffer = new Uint8Array(65_536);
    let rest: number[] = [];
    let bytes = 0;
    for (;;) {
      const count = await this.#connection.read(buffer).catch(() => null);
      if (count === null) return bytes;
      bytes += count;
      rest = [...rest, ...buffer.subarray(0, count)];
      while (rest.length >= 4) {
        const short = rest[1]! & 0x7f;
        const end = short < 126 ? 2 + short : 4 + (rest[2]! << 8) + rest[3]!;
        if (rest[0] === 0x88) return bytes;
        if (rest.length < end) break;
        rest = rest.slice(end);
      }
      if (rest[0] === 0x88) return bytes;
    }
  }

  /** Ends it without a word. */
  close(): void {
    try {
      this.#connection.close();
    } catch {
      // The host was first.
    }
  }
}
