import t from "tap";
import { MediaReader } from "../media_reader.ts";
import { HOST_FPS, HostProcess, until } from "./host_process.ts";

/** How long the other viewer stands still: shorter than QUIC waits for a peer that is gone. */
const STALL_MS = 4000;
const GROWTH_KIB_MAX = 16 * 1024;

/** A viewer in a process of its own, which can be stopped as a laptop that is closed. */
const VIEWER = `
  import { QuicClient } from "${new URL("../quic_client.ts", import.meta.url)}";
  import { MediaReader } from "${new URL("../media_reader.ts", import.meta.url)}";
  import { encodeClientMessage } from "${new URL("../../src/wire/control.ts", import.meta.url)}";
  const { port, certChainPem, origin, ticket } = JSON.parse(Deno.args[0]);
  const client = await QuicClient.connect({ port, certChainPem, origin, path: "/session" });
  const writer = (await client.openBidirectional()).writable.getWriter();
  await writer.write(encodeClientMessage({ type: "hello", version: 1, ticket }));
  await writer.write(encodeClientMessage({ type: "play", streamId: 0 }));
  let said = false;
  const media = () => {
    if (!said) console.log("playing");
    said = true;
  };
  await new MediaReader(client, { media }).ended;
`;

async function residentKib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

t.test("a viewer that stands still costs the others nothing and the server no memory", async (t) => {
  const host = await HostProcess.start(["--source", "pattern", "--size", "1280x720"]);
  t.teardown(() => host.stop());
  const { cookie, info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  const arrivalsMs: number[] = [];
  new MediaReader(viewer.client, { frame: () => arrivalsMs.push(performance.now()) });
  await viewer.send({ type: "play", streamId: 0 });

  const { ticket } = await host.ticket(cookie);
  const { port, origin } = host;
  const options = { port, origin, ticket, certChainPem: await host.certificate() };
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--unstable-net", VIEWER, JSON.stringify(options)],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  t.match(new TextDecoder().decode((await reader.read()).value), /playing/);

  const beforeKib = await residentKib(host.process.pid);
  process.kill("SIGSTOP");
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, STALL_MS));
  const during = arrivalsMs.filter((timeMs) => timeMs > startedMs);
  const expected = STALL_MS / 1000 * HOST_FPS;
  t.ok(during.length > expected * 0.7, `${during.length} frames of ${expected} for the other one`);
  const grownKib = await residentKib(host.process.pid) - beforeKib;
  t.ok(grownKib < GROWTH_KIB_MAX, `memory grew by ${grownKib} KiB`);
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  t.equal(stats.viewers.length, 2, "and it is not forgotten at once");

  process.kill("SIGKILL");
  await process.status;
  await reader.cancel();
  await until(
    async () => {
      const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
      return stats.viewers.length === 1;
    },
    "the end of the session of a dead viewer",
    15_000,
  );
  t.pass("a dead viewer is found");
});
