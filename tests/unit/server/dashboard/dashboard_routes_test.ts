import t from "tap";
import { KICK_MESSAGE } from "../../../../src/server/dashboard/dashboard_routes.ts";
import { newSecret } from "../../../../src/session/access_token.ts";
import type { LiveSession } from "../../../../src/session/session_registry.ts";
import { ADMIN_TOKEN, makeFiles, RoutesBench as Bench } from "../routes_bench.ts";

const files = await makeFiles();

async function reasonOf(response: Response): Promise<string> {
  return `${response.status} ${(await response.json()).error.reason}`;
}

t.test("the token of the dashboard becomes a cookie that scripts cannot read", async (t) => {
  const bench = new Bench(files);
  const body = { secret: ADMIN_TOKEN };
  const response = await bench.send("POST", "/api/admin/session", { body });
  t.equal(response.status, 204);
  t.match(
    response.headers.get("set-cookie"),
    /^wavry_admin_47990=\d+\.[\w-]{43}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  const again = await bench.send("POST", "/api/admin/session", { body });
  t.equal(again.status, 204, "the token is good more than once");
  const wrong = { secret: newSecret() };
  t.equal(
    await reasonOf(await bench.send("POST", "/api/admin/session", { body: wrong })),
    "401 bad_token",
  );
  for (const bad of [{}, { secret: "short" }, { ...body, is_admin: true }]) {
    const refused = await bench.send("POST", "/api/admin/session", { body: bad });
    t.equal(await reasonOf(refused), "400 bad_field", JSON.stringify(bad));
  }
});

t.test("guesses at the token are few, and count with those at other secrets", async (t) => {
  const bench = new Bench(files);
  const guess = () => bench.send("POST", "/api/admin/session", { body: { secret: newSecret() } });
  for (let tries = 0; tries < 10; tries++) t.equal((await guess()).status, 401);
  const body = { secret: ADMIN_TOKEN };
  const late = await bench.send("POST", "/api/admin/session", { body });
  t.equal(await reasonOf(late), "429 too_often", "even the right one has to wait");
  t.ok(Number(late.headers.get("retry-after")) > 0);
  const session = await bench.send("POST", "/api/session", { body: { secret: newSecret() } });
  t.equal(session.status, 429);
  bench.remoteAddress = "198.51.100.7";
  t.equal((await bench.send("POST", "/api/admin/session", { body })).status, 204, "elsewhere");
});

t.test("the dashboard's events are for its cookie alone", async (t) => {
  const bench = new Bench(files);
  const read = (cookie: string | undefined, headers = {}) => {
    return bench.send("GET", "/api/dashboard/events", { headers: { cookie, ...headers } });
  };
  t.equal(await reasonOf(await read(undefined)), "401 no_session");
  for (const role of ["viewer", "player"] as const) {
    t.equal(await reasonOf(await read(await bench.join(role))), "403 forbidden_role", role);
  }
  const forged = `wavry_admin_47990=99999999999999.${newSecret()}.${newSecret()}`;
  t.equal(await reasonOf(await read(forged)), "401 no_session", "a cookie that nobody signed");
  const cookie = await bench.signIn();
  const events = await read(cookie, { "last-event-id": "5.7" });
  t.equal(events.status, 200);
  t.equal(events.headers.get("content-type"), "text/event-stream");
  t.equal(events.headers.get("cache-control"), "no-store, no-transform");
  t.match(await events.text(), /^event: end/);
  t.equal(bench.subscribed[0]!.lastEventId, "5.7");
  t.equal(bench.subscribed[0]!.isAllowed(), true);
  const full = await read(cookie);
  t.equal(await reasonOf(full), "503 too_many_dashboards");
  t.equal(full.headers.get("retry-after"), "10");
  bench.clock.advance(12 * 3600 * 1e6);
  t.equal(bench.subscribed[0]!.isAllowed(), false, "not longer than its cookie");
  t.equal((await read(cookie)).status, 401);
});

t.test("a dashboard that asks only for the head opens no stream", async (t) => {
  const bench = new Bench(files);
  const cookie = await bench.signIn();
  const head = await bench.send("HEAD", "/api/dashboard/events", { headers: { cookie } });
  t.equal(head.status, 200);
  t.equal(bench.subscribed.length, 0);
});

t.test("signing out ends the cookie at once", async (t) => {
  const bench = new Bench(files);
  const cookie = await bench.signIn();
  await bench.send("GET", "/api/dashboard/events", { headers: { cookie } });
  const out = await bench.send("DELETE", "/api/admin/session", { body: {}, headers: { cookie } });
  t.equal(out.status, 204);
  t.match(out.headers.get("set-cookie"), /^wavry_admin_47990=; .*Max-Age=0/);
  t.equal(bench.subscribed[0]!.isAllowed(), false, "and what it opened");
  const again = await bench.send("DELETE", "/api/admin/session", { body: {}, headers: { cookie } });
  t.equal(await reasonOf(again), "401 no_session");
});

t.test("a kick ends a session, tells why, and its cookie lets nobody in again", async (t) => {
  const bench = new Bench(files);
  const viewer = await bench.join("viewer");
  const ended: unknown[] = [];
  const live: LiveSession = {
    id: "live1",
    browserSessionId: "s1",
    role: "viewer",
    end: (...why) => ended.push(why),
  };
  bench.registry.admit(live);
  const path = "/api/sessions/live1/kick";
  const send = (cookie: string | undefined, target = path, headers = {}) => {
    return bench.send("POST", target, { body: {}, headers: { cookie, ...headers } });
  };
  t.equal(await reasonOf(await send(undefined)), "401 no_session");
  t.equal(await reasonOf(await send(viewer)), "403 forbidden_role");
  t.equal(await reasonOf(await send(await bench.join("player"))), "403 forbidden_role");
  const admin = await bench.signIn();
  const foreign = { origin: "https://evil.example" };
  t.equal(await reasonOf(await send(admin, path, foreign)), "403 foreign_origin");
  t.same(ended, [], "nothing has happened");
  t.equal(await reasonOf(await send(admin, "/api/sessions/other/kick")), "404 not_found");
  t.equal((await send(admin)).status, 204);
  t.same(ended, [["kicked", KICK_MESSAGE, false]], "and is told not to come back");
  t.equal(bench.stored?.includes("s1"), false, "nor when the host dies now");
  const ticket = await bench.send("POST", "/api/ticket", { body: {}, headers: { cookie: viewer } });
  t.equal(await reasonOf(ticket), "401 no_session");
  t.equal(await reasonOf(await send(admin)), "404 not_found", "once");
});

t.test("the page of a folder is found without its slash, and nothing else is", async (t) => {
  const bench = new Bench(files);
  const response = await bench.send("GET", "/sub");
  t.equal(response.status, 308);
  t.equal(response.headers.get("location"), "/sub/");
  for (const path of ["/other", "//sub", "/sub/x", "/viewer.js/"]) {
    t.equal((await bench.send("GET", path)).status, 404, path);
  }
});

t.test("the dashboard changes what the person of a session may do", async (t) => {
  const bench = new Bench(files);
  const viewer = await bench.join("viewer");
  bench.registry.admit({ id: "live1", browserSessionId: "s1", role: "viewer", end: () => {} });
  const send = (cookie: string, body: unknown, id = "live1") => {
    return bench.send("POST", `/api/sessions/${id}/rights`, { body, headers: { cookie } });
  };
  const rights = { role: "player", permissions: ["keyboard", "files"] };
  t.equal(await reasonOf(await send(viewer, rights)), "403 forbidden_role");
  t.equal(await reasonOf(await send(await bench.join("admin"), rights)), "403 forbidden_role");
  const dashboard = await bench.signIn();
  t.equal(await reasonOf(await send(dashboard, rights, "other")), "404 not_found");
  const wrong = [{}, { role: "root", permissions: [] }, { ...rights, permissions: ["root"] }];
  for (const body of [...wrong, { ...rights, isAdmin: true }]) {
    t.equal(await reasonOf(await send(dashboard, body)), "400 bad_field");
  }
  t.same(bench.registry.rights("s1")?.permissions, [], "nothing has happened");
  t.equal((await send(dashboard, rights)).status, 204);
  t.match(bench.registry.rights("s1"), { role: "player", permissions: ["keyboard", "files"] });
  t.equal(bench.stored?.includes("s1"), true, "kept when the host dies now");
});
