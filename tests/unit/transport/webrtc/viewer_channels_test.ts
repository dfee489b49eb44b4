/** Tests of src/transport/webrtc/viewer_channels.ts: what passes, what counts as taken, what ends it. */

import { Buffer } from "node:buffer";
import t from "tap";
import type { GatewayKindName } from "../../../../src/gateway/gateway_message.ts";
import { ViewerChannels } from "../../../../src/transport/webrtc/viewer_channels.ts";
import type { ViewerChannel } from "../../../../src/transport/webrtc/viewer_channels.ts";

/** Who is told of something. */
class Subscribers<T extends unknown[]> {
  readonly #all: ((...args: T) => void)[] = [];
  readonly subscribe = (run: (...args: T) => void) => void this.#all.push(run);
  execute(...args: T): void {
    for (const run of this.#all) run(...args);
  }
}

/** A data channel whose bytes leave when the test says so. */
class Channel {
  bufferedAmount = 0;
  readonly sent: number[] = [];
  readonly onMessage = new Subscribers<[Buffer | string]>();
  readonly stateChanged = new Subscribers<[string]>();
  readonly bufferedAmountLow = new Subscribers<[]>();
  constructor(readonly label: string) {}

  send(bytes: Buffer): void {
    if (this.sent.length === 5) throw new Error("max-message-size exceeded");
    this.bufferedAmount += bytes.byteLength;
    this.sent.push(bytes.byteLength);
  }

  drain(bytes = this.bufferedAmount): void {
    this.bufferedAmount -= bytes;
    if (this.bufferedAmount === 0) this.bufferedAmountLow.execute();
  }

  get asChannel(): ViewerChannel {
    return this as unknown as ViewerChannel;
  }
}

/** Channels with a peer of the link that has room for some messages. */
class Desk {
  readonly passed: string[] = [];
  readonly ends: string[] = [];
  consumed = 0;
  room = 3;
  readonly messages = new Channel("messages");
  readonly datagrams = new Channel("datagrams");
  readonly channels = new ViewerChannels({
    peer: {
      send: (kind: GatewayKindName, bytes: Uint8Array) => {
        if (this.room-- <= 0) return false;
        this.passed.push(`${kind} ${bytes.byteLength}`);
        return true;
      },
      consumed: (bytes: number) => {
        this.consumed += bytes;
      },
    },
    end: (reason) => this.ends.push(reason),
  });

  constructor() {
    this.channels.add(this.messages.asChannel);
    this.channels.add(this.datagrams.asChannel);
  }
}

t.test("Messages and datagrams pass both ways", (t) => {
  const { channels, messages, datagrams, passed, ends } = new Desk();
  messages.onMessage.execute(Buffer.alloc(5));
  datagrams.onMessage.execute(Buffer.alloc(6));
  t.same(passed, ["mux 5", "datagram 6"]);
  t.notOk(channels.take("mux", new Uint8Array(7)), "taken later");
  t.ok(channels.take("datagram", new Uint8Array(8)));
  t.same([messages.sent, datagrams.sent], [[7], [8]]);
  t.ok(channels.take("frame_out", new Uint8Array(9)), "what is not for it counts as taken");
  t.same(ends, []);
  t.end();
});

t.test("What the server sent counts as taken when it has left", (t) => {
  const desk = new Desk();
  const { channels, messages } = desk;
  channels.take("mux", new Uint8Array(100));
  channels.take("mux", new Uint8Array(50));
  t.equal(desk.consumed, 0);
  messages.bufferedAmount = 50;
  channels.take("mux", new Uint8Array(10));
  t.equal(desk.consumed, 100, "what left before");
  messages.drain();
  t.equal(desk.consumed, 160, "and all of it in the end");
  t.end();
});

t.test("Datagrams that would be late are dropped", (t) => {
  const { channels, datagrams, ends } = new Desk();
  datagrams.bufferedAmount = 40_000;
  t.ok(channels.take("datagram", new Uint8Array(8)));
  t.same([datagrams.sent, ends], [[], []]);
  t.end();
});

t.test("A viewer that fills the pipe is ended, but not for datagrams", (t) => {
  const { messages, datagrams, passed, ends } = new Desk();
  for (let i = 0; i < 5; i++) datagrams.onMessage.execute(Buffer.alloc(1));
  t.same([passed.length, ends], [3, []]);
  messages.onMessage.execute(Buffer.alloc(1));
  t.same(ends, ["It sends faster than the host takes"]);
  t.end();
});

t.test("What no viewer of ours does ends it", (t) => {
  const second = new Desk();
  second.channels.add(new Channel("messages").asChannel);
  t.same(second.ends, ["A data channel that nobody needs"]);
  const foreign = new Desk();
  foreign.channels.add(new Channel("chat").asChannel);
  t.same(foreign.ends, ["A data channel that nobody needs"]);
  const text = new Desk();
  text.messages.onMessage.execute("hello");
  t.same(text.ends, ["Text on a data channel"]);
  const closed = new Desk();
  closed.datagrams.stateChanged.execute("closed");
  t.same(closed.ends, ["A data channel closed"]);
  const broken = new Desk();
  for (let i = 0; i < 6; i++) broken.channels.take("mux", new Uint8Array(1));
  t.same(broken.ends, ["max-message-size exceeded"]);
  t.end();
});
