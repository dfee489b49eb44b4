import { Hono } from "hono";
import t from "tap";
import type { HostFeatureContext } from "../../../../src/server/host_feature.ts";
import { AllowedHosts } from "../../../../src/server/pages/allowed_hosts.ts";
import type { Environment, RouteContext } from "../../../../src/server/pages/page_answers.ts";
import { Refusal } from "../../../../src/server/pages/request_guard.ts";
import type { RouteTools } from "../../../../src/server/pages/route_tools.ts";
import { HostTcpRung } from "../../../../src/server/rungs/host_tcp_rung.ts";
import { RawWebSocket } from "../../../raw_web_socket.ts";
import { TCP_PATH, TcpRung } from "../../../tcp_rung.ts";

/** What one session of a browser may open. */
const SOCKETS_PER_SESSION = 16;

const rung = await TcpRung.start();
t.teardown(() => rung.close());

function makeRung(tcp: "on" | "off"): HostTcpRung {
  return new HostTcpRung({
    config: { tcp },
    gateways: { gateway: () => rung.gateway },
    ledger: { watch: () => () => {} },
  } as unknown as HostFeatureContext, { idleSeconds: 0 });
}

/** Serves the routes of a rung; the cookie is the session. */
function serve(feature: HostTcpRung): Deno.HttpServer<Deno.NetAddr> {
  const app = new Hono<Environment>();
  const hosts = new AllowedHosts({
    ...{ listen: "127.0.0.1", allowOrigin: [], machineName: "desk", scheme: "http" as const },
  });
  app.onError((error) => error instanceof Refusal ? error.toResponse() : new Response(null));
  feature.addRoutes(app, {
    hosts,
    host: (context: RouteContext) => context.req.header("host") ?? "",
    authorize: (context: RouteContext) => {
      const id = context.req.header("cookie");
      if (id !== undefined) return { id };
      throw new Refusal(401, "no_session", { message: "Cannot do this without a session" });
    },
  } as unknown as RouteTools);
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => app.fetch(request, { remoteAddress: "192.0.2.7" }),
  );
}

async function ask(port: number, cookie: string): Promise<RawWebSocket> {
  const headers = { origin: `http://127.0.0.1:${port}`, cookie };
  return await RawWebSocket.open({ port, path: TCP_PATH, headers });
}

t.test("HostTcpRung bounds the sockets of a session, and takes others", async (t) => {
  const feature = makeRung("on");
  const server = serve(feature);
  const { port } = server.addr;
  t.same(feature.rung, { transport: "tcp", path: TCP_PATH });
  const sockets: RawWebSocket[] = [];
  for (let count = 0; count < SOCKETS_PER_SESSION; count++) sockets.push(await ask(port, "one"));
  t.same(sockets.map(({ status }) => status), new Array(SOCKETS_PER_SESSION).fill(101));
  const late = await ask(port, "one");
  t.equal(late.status, 503, "one more of the same session");
  const crowd = await ask(port, "two");
  t.equal(crowd.status, 101, "another session of the same network");
  await crowd.readToClose();
  t.match(feature.report(), { sockets: SOCKETS_PER_SESSION + 1, refused: 2 }, "finds no place");
  for (const socket of [...sockets, late, crowd]) socket.close();
  while (Number(feature.report().sockets) > 0) await new Promise((done) => setTimeout(done, 5));
  const again = await ask(port, "one");
  t.equal(again.status, 101, "places come back");
  again.close();
  await feature.close();
  await server.shutdown();
});

t.test("HostTcpRung offers nothing with --tcp off", async (t) => {
  const feature = makeRung("off");
  const server = serve(feature);
  t.equal(feature.rung, undefined);
  t.equal((await ask(server.addr.port, "one")).status, 404);
  await feature.close();
  await server.shutdown();
});
