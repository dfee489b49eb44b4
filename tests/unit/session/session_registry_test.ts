import t from "tap";
import { newSecret } from "../../../src/session/access_token.ts";
import {
  BROWSER_SESSION_LIFETIME_MS,
  FOLLOWERS_MAX,
  MAX_BROWSER_SESSIONS,
  SessionRegistry,
} from "../../../src/session/session_registry.ts";
import type { LiveSession } from "../../../src/session/session_registry.ts";
import { PLAYER_PERMISSIONS } from "../../../src/wire/permission.ts";

function registryOf(maxLive = 2): { registry: SessionRegistry; changes: () => number } {
  let ids = 0;
  let changes = 0;
  const registry = new SessionRegistry({
    maxLive,
    newId: () => `s${++ids}`,
    onChange: () => changes++,
  });
  return { registry, changes: () => changes };
}

function live(id: string, browserSessionId: string, ends: string[]): LiveSession {
  return {
    id,
    browserSessionId,
    role: "player",
    end: (reason, _message, retry) => ends.push(`${id} ${reason} ${retry}`),
  };
}

t.test("SessionRegistry finds a session by its cookie only", (t) => {
  const { registry } = registryOf();
  const { session, cookie } = registry.create("player", 1000);
  t.equal(registry.find(cookie, 1000)?.id, session.id);
  t.equal(registry.find(newSecret(), 1000), undefined);
  t.equal(registry.find(undefined, 1000), undefined);
  t.equal(registry.find(session.id, 1000), undefined, "the public name is no key");
  const [stored] = registry.stored();
  t.notOk(JSON.stringify(stored).includes(cookie), "only a hash is stored");
  t.end();
});

t.test("SessionRegistry ends sessions by age and renews those in use", (t) => {
  const { registry } = registryOf();
  const { session, cookie } = registry.create("viewer", 0);
  t.equal(registry.find(cookie, BROWSER_SESSION_LIFETIME_MS), undefined);
  registry.renew(session.id, 5000);
  t.ok(registry.find(cookie, BROWSER_SESSION_LIFETIME_MS));
  t.equal(registry.byId(session.id, BROWSER_SESSION_LIFETIME_MS + 5000), undefined);
  t.end();
});

t.test("SessionRegistry revokes a session and every transport of it at once", (t) => {
  const { registry, changes } = registryOf(4);
  const { session, cookie } = registry.create("player", 0);
  const other = registry.create("player", 0).session;
  const ends: string[] = [];
  t.ok(registry.admit(live("a", session.id, ends)));
  t.ok(registry.admit(live("b", session.id, ends)));
  t.ok(registry.admit(live("c", other.id, ends)));
  const before = changes();
  t.ok(registry.revoke(session.id));
  t.same(ends, ["a kicked false", "b kicked false"]);
  t.equal(registry.find(cookie, 0), undefined);
  t.equal(changes(), before + 1);
  t.notOk(registry.revoke(session.id), "only once");
  t.end();
});

t.test("SessionRegistry admits a bounded number of transports", (t) => {
  const { registry } = registryOf(2);
  const { session } = registry.create("player", 0);
  const [a, b, c] = ["a", "b", "c"].map((id) => live(id, session.id, []));
  t.ok(registry.admit(a!));
  t.ok(registry.admit(b!));
  t.notOk(registry.admit(c!));
  registry.leave(a!);
  t.ok(registry.admit(c!));
  t.equal(registry.liveCount, 2);
  t.end();
});

t.test("SessionRegistry is bounded: the session unused for longest makes room", (t) => {
  const { registry } = registryOf();
  const first = registry.create("player", 0);
  const second = registry.create("player", 0);
  for (let i = 2; i < MAX_BROWSER_SESSIONS; i++) registry.create("viewer", 0);
  registry.renew(first.session.id, 1);
  const ends: string[] = [];
  registry.admit(live("x", second.session.id, ends));
  registry.create("viewer", 2);
  t.equal(registry.stored().length, MAX_BROWSER_SESSIONS);
  t.ok(registry.find(first.cookie, 2));
  t.equal(registry.find(second.cookie, 2), undefined);
  t.same(ends, ["x kicked false"]);
  t.end();
});

t.test("SessionRegistry takes up what an earlier run stored", (t) => {
  const before = registryOf().registry;
  const { cookie } = before.create("player", 0);
  const { registry } = registryOf();
  registry.restore(before.stored(), 1000);
  t.equal(registry.find(cookie, 1000)?.role, "player");
  const late = registryOf().registry;
  late.restore(before.stored(), BROWSER_SESSION_LIFETIME_MS + 1);
  t.equal(late.stored().length, 0, "expired ones stay out");
  t.end();
});

t.test("SessionRegistry changes what a session may do, for all of its transports and for later", (t) => {
  const { registry, changes } = registryOf(4);
  const { session, cookie } = registry.create("player", 0);
  const rights = registry.rights(session.id);
  t.same(rights?.permissions, [...PLAYER_PERMISSIONS]);
  const before = changes();
  const heard: string[] = [];
  rights?.onChange(() => heard.push(registry.find(cookie, 0)?.role ?? ""));
  t.ok(registry.grant(session.id, { role: "viewer", permissions: ["pad"] }));
  t.same(heard, ["viewer"], "who hears of it finds it everywhere");
  t.equal(registry.rights(session.id), rights, "the same object");
  t.match(registry.stored(), [{ role: "viewer", permissions: ["pad"] }]);
  t.ok(registry.rename(session.id, "Ana"));
  t.equal(registry.byId(session.id, 0)?.name, "Ana");
  t.equal(changes(), before + 2, "both are stored");
  t.notOk(registry.grant("nobody", { role: "admin" }));
  t.notOk(registry.rename("nobody", "Eve"));
  const later = registryOf().registry;
  later.restore(registry.stored(), 0);
  t.same(later.rights(session.id)?.permissions, ["pad"]);
  registry.revoke(session.id);
  t.equal(registry.rights(session.id), undefined);
  t.end();
});

t.test("SessionRegistry takes in sessions of before there were permissions", (t) => {
  const registry = new SessionRegistry({
    ...{ maxLive: 1, newId: () => "x" },
    permissionsOf: (role) => role === "player" ? ["keyboard"] : [],
  });
  const old = { createdMs: 0, expiresMs: 1000 };
  registry.restore([
    { ...old, id: "a", role: "player", cookieHash: "1".repeat(64) },
    { ...old, id: "b", role: "viewer", cookieHash: "2".repeat(64) },
    { ...old, id: "c", role: "player", cookieHash: "3".repeat(64), permissions: [] },
  ], 0);
  t.same(registry.rights("a")?.permissions, ["keyboard"], "as a new one of its role");
  t.same(registry.rights("b")?.permissions, []);
  t.same(registry.rights("c")?.permissions, [], "what was chosen stays");
  t.same(registry.create("player", 0).session.permissions, ["keyboard"]);
  t.same(registry.create("player", 0, ["files"]).session.permissions, ["files"], "of a link");
  t.end();
});

t.test("SessionRegistry lets a session in that follows another one of its browser, one each", (t) => {
  const registry = new SessionRegistry({ maxLive: 1, newId: () => "b" });
  const live = (id: string, browserSessionId = "b") => ({
    ...{ id, browserSessionId },
    role: "viewer" as const,
    end: () => {},
  });
  const [first, second] = [live("1"), live("2")];
  t.ok(registry.admit(first));
  t.notOk(registry.admit(live("x")), "full");
  t.notOk(registry.admit(live("x"), "gone"), "nothing there to follow");
  t.notOk(registry.admit(live("x", "somebody"), "1"), "somebody else's");
  t.ok(registry.admit(second, "1"));
  t.notOk(registry.admit(live("x"), "1"), "followed already");
  t.notOk(registry.admit(live("x"), "2"), "a follower itself");
  registry.leave(first);
  t.notOk(registry.admit(live("x")), "the place is the follower's");
  const third = live("3");
  t.ok(registry.admit(third, "2"), "which may be followed now");
  registry.leave(third);
  t.notOk(registry.admit(live("x")));
  registry.leave(second);
  t.ok(registry.admit(live("x")));
  t.end();
});

t.test("SessionRegistry lets only some sessions share a place at a time", (t) => {
  const registry = new SessionRegistry({ maxLive: 2 * FOLLOWERS_MAX, newId: () => "b" });
  const live = (id: string) => ({
    ...{ id, browserSessionId: "b", role: "viewer" as const },
    end: () => {},
  });
  for (let place = 0; place < 2 * FOLLOWERS_MAX; place++) t.ok(registry.admit(live(`${place}`)));
  for (let place = 0; place < FOLLOWERS_MAX; place++) {
    t.ok(registry.admit(live(`next ${place}`), `${place}`));
  }
  t.notOk(registry.admit(live("one more"), `${FOLLOWERS_MAX}`));
  t.end();
});
