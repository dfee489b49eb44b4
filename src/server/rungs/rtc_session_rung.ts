/**
 * RtcSessionRung: viewers of ours over WebRTC: their offers at POST /api/rtc, and their connections,
 * whose streams and datagrams are a mux over two data channels and whose pictures go as frames. Who
 * posts an offer has a session; who the viewer is, its hello says, as on every rung.
 */

import type { Hono } from "hono";
import { z } from "zod";
import { GatewayChannel } from "../../gateway/gateway_channel.ts";
import { GatewayListener } from "../../gateway/gateway_listener.ts";
import { RTC_SDP_LENGTH_MAX } from "../../gateway/rtc_control.ts";
import type { FramedConnection } from "../../session/frame_viewer.ts";
import type { SenderSettings } from "../../session/session_host.ts";
import type { Listener } from "../../transport/connection.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { readBody, Refusal } from "../pages/request_guard.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import type { OfferedRung } from "../host_feature.ts";
import type { WebRtcGateway } from "./webrtc_gateway.ts";
import type { WebRtcSession } from "./webrtc_session.ts";

/** Where offers are posted. */
export const RTC_PATH = "/api/rtc";
/** Largest datagram: one packet of SCTP over DTLS on a path of 1,200 bytes. */
const DATAGRAM_BYTES_MAX = 1_100;
/** Datagrams that may wait for the gateway: sound and answers to probes, no pictures. */
const DATAGRAM_BUFFER_BYTES_MAX = 65_536;

const offerBody = z.strictObject({ sdp: z.string().min(1).max(RTC_SDP_LENGTH_MAX) });

/** What the rung needs of the host. */
export interface RtcSessionRungOptions {
  readonly gateway: WebRtcGateway;
  /** How streams are sent, and the profile of their H.264; undefined while none can be. */
  readonly settings: () => { readonly settings: SenderSettings; readonly profileIdc: number };
}

/** Connections of viewers. */
export class RtcSessionRung {
  readonly rung: OfferedRung = { transport: "webrtc", path: RTC_PATH };
  readonly #options: RtcSessionRungOptions;
  readonly #listener = new GatewayListener({
    transport: "webrtc",
    port: 0,
    muxLimits: { datagramBufferBytesMax: DATAGRAM_BUFFER_BYTES_MAX },
  });

  constructor(options: RtcSessionRungOptions) {
    this.#options = options;
  }

  /** The connections as a source of viewers. */
  get listener(): Listener {
    return this.#listener;
  }

  /** Bytes that connections hold for their readers. */
  get heldBytes(): number {
    return this.#listener.heldBytes;
  }

  get connections(): number {
    return this.#listener.connections;
  }

  addRoutes(app: Hono<Environment>, tools: RouteTools): void {
    app.post(RTC_PATH, (context) => this.#answer(context, tools));
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }

  async #answer(context: RouteContext, tools: RouteTools): Promise<Response> {
    tools.authorize(context);
    const { sdp } = await readBody(context.req.raw, offerBody);
    const { gateway, settings } = this.#options;
    const { remoteAddress } = context.env;
    let session: WebRtcSession;
    try {
      session = await gateway.open({
        ...{ sdp, remoteAddress, use: "viewer", ...settings() },
        onConnected: (session) => this.#admit(session),
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Refusal(503, "no_gateway", { message });
    }
    try {
      const answer = await gateway.answerOf(session);
      if (!answer.hasVideo) {
        session.close("It takes no H.264");
        throw new Refusal(406, "no_codec", { message: "Cannot send H.264 to this viewer" });
      }
      return Response.json({ sdp: answer.sdp });
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new Refusal(400, "bad_offer", { message: `Cannot answer this offer: ${message}` });
    }
  }

  /** Its transport is up: what its data channels bring follows. */
  #admit(session: WebRtcSession): void {
    const { peer } = session;
    if (peer === undefined) return;
    const channel = new GatewayChannel(peer, {
      remoteAddress: session.remoteAddress,
      maxDatagramSize: () => DATAGRAM_BYTES_MAX,
      control: (message) => session.onControl(message),
    });
    const connection = this.#listener.admit(channel);
    if (connection === undefined) return session.close("Too many wait");
    const frames: Pick<FramedConnection, "openFrames"> = {
      openFrames: (streamId, keyframeNeeded) => session.openFrames(streamId, keyframeNeeded),
    };
    // Whoever accepts it runs after this turn, and sees a connection that carries frames.
    Object.assign(connection, frames);
    connection.closed.then(({ reason }) => session.close(reason));
    session.ended.then((reason) => connection.fail(reason));
  }
}
