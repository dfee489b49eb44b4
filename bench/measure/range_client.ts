/**
 * RangeClient: a connection that asks for ranges of a file over plain HTTP, as cheaply as this runtime
 * can, so that what is measured is the server. It takes answers with a length only.
 */

const READ_BYTES = 256 * 1024;
const HEAD_MAX = 16 * 1024;

/** What an answer began with. */
export interface AnswerHead {
  readonly status: number;
  readonly contentLength: number;
  readonly contentRange: string | undefined;
  readonly retryAfterSeconds: number;
  /** False when the connection ends with this answer. */
  readonly isKeptAlive: boolean;
}

/** Where to ask. */
export interface RangeTarget {
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
  readonly cookie: string;
}

/** One connection. */
export class RangeClient {
  readonly #target: RangeTarget;
  readonly #connection: Deno.TcpConn;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #filled = 0;

  private constructor(target: RangeTarget, connection: Deno.TcpConn, readBytes: number) {
    this.#target = target;
    this.#connection = connection;
    this.#buffer = new Uint8Array(Math.max(readBytes, HEAD_MAX));
  }

  /** Connects; reads of the body are `readBytes` at most. */
  static async connect(target: RangeTarget, readBytes = READ_BYTES): Promise<RangeClient> {
    const { hostname, port } = target;
    return new RangeClient(target, await Deno.connect({ hostname, port }), readBytes);
  }

  /** Asks for bytes from `start` to before `end`. */
  async ask(start: number, end: number): Promise<AnswerHead> {
    const { hostname, port, path, cookie } = this.#target;
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      `Range: bytes=${start}-${end - 1}`,
      ...(cookie === "" ? [] : [`Cookie: ${cookie}`]),
    ];
    const request = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
    for (let sent = 0; sent < request.byteLength;) {
      sent += await this.#connection.write(request.subarray(sent));
    }
    return await this.#readHead();
  }

  /** Hands the next `bytes` of the body on, in pieces; false when the connection ended before. */
  async read(
    bytes: number,
    take: (piece: Uint8Array, offset: number) => void | Promise<void>,
  ): Promise<boolean> {
    for (let offset = 0; offset < bytes;) {
      if (this.#filled === 0) {
        const room = this.#buffer.subarray(0, Math.min(this.#buffer.byteLength, bytes - offset));
        const read = await this.#connection.read(room);
        if (read === null) return false;
        this.#filled = read;
      }
      const piece = this.#buffer.subarray(0, Math.min(this.#filled, bytes - offset));
      await take(piece, offset);
      offset += piece.byteLength;
      this.#buffer.copyWithin(0, piece.byteLength, this.#filled);
      this.#filled -= piece.byteLength;
    }
    return true;
  }

  /** Ends it, in the middle of an answer or not. */
  close(): void {
    this.#connection.close();
  }

  async #readHead(): Promise<AnswerHead> {
    let text = "";
    while (!text.includes("\r\n\r\n")) {
      if (this.#filled > HEAD_MAX) throw new Error("Cannot read the head of an answer: too long");
      const read = await this.#connection.read(this.#buffer.subarray(this.#filled));
      if (read === null) throw new Error("Cannot read an answer: the connection ended");
      this.#filled += read;
      text = new TextDecoder("latin1").decode(this.#buffer.subarray(0, this.#filled));
    }
    const end = text.indexOf("\r\n\r\n") + 4;
    this.#buffer.copyWithin(0, end, this.#filled);
    this.#filled -= end;
    const head = text.slice(0, end);
    const field = (name: string) => new RegExp(`^${name}: *(.*)\r$`, "im").exec(head)?.[1];
    return {
      status: Number(head.split(" ")[1]),
      contentLength: Number(field("content-length") ?? 0),
      contentRange: field("content-range"),
      retryAfterSeconds: Number(field("retry-after") ?? 0),
      isKeptAlive: field("connection")?.toLowerCase() !== "close",
    };
  }
}
