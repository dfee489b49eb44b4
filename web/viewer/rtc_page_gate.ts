/**
 * RtcPageGate: the page's door to WebRTC, which is a bundle of its own: loaded with the worker's first
 * wish for a peer connection. Wishes wait for it in order; they are few.
 */

import type { RtcEvent, RtcRequest } from "../transport/rtc_messages.ts";

/** Where the bundle lies. */
const BUNDLE = "rtc_peers.js";

type PeersModule = typeof import("../transport/rtc_peers.ts");
type Peers = InstanceType<PeersModule["RtcPeers"]>;

/** Opens peer connections for a worker. */
export class RtcPageGate {
  readonly #worker: Worker;
  readonly #post: (event: RtcEvent, transfer?: Transferable[]) => void;
  #peers: Promise<Peers> | undefined;

  /** `post` reaches `worker`. */
  constructor(worker: Worker, post: (event: RtcEvent, transfer?: Transferable[]) => void) {
    this.#worker = worker;
    this.#post = post;
  }

  /** Does what the worker asks for. */
  async handle(request: RtcRequest): Promise<void> {
    this.#peers ??= this.#load();
    try {
      (await this.#peers).handle(request);
    } catch {
      this.#peers = undefined;
      const message = "Cannot load what WebRTC takes";
      this.#post({ name: "failed", id: request.id, reason: "unavailable", message });
    }
  }

  /** Ends all connections. */
  close(): void {
    this.#peers?.then((peers) => peers.close(), () => {});
  }

  async #load(): Promise<Peers> {
    const url = new URL(BUNDLE, document.baseURI).href;
    const { RtcPeers } = await import(url) as PeersModule;
    return new RtcPeers(this.#worker, this.#post);
  }
}
