// Twenty seconds on a machine that is not busy.
// timeout: 120 s
import t from "tap";
import { HostProcess, until } from "./host_process.ts";

const CYCLES = 1300;
/** After these, what grows is a leak and not a cache that fills. */
const SETTLED = 500;
const PARALLEL = 4;
/** The server collects what ended connections left every two seconds. */
const SETTLE_MS = 3000;
const GROWTH_KIB_MAX = 8 * 1024;

async function descriptors(pid: number): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
}

async function residentKib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

t.test(`${CYCLES} viewers that come and go leave nothing behind`, async (t) => {
  const host = await HostProcess.start(["--source", "pattern", "--size", "320x240", "--fps", "5"]);
  t.teardown(() => host.stop());
  const { pid } = host.process;
  const { cookie } = await host.join("player");
  let failures = 0;
  // The API takes so many requests a second and no more; a page waits and asks again, too.
  const ticket = () => until(() => host.ticket(cookie).catch(() => undefined), "a ticket");
  const cycle = async (index: number): Promise<void> => {
    const viewer = await host.view((await ticket()).ticket);
    await viewer.heard("welcome");
    await viewer.send({ type: "play", streamId: 0 });
    if (index % 2 === 0) await viewer.send({ type: "quit" });
    else viewer.client.close(0, "");
    await viewer.client.closed;
  };
  const run = async (from: number, to: number): Promise<void> => {
    let next = from;
    await Promise.all(Array.from({ length: PARALLEL }, async () => {
      while (next < to) await cycle(next++).catch(() => failures++);
    }));
  };
  const isEmpty = async () => {
    const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
    return stats.viewers.length === 0;
  };
  const startedMs = performance.now();
  await run(0, SETTLED);
  await until(isEmpty, "the end of the first viewers");
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = { descriptors: await descriptors(pid), kib: await residentKib(pid) };
  await run(SETTLED, CYCLES);
  await until(isEmpty, "the end of all viewers");
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const after = { descriptors: await descriptors(pid), kib: await residentKib(pid) };
  t.comment(`${Math.round(performance.now() - startedMs)} ms`, before, after);
  t.equal(failures, 0);
  t.ok(
    after.descriptors <= before.descriptors + 2,
    `descriptors ${before.descriptors} -> ${after.descriptors}`,
  );
  const grownKib = after.kib - before.kib;
  t.ok(grownKib < GROWTH_KIB_MAX, `memory grew by ${grownKib} KiB in ${CYCLES - SETTLED} cycles`);
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  t.match(stats, { admission: { admitted: CYCLES, refused: 0, turnedAway: 0 } });
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
});
