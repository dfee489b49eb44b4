import t from "tap";
import { fileURLToPath } from "node:url";
import { FileQueue } from "../../runner/file_queue.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

interface Run {
  readonly code: number;
  readonly text: string;
  readonly lastLine: string;
}

/** Runs the test command on a folder that holds `files`. */
async function runOn(files: Record<string, string>, ...args: string[]): Promise<Run> {
  const folder = `build/run_test_${crypto.randomUUID()}`;
  await Deno.mkdir(`${ROOT}/${folder}`, { recursive: true });
  try {
    for (const [name, body] of Object.entries(files)) {
      await Deno.writeTextFile(`${ROOT}/${folder}/${name}`, `import t from "tap";\n${body}\n`);
    }
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tests/run.ts", "--folder", folder, ...args],
      cwd: ROOT,
    }).output();
    const text = new TextDecoder().decode(output.stdout);
    return { code: output.code, text, lastLine: text.trimEnd().split("\n").at(-1) ?? "" };
  } finally {
    await Deno.remove(`${ROOT}/${folder}`, { recursive: true });
  }
}

t.test("run.ts passes, counts assertions and lists skips with their reasons", async (t) => {
  const run = await runOn({
    "a_test.ts": `t.test("a", async (t) => { t.ok(1); t.test("b", async (t) => { t.ok(1); }); });`,
    "b_test.ts": `t.ok(1); t.test("dev", { skip: "no device" }, async (t) => { t.ok(1); });`,
  });
  t.equal(run.lastLine, "3 passed, 0 failed");
  t.equal(run.code, 0);
  t.match(run.text, /^skipped: \S+b_test\.ts > dev: no device$/m);
});

t.test("run.ts shows a failure with its diagnostic and standard error", async (t) => {
  const run = await runOn({
    "a_test.ts": `console.error("# seed name=x"); t.test("sum", async (t) => t.equal(1, 2));`,
    "b_test.ts": `t.ok(1);`,
  });
  t.equal(run.lastLine, "1 passed, 1 failed");
  t.equal(run.code, 1);
  t.match(run.text, /not ok \S+a_test\.ts > sum > should be equal\n(.*\n)*.*@@ -1/);
  t.match(run.text, /# seed name=x/);
});

t.test("run.ts counts crashes, early exits and syntax errors as failures", async (t) => {
  const run = await runOn({
    "crash_test.ts": `t.ok(1); Deno.kill(Deno.pid, "SIGKILL");`,
    "exit_test.ts": `t.test("x", async (t) => { t.ok(1); Deno.exit(0); });`,
    "syntax_test.ts": `t.ok(`,
    "throw_test.ts": `t.ok(1); throw new Error("boom");`,
  });
  t.equal(run.code, 1);
  t.match(run.lastLine, /^\d+ passed, [4-9] failed$/);
  for (const name of ["crash", "exit", "syntax", "throw"]) {
    t.match(run.text, new RegExp(`FAIL \\S+${name}_test\\.ts`));
  }
});

t.test("run.ts ends a file that does not end, with everything it started", async (t) => {
  const run = await runOn({
    "hang_test.ts": `// timeout: 2 s
      new Deno.Command("sleep", { args: ["61.25"] }).spawn();
      t.test("hang", async (t) => { await new Promise((r) => setTimeout(r, 60_000)); t.ok(1); });`,
  });
  t.equal(run.code, 1);
  t.match(run.text, /no end after 2 s/);
  t.equal(await countProcesses("sleep\x0061.25"), 0);
});

t.test("run.ts names a process that a file left behind and ends it", async (t) => {
  const run = await runOn({
    "left_test.ts": `const child = new Deno.Command("setsid", { args: ["sleep", "62.5"] }).spawn();
      child.unref();
      t.ok(1);`,
  });
  t.equal(run.lastLine, "1 passed, 1 failed");
  t.match(run.text, /left process \d+ behind: sleep 62\.5/);
  t.equal(await countProcesses("sleep\x0062.5"), 0);
});

t.test("run.ts fails when no test ran", async (t) => {
  const none = await runOn({});
  t.equal(none.lastLine, "0 passed, 0 failed");
  t.equal(none.code, 1);
  const filtered = await runOn({ "a_test.ts": "t.ok(1);" }, "--filter", "zzz");
  t.equal(filtered.code, 1);
  t.match(await runOn({ "a_test.ts": "" }), { code: 1, lastLine: "0 passed, 1 failed" });
});

t.test("FileQueue runs one browser at a time, and at the end what must be alone", (t) => {
  const queue = new FileQueue([
    { file: "alone", need: "alone" },
    { file: "viewer", need: "browser" },
    { file: "page", need: "browser" },
    { file: "parser", need: "little" },
  ]);
  const viewer = queue.take()!;
  t.same(viewer, { file: "viewer", need: "browser" });
  const parser = queue.take()!;
  t.equal(parser.file, "parser");
  t.equal(queue.take(), undefined, "a second browser waits, and so does what must be alone");
  queue.ended(parser);
  t.equal(queue.take(), undefined, "the first one still runs");
  queue.ended(viewer);
  const page = queue.take()!;
  t.equal(page.file, "page");
  t.equal(queue.take(), undefined);
  queue.ended(page);
  t.equal(queue.take()?.file, "alone");
  t.equal(queue.take(), undefined, "each once");
  t.end();
});

async function countProcesses(commandLine: string): Promise<number> {
  let count = 0;
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    const text = await Deno.readTextFile(`/proc/${entry.name}/cmdline`).catch(() => "");
    if (text.startsWith(commandLine)) count++;
  }
  return count;
}
