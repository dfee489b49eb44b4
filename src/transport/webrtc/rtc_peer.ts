/**
 * RtcPeer: one session of WebRTC as the side that answers: makes the answer, holds the transport, tells
 * when it is up and when the peer is gone. It makes no connectivity checks (ICE lite), so that nothing
 * a peer says makes it send anywhere before that peer has proved itself from there. A peer that is not
 * heard for `SILENCE_MS` is gone, its sockets closed.
 */

import { RTCPeerConnection, RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters } from "werift";
import type { RTCDataChannel, RTCDtlsTransport, RtpHeader, RtpPacket } from "werift";
import { Buffer } from "node:buffer";
import { DtlsGuard } from "./dtls_guard.ts";
import { liteAnswer, narrowOffer, withAddresses } from "./offer_sdp.ts";
import type { NarrowedOffer, OfferedSection } from "./offer_sdp.ts";
import { kindOfDatagram } from "./stun_guard.ts";

/** A browser checks the path each 2.5 s, and reports on a picture each second. */
export const SILENCE_MS = 4000;
/** From the answer to a transport that is up. */
export const CONNECT_MS = 8_000;
const WATCH_MS = 500;
/** Paths that a peer may try; a browser tries a handful. */
const PATHS_MAX = 64;

/** Header extensions that are used, by what they are for. */
export const RTP_EXTENSIONS = {
  mid: "urn:ietf:params:rtp-hdrext:sdes:mid",
  sendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  transportSequence: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
} as const;

/** Where peers are met. */
export interface RtcAddresses {
  /** One address of each family that sockets are opened for. */
  readonly sockets: readonly string[];
  /** Addresses that the sockets are bound to; default: all. */
  readonly bind?: { readonly udp4?: string; readonly udp6?: string } | undefined;
  /** Addresses that are told to peers beside those, such as that of a router in front. */
  readonly told: readonly string[];
}

/** What a peer is made of. */
export interface RtcPeerOptions {
  readonly addresses: RtcAddresses;
  /** Port of its sockets; default: any. */
  readonly port?: number | undefined;
  /** Media that go to the peer, or come from it. */
  readonly direction: "sendonly" | "recvonly";
  /** Profile of the H.264 that it gets. */
  readonly profileIdc?: number;
}

/** What is heard of a peer. */
export interface RtcPeerHandlers {
  connected(): void;
  /** It is gone, for a reason that people can read; called once, the last of all calls. */
  ended(reason: string): void;
  /** Reports of the peer about what it got; with it, the library sees none of them. */
  rtcp?(bytes: Uint8Array): void;
  rtp?(packet: RtpPacket): void;
  /** The peer opened a data channel. */
  channel?(channel: RTCDataChannel): void;
}

/** One session. */
export class RtcPeer {
  readonly #connection: RTCPeerConnection;
  readonly #handlers: RtcPeerHandlers;
  readonly #offer: NarrowedOffer;
  #transport: RTCDtlsTransport | undefined;
  #heardMs = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isConnected = false;
  #isEnded = false;

  /** `offer` has been narrowed. */
  constructor(offer: NarrowedOffer, options: RtcPeerOptions, handlers: RtcPeerHandlers) {
    this.#offer = offer;
    this.#handlers = handlers;
    this.#connection = new RTCPeerConnection(configOf(options));
    const { port } = options;
    // Its constructor takes no range of one port; what opens sockets does.
    if (port !== undefined) this.#connection.config.icePortRange = [port, port];
    this.#connection.connectionStateChange.subscribe((state) => {
      if (state === "failed" || state === "closed" || state === "disconnected") {
        this.end(`The session is ${state}`);
      }
    });
    this.#connection.onDataChannel.subscribe((channel) => handlers.channel?.(channel));
  }

  /** What was offered. */
  get sections(): readonly OfferedSection[] {
    return this.#offer.sections;
  }

  /** The section of a kind that is used; undefined when there is none. */
  section(kind: OfferedSection["kind"]): OfferedSection | undefined {
    return this.sections.find((section) => {
      return section.kind === kind && (kind === "application" || section.payloadType !== undefined);
    });
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isEnded;
  }

  /** The peer's address, once it is known. */
  get remoteAddress(): string {
    const pair = this.#transport?.iceTransport.connection.nominated;
    return pair === undefined ? "" : `${pair.remoteAddr[0]}:${pair.remoteAddr[1]}`;
  }

  /** The answer to its offer, with all candidates. Rejects when the library cannot make one. */
  async answer(options: RtcPeerOptions): Promise<string> {
    const connection = this.#connection;
    await connection.setRemoteDescription({ type: "offer", sdp: this.#offer.sdp });
    for (const transceiver of connection.getTransceivers()) {
      const section = this.sections.find(({ mid }) => mid === transceiver.mid);
      const offered = section?.direction ?? "inactive";
      const refused = options.direction === "sendonly" ? "sendonly" : "recvonly";
      const isWanted = offered !== refused && offered !== "inactive";
      transceiver.setDirection(isWanted ? options.direction : "inactive");
      // What comes is taken from the transport: the library's receiver would report on it as well.
      if (options.direction === "recvonly") transceiver.receiver.stop();
    }
    await connection.setLocalDescription(await connection.createAnswer());
    const [transport] = connection.dtlsTransports;
    const sdp = connection.localDescription?.sdp;
    if (transport === undefined || sdp === undefined) throw new Error("There is no transport");
    if (!sdp.includes("a=candidate:")) throw new Error("No socket can be opened");
    this.#watch(transport);
    return liteAnswer(withAddresses(sdp, options.addresses.told));
  }

  /** SSRCs of what is sent in a section. */
  ssrcs(
    kind: "video" | "audio",
  ): { readonly ssrc: number; readonly repairSsrc: number } | undefined {
    const sender = this.#connection.getTransceivers().find((one) => one.kind === kind)?.sender;
    return sender === undefined ? undefined : { ssrc: sender.ssrc, repairSsrc: sender.rtxSsrc };
  }

  /** Sends a packet; returns its bytes on the wire, 0 when it could not be sent. */
  sendRtp(payload: Buffer, header: RtpHeader): number {
    const transport = this.#transport;
    if (!this.isConnected || transport === undefined) return 0;
    const sealed = transport.srtp.encrypt(payload, header);
    transport.iceTransport.connection.send(sealed).catch(() => {});
    return sealed.byteLength;
  }

  sendRtcp(bytes: Uint8Array): void {
    const transport = this.#transport;
    if (!this.isConnected || transport === undefined) return;
    const sealed = transport.srtcp.encrypt(Buffer.from(bytes));
    transport.iceTransport.connection.send(sealed).catch(() => {});
  }

  /** Ends the session and closes its sockets; idempotent. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#timer);
    // The library may wait for its own peers; the sockets are closed at once.
    this.#connection.close().catch(() => {});
    this.#handlers.ended(reason);
  }

  #watch(transport: RTCDtlsTransport): void {
    this.#transport = transport;
    const startedMs = performance.now();
    this.#heardMs = startedMs;
    this.#guardSockets(transport);
    transport.iceTransport.connection.onData.subscribe(() => {
      this.#heardMs = performance.now();
    });
    transport.onRtp.subscribe((packet) => this.#handlers.rtp?.(packet));
    transport.onStateChange.subscribe((state) => {
      if (state === "connected") this.#connected();
      else if (state === "failed" || state === "closed") this.end(`The transport is ${state}`);
    });
    if (transport.state === "connected") this.#connected();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      if (!this.#isConnected && nowMs - startedMs > CONNECT_MS) this.end("No transport in time");
      else if (this.#isConnected && nowMs - this.#heardMs > SILENCE_MS) {
        this.end("Nothing is heard");
      }
    }, WATCH_MS);
  }

  #connected(): void {
    if (this.#isConnected || this.#isEnded) return;
    this.#isConnected = true;
    this.#heardMs = performance.now();
    this.#takeRtcp();
    this.#handlers.connected();
  }

  /** The library's own reading of reports loses what transport-wide ones say. */
  #takeRtcp(): void {
    const { rtcp } = this.#handlers;
    const session = this.#transport?.srtcp;
    if (rtcp === undefined || session === undefined) return;
    const open = session.decrypt;
    session.decrypt = (sealed: Buffer) => {
      const bytes = open(sealed);
      rtcp.call(this.#handlers, bytes);
      return Buffer.alloc(0);
    };
  }

  /** The library believes every request that it gets, and every copy of a handshake: see the guards. */
  #guardSockets(transport: RTCDtlsTransport): void {
    const { connection } = transport.iceTransport;
    const { localUsername, localPassword } = connection;
    const known = { usernameStart: `${localUsername}:`, password: localPassword };
    const dtls = new DtlsGuard();
    for (const socket of socketsOf(connection)) {
      const take = socket.onData;
      socket.onData = (data, address) => {
        const kind = kindOfDatagram(data, known);
        const isNew = kind !== "other" && pairOf(connection, socket, address) === undefined;
        if (kind === "refused" || (isNew && connection.checkList.length >= PATHS_MAX)) return;
        if (kind === "other" && !dtls.mayPass(data)) return;
        this.#heardMs = performance.now();
        take(data, address);
        // The library stays with the first path: a browser that opens other ports, or changes its
        // network, goes on to say which one it is now.
        if (kind !== "nomination" || connection.nominated === undefined) return;
        const pair = pairOf(connection, socket, address);
        if (pair?.nominated) connection.nominated = pair;
      };
    }
  }
}

/** The offer of a peer, or why it cannot be answered. */
export function readOffer(sdp: string, profileIdc?: number): NarrowedOffer | string {
  return narrowOffer(sdp, profileIdc === undefined ? {} : { profileIdc });
}

interface Socket {
  onData: (data: Buffer, address: readonly [string, number]) => void;
}

type Agent = RTCDtlsTransport["iceTransport"]["connection"];

/** The path between a socket and an address, once the agent knows it. */
function pairOf(
  agent: Agent,
  socket: Socket,
  [host, port]: readonly [string, number],
): Agent["checkList"][number] | undefined {
  return agent.checkList.find(({ protocol, remoteAddr }) => {
    return Reflect.get(protocol, "transport") === socket && remoteAddr[0] === host &&
      remoteAddr[1] === port;
  });
}

/** The sockets of an agent; its own list of them is private. */
function socketsOf(connection: object): Socket[] {
  const protocols = Reflect.get(connection, "protocols") as { readonly transport?: Socket }[];
  return protocols.flatMap(({ transport }) => transport ?? []);
}

function configOf({ addresses, port }: RtcPeerOptions): ConstructorParameters<
  typeof RTCPeerConnection
>[0] {
  const feedback = [
    { type: "nack" },
    { type: "nack", parameter: "pli" },
    { type: "ccm", parameter: "fir" },
    { type: "transport-cc" },
  ];
  const extensions = Object.values(RTP_EXTENSIONS)
    .map((uri) => new RTCRtpHeaderExtensionParameters({ uri }));
  const { bind } = addresses;
  return {
    iceLite: true,
    iceServers: [],
    iceUseIpv4: false,
    iceUseIpv6: false,
    // Two sockets of one port, of which the second hears both families, cannot be.
    iceAdditionalHostAddresses: addresses.sockets.slice(0, port === undefined ? 2 : 1),
    ...(bind === undefined ? {} : { iceInterfaceAddresses: bind }),
    bundlePolicy: "max-bundle",
    codecs: {
      video: [
        new RTCRtpCodecParameters({
          ...{
            mimeType: "video/H264",
            clockRate: 90_000,
            payloadType: 102,
            rtcpFeedback: feedback,
          },
        }),
        new RTCRtpCodecParameters({
          ...{ mimeType: "video/rtx", clockRate: 90_000, payloadType: 103, parameters: "apt=102" },
        }),
      ],
      audio: [
        new RTCRtpCodecParameters({
          ...{ mimeType: "audio/opus", clockRate: 48_000, channels: 2, payloadType: 111 },
        }),
      ],
    },
    headerExtensions: { video: extensions, audio: extensions },
  };
}
