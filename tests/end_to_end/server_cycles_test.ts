// Twenty seconds on a machine that is not busy.
// timeout: 120 s
import t from "tap";
import { HostProcess, until } from "./host_process.ts";

/** After these, what grows is a leak and not a cache that fills. */
const SETTLED = 300;
/**
 * A heap under load takes megabytes in a step and keeps them; a leak grows in every phase. So the
 * phase that grew least is judged.
 */
const PHASES = 3;
const PHASE_CYCLES = 350;
const CYCLES = SETTLED + PHASES * PHASE_CYCLES;
const PARALLEL = 4;
/** The server collects what ended connections left every two seconds. */
const SETTLE_MS = 3000;
const GROWTH_KIB_MAX = 10 * PHASE_CYCLES;

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
  const settled = async (from: number, to: number) => {
    await run(from, to);
    await until(isEmpty, "the end of the viewers");
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return { descriptors: await descriptors(pid), kib: await residentKib(pid) };
  };
  const samples = [await settled(0, SETTLED)];
  for (let at = SETTLED; at < CYCLES; at += PHASE_CYCLES) {
    samples.push(await settled(at, at + PHASE_CYCLES));
  }
  t.comment(samples);
  t.equal(failures, 0);
  const open = samples.map((sample) => sample.descriptors);
  t.ok(open.at(-1)! <= open[0]! + 2, `descriptors ${open.join(" -> ")}`);
  const grownKib = samples.slice(1).map((sample, index) => sample.kib - samples[index]!.kib);
  t.ok(
    Math.min(...grownKib) < GROWTH_KIB_MAX,
    `memory grew by ${grownKib.join(", ")} KiB in ${PHASES} times ${PHASE_CYCLES} cycles`,
  );
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  t.match(stats, { admission: { admitted: CYCLES, refused: 0, turnedAway: 0 } });
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
});
