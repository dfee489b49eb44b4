import t from "tap";
import { ControlChannel, MAX_QUEUED_BYTES } from "../../../src/session/control_channel.ts";
import { encodeClientMessage, encodeServerMessage } from "../../../src/wire/control.ts";
import { decodeMessage } from "../../../src/wire/framing.ts";
import { TestViewer } from "./test_viewer.ts";

async function open(): Promise<{ viewer: TestViewer; control: ControlChannel; broken: string[] }> {
  const viewer = await new TestViewer().open();
  const stream = await viewer.server.acceptBidirectional();
  const broken: string[] = [];
  return { viewer, broken, control: new ControlChannel(stream!, (why) => broken.push(why)) };
}

/** A channel whose peer takes nothing, and what it wrote so far. */
function stuck(): { control: ControlChannel; broken: string[]; started: Uint8Array[] } {
  const broken: string[] = [];
  const started: Uint8Array[] = [];
  const control = new ControlChannel({
    readable: new ReadableStream(),
    writable: new WritableStream({
      write: (chunk) => {
        started.push(chunk);
        return new Promise(() => {});
      },
    }),
  }, (why) => broken.push(why));
  return { control, broken, started };
}

t.test("ControlChannel reads messages out of any chunks", async (t) => {
  const { viewer, control } = await open();
  const bytes = Uint8Array.from([
    ...encodeClientMessage({ type: "play", streamId: 0 }),
    ...encodeClientMessage({ type: "pause", streamId: 0 }),
    ...encodeClientMessage({ type: "quit" }),
  ]);
  const writing = (async () => {
    for (let at = 0; at < bytes.byteLength; at += 5) {
      await viewer.sendBytes(bytes.subarray(at, at + 5));
    }
  })();
  const types = [await control.next(), await control.next(), await control.next()];
  t.same(types.map((message) => message?.type), ["play", "pause", "quit"]);
  await writing;
  control.close();
  t.equal(await control.next(), undefined);
});

t.test("ControlChannel rejects a stream that ends within a message", async (t) => {
  const whole = encodeClientMessage({ type: "quit" });
  const control = new ControlChannel({
    readable: new Blob([whole.subarray(0, 6)]).stream(),
    writable: new WritableStream(),
  }, () => {});
  await t.rejects(control.next(), { name: "ProtocolError", reason: "truncated" });
});

t.test("ControlChannel writes in order and settles when it is written", async (t) => {
  const { viewer, control } = await open();
  for (let i = 0; i < 20; i++) {
    control.send(
      encodeServerMessage({ type: "stream_state", streamId: 0, state: "running", reason: `${i}` }),
    );
  }
  await control.flushed();
  t.equal(control.queuedBytes, 0);
  while (viewer.said.length < 20) await viewer.heard("stream_state").then(() => setTimeoutPause());
  t.same(
    viewer.said.map((message) => message.type === "stream_state" && message.reason),
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
  control.close();
});

t.test("ControlChannel gives up a viewer that does not read", (t) => {
  const { control, broken } = stuck();
  const framed = new Uint8Array(64 * 1024);
  for (let i = 0; i < 8; i++) control.send(framed);
  t.equal(control.queuedBytes, MAX_QUEUED_BYTES);
  t.ok(control.isCongested);
  t.same(broken, []);
  control.send(Uint8Array.of(1));
  t.equal(broken.length, 1);
  t.match(broken[0], /bytes wait/);
  control.send(framed);
  t.equal(broken.length, 1, "said once");
  t.end();
});

t.test("ControlChannel keeps only the newest of what replaces itself", async (t) => {
  const { control, broken, started } = stuck();
  const cursor = (serial: number) =>
    encodeServerMessage({
      ...{ type: "cursor", streamId: 0, serial, visible: true, width: 128, height: 128 },
      ...{ hotspotX: 0, hotspotY: 0, rgba: new Uint8Array(65_536) },
    });
  for (let serial = 0; serial < 100; serial++) control.send(cursor(serial), "cursor");
  t.same(broken, [], "a hundred images never wait together");
  t.ok(control.queuedBytes < 3 * 65_900, `${control.queuedBytes} bytes`);
  await setTimeoutPause();
  t.same(
    started.map((framed) => (decodeMessage(framed.subarray(4)) as { serial: number }).serial),
    [0],
  );
});

t.test("ControlChannel tells when the stream breaks", async (t) => {
  const broken: string[] = [];
  const control = new ControlChannel({
    readable: new ReadableStream(),
    writable: new WritableStream({ write: () => Promise.reject(new Error("reset")) }),
  }, (why) => broken.push(why));
  control.send(Uint8Array.of(1));
  await control.flushed();
  t.same(broken, ["reset"]);
});

function setTimeoutPause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
