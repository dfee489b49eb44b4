import t from "tap";
import { silentLogger } from "../../../../src/core/log.ts";
import { PageServer } from "../../../../src/server/pages/page_server.ts";
import type { PageHandler } from "../../../../src/server/pages/page_server.ts";

function serve(handler: PageHandler): PageServer {
  return new PageServer({
    ...{ hostname: "127.0.0.1", port: 0, certificate: undefined, handler, log: silentLogger },
  });
}

t.test("PageServer tells the handler who asks and answers its faults with 500", async (t) => {
  const server = serve((request, remoteAddress) => {
    if (request.url.endsWith("/fault")) throw new Error("secret detail");
    return new Response(remoteAddress);
  });
  t.teardown(() => server.close());
  const origin = `http://127.0.0.1:${server.port}`;
  t.equal(await (await fetch(origin)).text(), "127.0.0.1");
  const fault = await fetch(`${origin}/fault`);
  t.equal(fault.status, 500);
  t.equal(await fault.text(), "", "and says nothing of it");
});

t.test("PageServer closes in time under a request that never ends", async (t) => {
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  const { promise: answer, resolve: release } = Promise.withResolvers<Response>();
  const server = serve(() => {
    resolve();
    return answer;
  });
  const { port } = server;
  const hanging = fetch(`http://127.0.0.1:${port}/`).then(() => {}, () => {});
  await arrived;
  const startedMs = performance.now();
  await server.close();
  t.ok(performance.now() - startedMs < 8000);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
  connection?.close();
  t.equal(connection, undefined, "the port is closed");
  release(new Response("late"));
  await hanging;
});
