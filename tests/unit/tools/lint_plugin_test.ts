import t from "tap";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Rules of the plugin that `deno lint` reports for a file with `text` at `path`. */
async function lint(path: string, text: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "wavry_lint_" });
  try {
    await Deno.mkdir(`${folder}/tools`);
    for (const name of ["lint_plugin.ts", "import_table.ts", "vocabulary.ts"]) {
      await Deno.copyFile(`${ROOT}/tools/${name}`, `${folder}/tools/${name}`);
    }
    const lint = { plugins: ["./tools/lint_plugin.ts"], rules: { tags: [] } };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ lint }));
    await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["lint", "--json", path],
      cwd: folder,
    }).output();
    const report = JSON.parse(new TextDecoder().decode(output.stdout)) as {
      diagnostics: { code: string; range: { start: { line: number } } }[];
      errors: unknown[];
    };
    t.strictSame(report.errors, []);
    return report.diagnostics.map(({ code, range }) => `${range.start.line} ${code}`).sort();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

t.test("lint_plugin accepts code that keeps the rules", async (t) => {
  const text = `import { assert } from "../core/assert.ts";
export class Packetizer { #count = 0; private constructor() {} next() { assert(true, ""); } }\n`;
  t.strictSame(await lint("src/packet/packetizer.ts", text), []);
});

t.test("lint_plugin enforces the import table on every form of import", async (t) => {
  const text = `import { a } from "../reorder/a.ts";
export * from "../server/b.ts";
export { c } from "../server/c.ts";
const d = await import("../server/d.ts");
import e from "zod";
import type { F } from "../wire/f.ts";
`;
  const found = await lint("src/packet/packetizer.ts", text);
  t.strictSame(found, [1, 2, 3, 4, 5].map((line) => `${line} wavry/import-table`));
});

t.test("lint_plugin refuses default exports, enums, private keywords and Deno", async (t) => {
  const text = `export default 1;
export enum Kind { A }
export class Thing { private count = 0; protected step() {} }
export const PID = Deno.pid;
export function jitterBuffer() {}
export class SessionManager {}
`;
  t.strictSame(await lint("src/core/thing.ts", text), [
    "1 wavry/no-default-export",
    "2 wavry/no-enum",
    "3 wavry/no-private-keyword",
    "3 wavry/no-private-keyword",
    "4 wavry/browser-safe",
    "5 wavry/vocabulary",
    "6 wavry/vocabulary",
  ]);
});

t.test("lint_plugin allows Deno outside browser-safe folders and bounds functions", async (t) => {
  const text = `export const PID = Deno.pid;
export function long() {\n${"  step();\n".repeat(69)}}
const step = () => {};
class Deep {
  run() {\n${"    step();\n".repeat(69)}  }
}
export const DEEP = new Deep();\n`;
  t.strictSame(await lint("src/server/thing.ts", text), [
    "2 wavry/function-length",
    "75 wavry/function-length",
  ]);
});
