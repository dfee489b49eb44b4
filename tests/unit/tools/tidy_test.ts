import t from "tap";
import { cFindings, MAX_FILE_LINES, typescriptFindings } from "../../../tools/file_rules.ts";
import { graphFindings, relativeImports } from "../../../tools/import_graph.ts";
import { forbiddenImport, importTableMarkdown, rowOf } from "../../../tools/import_table.ts";
import {
  README_COMMANDS,
  repositoryFindings,
  withImportTable,
} from "../../../tools/repository_rules.ts";
import { unwantedWord } from "../../../tools/vocabulary.ts";

const HEAD = "/**\n * Thing: what it is.\n */\n";

function messages(path: string, text: string): string[] {
  const findings = path.endsWith(".ts") ? typescriptFindings(path, text) : cFindings(path, text);
  return findings.map(({ line, message }) => `${line}: ${message}`);
}

t.test("typescriptFindings accepts a short file with a module comment", async (t) => {
  t.strictSame(messages("src/core/ring.ts", `${HEAD}export const RING = 1;\n`), []);
  t.strictSame(messages("tests/unit/core/ring_test.ts", `import t from "tap";\n`), []);
});

t.test("typescriptFindings names what is wrong with names and module comments", async (t) => {
  const unnamed = "0: File name is not snake_case";
  t.strictSame(messages("src/core/ringBuffer.ts", HEAD), [unnamed]);
  t.strictSame(messages("src/core/Ring.ts", HEAD), [unnamed]);
  t.match(messages("src/core/byte_utils.ts", HEAD), [/says nothing/]);
  t.match(messages("src/core/index.ts", HEAD), [/says nothing/]);
  t.strictSame(messages("src/core/ring.ts", "export const RING = 1;\n"), [
    "1: No module comment at the top of the file",
  ]);
});

t.test("typescriptFindings bounds lines and columns", async (t) => {
  const atLimit = HEAD + "\n".repeat(MAX_FILE_LINES - 3);
  const [warning, ...rest] = typescriptFindings("src/core/ring.ts", atLimit);
  t.equal(warning?.warning, true);
  t.strictSame(rest, []);
  t.strictSame(messages("src/core/ring.ts", `${atLimit}\n`), [
    `0: File has ${MAX_FILE_LINES + 1} lines, more than ${MAX_FILE_LINES}`,
  ]);
  t.match(messages("src/core/ring.ts", `${HEAD}// ${"word ".repeat(25)}\n`), [/^4: 12\d columns/]);
  const text = `${HEAD}const LONG = "${"word ".repeat(25)}";\n`;
  t.strictSame(messages("src/core/ring.ts", text), [], "a string cannot be broken");
});

t.test("typescriptFindings finds marks of unfinished work", async (t) => {
  const mark = "TO" + "DO";
  t.match(messages("src/core/ring.ts", `${HEAD}// ${mark}: later\n`), [/^4: Mark of unfinished/]);
});

t.test("typescriptFindings keeps each foreign thing in one place", async (t) => {
  const open = `${HEAD}export const LIBRARY = Deno.dlopen(PATH, {});\n`;
  t.strictSame(messages("ffi/library.ts", open), []);
  t.strictSame(messages("tests/unit/ffi/library_test.ts", open), []);
  t.strictSame(messages("src/media/main.ts", open), [
    `4: "Deno.dlopen(" belongs in ffi/library.ts alone`,
  ]);
  t.match(messages("src/server/server.ts", `${HEAD}new Deno.QuicEndpoint();\n`), [/quic\/ alone/]);
  t.strictSame(messages("src/server/server.ts", `${HEAD}// as Deno.QuicEndpoint does\n`), []);
});

t.test("cFindings wants wv_ for functions that other files see", async (t) => {
  const source = (head: string) => `/* Thing. */\n${head} {\n  return 1;\n}\n`;
  const path = "ffi/native/capture/x11.c";
  t.strictSame(messages(path, source("int wv_pool_create(int count)")), []);
  t.strictSame(messages(path, source("static int grab(int count)")), []);
  t.strictSame(messages(path, source("static int grab(int count,\n                int x)")), []);
  t.strictSame(messages(path, "/* T. */\nint helper(int a);\nextern int wv_x(void);\n"), []);
  const wrong = ['2: Function "grab" is neither static nor wv_'];
  t.strictSame(messages(path, source("int grab(int count)")), wrong);
  t.strictSame(messages(path, source("uint8_t *grab(\n    int count)")), wrong);
  t.strictSame(messages(path, source("int grab(int count)\n").replace("\n {", "\n{")), wrong);
});

t.test("cFindings bounds the length of functions", async (t) => {
  const text = `/* T. */\nstatic void run(void) {\n${"  step();\n".repeat(70)}}\n`;
  t.strictSame(messages("ffi/native/a.c", text), ["2: Function has 72 lines, more than 70"]);
});

t.test("relativeImports reads every form of import and no comment", async (t) => {
  const text = [
    `import t from "tap";`,
    `import { a } from "./a.ts";`,
    `import type { B } from "../wire/b.ts";`,
    `import {\n  c,\n  d,\n} from "./c.ts";`,
    `import "./side_effect.ts";`,
    `export * from "./e.ts";`,
    `export { f } from "./f.ts";`,
    `const g = await import("./g.ts");`,
    `// import { x } from "./x.ts";`,
    ` * import { y } from "./y.ts";`,
    `export const NAME = "./z.ts";`,
  ].join("\n");
  t.strictSame(relativeImports("src/core/main.ts", text), [
    "src/core/a.ts",
    "src/wire/b.ts",
    "src/core/c.ts",
    "src/core/side_effect.ts",
    "src/core/e.ts",
    "src/core/f.ts",
    "src/core/g.ts",
  ]);
});

t.test("graphFindings reports a cycle once with its way", async (t) => {
  const texts = new Map([
    ["src/core/a.ts", `import "./b.ts";`],
    ["src/core/b.ts", `import "./c.ts";`],
    ["src/core/c.ts", `import type { B } from "./b.ts";`],
    ["src/core/d.ts", `import "./a.ts";\nimport "./c.ts";\nimport "./absent.ts";`],
  ]);
  t.strictSame(graphFindings(texts).map(({ message }) => message), [
    "Import cycle: src/core/b.ts -> src/core/c.ts -> src/core/b.ts",
  ]);
});

t.test("forbiddenImport follows the table row by row", async (t) => {
  const cases: [from: string, specifier: string, allowed: boolean][] = [
    ["src/wire/packet.ts", "../core/bytes.ts", true],
    ["src/core/bytes.ts", "../wire/packet.ts", false],
    ["src/packet/packetizer.ts", "../reorder/reorder_buffer.ts", false],
    ["src/pipeline/media_sender.ts", "../packet/packetizer.ts", true],
    ["src/pipeline/media_sender.ts", "../transport/connection.ts", true],
    ["src/pipeline/media_sender.ts", "../transport/quic/quic_connection.ts", false],
    ["src/transport/quic/quic_connection.ts", "../connection.ts", true],
    ["src/transport/connection.ts", "./quic/quic_connection.ts", false],
    ["src/server/server.ts", "../../ffi/mod.ts", false],
    ["src/server/server.ts", "../media/main.ts", false],
    ["src/media/main.ts", "../../ffi/mod.ts", true],
    ["src/media/main.ts", "../server/server.ts", false],
    ["src/main.ts", "./server/server.ts", true],
    ["src/session/viewer_session.ts", "../server/server.ts", false],
    ["src/session/viewer_session.ts", "../../tests/seeded.ts", false],
    ["bench/main.ts", "../tests/seeded.ts", true],
    ["tests/run.ts", "../bench/simulator/link.ts", true],
    ["web/viewer/main.ts", "../../src/pipeline/media_receiver.ts", true],
    ["web/viewer/main.ts", "../../src/session/viewer_session.ts", false],
    ["src/nowhere/thing.ts", "../core/bytes.ts", false],
  ];
  for (const [from, specifier, allowed] of cases) {
    t.equal(forbiddenImport(from, specifier) === undefined, allowed, `${from} -> ${specifier}`);
  }
});

t.test("forbiddenImport keeps packages with their owners and node: out of browsers", async (t) => {
  t.equal(forbiddenImport("src/wire/framing.ts", "msgpackr/index-no-eval"), undefined);
  t.equal(forbiddenImport("src/server/pages/routes.ts", "hono/cookie"), undefined);
  t.match(forbiddenImport("src/session/handshake.ts", "hono"), /only src\/server/);
  t.match(forbiddenImport("src/core/log.ts", "pino"), /may not import package pino/);
  t.match(forbiddenImport("src/server/a.ts", "left-pad"), /not in the import table/);
  t.match(forbiddenImport("src/server/a.ts", "npm:hono@4"), /not pinned/);
  t.match(forbiddenImport("src/core/clock.ts", "node:process"), /browser-safe/);
  t.equal(forbiddenImport("src/ipc/media_supervisor.ts", "node:process"), undefined);
});

t.test("rowOf gives the closest folder", async (t) => {
  t.equal(rowOf("src/transport/quic/qpack.ts")?.module, "src/transport/quic");
  t.equal(rowOf("src/transport/connection.ts")?.module, "src/transport");
  t.equal(rowOf("web/viewer/ui/overlay.ts")?.module, "web");
  t.equal(rowOf("src/mainly.ts"), undefined);
});

t.test("unwantedWord sees whole words of a name only", async (t) => {
  t.equal(unwantedWord("jitterBuffer", "src/reorder/a.ts")?.instead, "reorder buffer");
  t.equal(unwantedWord("jitter_buffer", "web/viewer/playback/a.ts"), undefined);
  t.equal(unwantedWord("parity_shard", "src/fec/a.ts")?.instead, "repair symbol");
  t.equal(unwantedWord("flag", "src/core/a.ts"), undefined);
  t.equal(unwantedWord("signalName", "src/core/a.ts"), undefined);
});

t.test("repositoryFindings compares documents with what is enforced", async (t) => {
  const begin = "<!-- import table: written by `deno run -A tools/tidy.ts --write` -->";
  const stale = `# A\n${begin}\nold\n<!-- end of import table -->\n`;
  const good = new Map([
    ["README.md", `${README_COMMANDS.join("\n")}\n[code](src/main.ts)\n[out](https://x.example)`],
    [".ci/run", `exec ${README_COMMANDS[1]}`],
    ["docs/ARCHITECTURE.md", withImportTable(stale)],
    ["deno.lock", "{}"],
    [
      "deno.json",
      `"command": "deno run -A deploy/setup.ts && deno run --allow-net build/server.js"`,
    ],
  ]);
  const exists = (path: string) => path === "src/main.ts";
  t.strictSame(repositoryFindings(good, exists), []);
  t.match(good.get("docs/ARCHITECTURE.md"), importTableMarkdown());
  const bad = new Map([
    ["README.md", "[gone](docs/gone.md) and `src/gone.ts`, `src/main.ts`"],
    ["docs/ARCHITECTURE.md", stale],
    ["deno.lock", `"https://host.example"`],
    ["deno.json", `"command": "deno run -A build/server.js"`],
  ]);
  const paths = repositoryFindings(bad, exists).map(({ path }) => path);
  t.strictSame(paths.sort(), [
    ".ci/run",
    "README.md",
    "README.md",
    "README.md",
    "README.md",
    "deno.json",
    "deno.lock",
    "docs/ARCHITECTURE.md",
  ]);
});
