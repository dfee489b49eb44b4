/**
 * RtcPeers: the page's half of a WebRTC rung: peer connections exist on pages only. It makes the offer,
 * posts it to the page's own host, and hands everything that follows to the worker: the data channels,
 * and the pictures before the browser's jitter buffer and decoder get them. Loaded when it is wanted.
 */

import { TransportError } from "../../src/core/errors.ts";
import type { EncodedUnit, MessagePath, RtcEvent, RtcRequest } from "./rtc_messages.ts";
import { joinPort } from "./rtc_port.ts";

/** Labels of the two channels; docs/WIRE.md has them. */
export const MESSAGES_LABEL = "messages";
export const DATAGRAMS_LABEL = "datagrams";
/** Longest wait for the host's answer. */
const ANSWER_TIMEOUT_MS = 5_000;
/** A path that is silent for longer is gone; the browser says so after some five seconds. */
const DISCONNECTED_MS = 1_000;
const MAX_ANSWER_BYTES = 65_536;
/** Connections at once: the one in use, and one that is to replace it. */
const PEERS_MAX = 4;

/** The worker that uses the connections. */
export type RtcWorker = Pick<Worker, "postMessage">;

/** What Chromium had before script transforms. */
interface EncodedConfiguration extends RTCConfiguration {
  encodedInsertableStreams?: boolean;
}
interface EncodedReceiver extends RTCRtpReceiver {
  createEncodedStreams(): { readonly readable: ReadableStream<EncodedUnit> };
}

/** The peer connections of one page. */
export class RtcPeers {
  readonly #worker: Worker;
  readonly #post: (event: RtcEvent, transfer?: Transferable[]) => void;
  readonly #peers = new Map<number, RTCPeerConnection>();

  /** `worker` takes the frames; `post` reaches the same. */
  constructor(worker: Worker, post: (event: RtcEvent, transfer?: Transferable[]) => void) {
    this.#worker = worker;
    this.#post = post;
    // A page that goes says so: the host would learn it from seconds of silence only.
    addEventListener("pagehide", () => {
      for (const id of [...this.#peers.keys()]) this.#gone(id);
    });
  }

  /** Does what the worker asks for. */
  handle(request: RtcRequest): void {
    if (request.name === "close") this.#close(request.id);
    else void this.#dial(request.id, request.path);
  }

  /** Ends all of them. */
  close(): void {
    for (const id of [...this.#peers.keys()]) this.#close(id);
  }

  async #dial(id: number, path: string): Promise<void> {
    try {
      if (this.#peers.size >= PEERS_MAX) {
        throw new TransportError("Too many connections at once", { reason: "unavailable" });
      }
      const peer = this.#makePeer(id);
      await peer.setLocalDescription();
      // No candidates: the host learns the page's address from its first packet, and needs no other.
      const sdp = await postOffer(path, peer.localDescription?.sdp ?? "");
      if (this.#peers.get(id) !== peer) return;
      await peer.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      // Closed meanwhile: what became of it interests nobody.
      if (!this.#close(id) && !(error instanceof TransportError)) return;
      const message = error instanceof Error ? error.message : String(error);
      const reason = error instanceof TransportError ? error.reason : "refused";
      this.#post({ name: "failed", id, reason, message });
    }
  }

  #makePeer(id: number): RTCPeerConnection {
    if (typeof RTCPeerConnection === "undefined" || !(hasTransforms() || hasEncodedStreams())) {
      throw new TransportError("This browser does not hand out encoded frames", {
        reason: "unavailable",
      });
    }
    const configuration: EncodedConfiguration = { bundlePolicy: "max-bundle" };
    if (!hasTransforms()) configuration.encodedInsertableStreams = true;
    const peer = new RTCPeerConnection(configuration);
    this.#peers.set(id, peer);
    // Channels can be handed over in the turn that makes them, and not later.
    this.#giveChannels(id, peer);
    const { receiver } = receiveH264(peer);
    this.#giveFrames(id, receiver);
    let timer: ReturnType<typeof setTimeout> | undefined;
    peer.onconnectionstatechange = () => {
      const { connectionState } = peer;
      clearTimeout(timer);
      if (connectionState === "failed" || connectionState === "closed") this.#gone(id);
      if (connectionState !== "disconnected") return;
      timer = setTimeout(() => this.#gone(id), DISCONNECTED_MS);
    };
    return peer;
  }

  #giveChannels(id: number, peer: RTCPeerConnection): void {
    const channels = [
      peer.createDataChannel(MESSAGES_LABEL),
      peer.createDataChannel(DATAGRAMS_LABEL, { ordered: false, maxRetransmits: 1 }),
    ] as unknown as [MessagePath, MessagePath];
    const [messages, datagrams] = channels;
    try {
      const transfer = channels as unknown as Transferable[];
      this.#post({ name: "channels", id, messages, datagrams }, transfer);
    } catch {
      // A browser that keeps its channels on the page: the worker gets a port for each.
      const ports = channels.map((channel) => {
        const { port1, port2 } = new MessageChannel();
        channel.binaryType = "arraybuffer";
        joinPort(channel, port1);
        return port2;
      });
      const [first, second] = ports as [MessagePort, MessagePort];
      this.#post({ name: "channels", id, messages: first, datagrams: second }, ports);
    }
  }

  #giveFrames(id: number, receiver: RTCRtpReceiver): void {
    if (hasTransforms()) {
      receiver.transform = new RTCRtpScriptTransform(this.#worker, { rtcId: id });
      return;
    }
    // What Chromium had before the standard.
    const { readable } = (receiver as EncodedReceiver).createEncodedStreams();
    this.#post({ name: "frames", id, readable }, [readable as unknown as Transferable]);
  }

  #gone(id: number): void {
    if (!this.#close(id)) return;
    this.#post({ name: "gone", id, reason: "The path is gone" });
  }

  /** True when it was there. */
  #close(id: number): boolean {
    const peer = this.#peers.get(id);
    if (peer === undefined) return false;
    this.#peers.delete(id);
    peer.onconnectionstatechange = null;
    peer.close();
    return true;
  }
}

function hasTransforms(): boolean {
  return typeof RTCRtpScriptTransform !== "undefined";
}

function hasEncodedStreams(): boolean {
  return typeof RTCRtpReceiver !== "undefined" &&
    "createEncodedStreams" in RTCRtpReceiver.prototype;
}

/** Wants H.264 alone, in the form that is cut over packets; its repetitions with it. */
function receiveH264(peer: RTCPeerConnection): RTCRtpTransceiver {
  const transceiver = peer.addTransceiver("video", { direction: "recvonly" });
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const wanted = codecs.filter(({ mimeType, sdpFmtpLine = "" }) =>
    mimeType === "video/rtx" ||
    (mimeType === "video/H264" && sdpFmtpLine.includes("packetization-mode=1"))
  );
  if (!wanted.some(({ mimeType }) => mimeType === "video/H264")) {
    throw new TransportError("This browser takes no H.264 over WebRTC", { reason: "unavailable" });
  }
  transceiver.setCodecPreferences(wanted);
  return transceiver;
}

async function postOffer(path: string, sdp: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      cache: "no-store",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sdp }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  } catch (cause) {
    throw new TransportError("The host does not answer", { reason: "timeout", cause });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new TransportError(`The host answered ${response.status}`, { reason: "refused" });
  }
  const answer = await response.json() as { sdp?: unknown };
  const isAnswer = typeof answer.sdp === "string" && answer.sdp.length <= MAX_ANSWER_BYTES;
  if (isAnswer) return answer.sdp as string;
  throw new TransportError("The host's answer is none", { reason: "refused" });
}
