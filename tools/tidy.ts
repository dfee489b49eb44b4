/**
 * tidy: checks what the compiler, the formatter and the linter do not: file names and lengths, module
 * comments, columns, import cycles, names in C, documents against the code. `--write` brings the
 * generated part of docs/ARCHITECTURE.md up to date. Exit code 1 when something is to be repaired.
 */

import { fileURLToPath } from "node:url";
import { cFindings, type Finding, typescriptFindings } from "./file_rules.ts";
import { graphFindings } from "./import_graph.ts";
import { repositoryFindings, withImportTable } from "./repository_rules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const READ_FILES = /(\.(ts|c|h|md)|^\.ci\/run|^deno\.(json|lock))$/;

/** Files of the repository: tracked ones and new ones that are not ignored. */
async function listFiles(): Promise<string[]> {
  try {
    const output = await new Deno.Command("git", {
      args: ["ls-files", "-co", "--exclude-standard", "-z"],
      cwd: ROOT,
    }).output();
    if (!output.success) return await walk("");
    const paths = new TextDecoder().decode(output.stdout).split("\0");
    return [...new Set(paths.filter((path) => path !== ""))].sort();
  } catch (error) {
    // A source archive has no .git, and a small machine no git.
    if (error instanceof Deno.errors.NotFound) return await walk("");
    throw error;
  }
}

async function walk(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    if (["node_modules", "build", ".git"].includes(name)) continue;
    if (isDirectory) found.push(...await walk(`${folder}${name}/`));
    else found.push(folder + name);
  }
  return found.sort();
}

async function readTexts(paths: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const path of paths.filter((path) => READ_FILES.test(path))) {
    try {
      texts.set(path, await Deno.readTextFile(ROOT + path));
    } catch (error) {
      // Deleted in the work tree but still in the index.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return texts;
}

function existsInTree(path: string): boolean {
  try {
    Deno.statSync(ROOT + path);
    return true;
  } catch {
    return false;
  }
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--write")) {
    const path = `${ROOT}docs/ARCHITECTURE.md`;
    await Deno.writeTextFile(path, withImportTable(await Deno.readTextFile(path)));
  }
  const texts = await readTexts(await listFiles());
  const sources = new Map([...texts].filter(([path]) => path.endsWith(".ts")));
  const findings: Finding[] = [];
  for (const [path, text] of sources) findings.push(...typescriptFindings(path, text));
  for (const [path, text] of texts) {
    if (/\.[ch]$/.test(path)) findings.push(...cFindings(path, text));
  }
  findings.push(...graphFindings(sources), ...repositoryFindings(texts, existsInTree));
  for (const { path, line, message, warning } of findings) {
    const place = line === 0 ? path : `${path}:${line}`;
    console.log(`${warning === true ? "warning: " : ""}${place}: ${message}`);
  }
  const errors = findings.filter(({ warning }) => warning !== true).length;
  console.log(`${texts.size} files, ${errors} to repair, ${findings.length - errors} warnings`);
  return errors === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
