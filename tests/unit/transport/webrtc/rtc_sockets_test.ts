/**
 * Tests of src/transport/webrtc/rtc_sockets.ts: a port that something else has is an error to who asked
 * for it and to nobody else, and one that comes free in a moment is waited for.
 */

import { createSocket } from "node:dgram";
import t from "tap";
import { UdpTransport } from "werift";
import { guardSockets } from "../../../../src/transport/webrtc/rtc_sockets.ts";

guardSockets();

async function taken(): Promise<{ port: number; close: () => void }> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await new Promise<void>((resolve) => socket.once("listening", resolve));
  return { port: socket.address().port, close: () => socket.close() };
}

const ADDRESSES = { interfaceAddresses: { udp4: "127.0.0.1" } };

t.test("a socket is opened at any port, or at the one of its session", async (t) => {
  const any = await UdpTransport.init("udp4", ADDRESSES);
  t.equal(any.host, "127.0.0.1");
  const { port, close } = await taken();
  close();
  const one = await UdpTransport.init("udp4", { ...ADDRESSES, portRange: [port, port] });
  t.equal(one.port, port);
  await Promise.all([any.close(), one.close()]);
});

t.test("a port that is taken is refused after a while, and the process goes on", async (t) => {
  const { port, close } = await taken();
  const range = { ...ADDRESSES, portRange: [port, port] as [number, number] };
  await t.rejects(UdpTransport.init("udp4", range), /EADDRINUSE/);
  const waiting = UdpTransport.init("udp4", range);
  close();
  const socket = await waiting;
  t.equal(socket.port, port, "free in time");
  t.doesNotThrow(() => socket.socket.emit("error", new Error("it failed later")));
  await socket.close();
});
