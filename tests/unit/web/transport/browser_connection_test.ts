/** Tests of web/transport/browser_connection.ts against sessions of browsers that have less, or other, things. */

import t from "tap";
import { diallersOf } from "../../../../web/transport/diallers.ts";
import {
  BrowserConnection,
  INCOMING_DATAGRAMS_MAX,
} from "../../../../web/transport/browser_connection.ts";

function sessionWith(sent: Uint8Array[], isLater: boolean): WebTransport {
  const stream = new WritableStream<Uint8Array>({ write: (bytes) => void sent.push(bytes) });
  const datagrams = {
    readable: new ReadableStream<Uint8Array>(),
    maxDatagramSize: 100,
    ...isLater ? { createWritable: () => stream } : { writable: stream },
  };
  return { datagrams, closed: new Promise(() => {}) } as unknown as WebTransport;
}

t.test("BrowserConnection sends datagrams by whichever stream a browser has", async (t) => {
  for (const isLater of [false, true]) {
    const sent: Uint8Array[] = [];
    const session = sessionWith(sent, isLater);
    const connection = new BrowserConnection(session, "a");
    t.ok(connection.sendDatagram(Uint8Array.of(1, 2)));
    t.notOk(connection.sendDatagram(new Uint8Array(101)), "too large");
    await new Promise((resolve) => setTimeout(resolve, 0));
    t.same(sent, [Uint8Array.of(1, 2)]);
    t.equal(session.datagrams.incomingHighWaterMark, INCOMING_DATAGRAMS_MAX);
  }
});

t.test("diallersOf has what browser and host both have, and what is asked for", (t) => {
  const ways = {
    webTransport: { url: "https://a.example/session", certificateHashes: [] },
    transports: { tcp: { path: "/session/tcp" }, webrtc: { path: "/api/rtc" } },
  };
  const webrtc = () => Promise.reject(new Error("not dialled"));
  const of = (wanted: Parameters<typeof diallersOf>[1], from = ways) => {
    return Object.keys(diallersOf(from, wanted));
  };
  t.same(of({ plan: {} }), ["quic", "tcp"], "a browser without WebRTC");
  t.same(of({ plan: {}, webrtc }), ["quic", "webrtc", "tcp"]);
  t.same(of({ plan: { first: "tcp" }, webrtc }), ["quic", "webrtc", "tcp"]);
  t.same(of({ plan: { force: "tcp" }, webrtc }), ["tcp"]);
  t.same(of({ plan: { force: "webrtc" } }), [], "nothing is left");
  t.same(of({ plan: {}, webrtc, rungs: ["webrtc"] }), ["webrtc"]);
  t.same(of({ plan: {}, webrtc }, { ...ways, transports: undefined! }), ["quic"]);
  const { WebTransport } = globalThis;
  t.teardown(() => Object.assign(globalThis, { WebTransport }));
  Reflect.deleteProperty(globalThis, "WebTransport");
  t.same(of({ plan: {}, webrtc }), ["webrtc", "tcp"], "a browser without WebTransport");
  t.end();
});
