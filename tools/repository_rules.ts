/**
 * The rules of tidy about the repository as a whole: the README shows the commands that work, CI
 * runs the same test command, the server's task grants no native code, ARCHITECTURE.md shows the
 * enforced import table, documents link to files that exist, the lock file names no host.
 */

import { importTableMarkdown } from "./import_table.ts";
import type { Finding } from "./file_rules.ts";

/** The two commands that a newcomer needs; `.ci/run` runs the second. */
export const README_COMMANDS = [
  "npx --yes deno@2.9.6 task host",
  "npx --yes deno@2.9.6 task test",
] as const;

/** A file of the repository that a text names in code quotes. */
const SOURCE_PATH = /`((?:src|web|ffi|bench|tools|deploy|tests)\/[\w./-]+\.\w+)`/g;

const TABLE_BEGIN = "<!-- import table: written by `deno run -A tools/tidy.ts --write` -->";
const TABLE_END = "<!-- end of import table -->";

/** Findings about the files in `texts` (path -> text, documents included). */
export function repositoryFindings(
  texts: ReadonlyMap<string, string>,
  exists: (path: string) => boolean,
): Finding[] {
  const findings: Finding[] = [];
  const say = (path: string, message: string) => findings.push({ path, line: 0, message });
  const readme = texts.get("README.md") ?? "";
  for (const command of README_COMMANDS) {
    if (!readme.includes(command)) say("README.md", `Command is not shown: ${command}`);
  }
  if (!(texts.get(".ci/run") ?? "").includes(README_COMMANDS[1])) {
    say(".ci/run", `Does not run the test command of the README: ${README_COMMANDS[1]}`);
  }
  const hostTask = /"command": "([^"]*\bbuild\/server\.js[^"]*)"/.exec(
    texts.get("deno.json") ?? "",
  );
  const serverCommand = hostTask?.[1]?.split("&&").find((part) => part.includes("build/server.js"));
  if (serverCommand === undefined) say("deno.json", "No task runs build/server.js");
  else if (/ (-A|--allow-all|--allow-ffi)\b/.test(serverCommand)) {
    say("deno.json", "The server process may not load native code: no -A, no --allow-ffi");
  }
  const architecture = texts.get("docs/ARCHITECTURE.md") ?? "";
  if (withImportTable(architecture) !== architecture || !architecture.includes(TABLE_BEGIN)) {
    say("docs/ARCHITECTURE.md", "Import table is stale: deno run -A tools/tidy.ts --write");
  }
  if (/https?:\/\//.test(texts.get("deno.lock") ?? "")) {
    say("deno.lock", "Names a host: only packages by version and hash belong there");
  }
  for (const [path, text] of texts) {
    if (path.endsWith(".md")) findings.push(...linkFindings(path, text, exists));
  }
  return findings;
}

/** `architecture` with the table of tools/import_table.ts between its markers. */
export function withImportTable(architecture: string): string {
  const begin = architecture.indexOf(TABLE_BEGIN);
  const end = architecture.indexOf(TABLE_END);
  if (begin === -1 || end < begin) return architecture;
  const head = architecture.slice(0, begin + TABLE_BEGIN.length);
  return `${head}\n\n${importTableMarkdown()}\n\n${architecture.slice(end)}`;
}

function linkFindings(
  path: string,
  text: string,
  exists: (path: string) => boolean,
): Finding[] {
  const findings: Finding[] = [];
  const say = (line: number, target: string) =>
    findings.push({ path, line, message: `Names a file that is absent: ${target}` });
  for (const [index, line] of text.split("\n").entries()) {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
    for (const match of line.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const target = match[1] ?? "";
      if (/^[a-z]+:/.test(target)) continue;
      const resolved = decodeURIComponent(new URL(folder + target, "file:///").pathname).slice(1);
      if (!exists(resolved)) say(index + 1, target);
    }
    for (const match of line.matchAll(SOURCE_PATH)) {
      if (!exists(match[1] ?? "")) say(index + 1, match[1] ?? "");
    }
  }
  return findings;
}
