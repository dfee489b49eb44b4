/** Tests of web/shared/session_client.ts. */

import t from "tap";
import { SessionClient } from "../../../../web/shared/session_client.ts";

const INFO = {
  ticket: "t",
  ticketExpiresMs: 1,
  role: "player",
  webTransport: { url: "https://127.0.0.1:1/session", certificateHashes: ["aGFzaA=="] },
  streamId: 0,
  name: "studio",
};

/** Answers requests from a list and notes them. */
function host(...answers: (Response | Error)[]) {
  const requests: [string, unknown][] = [];
  const request = (path: string, init: RequestInit) => {
    requests.push([path, JSON.parse(String(init.body))]);
    const answer = answers.shift() ?? new Error("unexpected request");
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { requests, request };
}

t.test("SessionClient uses the secret once, then the session", async (t) => {
  const { requests, request } = host(
    Response.json(INFO, { status: 201 }),
    Response.json(INFO),
  );
  const client = new SessionClient("secret", request);
  t.match(await client.open(), { kind: "ready", info: { name: "studio" } });
  t.equal((await client.open()).kind, "ready");
  t.same(requests, [["/api/session", { secret: "secret" }], ["/api/ticket", {}]]);
});

t.test("SessionClient tells the host which display is wanted", async (t) => {
  const { requests, request } = host(
    new Response(null, { status: 401 }),
    Response.json(INFO),
    Response.json(INFO),
  );
  const client = new SessionClient("used", request);
  await client.open("Right");
  await client.open("x".repeat(200));
  t.same(requests.map(([_path, body]) => body), [
    { secret: "used", stream: "Right" },
    { stream: "Right" },
    { stream: "x".repeat(128) },
  ]);
});

t.test("SessionClient falls back to the session of this browser when the link was used", async (t) => {
  const { requests, request } = host(new Response(null, { status: 401 }), Response.json(INFO));
  t.equal((await new SessionClient("used", request).open()).kind, "ready");
  t.same(requests.map(([path]) => path), ["/api/session", "/api/ticket"]);
});

t.test("SessionClient is refused without secret and session", async (t) => {
  const { request } = host(
    new Response(null, { status: 401 }),
    new Response(null, { status: 401 }),
  );
  t.same(await new SessionClient("used", request).open(), { kind: "refused", cause: "link" });
  const foreign = host(new Response(null, { status: 403 }));
  t.same(await new SessionClient(undefined, foreign.request).open(), {
    kind: "refused",
    cause: "origin",
  });
});

t.test("SessionClient is refused with a link that was copied in part", async (t) => {
  const { requests, request } = host(
    new Response(null, { status: 400 }),
    new Response(null, { status: 401 }),
  );
  t.same(await new SessionClient("secr", request).open(), { kind: "refused", cause: "link" });
  t.same(requests.map(([path]) => path), ["/api/session", "/api/ticket"]);
});

t.test("SessionClient keeps the secret while the host does not answer", async (t) => {
  const { requests, request } = host(
    new TypeError("network"),
    new Response(null, { status: 503 }),
    new Response(null, { status: 429 }),
    Response.json(INFO, { status: 201 }),
  );
  const client = new SessionClient("secret", request);
  for (let attempt = 0; attempt < 3; attempt++) {
    t.equal((await client.open()).kind, "unreachable");
  }
  t.equal((await client.open()).kind, "ready");
  t.ok(requests.every(([path]) => path === "/api/session"));
});

t.test("SessionClient does not trust an answer of another shape", async (t) => {
  const answers = [{ ...INFO, role: "owner" }, { ...INFO, extra: 1 }, { ticket: "t" }, []];
  for (const answer of answers) {
    const { request } = host(Response.json(answer));
    const outcome = await new SessionClient(undefined, request).open();
    t.same(outcome, { kind: "unreachable", message: "The host speaks another version" });
  }
});
