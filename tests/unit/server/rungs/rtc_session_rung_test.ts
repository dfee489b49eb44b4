/**
 * Tests of src/server/rungs/rtc_session_rung.ts over a link in memory whose other end this test is: what
 * an offer leads to, a connection that loses nothing of what comes at once, frames beside it, and ends.
 */

import { Hono } from "hono";
import t from "tap";
import { GatewayChannel } from "../../../../src/gateway/gateway_channel.ts";
import type { GatewayControl } from "../../../../src/gateway/gateway_control.ts";
import { GatewayLink } from "../../../../src/gateway/gateway_link.ts";
import type { GatewayPeer } from "../../../../src/gateway/gateway_peer.ts";
import type { Environment } from "../../../../src/server/pages/page_answers.ts";
import { answerError } from "../../../../src/server/pages/page_answers.ts";
import { Refusal } from "../../../../src/server/pages/request_guard.ts";
import type { RouteTools } from "../../../../src/server/pages/route_tools.ts";
import { RTC_PATH, RtcSessionRung } from "../../../../src/server/rungs/rtc_session_rung.ts";
import { WebRtcGateway } from "../../../../src/server/rungs/webrtc_gateway.ts";
import { carriesFrames } from "../../../../src/session/frame_viewer.ts";
import { MuxConnection } from "../../../../src/transport/mux/mux_connection.ts";
import { memoryPipes } from "../../../memory_pipes.ts";

const LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;

/** The rung with a gateway that answers as the test says. */
class Desk {
  readonly rung: RtcSessionRung;
  readonly link: GatewayLink;
  readonly opened: GatewayControl[] = [];
  readonly said: GatewayControl[] = [];
  peer: GatewayPeer | undefined;
  #app = new Hono<Environment>();

  constructor(answer: (peer: GatewayPeer) => void) {
    const [server, other] = memoryPipes();
    this.link = new GatewayLink(server, { side: "server", ended: () => {} });
    new GatewayLink(other, {
      side: "gateway",
      ended: () => {},
      peerOpened: (peer, message) => {
        this.opened.push(message);
        if (message.type !== "open_rtc") return;
        this.peer = peer;
        answer(peer);
      },
    });
    const gateway = new WebRtcGateway({
      config: { listen: "127.0.0.1", webrtcPorts: "0", webrtcAddress: "" },
      gateways: { gateway: () => ({ link: () => Promise.resolve(this.link), stats: {} }) } as never,
      followSound: () => undefined,
    });
    this.rung = new RtcSessionRung({
      gateway,
      settings: () => ({
        settings: {
          controller: "trend",
          limits: { startBps: 8e6, minBps: 3e5, maxBps: 2e7 },
          ...{ frameIntervalUs: 16_667, videoBpsMax: 2e7 },
        },
        profileIdc: 66,
      }),
    });
    this.#app.onError((error) => answerError(error, LOG));
    this.rung.addRoutes(this.#app, {
      authorize: (context: { req: { header(name: string): string | undefined } }) => {
        if (context.req.header("cookie") === undefined) {
          throw new Refusal(401, "no_session", { message: "Cannot do this without a session" });
        }
      },
    } as unknown as RouteTools);
  }

  /** Passes the mux of a viewer in, as the gateway does with its data channels. */
  viewer(): MuxConnection {
    const channel = new GatewayChannel(this.peer!, {
      remoteAddress: "",
      control: (message) => void this.said.push(message),
    });
    return new MuxConnection(channel, { side: "client", transport: "webrtc" });
  }

  async post(body: unknown, cookie: string | undefined = "session"): Promise<Response> {
    const headers = new Headers({ "content-type": "application/json" });
    if (cookie !== "") headers.set("cookie", cookie);
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return await this.#app.request(RTC_PATH, init, { remoteAddress: "192.0.2.9" });
  }
}

const ANSWER: GatewayControl = { type: "rtc_answer", sdp: "v=1", hasVideo: true, hasAudio: false };
const CONNECTED: GatewayControl = { type: "rtc_connected", remoteAddress: "192.0.2.9:5000" };

t.test("An offer is answered, and what comes with the connection is not lost", async (t) => {
  const desk = new Desk((peer) => peer.sendControl(ANSWER));
  const response = await desk.post({ sdp: "v=0" });
  t.equal(response.status, 200);
  t.same(await response.json(), { sdp: "v=1" });
  t.match(desk.opened, [{ type: "open_rtc", use: "viewer", offer: "v=0", profileIdc: 66 }]);
  // In one piece, as a pipe that was not read for a while gives it.
  desk.peer!.sendControl(CONNECTED);
  const viewer = desk.viewer();
  const stream = await viewer.openBidirectional();
  void stream.writable.getWriter().write(Uint8Array.of(1, 2, 3));
  viewer.sendDatagram(Uint8Array.of(9));
  const connection = await desk.rung.listener.accept();
  t.equal(connection?.transport, "webrtc");
  t.equal(connection?.remoteAddress, "192.0.2.9:5000");
  const accepted = await connection?.acceptBidirectional();
  t.same((await accepted?.readable.getReader().read())?.value, Uint8Array.of(1, 2, 3));
  t.same(await connection?.readDatagram(), Uint8Array.of(9));
  t.ok((connection?.maxDatagramSize ?? 0) <= 1200, "a datagram fits into a packet");

  let asked = 0;
  if (connection === undefined || !carriesFrames(connection)) throw new Error("No frames");
  const frames = connection.openFrames(3, () => void asked++);
  await until(() => desk.said.length > 0);
  t.same(desk.said, [{ type: "rtc_watch", streamId: 3, isWatching: true }]);
  desk.peer!.sendControl({ type: "rtc_keyframe", streamId: 3 });
  await until(() => asked > 0);
  t.equal(asked, 1, "control messages still arrive");
  frames.close();
  viewer.close(4, "bye");
  t.match(await connection.closed, { code: 4, reason: "bye", clean: true });
  await until(() => desk.rung.connections === 0);
  t.equal(desk.rung.connections, 0);
  await desk.rung.close();
  desk.link.end("");
});

t.test("A session that the gateway ends ends its connection", async (t) => {
  const desk = new Desk((peer) => {
    peer.sendControl(ANSWER);
    peer.sendControl(CONNECTED);
  });
  await desk.post({ sdp: "v=0" });
  const connection = await desk.rung.listener.accept();
  desk.peer!.close("Nothing is heard");
  t.match(await connection?.closed, { reason: "Nothing is heard", clean: false });
  await desk.rung.close();
  desk.link.end("");
});

t.test("Offers that lead to nothing say why", async (t) => {
  const broken = new Desk((peer) => peer.close("It has no fingerprint"));
  const post = async (desk: Desk, body: unknown, cookie?: string) => {
    const response = await desk.post(body, cookie);
    return `${response.status} ${(await response.json()).error.reason}`;
  };
  t.equal(await post(broken, { sdp: "v=0" }, ""), "401 no_session");
  t.equal(await post(broken, { sdp: "" }), "400 bad_field");
  t.equal(await post(broken, { sdp: "v=0", role: "admin" }), "400 bad_field");
  t.equal(await post(broken, { sdp: "v=0" }), "400 bad_offer");
  const soundOnly = new Desk((peer) => peer.sendControl({ ...ANSWER, hasVideo: false }));
  t.equal(await post(soundOnly, { sdp: "v=0" }), "406 no_codec");
  broken.link.end("gone");
  t.equal(await post(broken, { sdp: "v=0" }), "503 no_gateway");
  soundOnly.link.end("");
});

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000 && !isSo(); turn++) await new Promise((r) => setTimeout(r, 1));
}
