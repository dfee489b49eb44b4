import t from "tap";
import { CLOSE_CODES, handshake, settleWithin } from "../../../src/session/handshake.ts";
import type { BrowserSession } from "../../../src/session/session_registry.ts";
import { WIRE_VERSION } from "../../../src/wire/control.ts";
import { TestViewer } from "./test_viewer.ts";

const SESSION: BrowserSession = { id: "s1", role: "player", createdMs: 0, expiresMs: 1 };
const GOOD = "good";

function start(viewer: TestViewer, timeoutMs = 200) {
  return handshake(viewer.server, {
    redeem: (ticket) => ticket === GOOD ? SESSION : undefined,
    onBroken: () => {},
    timeoutMs,
  });
}

t.test("handshake knows a viewer by its ticket", async (t) => {
  const viewer = new TestViewer();
  const running = start(viewer);
  await viewer.open();
  await viewer.send({ type: "hello", version: WIRE_VERSION, ticket: GOOD });
  const { browserSession, control, stream } = await running;
  t.equal(browserSession, SESSION);
  t.equal(stream, undefined, "it names no stream");
  await viewer.send({ type: "quit" });
  t.same(await control.next(), { type: "quit" }, "and what follows hello is not lost");
  viewer.client.close(0, "");
});

t.test("handshake knows which stream the viewer wants", async (t) => {
  const viewer = new TestViewer();
  const running = start(viewer);
  await viewer.open();
  await viewer.send({ type: "hello", version: WIRE_VERSION, ticket: GOOD, stream: "Left" });
  t.equal((await running).stream, "Left");
  viewer.client.close(0, "");
});

t.test("handshake refuses, says why and closes", async (t) => {
  const hello = { type: "hello", version: WIRE_VERSION, ticket: GOOD } as const;
  const cases = [
    ["bad_ticket", () => ({ ...hello, ticket: "stolen" }), true, "AccessError"],
    ["version", () => ({ ...hello, version: WIRE_VERSION + 1 }), false, "ProtocolError"],
    ["protocol", () => ({ type: "play", streamId: 0 } as const), false, "ProtocolError"],
  ] as const;
  for (const [reason, message, retry, name] of cases) {
    const viewer = await new TestViewer().open();
    const running = start(viewer).then(() => undefined, (error) => error);
    await viewer.send(message());
    const ended = await viewer.heard("ended");
    t.match(ended, { reason, retry });
    t.equal((await running)?.name, name);
    t.equal((await viewer.client.closed).code, CLOSE_CODES[reason]);
  }
});

t.test("handshake refuses bytes that are no message", async (t) => {
  for (
    const bytes of [[255, 255, 255, 255], [0, 0, 0, 0], [1, 0, 0, 0, 0xc1], [2, 0, 0, 0, 1, 2]]
  ) {
    const viewer = await new TestViewer().open();
    const running = start(viewer).then(() => undefined, (error) => error);
    await viewer.sendBytes(Uint8Array.from(bytes));
    t.equal((await viewer.heard("ended")).reason, "protocol", bytes.join());
    t.equal((await running)?.name, "ProtocolError");
  }
});

t.test("handshake ends silence by its deadline", async (t) => {
  const mute = new TestViewer();
  const startedMs = performance.now();
  const outcomes = [start(mute, 50)];
  const half = await new TestViewer().open();
  await half.sendBytes(Uint8Array.of(9, 0, 0));
  outcomes.push(start(half, 50));
  for (const outcome of outcomes) {
    await t.rejects(outcome, { name: "TransportError", reason: "timeout" });
  }
  t.ok(performance.now() - startedMs < 4000);
  t.equal((await mute.client.closed).code, CLOSE_CODES.timeout);
  t.equal((await half.heard("ended")).reason, "timeout");
});

t.test("handshake ends with a viewer that leaves", async (t) => {
  const viewer = new TestViewer();
  const running = start(viewer, 5000);
  viewer.client.close(0, "gone");
  await t.rejects(running, { name: "TransportError" });
});

t.test("settleWithin waits no longer than its limit", async (t) => {
  const startedMs = performance.now();
  await settleWithin(new Promise(() => {}), 20);
  await settleWithin(Promise.resolve(), 10_000);
  t.ok(performance.now() - startedMs < 8000);
});
