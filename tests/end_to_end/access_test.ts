import t from "tap";
import { newSecret } from "../../src/session/access_token.ts";
import { WIRE_VERSION } from "../../src/wire/control.ts";
import { INPUT_STREAM_PREAMBLE } from "../../src/wire/input.ts";
import { HostProcess, PlainViewer, until } from "./host_process.ts";

const host = await HostProcess.start();
t.teardown(() => host.stop());

/** A request with any Host, which fetch does not allow. */
async function rawRequest(text: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: host.port });
  await connection.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(65_536);
  const size = await connection.read(buffer) ?? 0;
  connection.close();
  return new TextDecoder().decode(buffer.subarray(0, size));
}

t.test("a host answers nothing of worth without a session", async (t) => {
  const refused = [
    ["POST", "/api/ticket", 401],
    ["POST", "/api/links", 401],
    ["DELETE", "/api/session", 401],
    ["GET", "/api/stats", 401],
    ["GET", "/api/other", 404],
  ] as const;
  for (const [method, path, status] of refused) {
    const response = await host.call(method, path);
    t.equal(response.status, status, `${method} ${path}`);
    await response.body?.cancel();
  }
  const health = await host.call("GET", "/api/health");
  t.same(Object.keys(await health.json()).sort(), ["status", "stream"], "open, and says little");
  const page = await fetch(`${host.origin}/`);
  t.equal(page.status, 200, "the page itself holds no secret");
  t.match(page.headers.get("content-security-policy"), /default-src 'self'/);
  await page.body?.cancel();
});

t.test("a host refuses WebTransport without a good ticket", async (t) => {
  const cases = [
    ["an invented ticket", newSecret(), "bad_ticket"],
    ["a link's secret", host.links[0]!.secret, "bad_ticket"],
    ["an empty ticket", "", "bad_ticket"],
  ] as const;
  for (const [name, ticket, reason] of cases) {
    const viewer = await host.view(ticket);
    t.match(await viewer.heard("ended"), { reason }, name);
    await viewer.client.closed;
    t.notOk(viewer.said.some(({ type }) => type === "welcome"));
  }
  const other = new PlainViewer(await host.connect());
  await other.open();
  await other.send({ type: "play", streamId: 0 });
  t.match(await other.heard("ended"), { reason: "protocol" }, "play before hello");
  const versioned = new PlainViewer(await host.connect());
  await versioned.open();
  await versioned.send({ type: "hello", version: WIRE_VERSION + 1, ticket: newSecret() });
  t.match(await versioned.heard("ended"), { reason: "version", retry: false });
  const silent = await host.connect();
  const startedMs = performance.now();
  await silent.closed;
  const waitedMs = performance.now() - startedMs;
  t.ok(waitedMs > 2000 && waitedMs < 9000, `silence ends after ${Math.round(waitedMs)} ms`);
});

t.test("a host refuses pages of other origins before a session exists", async (t) => {
  for (const origin of ["https://evil.example", `${host.origin}.evil.example`, "null", ""]) {
    await t.rejects(host.connect({ origin }), { name: "RefusedError", status: 403 }, origin);
  }
  for (const path of ["/", "/other", "/session?x", "/session/"]) {
    await t.rejects(host.connect({ path }), { name: "RefusedError", status: 404 }, path);
  }
});

t.test("a host refuses cross-site, rebound and oversized requests", async (t) => {
  const { secret } = host.links[0]!;
  const crossSite = [
    { origin: "https://evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "content-type": "text/plain" },
  ] as Record<string, string>[];
  for (const headers of crossSite) {
    const response = await host.call("POST", "/api/session", { body: { secret }, headers });
    t.ok([403, 415].includes(response.status), JSON.stringify(headers));
    t.equal(response.headers.get("set-cookie"), null);
    await response.body?.cancel();
  }
  for (const name of ["evil.example", `evil.example:${host.port}`, "192.0.2.1", "a b"]) {
    const answer = await rawRequest(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    t.match(answer, /^HTTP\/1.1 40[03]/, name);
    t.notMatch(answer, /<html/i);
  }
  const oversized = await host.call("POST", "/api/session", {
    body: { secret: "x".repeat(20_000) },
  });
  t.equal(oversized.status, 413);
  await oversized.body?.cancel();
  const extra = await host.call("POST", "/api/session", { body: { secret, role: "player" } });
  t.equal(extra.status, 400);
  await extra.body?.cancel();
});

t.test("a link opens one session, and the terminal offers the next", async (t) => {
  const before = host.links.length;
  const { secret } = host.links[0]!;
  const { cookie, info } = await host.join("player");
  t.equal(info.role, "player");
  t.equal(info.webTransport.url, `https://127.0.0.1:${host.port}/session`);
  t.equal(info.webTransport.certificateHashes.length, 1);
  const again = await host.call("POST", "/api/session", { body: { secret } });
  t.equal(again.status, 401, "used");
  await again.body?.cancel();
  await until(() => host.links.length === before + 1, "the next link");
  const next = await host.call("POST", "/api/session", {
    body: { secret: host.links.at(-1)!.secret },
  });
  t.equal((await next.json()).role, "player");
  const viewer = await host.view(info.ticket);
  t.equal((await viewer.heard("welcome")).role, "player");
  const second = await host.view(info.ticket);
  t.match(await second.heard("ended"), { reason: "bad_ticket" }, "a ticket opens one transport");
  t.ok((await host.ticket(cookie)).ticket, "a session gets as many as it needs");
  viewer.client.close(0, "");
});

t.test("a viewer sends no input", async (t) => {
  const { info } = await host.join("viewer");
  const viewer = await host.view(info.ticket);
  t.equal((await viewer.heard("welcome")).role, "viewer");
  const input = (await viewer.client.openUnidirectional()).getWriter();
  input.closed.catch(() => {});
  input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE)).catch(() => {});
  t.match(await viewer.heard("ended"), { reason: "protocol", retry: false });
});

t.test("a revoked session ends within a second", async (t) => {
  const secret = host.links.at(-2)!.secret;
  const response = await host.call("POST", "/api/session", { body: { secret } });
  const cookie = response.headers.get("set-cookie")!.split(";")[0]!;
  const { ticket } = await response.json();
  const viewer = await host.view(ticket);
  await viewer.heard("welcome");
  const startedMs = performance.now();
  t.equal((await host.call("DELETE", "/api/session", { cookie })).status, 204);
  t.match(await viewer.heard("ended"), { reason: "kicked", retry: false });
  await viewer.client.closed;
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs < 8000, `${Math.round(tookMs)} ms`);
  const after = await host.call("POST", "/api/ticket", { cookie });
  t.equal(after.status, 401);
  await after.body?.cancel();
});

t.test("no secret ever reaches the log", async (t) => {
  await host.stop();
  t.ok(host.log.includes("Link used"), "the log is there, in full detail");
  const secrets = host.links.map(({ secret }) => secret);
  t.ok(secrets.length >= 4);
  for (const secret of secrets) t.notOk(host.log.includes(secret));
  t.same(host.log.match(/(?<![\w-])[\w-]{43}(?![\w-])/g), null, "nothing that looks like one");
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
});
