import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { ViewerAdmission } from "../../../../src/server/viewer_admission.ts";
import type { ProducerHost } from "../../../../src/session/producer_host.ts";
import { SessionRegistry } from "../../../../src/session/session_registry.ts";
import { TicketStore } from "../../../../src/session/ticket_store.ts";
import type { IncomingConnection, Listener } from "../../../../src/transport/connection.ts";
import { Inbox } from "../../../../src/transport/inbox.ts";
import { WIRE_VERSION } from "../../../../src/wire/control.ts";
import type { Permission } from "../../../../src/wire/permission.ts";
import { TestHost } from "../../session/test_host.ts";
import { TestViewer } from "../../session/test_viewer.ts";

const PRODUCERS: ProducerHost = {
  publish: () => ({
    streamId: 1,
    state: {
      ...{ streamId: 1, name: "Screen", state: "waiting", viewers: 0, isWanted: true, reason: "" },
      ...{ maxWidth: 1280, maxHeight: 720, maxFps: 60, maxBitrateBps: 8e6 },
    },
    rate: undefined,
    describe: () => {},
    frame: () => true,
    sound: () => true,
    close: () => {},
  }),
  hostTimeUs: (nowUs) => nowUs,
  bytesPerSecond: 1e6,
};

/** Admission with one place for viewers, behind a listener that tests fill. */
class Bench {
  readonly clock = new ManualClock();
  readonly tickets = new TicketStore();
  readonly registry: SessionRegistry;
  readonly admission: ViewerAdmission;
  readonly #inbox = new Inbox<IncomingConnection>(16);
  #refusal: string | undefined;

  constructor(producers: ProducerHost | undefined = PRODUCERS) {
    let ids = 0;
    const newId = () => `id${++ids}`;
    this.registry = new SessionRegistry({ maxLive: 1, newId });
    this.admission = new ViewerAdmission({
      ...{ host: new TestHost(), registry: this.registry, tickets: this.tickets, producers },
      ...{ clock: this.clock, nowMs: () => this.clock.nowUs() / 1000, newId, log: silentLogger },
      refusal: () => this.#refusal,
    });
    const listener: Listener = {
      port: 0,
      accept: () => this.#inbox.next(),
      close: () => Promise.resolve(),
    };
    void this.admission.acceptAll(listener);
  }

  refuseAll(why: string): void {
    this.#refusal = why;
  }

  /** A peer with a session of its own; a producer unless it only watches. */
  async come(permissions: readonly Permission[] = ["publish"], isViewer = false) {
    const { session } = this.registry.create("player", 0, permissions);
    const ticket = this.tickets.issue(session.id, this.clock.nowUs());
    const peer = new TestViewer();
    this.#inbox.push(peer.server);
    await peer.open();
    const wish = { name: "Screen", kind: "screen", key: "k" } as const;
    const publish = isViewer ? {} : { publish: wish };
    await peer.send({ type: "hello", version: WIRE_VERSION, ticket, ...publish });
    return { peer, sessionId: session.id };
  }
}

t.test("ViewerAdmission makes a producer of a hello that wants to publish, beside full places", async (t) => {
  const bench = new Bench();
  const viewer = await bench.come([], true);
  await viewer.peer.heard("welcome");
  const { peer } = await bench.come();
  t.match(await peer.heard("welcome"), { streamId: 1 });
  t.equal(bench.admission.producers.size, 1);
  t.equal(bench.admission.sessions.size, 1, "it is no viewer");
  t.equal(bench.registry.liveCount, 1, "nor takes the place of one");
  t.equal([...bench.registry.live()].length, 2);
  const late = await bench.come([], true);
  t.equal((await late.peer.heard("ended")).reason, "capacity");
  bench.admission.close();
  t.equal((await peer.heard("ended")).reason, "shutdown");
  for (const one of [viewer, late, { peer }]) one.peer.client.close(0, "");
});

t.test("ViewerAdmission ends a producer with its browser's session", async (t) => {
  const bench = new Bench();
  const { peer, sessionId } = await bench.come();
  await peer.heard("welcome");
  bench.registry.revoke(sessionId);
  t.equal((await peer.heard("ended")).reason, "kicked");
  peer.client.close(0, "");
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (let turn = 0; turn < 50 && bench.admission.producers.size > 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.equal(bench.admission.producers.size, 0);
  t.equal([...bench.registry.live()].length, 0);
});

t.test("ViewerAdmission lets no producer in where none may or can be", async (t) => {
  const reasonOf = async (bench: Bench, permissions?: readonly Permission[]) => {
    const { peer } = await bench.come(permissions);
    const { reason } = await peer.heard("ended");
    peer.client.close(0, "");
    return reason;
  };
  t.equal(await reasonOf(new Bench(), ["keyboard", "files"]), "forbidden");
  t.equal(
    await reasonOf(
      new Bench({
        ...PRODUCERS,
        publish: () => {
          return { reason: "capacity", message: "Full" };
        },
      }),
    ),
    "capacity",
  );
  const short = new Bench();
  short.refuseAll("Memory is short");
  t.equal(await reasonOf(short), "capacity");
  const closed = new Bench();
  closed.admission.close();
  t.equal(await reasonOf(closed), "shutdown");
});
