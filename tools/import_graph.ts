/**
 * The import graph of the repository: who imports whom by relative path, and the cycles in it. A
 * cycle of types counts as well: it says that two files are one concept.
 */

import { resolvePath } from "./import_table.ts";
import type { Finding } from "./file_rules.ts";

const IMPORT = /^(?:import|export)\b(?:[^"'`;]*?\bfrom)?\s*"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"/gm;

/** Paths from the root that `text`, the file at `path`, imports by a relative specifier. */
export function relativeImports(path: string, text: string): string[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  return [...code.matchAll(IMPORT)].map((match) => resolvePath(path, match[1] ?? match[2] ?? ""));
}

/** One finding for each cycle that a walk through the files meets; imports of absent files too. */
export function graphFindings(texts: ReadonlyMap<string, string>): Finding[] {
  const findings: Finding[] = [];
  const state = new Map<string, "open" | "done">();
  const walk = (path: string, trail: readonly string[]): void => {
    state.set(path, "open");
    for (const target of relativeImports(path, texts.get(path) ?? "")) {
      if (!texts.has(target)) continue;
      const seen = state.get(target);
      if (seen === undefined) walk(target, [...trail, target]);
      if (seen !== "open") continue;
      const cycle = [...trail.slice(trail.indexOf(target)), target];
      findings.push({ path, line: 0, message: `Import cycle: ${cycle.join(" -> ")}` });
    }
    state.set(path, "done");
  };
  for (const path of texts.keys()) if (!state.has(path)) walk(path, [path]);
  return findings;
}
