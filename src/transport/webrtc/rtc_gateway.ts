/**
 * RtcGateway: all sessions of WebRTC of a host, at the gateway's end of the link: opens them, cuts each
 * frame into payloads once for all who watch its stream, and gives everybody their time. One timer;
 * what it holds is what its sessions hold.
 */

import { readGatewayFrame, readGatewaySound } from "../../gateway/gateway_frame.ts";
import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import { packetizeH264 } from "./h264_packetizer.ts";
import type { RtcAddresses } from "./rtc_peer.ts";
import { RtcSession } from "./rtc_session.ts";
import type { OpenRtc } from "./rtc_session.ts";

/** A timer is not set for less: packets leave in bursts of this time. */
const QUANTUM_MS = 1;
/** What has no time of its own is looked at this often. */
const IDLE_MS = 100;

type Setup = Extract<GatewayControl, { type: "rtc_setup" }>;

/** All sessions. */
export class RtcGateway {
  readonly #sessions = new Set<RtcSession>();
  readonly #watchers = new Map<number, Set<RtcSession>>();
  readonly #ports = new Set<number>();
  #addresses: RtcAddresses | undefined;
  #portMin = 0;
  #portMax = 0;
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;

  /** Sessions now. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Where peers are met; undefined before `setUp`. */
  get addresses(): RtcAddresses | undefined {
    return this.#addresses;
  }

  /** Takes where sockets are opened; sessions before it are refused. */
  setUp({ sockets, bind4, bind6, told, portMin, portMax }: Setup): void {
    const isBound = bind4 !== undefined || bind6 !== undefined;
    this.#addresses = {
      ...{ sockets, told },
      bind: isBound
        ? {
          ...(bind4 === undefined ? {} : { udp4: bind4 }),
          ...(bind6 === undefined ? {} : { udp6: bind6 }),
        }
        : undefined,
    };
    this.#portMin = portMin;
    this.#portMax = portMax;
  }

  /** A port for the sockets of one session: undefined for any, "none" when all are in use. */
  takePort(): number | undefined | "none" {
    if (this.#portMin === 0) return undefined;
    const ports = this.#portMax - this.#portMin + 1;
    // In turns: a port that something else has is not the next one's as well.
    for (let tries = 0; tries < ports; tries++) {
      const port = this.#portMin + this.#turn++ % ports;
      if (this.#ports.has(port)) continue;
      this.#ports.add(port);
      return port;
    }
    return "none";
  }

  /** Gives a port back. */
  freePort(port: number | undefined): void {
    if (port !== undefined) this.#ports.delete(port);
  }

  /** Opens a session; what is wrong with it ends its peer. */
  openSession(open: OpenRtc, peer: GatewayPeer): RtcSession | undefined {
    const addresses = this.#addresses;
    const port = this.takePort();
    if (addresses === undefined || port === "none") {
      if (port !== "none") this.freePort(port);
      peer.close(addresses === undefined ? "The gateway is not set up" : "All ports are in use");
      return undefined;
    }
    const session: RtcSession = new RtcSession({
      ...{ open, peer, addresses, port, nowUs },
      onWatch: (streamId, isWatching) => this.#watch(session, streamId, isWatching),
      onEnded: () => {
        this.#sessions.delete(session);
        this.freePort(port);
      },
    });
    this.#sessions.add(session);
    void session.answer();
    this.#schedule(nowUs() + IDLE_MS * 1000);
    return session;
  }

  /** A stream's peer: its frames and sound go to all who watch it. */
  openStream(streamId: number, peer: GatewayPeer): void {
    peer.listen({
      message: (kind, bytes) => {
        if (kind === "frame_out") this.#pushFrame(streamId, bytes);
        else if (kind === "sound_out") this.#pushSound(streamId, bytes);
        return true;
      },
    });
  }

  /** Ends all sessions. */
  close(reason: string): void {
    clearTimeout(this.#timer);
    for (const session of this.#sessions) session.end(reason);
  }

  #pushFrame(streamId: number, bytes: Uint8Array): void {
    const watchers = this.#watchers.get(streamId);
    const frame = readGatewayFrame(bytes, streamId);
    if (watchers === undefined || frame === undefined) return;
    const { frameId, referenceDistance, layer = 0, captureTimeUs } = frame;
    const payloads = packetizeH264(frame.payload, {
      mark: { streamId, frameId, referenceDistance, layer, captureTimeUs },
    });
    if (payloads.length === 0) return;
    const atUs = nowUs();
    for (const session of watchers) session.push(frame, payloads, atUs);
    this.#reschedule();
  }

  #pushSound(streamId: number, bytes: Uint8Array): void {
    const watchers = this.#watchers.get(streamId);
    const sound = readGatewaySound(bytes);
    if (watchers === undefined || sound === undefined) return;
    const payload = sound.payload.slice();
    const atUs = nowUs();
    for (const session of watchers) session.pushSound(sound, payload, atUs);
  }

  #watch(session: RtcSession, streamId: number, isWatching: boolean): void {
    const watchers = this.#watchers.get(streamId) ?? new Set();
    if (isWatching) watchers.add(session);
    else watchers.delete(session);
    if (watchers.size > 0) this.#watchers.set(streamId, watchers);
    else this.#watchers.delete(streamId);
  }

  #reschedule(): void {
    let soonest = Infinity;
    for (const { deadline } of this.#sessions) soonest = Math.min(soonest, deadline ?? Infinity);
    if (soonest < this.#timerUs) this.#schedule(soonest);
  }

  #schedule(atUs: number): void {
    if (atUs >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = atUs;
    const waitMs = Math.max(QUANTUM_MS, Math.ceil((atUs - nowUs()) / 1000));
    this.#timer = setTimeout(() => {
      this.#timerUs = Infinity;
      const atUs = nowUs();
      for (const session of this.#sessions) session.pull(atUs);
      if (this.#sessions.size > 0) this.#schedule(atUs + IDLE_MS * 1000);
      this.#reschedule();
    }, waitMs);
  }
}

function nowUs(): number {
  return Math.round(performance.now() * 1000);
}
