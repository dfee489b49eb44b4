/**
 * PageServer: the TCP side: HTTP on the loopback, HTTPS elsewhere, one handler for all. A new
 * certificate takes over by opening the port anew; requests under way on the old one finish.
 */

import { TransportError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Certificate } from "../certificates.ts";

/** Tries to open the port again while the old listener lets go of it. */
const REBIND_TRIES = 20;
const REBIND_PAUSE_MS = 25;
/** How long requests under way may take at the end. */
const DRAIN_MS = 500;

/** Answers one request; `sent` settles when its answer has left, or never will. */
export type PageHandler = (
  request: Request,
  remoteAddress: string,
  sent: () => Promise<void>,
) => Response | Promise<Response>;

/** Where and how to serve. */
export interface PageServerOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Undefined for plain HTTP. */
  readonly certificate: Certificate | undefined;
  readonly handler: PageHandler;
  readonly log: Logger;
}

/** Serves pages and API. */
export class PageServer {
  readonly #options: PageServerOptions;
  #server: Deno.HttpServer<Deno.NetAddr>;
  #isClosed = false;

  /** Opens the port. Throws TransportError. */
  constructor(options: PageServerOptions) {
    this.#options = options;
    try {
      this.#server = open(options, options.certificate);
    } catch (cause) {
      const { hostname, port } = options;
      const why = cause instanceof Deno.errors.AddrInUse
        ? "another program uses it; --port picks another one"
        : String(cause instanceof Error ? cause.message : cause);
      throw new TransportError(`Cannot listen on TCP port ${port} of "${hostname}": ${why}`, {
        reason: "unavailable",
        cause,
      });
    }
  }

  /** The port that is bound. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Serves new connections with another certificate. Rejects with what the runtime says. */
  async replaceCertificate(certificate: Certificate): Promise<void> {
    const { port } = this;
    const old = this.#server;
    // The runtime checks the pair only when it opens a port: try it on a free one first.
    await open({ ...this.#options, port: 0 }, certificate).shutdown();
    old.shutdown().catch(() => {});
    for (let tries = 1;; tries++) {
      try {
        this.#server = open({ ...this.#options, port }, certificate);
        return;
      } catch (error) {
        if (tries >= REBIND_TRIES || this.#isClosed) throw error;
        await new Promise((resolve) => setTimeout(resolve, REBIND_PAUSE_MS));
      }
    }
  }

  /** Closes the port; requests under way get a moment. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DRAIN_MS);
    });
    await Promise.race([this.#server.shutdown().catch(() => {}), limit]);
    clearTimeout(timer);
  }
}

function open(
  options: PageServerOptions,
  certificate: Certificate | undefined,
): Deno.HttpServer<Deno.NetAddr> {
  const { hostname, port, handler, log } = options;
  const shared = {
    hostname,
    port,
    onListen: () => {},
    onError: (error: unknown) => {
      log.error("Cannot answer a request", { message: String(error) });
      return new Response(null, { status: 500 });
    },
  };
  const serve = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => {
    return handler(request, info.remoteAddr.hostname, () => info.completed);
  };
  if (certificate === undefined) return Deno.serve(shared, serve);
  const { certChainPem: cert, privateKeyPem: key } = certificate;
  return Deno.serve({ ...shared, cert, key }, serve);
}
