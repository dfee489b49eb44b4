import t from "tap";
import { ManualClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { ViewerAdmission } from "../../../src/server/viewer_admission.ts";
import { SessionRegistry } from "../../../src/session/session_registry.ts";
import { TicketStore } from "../../../src/session/ticket_store.ts";
import type { IncomingConnection, Listener } from "../../../src/transport/connection.ts";
import { Inbox } from "../../../src/transport/inbox.ts";
import { encodeServerMessage, WIRE_VERSION } from "../../../src/wire/control.ts";
import { TestHost } from "../session/test_host.ts";
import { TestViewer } from "../session/test_viewer.ts";

/** Admission behind a listener that tests fill. */
class Bench {
  readonly clock = new ManualClock();
  readonly tickets = new TicketStore();
  readonly registry: SessionRegistry;
  readonly admission: ViewerAdmission;
  readonly inbox = new Inbox<IncomingConnection>(16);
  readonly accepting: Promise<void>;

  constructor(maxLive: number) {
    let ids = 0;
    const newId = () => `id${++ids}`;
    this.registry = new SessionRegistry({ maxLive, newId });
    this.admission = new ViewerAdmission({
      host: new TestHost(),
      registry: this.registry,
      tickets: this.tickets,
      clock: this.clock,
      nowMs: () => this.clock.nowUs() / 1000,
      newId,
      log: silentLogger,
    });
    const listener: Listener = {
      port: 0,
      accept: () => this.inbox.next(),
      close: () => Promise.resolve(),
    };
    this.accepting = this.admission.acceptAll(listener);
  }

  /** A viewer that says hello with a ticket of a new session. */
  async come(stream?: string): Promise<{ viewer: TestViewer; sessionId: string }> {
    const { session } = this.registry.create("player", this.clock.nowUs() / 1000);
    const ticket = this.tickets.issue(session.id, this.clock.nowUs());
    return { viewer: await this.say(ticket, stream), sessionId: session.id };
  }

  async say(ticket: string, stream?: string): Promise<TestViewer> {
    const viewer = new TestViewer();
    this.inbox.push(viewer.server);
    await viewer.open();
    const named = stream === undefined ? {} : { stream };
    await viewer.send({ type: "hello", version: WIRE_VERSION, ticket, ...named });
    return viewer;
  }
}

t.test("ViewerAdmission lets viewers in, up to its limit, and frees their places", async (t) => {
  const bench = new Bench(2);
  const first = await bench.come();
  const second = await bench.come();
  await first.viewer.heard("welcome");
  await second.viewer.heard("welcome");
  const third = await bench.come();
  t.match(await third.viewer.heard("ended"), { reason: "capacity", retry: true });
  t.match(bench.admission.stats, { admitted: 2, turnedAway: 1 });
  first.viewer.client.close(0, "");
  while (bench.admission.sessions.size > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  t.equal(bench.registry.liveCount, 1);
  const fourth = await bench.come();
  await fourth.viewer.heard("welcome");
  t.equal(bench.admission.stats.admitted, 3);
  bench.admission.close();
});

t.test("ViewerAdmission turns who asks for a missing stream away with those that are there", async (t) => {
  const bench = new Bench(1);
  const { viewer } = await bench.come("Middle");
  t.match(await viewer.heard("ended"), {
    ...{ reason: "unknown_stream", retry: false },
    message: 'There is no "Middle" here, only Left, Right',
    streams: [{ id: 0, name: "Left" }, { id: 1, name: "Right" }],
  });
  t.match(bench.admission.stats, { admitted: 0, turnedAway: 1 });
  const right = await bench.come("Right");
  t.match(await right.viewer.heard("welcome"), { streamId: 1 }, "it took no place");
  bench.admission.close();
});

t.test("ViewerAdmission tells those who watch a stream", async (t) => {
  const bench = new Bench(2);
  const [left, right] = [(await bench.come()).viewer, (await bench.come("Right")).viewer];
  for (const viewer of [left, right]) await viewer.heard("welcome");
  await left.send({ type: "play", streamId: 0 });
  await right.send({ type: "play", streamId: 1 });
  while (![...bench.admission.sessions].every(({ streamId }) => streamId !== undefined)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const state = { type: "stream_state", streamId: 1, state: "running", reason: "r" } as const;
  bench.admission.tell(1, encodeServerMessage(state));
  t.match(await right.heard("stream_state"), state);
  t.notOk(left.said.some(({ type }) => type === "stream_state"));
  bench.admission.close();
});

t.test("ViewerAdmission refuses a ticket of a session that was revoked", async (t) => {
  const bench = new Bench(2);
  const { session } = bench.registry.create("player", 0);
  const ticket = bench.tickets.issue(session.id, 0);
  bench.registry.revoke(session.id);
  const viewer = await bench.say(ticket);
  t.match(await viewer.heard("ended"), { reason: "bad_ticket" });
  await viewer.client.closed;
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.match(bench.admission.stats, { admitted: 0, refused: 1 });
});

t.test("ViewerAdmission tells all, and ends all when it closes", async (t) => {
  const bench = new Bench(4);
  const viewers = [await bench.come(), await bench.come()];
  for (const { viewer } of viewers) await viewer.heard("welcome");
  const state = { type: "stream_state", streamId: 0, state: "running", reason: "r" } as const;
  bench.admission.broadcast(encodeServerMessage(state));
  for (const { viewer } of viewers) t.match(await viewer.heard("stream_state"), state);
  bench.admission.close();
  for (const { viewer } of viewers) {
    t.match(await viewer.heard("ended"), { reason: "shutdown", retry: true });
  }
  const late = await bench.come();
  t.match(await late.viewer.heard("ended"), { reason: "shutdown" }, "nobody gets in any more");
  bench.inbox.close();
  await bench.accepting;
  t.pass("acceptAll ends with its listener");
});

t.test("ViewerAdmission ends with a listener that fails, and says so", async (t) => {
  const bench = new Bench(1);
  const errors: string[] = [];
  const admission = new ViewerAdmission({
    ...{ host: undefined as never, registry: bench.registry, tickets: bench.tickets },
    ...{ clock: bench.clock, nowMs: () => 0, newId: () => "" },
    log: { ...silentLogger, error: (message) => errors.push(message) },
  });
  await admission.acceptAll({
    port: 0,
    accept: () => Promise.reject(new Error("broken")),
    close: () => Promise.resolve(),
  });
  t.same(errors, ["Cannot accept viewers any more"]);
  bench.inbox.close();
});
