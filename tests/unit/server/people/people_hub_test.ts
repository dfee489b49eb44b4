import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { PeopleHub } from "../../../../src/server/people/people_hub.ts";
import { IDLE_US } from "../../../../src/session/control_arbiter.ts";
import { RESERVE_US } from "../../../../src/session/player_slots.ts";
import type { FeatureSession } from "../../../../src/session/session_feature.ts";
import { SessionRegistry } from "../../../../src/session/session_registry.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import type { Role, ServerMessage } from "../../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/wire/framing.ts";
import type { ControlMode } from "../../../../src/wire/people_messages.ts";

type Said<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

/** One tab of a person, which remembers what it was told. */
class Tab {
  readonly said: ServerMessage[] = [];
  readonly raised: number[] = [];
  readonly watching = new Set<number>();
  readonly session: FeatureSession;

  constructor(bench: Bench, id: string, personId: string) {
    const rights = bench.registry.rights(personId)!;
    this.session = {
      ...{ id, browserSessionId: personId, rights, connection: undefined as never },
      get role() {
        return rights.role;
      },
      get streamId() {
        return undefined;
      },
      isWatching: (streamId) => this.watching.has(streamId),
      may: (permission) => rights.may(permission),
      send: (framed) => this.said.push(parseServerMessage(framed.subarray(LENGTH_PREFIX_BYTES))),
      feed: () => undefined,
      releaseInput: (streamId) => this.raised.push(streamId),
      nowUs: () => bench.clock.nowUs(),
      end: () => {},
    };
  }

  /** The last message of a type. */
  last<T extends ServerMessage["type"]>(type: T): Said<T> | undefined {
    return this.said.findLast((message) => message.type === type) as Said<T> | undefined;
  }
}

/** A hub of two streams over a real registry. */
class Bench {
  readonly clock = new ManualClock();
  readonly registry: SessionRegistry;
  readonly hub: PeopleHub;
  streamIds = [0, 1];
  /** Those that take no input. */
  published: number[] = [];
  dirty = 0;

  constructor(mode: ControlMode = "exclusive") {
    let ids = 0;
    this.registry = new SessionRegistry({ maxLive: 8, newId: () => `p${++ids}` });
    this.hub = new PeopleHub({
      ...{ mode, registry: this.registry, nowMs: () => 0 },
      streamIds: () => this.streamIds,
      takesInput: (id) => !this.published.includes(id),
      onDirty: () => this.dirty++,
    });
  }

  person(role: Role): string {
    return this.registry.create(role, 0).session.id;
  }

  /** A person opens a tab and watches a stream. */
  come(personId: string, streamId = 0): Tab {
    const tab = new Tab(this, `${personId} ${Math.random()}`, personId);
    this.hub.join(tab.session);
    this.watch(tab, streamId);
    return tab;
  }

  watch(tab: Tab, streamId: number): void {
    tab.watching.clear();
    tab.watching.add(streamId);
    this.hub.watched(tab.session);
    this.flush();
  }

  flush(): void {
    this.hub.flush(this.clock.nowUs());
  }

  takes(tab: Tab, streamId = 0): boolean {
    return this.hub.takesHands(tab.session, streamId, this.clock.nowUs());
  }

  decide(tab: Tab, kind: "request" | "take" | "give", streamId = 0): void {
    const id = tab.session.browserSessionId;
    this.hub.decide(streamId, (arbiter) => {
      const nowUs = this.clock.nowUs();
      return kind === "give" ? arbiter.give(id, undefined, nowUs) : arbiter[kind](id, nowUs);
    });
    this.flush();
  }
}

t.test("PeopleHub tells who comes what they may do and who is here", (t) => {
  const bench = new Bench();
  const ana = bench.come(bench.person("admin"));
  t.match(ana.last("rights"), { personId: "p1", role: "admin" });
  const ben = bench.come(bench.person("viewer"), 1);
  for (const tab of [ana, ben]) {
    t.same(
      tab.last("people")?.people.map(({ id, name, role, streamIds }) => {
        return `${id} ${name} ${role} ${streamIds}`;
      }),
      ["p1 Guest 1 admin 0", "p2 Guest 2 viewer 1"],
    );
  }
  t.match(ben.said.find(({ type }) => type === "control_state"), { streamId: 0, holderId: "p1" });
  bench.hub.leave(ben.session);
  bench.flush();
  t.equal(ana.last("people")?.people.length, 1);
  const dirty = bench.dirty;
  bench.hub.leave(ben.session);
  t.equal(bench.dirty, dirty, "gone is gone");
  t.end();
});

t.test("PeopleHub seats those who may and watch, and raises keys before the next one's count", (t) => {
  const bench = new Bench();
  const [ana, ben, eve] = [bench.come(bench.person("player")), bench.come(bench.person("player"))]
    .concat(bench.come(bench.person("viewer"))) as [Tab, Tab, Tab];
  t.ok(bench.takes(ana));
  t.notOk(bench.takes(ben));
  t.notOk(bench.takes(eve), "a viewer's hands never count");
  bench.decide(ben, "request");
  t.same(ana.last("control_state"), {
    ...{ type: "control_state", streamId: 0, mode: "exclusive", holderId: "p1" },
    ...{ askerIds: ["p2"], isIdle: false, idleMs: 0 },
  });
  t.same(ana.raised, []);
  bench.decide(ana, "give");
  t.same(ana.raised, [0], "on that stream only");
  t.ok(bench.takes(ben));
  t.notOk(bench.takes(ana));
  bench.watch(ben, 1);
  t.ok(bench.takes(ana), "who goes to another display gives this one up");
  t.ok(bench.takes(ben, 1));
  t.notOk(bench.takes(ana, 7), "no such stream");
  t.end();
});

t.test("PeopleHub takes the tabs of a browser for one person", (t) => {
  const bench = new Bench();
  const id = bench.person("player");
  const [first, second] = [bench.come(id), bench.come(id)];
  const ben = bench.come(bench.person("player"));
  t.ok(bench.takes(first) && bench.takes(second));
  bench.hub.leave(first.session);
  t.ok(bench.takes(second), "one of two tabs");
  bench.hub.leave(second.session);
  t.ok(bench.takes(ben));
  const back = bench.come(id);
  t.ok(bench.takes(back), "a reload costs nothing");
  t.same(ben.raised, [0]);
  t.end();
});

t.test("PeopleHub lets who sends input to a stream take part in it, watching or not", (t) => {
  const bench = new Bench();
  const tab = bench.come(bench.person("player"));
  t.ok(bench.takes(tab, 1));
  bench.watch(tab, 0);
  t.same(bench.hub.report()["control"], [
    { streamId: 0, mode: "exclusive", holder: "p1", members: 1 },
    { streamId: 1, mode: "exclusive", holder: null, members: 0 },
  ]);
  t.end();
});

t.test("PeopleHub lets nobody hold a stream that was gone when they left", (t) => {
  const bench = new Bench();
  const ana = bench.come(bench.person("player"), 1);
  t.ok(bench.takes(ana, 1));
  bench.streamIds = [0];
  t.notOk(bench.takes(ana, 7));
  bench.hub.leave(ana.session);
  bench.streamIds = [0, 1];
  const ben = bench.come(bench.person("player"), 1);
  t.ok(bench.takes(ben, 1), "the monitor is plugged in again");
  t.end();
});

t.test("PeopleHub gives nobody control of what somebody publishes", (t) => {
  const bench = new Bench();
  bench.published = [1];
  const ana = bench.come(bench.person("admin"), 1);
  t.notOk(bench.takes(ana, 1));
  bench.flush();
  t.match(ana.last("people"), { people: [{ streamIds: [1] }] }, "but who watches it is seen");
  t.notOk(ana.said.some((one) => one.type === "control_state" && one.streamId === 1));
  t.ok(bench.takes(ana, 0));
  t.end();
});

t.test("PeopleHub ends at once what a right that is taken away allowed", (t) => {
  const bench = new Bench();
  const [ana, ben] = [bench.come(bench.person("player")), bench.come(bench.person("player"))];
  bench.hub.slotOf(ana.session, 0, 0);
  bench.registry.grant("p1", { permissions: ["files", "pad"] });
  t.same(new Set(ana.raised), new Set([0, 1]), "on every stream");
  t.notOk(bench.takes(ana));
  t.ok(bench.takes(ben), "and control goes on");
  t.match(ana.last("rights"), { permissions: ["pad", "files"] });
  bench.flush();
  t.same(ben.last("people")?.people[0]?.permissions, ["pad", "files"]);
  t.equal(bench.hub.slotOf(ana.session, 0, 0), 0, "the pad stays");
  bench.registry.grant("p1", { permissions: [] });
  t.equal(bench.hub.slotOf(ana.session, 0, 0), undefined);
  t.same(bench.hub.slots.taken, []);
  const raised = ana.raised.length;
  bench.registry.grant("p1", { permissions: ["keyboard"] });
  t.equal(ana.raised.length, raised, "what is given raises nothing");
  t.ok(bench.takes(ana), "what was taken by mistake comes back whole");
  bench.hub.leave(ana.session);
  bench.registry.grant("p1", { permissions: [] });
  t.equal(ana.raised.length, raised, "who left hears of nothing");
  t.end();
});

t.test("PeopleHub gives pads slots, keeps them for who leaves and moves them at rest", (t) => {
  const bench = new Bench();
  const [ana, ben] = [bench.come(bench.person("player")), bench.come(bench.person("player"))];
  const eve = bench.come(bench.person("viewer"));
  t.equal(bench.hub.slotOf(ana.session, 2, 0), 0);
  t.equal(bench.hub.slotOf(ben.session, 0, 0), 1);
  t.equal(bench.hub.slotOf(eve.session, 0, 0), undefined, "a viewer has no pad");
  bench.flush();
  t.match(eve.last("slot_state")?.slots, [
    { slot: 0, personId: "p1", name: "Guest 1", pad: 2, isReserved: false },
    { slot: 1, personId: "p2", pad: 0 },
  ]);
  bench.hub.moveSlot(0, 1);
  t.same([ana.raised, ben.raised], [[0, 1], [0, 1]], "both come to rest where they were");
  t.equal(bench.hub.slotOf(ana.session, 2, 0), 1);
  bench.hub.leave(ana.session);
  bench.flush();
  t.match(eve.last("slot_state")?.slots[1], { name: "Guest 1", isReserved: true });
  bench.clock.advance(RESERVE_US - 1);
  const back = bench.come("p1");
  t.equal(bench.hub.slotOf(back.session, 2, bench.clock.nowUs()), 1);
  bench.hub.unplugged(ben.session, 0, bench.clock.nowUs());
  bench.hub.leave(back.session);
  bench.clock.advance(RESERVE_US);
  t.ok(bench.hub.deadlineUs! <= bench.clock.nowUs());
  bench.hub.advance(bench.clock.nowUs());
  bench.flush();
  t.same(ben.last("slot_state")?.slots, []);
  t.end();
});

t.test("PeopleHub lets time pass: a holder who rests gives way", (t) => {
  const bench = new Bench();
  const [ana, ben] = [bench.come(bench.person("player")), bench.come(bench.person("player"))];
  t.equal(bench.hub.deadlineUs, IDLE_US);
  bench.clock.advance(IDLE_US);
  bench.hub.advance(IDLE_US);
  bench.flush();
  t.match(ben.last("control_state"), { isIdle: true, idleMs: 10_000 });
  t.ok(bench.takes(ana));
  bench.flush();
  t.match(ben.last("control_state"), { isIdle: false }, "until they move a hand");
  bench.clock.advance(IDLE_US);
  bench.decide(ben, "request");
  t.match(ana.last("control_state"), { holderId: "p2" });
  t.end();
});

t.test("PeopleHub keeps names apart, clean and for later", (t) => {
  const bench = new Bench();
  const [ana, ben] = [bench.come(bench.person("player")), bench.come(bench.person("player"))];
  const names = () => {
    bench.flush();
    return ana.last("people")?.people.map(({ name }) => name);
  };
  bench.hub.rename(ana.session, " Ana\u202e ");
  bench.hub.rename(ben.session, "ana");
  t.same(names(), ["Ana", "ana 2"]);
  bench.hub.rename(ben.session, "\u200b");
  t.same(names(), ["Ana", "ana 2"], "nothing to be seen is no name");
  t.equal(bench.registry.byId("p1", 0)?.name, "Ana");
  bench.hub.leave(ana.session);
  const third = bench.come(bench.person("viewer"));
  bench.hub.rename(third.session, "Ana");
  const back = bench.come("p1");
  t.equal(bench.hub.nameOf("p1"), "Ana 3", "others have the first two now");
  t.equal(bench.hub.nameOf("nobody"), undefined);
  bench.hub.leave(back.session);
  t.end();
});

t.test("PeopleHub with shared control takes the hands of all", (t) => {
  const bench = new Bench("shared");
  const [ana, ben] = [bench.come(bench.person("player")), bench.come(bench.person("player"))];
  t.ok(bench.takes(ana) && bench.takes(ben));
  t.match(ana.last("control_state"), { mode: "shared", askerIds: [] });
  t.equal(ana.last("control_state")?.holderId, undefined);
  t.end();
});
