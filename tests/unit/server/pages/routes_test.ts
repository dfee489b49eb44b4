import t from "tap";
import { newSecret } from "../../../../src/session/access_token.ts";
import { ROUTE_CALLERS } from "../../../../src/session/permissions.ts";
import type { LiveSession } from "../../../../src/session/session_registry.ts";
import { usualPermissions } from "../../../../src/session/session_rights.ts";
import { PERMISSIONS } from "../../../../src/wire/permission.ts";
import { ROLES } from "../../../../src/wire/control.ts";
import { HOST, makeFiles, METRICS, ORIGIN, RoutesBench as Bench, TOKEN } from "../routes_bench.ts";

const files = await makeFiles();

/** A caller, and what its role usually may. */
function callersOf(name: string): string[] {
  const role = ROLES.find((role) => role === name);
  return role === undefined ? [name] : [name, ...usualPermissions(role)];
}

async function reasonOf(response: Response): Promise<string> {
  return `${response.status} ${(await response.json()).error.reason}`;
}

t.test("makeRoutes turns a link's secret into a session once", async (t) => {
  const bench = new Bench(files);
  const secret = bench.links.open("player", { origin: "terminal" });
  const response = await bench.send("POST", "/api/session", { body: { secret } });
  t.equal(response.status, 201);
  const cookie = response.headers.get("set-cookie")!;
  t.match(cookie, /^wavry_session_47990=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=/);
  const info = await response.json();
  t.match(info, {
    role: "player",
    streamId: 0,
    name: "desk",
    webTransport: { url: "https://127.0.0.1:47990/session", certificateHashes: ["aGFzaA=="] },
    transports: { tcp: { path: "/session/tcp" } },
  });
  t.equal(info.ticketExpiresMs, 30_000);
  t.equal(bench.tickets.redeem(info.ticket, 0), "s1");
  t.same(bench.used, [{ role: "player", origin: "terminal" }]);
  t.same(bench.stored, ["s1"], "on disk before the answer: the link works once");
  const again = await bench.send("POST", "/api/session", { body: { secret } });
  t.equal(await reasonOf(again), "401 bad_secret");
  t.equal(again.headers.get("set-cookie"), null);
  t.equal(again.headers.get("cache-control"), "no-store");
});

t.test("makeRoutes tells a page the id of the display that it names", async (t) => {
  const bench = new Bench(files);
  const secret = bench.links.open("player", { origin: "terminal" });
  const opened = await bench.send("POST", "/api/session", { body: { secret, stream: "Right" } });
  t.match(await opened.json(), { streamId: 1 });
  const cookie = await bench.join("viewer");
  const ticket = (body: unknown) =>
    bench.send("POST", "/api/ticket", { body, headers: { cookie } });
  t.match(await (await ticket({ stream: "Right" })).json(), { streamId: 1 });
  t.match(await (await ticket({})).json(), { streamId: 0 });
  for (const stream of [1, null, "x".repeat(129)]) t.equal((await ticket({ stream })).status, 400);
});

t.test("makeRoutes issues tickets to a session only", async (t) => {
  const bench = new Bench(files);
  t.equal(await reasonOf(await bench.send("POST", "/api/ticket", { body: {} })), "401 no_session");
  const cookie = await bench.join("viewer");
  const response = await bench.send("POST", "/api/ticket", { body: {}, headers: { cookie } });
  t.equal(response.status, 200);
  const { ticket, role } = await response.json();
  t.equal(role, "viewer");
  t.equal(bench.tickets.redeem(ticket, 0), "s1");
  t.equal(bench.ticketsGiven, 2, "with the session and after it");
  for (const bad of ["wavry_session_47990=", `wavry_session_47990=${newSecret()}`, "a=b"]) {
    const refused = await bench.send("POST", "/api/ticket", { body: {}, headers: { cookie: bad } });
    t.equal(await reasonOf(refused), "401 no_session", bad);
  }
  t.equal(bench.ticketsGiven, 2, "strangers start nothing");
});

t.test("makeRoutes guards every route by the permission table", async (t) => {
  const bench = new Bench(files);
  const shownBy = {
    anonymous: {},
    viewer: { cookie: await bench.join("viewer") },
    player: { cookie: await bench.join("player") },
    scraper: { authorization: `Bearer ${TOKEN}` },
    admin: { cookie: await bench.join("admin") },
    dashboard: { cookie: await bench.signIn() },
  };
  bench.dashboardsMax = 9;
  const registered = bench.app.routes.filter(({ method, path }) => {
    return method !== "ALL" && path !== "*" && path !== "/*" && path !== "/api/*";
  });
  const names = registered.map(({ method, path }) => `${method} ${path}`);
  // Capabilities add their own, which this bench has none of.
  const others = ["GET /session/tcp", "POST /api/published/:id/end", "POST /api/rtc"];
  t.same([...names, ...others].sort(), Object.keys(ROUTE_CALLERS).sort(), "a row for every route");
  for (const { method, path } of registered) {
    for (const caller of Object.keys(shownBy) as (keyof typeof shownBy)[]) {
      const headers = shownBy[caller];
      const isStranger = caller === "scraper" || caller === "dashboard";
      // A body that no schema takes: who is let in meets 400, and nothing changes.
      const response = await bench.send(method, path, { body: { none: 1 }, headers });
      const isIn = response.status === 200 || response.status === 400;
      t.equal(
        isIn,
        ROUTE_CALLERS[`${method} ${path}`]!.some((name) => callersOf(caller).includes(name)) ||
          // To a route that asks for a session, a token is nothing at all.
          (isStranger && ROUTE_CALLERS[`${method} ${path}`]!.includes("anonymous")),
        `${method} ${path} ${caller}`,
      );
      const hasSession = caller !== "anonymous" && !isStranger && path !== "/metrics";
      if (!isIn) t.equal(response.status, hasSession ? 403 : 401);
    }
  }
});

t.test("makeRoutes shows metrics to who has their token, and guesses are few", async (t) => {
  const bench = new Bench(files);
  const read = (headers: Record<string, string>) => bench.send("GET", "/metrics", { headers });
  const withToken = { authorization: `Bearer ${TOKEN}` };
  const text = await read(withToken);
  t.match(text.headers.get("content-type"), "text/plain; version=0.0.4");
  t.equal(text.headers.get("cache-control"), "no-store");
  t.match(await text.text(), /^wavry_frames_total 3$/m);
  const json = await read({ ...withToken, accept: "application/json" });
  t.same(await json.json(), { metrics: METRICS });
  t.equal(await reasonOf(await read({})), "401 bad_token");
  for (let guess = 0; guess < 10; guess++) await read({ authorization: `Bearer ${newSecret()}` });
  t.equal(await reasonOf(await read(withToken)), "429 too_often", "a guesser waits");
  bench.clock.advance(7_000_000);
  t.equal((await read(withToken)).status, 200);
});

t.test("makeRoutes lets a player invite, with a link that ends", async (t) => {
  const bench = new Bench(files);
  const headers = { cookie: await bench.join("player") };
  const response = await bench.send("POST", "/api/links", { body: { role: "viewer" }, headers });
  t.equal(response.status, 201);
  const { path, role, expiresMs } = await response.json();
  t.equal(role, "viewer");
  t.match(path, /^\/#s=[\w-]{43}$/);
  t.equal(expiresMs, 3_600_000);
  const secret = path.slice(4);
  const joined = await bench.send("POST", "/api/session", { body: { secret } });
  t.equal((await joined.json()).role, "viewer");
  const late = await bench.send("POST", "/api/links", { body: { role: "player" }, headers });
  bench.clock.advance(3_600_000_000);
  const lateSecret = (await late.json()).path.slice(4);
  const refused = await bench.send("POST", "/api/session", { body: { secret: lateSecret } });
  t.equal(await reasonOf(refused), "401 bad_secret");
  const bad = await bench.send("POST", "/api/links", { body: { role: "root" }, headers });
  t.equal(await reasonOf(bad), "400 bad_field");
});

t.test("makeRoutes lets nobody give away more than they have", async (t) => {
  const bench = new Bench(files);
  const cookies = { player: await bench.join("player"), admin: await bench.join("admin") };
  const invite = (by: keyof typeof cookies, body: unknown) =>
    bench.send("POST", "/api/links", { body, headers: { cookie: cookies[by] } });
  t.equal(await reasonOf(await invite("player", { role: "admin" })), "403 forbidden_role");
  bench.registry.grant("s1", { permissions: ["keyboard", "pointer"] });
  const files_ = { role: "viewer", permissions: ["pointer", "files"] };
  t.equal(await reasonOf(await invite("player", files_)), "403 forbidden_role");
  t.equal(await reasonOf(await invite("player", { role: "player" })), "403 forbidden_role");
  for (const permissions of [["root"], "files", [1], Array(PERMISSIONS.length + 1).fill("pad")]) {
    const refused = await invite("admin", { role: "viewer", permissions });
    t.equal(await reasonOf(refused), "400 bad_field", JSON.stringify(permissions));
  }
  const made = await (await invite("player", { role: "player", permissions: ["pointer"] })).json();
  t.match(made, { role: "player", permissions: ["pointer"] });
  await bench.send("POST", "/api/session", { body: { secret: made.path.slice(4) } });
  t.same(bench.registry.rights("s3")?.permissions, ["pointer"], "the link carries them");
  bench.registry.grant("s2", { permissions: [] });
  t.equal((await invite("admin", { role: "admin" })).status, 201, "an admin gives what they want");
});

t.test("makeRoutes refuses what another site's page sends", async (t) => {
  const bench = new Bench(files);
  const secret = bench.links.open("player", { origin: "terminal" });
  const cases: [string, Record<string, string | undefined>][] = [
    ["another origin", { origin: "https://evil.example" }],
    ["no origin", { origin: undefined }],
    ["origin null", { origin: "null" }],
    ["our name with another port", { origin: "http://127.0.0.1:1" }],
    ["our name over TLS", { origin: `https://${HOST}` }],
    ["a name that starts as ours", { origin: `${ORIGIN}.evil.example` }],
    ["cross-site", { "sec-fetch-site": "cross-site" }],
    ["same-site", { "sec-fetch-site": "same-site" }],
    ["typed address", { "sec-fetch-site": "none" }],
  ];
  for (const [name, headers] of cases) {
    const response = await bench.send("POST", "/api/session", { body: { secret }, headers });
    t.equal(await reasonOf(response), "403 foreign_origin", name);
  }
  const forms = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    undefined,
  ];
  for (const type of forms) {
    const headers = { "content-type": type };
    const raw = new TextEncoder().encode(JSON.stringify({ secret }));
    const response = await bench.send("POST", "/api/session", { raw, headers });
    t.equal(await reasonOf(response), "415 bad_content_type", String(type));
  }
  const stats = await bench.send("GET", "/api/stats", {
    headers: { cookie: await bench.join("player"), "sec-fetch-site": "cross-site" },
  });
  t.equal(await reasonOf(stats), "403 foreign_origin", "reading too");
  const ok = await bench.send("POST", "/api/session", { body: { secret } });
  t.equal(ok.status, 201, "and the secret is still good");
  const named = bench.links.open("viewer", { origin: "terminal" });
  const configured = await bench.send("POST", "/api/session", {
    body: { secret: named },
    headers: { host: "desk.example", origin: "https://desk.example" },
  });
  t.equal(configured.status, 201, "an origin that the configuration names");
});

t.test("makeRoutes serves no name that is not ours", async (t) => {
  const bench = new Bench(files);
  const foreign = ["evil.example", "evil.example:47990", "127.0.0.1.evil.example", "192.0.2.5", ""];
  for (const host of foreign) {
    for (const path of ["/", "/api/health", "/viewer.js"]) {
      const response = await bench.send("GET", path, { headers: { host } });
      t.equal(await reasonOf(response), "403 foreign_host", `${path} of ${host}`);
    }
  }
  for (const host of ["localhost:47990", "LOCALHOST", "[::1]:47990", "desk.example"]) {
    t.equal((await bench.send("GET", "/", { headers: { host } })).status, 200, host);
  }
});

t.test("makeRoutes refuses bodies that are too large, malformed or more than asked", async (t) => {
  const bench = new Bench(files);
  const secret = bench.links.open("player", { origin: "terminal" });
  const post = (raw: BodyInit) => bench.send("POST", "/api/session", { raw });
  t.equal(await reasonOf(await post("x".repeat(16 * 1024 + 1))), "413 too_large");
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1024).fill(0x20)),
  });
  t.equal(await reasonOf(await post(endless)), "413 too_large", "a body without an end");
  for (const raw of ["", "{", "nonsense", "\u0000"]) {
    t.equal(await reasonOf(await post(raw)), "400 bad_json", JSON.stringify(raw));
  }
  const wrong: unknown[] = [
    null,
    [],
    "text",
    {},
    { secret: 5 },
    { secret: "short" },
    { secret: [secret] },
    { secret, role: "player" },
    { secret, isAdmin: true },
    { secret, constructor: {} },
  ];
  for (const body of wrong) {
    const response = await bench.send("POST", "/api/session", { body });
    t.equal(await reasonOf(response), "400 bad_field", JSON.stringify(body));
  }
  const polluted = await post(`{"secret":"${secret}","__proto__":{"role":"player"}}`);
  t.equal(await reasonOf(polluted), "400 bad_field", "__proto__");
  t.equal((await bench.send("POST", "/api/session", { body: { secret } })).status, 201);
});

t.test("makeRoutes limits wrong secrets per network", async (t) => {
  const bench = new Bench(files);
  const guess = (secret = newSecret()) => bench.send("POST", "/api/session", { body: { secret } });
  for (let i = 0; i < 10; i++) t.equal((await guess()).status, 401);
  const limited = await guess();
  t.equal(limited.headers.get("retry-after"), "6");
  t.equal(await reasonOf(limited), "429 too_often");
  bench.remoteAddress = "192.0.2.99";
  t.equal((await guess()).status, 429, "a neighbour in the same /24");
  const secret = bench.links.open("player", { origin: "terminal" });
  bench.remoteAddress = "198.51.100.1";
  t.equal((await guess(secret)).status, 201, "another network");
  bench.remoteAddress = "192.0.2.1";
  bench.clock.advance(6_000_000);
  t.equal((await guess()).status, 401, "one more after six seconds");
  t.equal((await guess()).status, 429);
  bench.remoteAddress = "2001:db8::1";
  for (let i = 0; i < 10; i++) await guess();
  bench.remoteAddress = "2001:db8::ffff:1";
  t.equal((await guess()).status, 429, "the same /64");
});

t.test("makeRoutes limits changing requests per network", async (t) => {
  const bench = new Bench(files);
  const statuses = new Set<number>();
  for (let i = 0; i < 201; i++) {
    statuses.add((await bench.send("POST", "/api/ticket", { body: {} })).status);
  }
  t.same([...statuses], [401, 429]);
  t.equal((await bench.send("GET", "/api/health")).status, 200, "reading goes on");
});

t.test("makeRoutes revokes a session and its transports", async (t) => {
  const bench = new Bench(files);
  const cookie = await bench.join("viewer");
  const admin = await bench.join("admin");
  const player = await bench.join("player");
  const ends: string[] = [];
  const live: LiveSession = {
    id: "live",
    browserSessionId: "s1",
    role: "viewer",
    end: (reason) => ends.push(reason),
  };
  bench.registry.admit(live);
  const end = (cookie: string, body: unknown) => {
    return bench.send("DELETE", "/api/session", { body, headers: { cookie } });
  };
  t.equal(await reasonOf(await end(cookie, { sessionId: "s2" })), "403 forbidden_role");
  t.equal(await reasonOf(await end(player, { sessionId: "s1" })), "403 forbidden_role");
  t.equal(await reasonOf(await end(admin, { sessionId: "s9" })), "404 not_found");
  t.same(ends, []);
  t.equal((await end(admin, { sessionId: "s1" })).status, 204, "an admin ends a viewer");
  t.same(ends, ["kicked"]);
  const after = await bench.send("POST", "/api/ticket", { body: {}, headers: { cookie } });
  t.equal(await reasonOf(after), "401 no_session");
  t.equal((await end(player, {})).status, 204, "its own");
  t.equal(await reasonOf(await end(player, {})), "401 no_session");
});

t.test("makeRoutes serves files with the headers of a safe page", async (t) => {
  const bench = new Bench(files);
  const page = await bench.send("GET", "/");
  t.equal(page.status, 200);
  t.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  const policy = page.headers.get("content-security-policy")!;
  t.match(policy, /default-src 'self';/);
  t.match(policy, /script-src 'self' 'wasm-unsafe-eval';/, "WebAssembly and no other evaluation");
  t.match(policy, /connect-src 'self' https:\/\/127\.0\.0\.1:47990;/);
  t.match(policy, /frame-ancestors 'none'/);
  t.notMatch(policy, /'unsafe-inline'|'unsafe-eval'|\*/);
  t.match(Object.fromEntries(page.headers), {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  });
  const etag = page.headers.get("etag")!;
  const known = await bench.send("GET", "/", { headers: { "if-none-match": etag } });
  t.equal(known.status, 304);
  t.equal(await known.text(), "");
  const script = await bench.send("GET", "/viewer.js");
  t.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  t.equal(await (await bench.send("GET", "/sub/")).text(), "sub");
  const outside = [
    "/../deno.json",
    "/%2e%2e/deno.json",
    "/viewer.js/",
    "//etc/passwd",
    "/viewer.ts",
  ];
  for (const path of outside) {
    t.equal(await reasonOf(await bench.send("GET", path)), "404 not_found", path);
  }
});

t.test("makeRoutes tells an unknown route from a wrong method, with all headers", async (t) => {
  const bench = new Bench(files);
  t.equal(await reasonOf(await bench.send("GET", "/api/nothing")), "404 not_found");
  const wrong = await bench.send("PUT", "/api/session", { body: {} });
  t.match(wrong.headers.get("content-security-policy"), /frame-ancestors 'none'/);
  t.equal(await reasonOf(wrong), "405 bad_method");
  t.equal(await reasonOf(await bench.send("GET", "/api/links")), "405 bad_method");
  t.equal(await reasonOf(await bench.send("POST", "/", { body: {} })), "405 bad_method");
});
