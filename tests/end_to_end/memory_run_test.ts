import t from "tap";
import { CHECKPOINT_CSV_HEADER } from "../../src/memory/memory_checkpoint.ts";
import { HostProcess, until } from "./host_process.ts";

const PATTERN = ["--source", "pattern", "--size", "640x360", "--fps", "30"];

t.test("a host that streams for a time ends by itself, with a summary and a CSV", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  const csv = `${folder}/memory.csv`;
  const measure = ["--log-memory-checkpoints", "--memory-checkpoint-interval", "500ms"];
  const { code, out, log } = await HostProcess.run([
    ...[...PATTERN, "--port", "0", "--stream-for", "4s", "--memory-csv", csv, ...measure],
  ]);
  t.equal(code, 0, log);
  const streamed = /^streamed (\d+) frames \((\d+) keyframes\), .*, 0 failures/m.exec(out);
  t.ok(Number(streamed?.[1]) >= 30, `without a viewer frames are made all the same: ${out}`);
  t.match(out, /^resident memory over \d+ s: baseline .* MB, peak .* MB, end .* MB/m);
  t.match(out, /^proportional memory over \d+ s: baseline .* MB, peak .* MB, end .* MB/m);
  t.match(out, /^memory 0\.0 s start: rss /m);
  t.match(out, /^memory .* s encode_output_ready \(\d+ passes\): rss /m);
  const text = await Deno.readTextFile(csv);
  t.ok(text.startsWith(CHECKPOINT_CSV_HEADER));
  const [head = [], ...rows] = text.trimEnd().split("\n").map((line) => line.split(","));
  t.ok(rows.length >= 8, `${rows.length} rows`);
  t.ok(rows.every((row) => row.length === head.length));
  const column = (name: string) => rows.map((row) => row[head.indexOf(name)]);
  t.same([column("name")[0], column("name").at(-1)], ["start", "end"]);
  t.ok(column("native_live").every((live) => Number(live) > 0), "the native side is in it");
  t.ok(column("staging_bytes").every((bytes) => Number(bytes) >= 3 * 640 * 360 * 1.5));
  t.ok(column("descriptors").every((count) => Number(count) > 20), "of both processes");
  const smaller = rows.every((row) => {
    const pss = Number(row[head.indexOf("pss_bytes")]);
    return pss > 1e7 && pss < Number(row[head.indexOf("rss_bytes")]);
  });
  t.ok(smaller, "a shared page counts once");
  const seconds = column("elapsed_s").map(Number);
  t.same(seconds, seconds.toSorted((a, b) => a - b), "in order");
});

t.test("SIGUSR1 prints a checkpoint and leaves no debugger open", async (t) => {
  const host = await HostProcess.start(PATTERN);
  t.teardown(() => host.stop());
  // The runtime listens for the signal half a second after its start.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  host.process.kill("SIGUSR1");
  await until(() => /^memory 0\.0 s signal: rss /m.test(host.out), "the checkpoint");
  const shown = /Debugger listening on ws:\/\/([\d.]+):(\d+)/;
  await until(() => shown.test(host.log), "the runtime's debugger");
  const [_all, hostname = "", port = ""] = shown.exec(host.log)!;
  await until(async () => {
    const open = await Deno.connect({ hostname, port: Number(port) }).catch(() => undefined);
    open?.close();
    return open === undefined;
  }, "the end of the debugger");
  t.pass("closed");
  host.process.kill("SIGUSR1");
  await until(() => host.out.match(/s signal: rss /g)?.length === 2, "the second checkpoint");
});
