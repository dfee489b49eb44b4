// timeout: 120 s
import t from "tap";
import { HostProcess, until } from "./host_process.ts";

t.setTimeout(110_000);

/** What must come back: owners whose bytes belong to viewers, and descriptors. */
const VIEWER_OWNERS = ["packet", "fec", "send_queue", "receive_queue", "control"];
const ROUNDS = 4;

interface Held {
  readonly viewers: number;
  readonly owners: Record<string, number>;
  readonly nativeLive: number;
  /** Of all processes of the host, read from the kernel now. */
  readonly descriptors: number;
}

async function descriptorsOf(pids: readonly number[]): Promise<number> {
  let count = 0;
  for (const pid of pids) {
    count += (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`)).catch(() => [])).length;
  }
  return count;
}

/** Reads what the host holds now. */
async function held(host: HostProcess, cookie: string): Promise<Held> {
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  const { owners, native } = stats.memory;
  const bytes = owners.map(({ owner, currentBytes }: { owner: string; currentBytes: number }) => {
    return [owner, currentBytes];
  });
  return {
    viewers: stats.viewers.length,
    owners: Object.fromEntries(bytes),
    nativeLive: native.live,
    descriptors: await descriptorsOf(await host.tree()),
  };
}

t.test("what viewers cost comes back, however they leave", async (t) => {
  const host = await HostProcess.start([
    ...["--source", "pattern", "--size", "640x360", "--keep-warm", "3600"],
  ]);
  t.teardown(() => host.stop());
  const { cookie, info } = await host.join("player");
  const watch = async (ticket: string) => {
    const viewer = await host.view(ticket);
    await viewer.heard("welcome");
    await viewer.send({ type: "play", streamId: 0 });
    return viewer;
  };
  const ticket = async () => (await host.ticket(cookie)).ticket;

  // The first one starts the capture, which is kept from then on.
  const first = await watch(info.ticket);
  await until(async () => (await held(host, cookie)).owners["packet"]! > 0, "a sender");
  first.client.close(0, "");
  const isQuiet = async () => {
    const now = await held(host, cookie);
    const isEmpty = VIEWER_OWNERS.every((owner) => now.owners[owner] === 0);
    return now.viewers === 0 && isEmpty && now.nativeLive > 0 && now;
  };
  const before = await until(isQuiet, "the baseline", 20_000);

  for (let round = 0; round < ROUNDS; round++) {
    const quits = await watch(await ticket());
    const closes = await watch(await ticket());
    const refused = await host.view("x".repeat(43));
    await refused.heard("ended");
    // Who was turned away or left may take a moment to read the last words.
    await until(async () => (await held(host, cookie)).viewers === 2, "two viewers");
    await quits.send({ type: "quit" });
    await quits.heard("ended").catch(() => {});
    closes.client.close(0, "");
  }
  // A session that is revoked, from a link of its own.
  const link = await host.call("POST", "/api/links", { cookie, body: { role: "viewer" } });
  const secret = (await link.json()).path.slice("/#s=".length);
  const guest = await host.call("POST", "/api/session", { body: { secret } });
  const kicked = await watch((await guest.json()).ticket);
  const guestCookie = guest.headers.get("set-cookie")!.split(";")[0]!;
  await host.call("DELETE", "/api/session", { cookie: guestCookie });
  t.match(await kicked.heard("ended"), { reason: "kicked" });

  const after = await until(isQuiet, "what is given back", 20_000);
  t.equal(after.nativeLive, before.nativeLive, "native allocations");
  // The connections of the API's requests stay open for a while.
  await until(
    async () => {
      return (await held(host, cookie)).descriptors <= before.descriptors;
    },
    "the descriptors",
    20_000,
  );
  t.pass("descriptors");
});

t.test("what a media process held goes with it, and its successor holds the same", async (t) => {
  const host = await HostProcess.start([
    ...["--source", "pattern", "--size", "640x360", "--keep-warm", "3600"],
  ]);
  t.teardown(() => host.stop());
  const { cookie } = await host.join("player");
  const pid = async () => {
    return (await (await host.call("GET", "/api/stats", { cookie })).json()).media.pid as number;
  };
  const running = async () => {
    const now = await held(host, cookie);
    return now.owners["staging"]! > 0 && now;
  };
  const before = await until(running, "a stream", 20_000);
  const old = await pid();
  for (let round = 0; round < 2; round++) {
    const running = await pid();
    Deno.kill(running, "SIGKILL");
    await until(async () => ![undefined, running].includes(await pid()), "another process");
  }
  t.not(await pid(), old);
  const after = await until(
    async () => {
      const now = await running();
      return now !== false && now.nativeLive === before.nativeLive && now;
    },
    "the same allocations",
    20_000,
  );
  t.equal(after.owners["staging"], before.owners["staging"]);
  await until(
    async () => {
      return (await held(host, cookie)).descriptors <= before.descriptors;
    },
    "the descriptors",
    20_000,
  );
  t.pass("descriptors of pipes are closed");
});
