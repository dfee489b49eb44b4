/** Tests of web/transport's data channels: behind a port, and as the path of a mux connection. */

import t from "tap";
import { MuxConnection } from "../../../../src/transport/mux/mux_connection.ts";
import type { MessagePath } from "../../../../web/transport/rtc_messages.ts";
import { RTC_DATAGRAM_BYTES_MAX, RtcChannel } from "../../../../web/transport/rtc_channel.ts";
import { joinPort, PortPath } from "../../../../web/transport/rtc_port.ts";

/** One end of a data channel; what it sends waits until `drain`. */
class FakeChannel implements MessagePath {
  readyState = "connecting";
  bufferedAmountLowThreshold = 0;
  onopen: MessagePath["onopen"] = null;
  onmessage: MessagePath["onmessage"] = null;
  onbufferedamountlow: MessagePath["onbufferedamountlow"] = null;
  onclose: MessagePath["onclose"] = null;
  readonly sent: Uint8Array[] = [];
  other: FakeChannel | undefined;
  isSlow = false;

  get bufferedAmount(): number {
    return this.sent.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  open(): void {
    this.readyState = "open";
    this.onopen?.(new Event("open"));
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== "open") throw new Error("InvalidStateError");
    this.sent.push(bytes.slice());
    if (!this.isSlow) queueMicrotask(() => this.drain());
  }

  drain(): void {
    const isFull = this.bufferedAmount > this.bufferedAmountLowThreshold;
    for (const bytes of this.sent.splice(0)) {
      const data = bytes.slice().buffer;
      this.other?.onmessage?.(new MessageEvent("message", { data }));
    }
    if (isFull) this.onbufferedamountlow?.(new Event("bufferedamountlow"));
  }

  close(): void {
    for (const end of [this, this.other]) {
      if (end === undefined || end.readyState === "closed") continue;
      end.readyState = "closed";
      queueMicrotask(() => end.onclose?.(new Event("close")));
    }
  }
}

function pair(): [FakeChannel, FakeChannel] {
  const [one, other] = [new FakeChannel(), new FakeChannel()];
  one.other = other;
  other.other = one;
  return [one, other];
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000 && !isSo(); turn++) await new Promise((r) => setTimeout(r, 1));
}

t.test("A channel behind a port behaves as the channel", async (t) => {
  const [near, far] = pair();
  const { port1, port2 } = new MessageChannel();
  joinPort(near, port1);
  const path = new PortPath(port2);
  const seen: string[] = [];
  path.onopen = () => seen.push("open");
  path.onclose = () => seen.push("close");
  path.onmessage = ({ data }) => seen.push(`message of ${data.byteLength}`);
  t.equal(path.readyState, "connecting");
  near.open();
  far.open();
  await until(() => path.readyState === "open");
  far.send(new Uint8Array(7));
  await until(() => seen.length === 2);
  const got: number[] = [];
  far.onmessage = ({ data }) => got.push(data.byteLength);
  const bytes = new Uint8Array(5);
  path.send(bytes);
  t.equal(bytes.byteLength, 5, "the caller keeps its bytes");
  await until(() => got.length === 1);
  t.same(got, [5]);
  path.close();
  await until(() => path.readyState === "closed");
  t.same(seen, ["open", "message of 7", "close"]);
  t.equal(far.readyState, "closed");
});

t.test("What a channel has not sent counts as buffered across the port", async (t) => {
  const [near, far] = pair();
  const { port1, port2 } = new MessageChannel();
  joinPort(near, port1);
  const path = new PortPath(port2);
  path.bufferedAmountLowThreshold = 20_000;
  let drained = 0;
  path.onbufferedamountlow = () => void drained++;
  near.isSlow = true;
  near.open();
  far.open();
  for (let i = 0; i < 4; i++) path.send(new Uint8Array(16_000));
  t.equal(path.bufferedAmount, 64_000, "at once");
  await until(() => near.sent.length === 4);
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.equal(path.bufferedAmount, 64_000, "and while the channel is slow");
  near.drain();
  await until(() => path.bufferedAmount === 0);
  t.equal(path.bufferedAmount, 0);
  t.equal(drained, 1, "told once");
  near.close();
  await until(() => path.readyState === "closed");
  t.equal(path.readyState, "closed");
});

t.test("Two pairs of channels carry a connection, behind ports or not", async (t) => {
  for (const isPorted of [false, true]) {
    const [messages, serverMessages] = pair();
    const [datagrams, serverDatagrams] = pair();
    const paths = [messages, datagrams].map((channel) => {
      if (!isPorted) return channel;
      const { port1, port2 } = new MessageChannel();
      joinPort(channel, port1);
      return new PortPath(port2);
    });
    for (const end of [messages, serverMessages, datagrams, serverDatagrams]) end.open();
    await until(() => paths.every(({ readyState }) => readyState === "open"));
    let ends = 0;
    const channelOf = (one: MessagePath, other: MessagePath) =>
      new RtcChannel({ messages: one, datagrams: other }, {
        label: "/api/rtc",
        onClose: () => void ends++,
      });
    const transport = "webrtc" as const;
    const client = new MuxConnection(channelOf(paths[0]!, paths[1]!), {
      side: "client",
      transport,
    });
    const server = new MuxConnection(channelOf(serverMessages, serverDatagrams), {
      side: "server",
      transport,
    });
    t.equal(client.maxDatagramSize, RTC_DATAGRAM_BYTES_MAX);
    const stream = await client.openBidirectional();
    const writer = stream.writable.getWriter();
    void writer.write(new Uint8Array(40_000).fill(7));
    const accepted = await server.acceptBidirectional();
    const reader = accepted!.readable.getReader();
    let bytes = 0;
    while (bytes < 40_000) bytes += (await reader.read()).value?.byteLength ?? 0;
    t.equal(bytes, 40_000, "a stream");
    t.ok(client.sendDatagram(Uint8Array.of(1, 2, 3)));
    t.same(await server.readDatagram(), Uint8Array.of(1, 2, 3), "a datagram");
    t.notOk(client.sendDatagram(new Uint8Array(RTC_DATAGRAM_BYTES_MAX + 1)), "one too large");
    server.close(9, "over");
    t.match(await client.closed, { code: 9, reason: "over", clean: true });
    await until(() => ends === 2);
    t.equal(ends, 2, "both ends let go of their channels");
  }
});

t.test("Datagrams are dropped while the channel takes none", (t) => {
  const [messages] = pair();
  const [datagrams] = pair();
  for (const end of [messages, datagrams]) end.open();
  datagrams.isSlow = true;
  const channel = new RtcChannel({ messages, datagrams }, { label: "", onClose: () => {} });
  let sent = 0;
  for (let i = 0; i < 100; i++) if (channel.sendDatagram(new Uint8Array(1000))) sent++;
  t.ok(sent >= 32 && sent <= 34, `${sent} datagrams`);
  t.equal(channel.bufferedBytes, 0, "messages go on");
  channel.end("gone");
  t.notOk(channel.sendDatagram(new Uint8Array(1)), "nothing after the end");
  t.end();
});
