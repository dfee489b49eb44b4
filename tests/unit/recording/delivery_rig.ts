/**
 * DeliveryRig: the handler of recordings behind the runtime's real server, over a folder of files whose
 * every byte is known, for the tests of delivery.
 */

import { ManualClock } from "../../../src/core/clock.ts";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { RecordingHandler } from "../../../src/recording/recording_handler.ts";
import type { RecordingEntry } from "../../../src/recording/recording_source.ts";

/** The bytes of a test file from `start` to before `end`. */
export function content(start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Math.imul(start + index, 0x9e3779b1) >>> 13;
  }
  return bytes;
}

/** A connection that reads when it is told to. */
export class RawReader {
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects and sends a request for `path`. */
  static async get(
    port: number,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<RawReader> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
    await connection.write(new TextEncoder().encode(request));
    return new RawReader(connection);
  }

  /** Reads at least `bytes`, head of the answer included, or to the end; gives what came. */
  async read(bytes: number): Promise<number> {
    const buffer = new Uint8Array(65_536);
    let taken = 0;
    while (taken < bytes) {
      const read = await this.#connection.read(buffer).catch(() => null);
      if (read === null) break;
      taken += read;
    }
    return taken;
  }

  close(): void {
    this.#connection.close();
  }
}

/** Files and who serves them. */
export class DeliveryRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly ledger = new MemoryLedger();
  readonly folder: string;
  readonly handler: RecordingHandler;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  isAllowed = true;

  private constructor(folder: string) {
    this.folder = folder;
    this.handler = new RecordingHandler({
      folder,
      account: this.ledger.account("recording_cache"),
      nowUs: () => this.clock.nowUs(),
      newBoundary: () => "gate",
    });
    const at = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(at, (request, info) => this.#answer(request, info));
  }

  static async open(): Promise<DeliveryRig> {
    return new DeliveryRig(await Deno.makeTempDir({ prefix: "wavry-test-" }));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** Bytes in the ledger. */
  get bookedBytes(): number {
    return this.ledger.account("recording_cache").reading.currentBytes;
  }

  /** Writes a file of so many known bytes. */
  async write(name: string, bytes: number): Promise<RecordingEntry> {
    await Deno.writeFile(this.path(name), content(0, bytes));
    return this.entry(name);
  }

  path(name: string): string {
    return `${this.folder}/${name}.mp4`;
  }

  entry(name: string): RecordingEntry {
    return { id: name, path: this.path(name), title: `Desk "1"\r\n<b>${name}` };
  }

  /** Asks for a file as a program does. */
  fetch(name: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}/${name}`, { headers, method });
  }

  /** Lets the event loop turn until `isDone`, for 5 s at most. */
  async until(isDone: () => boolean): Promise<boolean> {
    for (let turn = 0; turn < 1000 && !isDone(); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return isDone();
  }

  /** True when nothing is held or under way, apart from the cache and idle files. */
  get isQuiet(): boolean {
    const { stats } = this.handler;
    const held = Object.values(stats.heldBytes).reduce((sum, bytes) => sum + bytes, 0);
    const busy = stats.activeStreams + stats.bookedBytes + stats.queueDepth + stats.flights +
      stats.readsUnderWay + stats.readsWaiting + stats.overdueBytes + held;
    return busy === 0 && this.bookedBytes === stats.cacheBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.handler.close();
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }

  async #answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const response = await this.handler.serve(this.entry(pathname.slice(1)), {
      method: request.method === "HEAD" ? "HEAD" : "GET",
      headers: request.headers,
      sent: info.completed,
      isAllowed: () => this.isAllowed,
      isDownload: searchParams.has("download"),
    });
    return response ?? new Response(null, { status: 404 });
  }
}
