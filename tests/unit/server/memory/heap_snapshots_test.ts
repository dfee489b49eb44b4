/** Tests of src/server/memory/heap_snapshots.ts. */

import t from "tap";
import type { Test } from "tap";
import type { LogFields } from "../../../../src/core/log.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import {
  HeapSnapshots,
  SNAPSHOT_FILES_MAX,
  SNAPSHOT_INTERVAL_MS,
} from "../../../../src/server/memory/heap_snapshots.ts";

const GIB = 2 ** 30;

async function setUp(t: Test, given: { free?: number; directory?: string } = {}) {
  const folder = await Deno.makeTempDir({ prefix: "wavry-heaps-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  const directory = given.directory ?? `${folder}/a folder, new`;
  const state = { nowMs: Date.UTC(2026, 0, 1), free: given.free ?? 100 * GIB, room: GIB };
  const printed: string[] = [];
  const asked: string[] = [];
  const refused: (LogFields | undefined)[] = [];
  const snapshots = new HeapSnapshots({
    directory,
    log: { ...silentLogger, warn: (_message, fields) => refused.push(fields) },
    print: (text) => printed.push(text),
    nowMs: () => state.nowMs,
    heapBytes: () => 20e6,
    roomBytes: () => state.room,
    askMedia: (path) => asked.push(path),
    freeBytes: () => state.free,
  });
  return { snapshots, directory, state, printed, asked, refused };
}

t.test("HeapSnapshots writes a file that only its owner can read", async (t) => {
  const { snapshots, directory, printed, asked, refused } = await setUp(t);
  snapshots.take();
  t.same(refused, []);
  t.same(asked, [`${directory}/wavry-media-2026-01-01T00-00-00.000Z.heapsnapshot`]);
  const path = `${directory}/wavry-server-2026-01-01T00-00-00.000Z.heapsnapshot`;
  t.match(printed, [`heap snapshot ${path}: `]);
  const { mode, size } = await Deno.stat(path);
  t.equal((mode ?? 0) & 0o777, 0o600);
  t.equal(((await Deno.stat(directory)).mode ?? 0) & 0o777, 0o700);
  const { snapshot, nodes } = JSON.parse(await Deno.readTextFile(path));
  t.ok(size > 1e6 && nodes.length > snapshot.node_count, "what a browser's tools can open");
});

t.test("HeapSnapshots writes one at a time and not too often", async (t) => {
  const { snapshots, directory, state, refused } = await setUp(t);
  const count = () => [...Deno.readDirSync(directory)].length;
  snapshots.take();
  state.nowMs += SNAPSHOT_INTERVAL_MS - 1;
  snapshots.take();
  t.match(refused, [{ why: "the last one is too recent" }]);
  t.equal(count(), 1);
  state.nowMs += 1;
  snapshots.take();
  t.equal(count(), 2);
});

t.test("HeapSnapshots leaves the disk some room, and fills no folder", async (t) => {
  const { snapshots, directory, state, refused } = await setUp(t, { free: 100e6 });
  snapshots.take();
  t.match(refused.pop(), { why: /^100\.0 MB of disk are left, 147\.1 MB are needed$/ });
  state.free = 10 * GIB;
  for (let index = 0; index < SNAPSHOT_FILES_MAX; index++) {
    await Deno.writeTextFile(`${directory}/${index}.heapsnapshot`, "");
  }
  snapshots.take();
  t.match(refused.pop(), { why: `${directory} holds 32 already` });
  await Deno.remove(`${directory}/0.heapsnapshot`);
  await Deno.remove(`${directory}/1.heapsnapshot`);
  snapshots.take();
  t.equal(refused.length, 0, "until somebody made room");
});

t.test("HeapSnapshots does not drive a host into its memory limit", async (t) => {
  const { snapshots, directory, state, refused } = await setUp(t);
  state.room = 479e6;
  snapshots.take();
  t.match(refused.pop(), { why: "479.0 MB of memory are left, 480.0 MB are needed" });
  state.room = -5;
  snapshots.take();
  t.match(refused.pop(), { why: /^0 B of memory/ });
  state.room = 480e6;
  snapshots.take();
  t.equal(refused.length, 0);
  t.equal([...Deno.readDirSync(directory)].length, 1);
});

t.test("HeapSnapshots writes none without a folder, and none elsewhere", async (t) => {
  const { snapshots, refused, asked } = await setUp(t, { directory: "" });
  snapshots.take();
  t.match(refused, [{ why: "the host was started without --heap-snapshots" }]);
  t.same(asked, []);
  await t.rejects(setUp(t, { directory: "/proc/heaps" }), {
    name: "ConfigError",
    message: /^Cannot use --heap-snapshots "\/proc\/heaps": /,
  });
});
