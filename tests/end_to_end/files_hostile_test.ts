/**
 * Peers that mean harm to the host's files, against a real host: roles that may not, names that
 * lead elsewhere, sizes that are lies, streams that never end; and what the host's user can do
 * about a transfer.
 */
// timeout: 120 s

import t from "tap";
import { encodeFileStreamHeader } from "../../src/wire/file_transfer.ts";
import { sendFile } from "./file_sender.ts";
import { HostProcess, type PlainViewer, until } from "./host_process.ts";

const scratch = await Deno.makeTempDir({ prefix: "wavry-files-" });
const folder = `${scratch}/drop`;
const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "640x360", "--files", "both", "--files-folder", folder],
  ...["--files-bytes", "5MB", "--first-link", "admin"],
]);
t.teardown(async () => {
  await host.stop();
  await Deno.remove(scratch, { recursive: true });
});
/** An admin, as the first link makes one: its permissions are those of a player. */
const player = await host.join("player");
const watcher = await host.join("viewer");
const LIMIT_MS = 20_000;

async function connect(cookie = player.cookie): Promise<PlainViewer> {
  const viewer = await host.view((await host.ticket(cookie)).ticket);
  await viewer.heard("welcome", () => true, LIMIT_MS);
  return viewer;
}

const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const endedBy = async (viewer: PlainViewer) => {
  return (await viewer.heard("ended", () => true, LIMIT_MS)).reason;
};
const offer = (transferId: number, bytes: number, name = "a.bin") => ({
  ...{ type: "file_offer" as const, transferId, name, bytes, modifiedMs: 1, isRepeat: false },
});

t.test("who only watches reaches no file, neither way", async (t) => {
  await Deno.writeTextFile(`${folder}/secret.txt`, "secret");
  for (const path of ["/api/files", "/api/files/secret.txt"]) {
    t.equal((await host.call("GET", path, { cookie: watcher.cookie })).status, 403, path);
    t.equal((await host.call("GET", path)).status, 401, path);
    t.equal((await host.call("GET", path, { cookie: player.cookie })).status, 200, path);
  }
  const viewer = await connect(watcher.cookie);
  t.notOk(viewer.said.some(({ type }) => type === "file_rights"));
  await viewer.send(offer(1, 5));
  t.equal(await endedBy(viewer), "protocol");
  const streams = await connect(watcher.cookie);
  const writer = (await streams.client.openUnidirectional()).getWriter();
  await writer.write(encodeFileStreamHeader({ transferId: 1, offset: 0 }));
  t.equal(await endedBy(streams), "protocol");
});

t.test("no name leads out of the folder", async (t) => {
  await Deno.writeTextFile(`${scratch}/outside.txt`, "outside");
  await Deno.symlink(`${scratch}/outside.txt`, `${folder}/link.txt`);
  const viewer = await connect();
  const content = new TextEncoder().encode("x");
  const asked = ["../outside.txt", "/etc/wavry", "..", ".bashrc", "a\0b", "CON", "\u202etxt.exe"];
  for (const [modifiedMs, name] of asked.entries()) {
    const outcome = await sendFile(viewer, { name, content, modifiedMs });
    t.equal(outcome.kind, "done", JSON.stringify(name));
    t.ok(outcome.kind === "done" && names().includes(outcome.name));
  }
  t.equal(await Deno.readTextFile(`${scratch}/outside.txt`), "outside");
  t.same([...Deno.readDirSync(scratch)].map(({ name }) => name).sort(), ["drop", "outside.txt"]);
  t.same(names().filter((name) => name.startsWith(".")), [".wavry-parts"]);
  const paths = [
    ...["..%2foutside.txt", "%2e%2e%2foutside.txt", "link.txt", ".wavry-parts", "..%5coutside.txt"],
    ...["%00", "a%00b", "%2fetc%2fpasswd", "%c0%ae%c0%ae", "none.txt", "%"],
  ];
  for (const path of paths) {
    const response = await host.call("GET", `/api/files/${path}`, { cookie: player.cookie });
    t.equal(response.status, 404, path);
    await response.body?.cancel();
  }
  viewer.client.close(0, "");
});

t.test("sizes that are lies leave nothing, and take no one with them", async (t) => {
  const good = await connect();
  const before = names();
  const liar = await connect();
  t.same(
    await sendFile(liar, { name: "big", content: new Uint8Array(5_000_001), modifiedMs: 1 }),
    { kind: "failed", reason: "too_large" },
  );
  await liar.send(offer(90, 100, "short"));
  await liar.heard("file_credit", ({ transferId }) => transferId === 90, LIMIT_MS);
  const writer = (await liar.client.openUnidirectional()).getWriter();
  writer.closed.catch(() => {});
  await writer.write(encodeFileStreamHeader({ transferId: 90, offset: 0 }));
  // A hundred bytes were offered: the rest is a digest, and is none.
  await writer.write(new Uint8Array(4000)).catch(() => {});
  const failed = await liar.heard("file_failed", ({ transferId }) => transferId === 90, LIMIT_MS);
  t.equal(failed.reason, "mismatch");
  await liar.send(offer(91, 4_000_000, "endless"));
  await liar.heard("file_credit", ({ transferId }) => transferId === 91, LIMIT_MS);
  const endless = (await liar.client.openUnidirectional()).getWriter();
  endless.closed.catch(() => {});
  await endless.write(encodeFileStreamHeader({ transferId: 91, offset: 0 }));
  for (let sent = 0; sent < 80; sent++) endless.write(new Uint8Array(100_000)).catch(() => {});
  const isOver = await Promise.race([
    endedBy(liar),
    liar.heard("file_failed", ({ transferId }) => transferId === 91, LIMIT_MS),
  ]);
  t.ok(isOver === "protocol" || (isOver as { reason: string }).reason === "mismatch");
  const twice = await connect();
  await twice.send(offer(1, 10));
  await twice.send(offer(1, 10));
  t.equal(await endedBy(twice), "protocol");
  t.same(names(), before);
  const content = new TextEncoder().encode("still served");
  const outcome = await sendFile(good, { name: "good.txt", content, modifiedMs: 1 });
  t.same(outcome, { kind: "done", name: "good.txt", offset: 0 });
  good.client.close(0, "");
  t.notMatch(host.log, /"level":50/);
});

t.test("a part is nobody's but its sender's, and nobody sees it", async (t) => {
  const file = { name: "part.bin", content: new Uint8Array(900_000).fill(3), modifiedMs: 7 };
  const viewer = await connect();
  await sendFile(viewer, file, { cutAt: 500_000 });
  const size = () => {
    const parts = [...Deno.readDirSync(`${folder}/.wavry-parts`)];
    return Math.max(...parts.map(({ name }) => {
      return name.endsWith(".part") ? Deno.statSync(`${folder}/.wavry-parts/${name}`).size : 0;
    }));
  };
  // Others that were cut before are smaller.
  await until(() => size() > 100_000, "some of it", LIMIT_MS);
  viewer.client.conn.close({ closeCode: 0, reason: "" });
  const list = await (await host.call("GET", "/api/files", { cookie: player.cookie })).json();
  t.notOk(JSON.stringify(list).includes("part"));
  const back = await connect();
  const outcome = await sendFile(back, file);
  t.ok(outcome.kind === "done" && outcome.offset > 0, JSON.stringify(outcome));
  const repeated = await sendFile(back, file, { isRepeat: true });
  t.same(repeated, { kind: "done", name: "part.bin", offset: 900_000 }, "not a second time");
  back.client.close(0, "");
});

t.test("the host's user sees a transfer, pauses it and ends it", async (t) => {
  const viewer = await connect();
  await viewer.send(offer(5, 100, "mine.bin"));
  await viewer.heard("file_credit", ({ transferId }) => transferId === 5, LIMIT_MS);
  const { cookie } = player;
  const list = async () => {
    const response = await host.call("GET", "/api/transfers", { cookie });
    return (await response.json()).transfers as { id: string; name: string; state: string }[];
  };
  const [transfer] = await list();
  t.match(transfer, { name: "mine.bin", state: "sending", way: "upload", bytes: 100 });
  const act = (action: string) => {
    return host.call("POST", `/api/transfers/${transfer!.id}`, { cookie, body: { action } });
  };
  t.equal((await act("pause")).status, 204);
  t.ok((await viewer.heard("file_held", () => true, LIMIT_MS)).isPaused);
  t.equal((await list())[0]?.state, "held");
  t.equal((await act("cancel")).status, 204);
  t.equal((await viewer.heard("file_failed", () => true, LIMIT_MS)).reason, "cancelled");
  t.same(await list(), []);
  t.equal((await act("cancel")).status, 404);
  const stranger = await host.call("GET", "/api/transfers", { cookie: watcher.cookie });
  t.equal(stranger.status, 403);
  viewer.client.close(0, "");
});
