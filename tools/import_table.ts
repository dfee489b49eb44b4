/**
 * The import table: which folder may import which, as data. It is the only place of this rule: the
 * lint plugin enforces it while somebody types, tidy enforces it for the repository and keeps the
 * table in docs/ARCHITECTURE.md equal to it. What is absent is forbidden.
 */

/** One row: a module is a folder (or a file) with everything below it that has no row of its own. */
export interface ImportRow {
  readonly module: string;
  /** Modules it may import besides itself; `"*"` is every module. */
  readonly mayImport: readonly string[];
  /** The row must work in a browser: no `Deno`, no `node:`. */
  readonly browserSafe?: true;
}

const BROWSER_STEPS = ["src/packet", "src/fec", "src/reorder", "src/congestion"];

const SERVER_MAY_IMPORT = [
  "src/core",
  "src/wire",
  "src/memory",
  "src/metrics",
  ...BROWSER_STEPS,
  "src/transport",
  "src/transport/quic",
  "src/gateway",
  "src/pipeline",
  "src/replay",
  "src/recording",
  "src/files",
  "src/session",
  "src/ipc",
];

/** Every module of the repository, lowest layer first. */
export const IMPORT_TABLE: readonly ImportRow[] = [
  { module: "src/core", mayImport: [], browserSafe: true },
  { module: "src/wire", mayImport: ["src/core"], browserSafe: true },
  { module: "src/memory", mayImport: ["src/core"] },
  { module: "src/metrics", mayImport: ["src/core"] },
  { module: "src/packet", mayImport: ["src/core", "src/wire"], browserSafe: true },
  { module: "src/fec", mayImport: ["src/core", "src/wire"], browserSafe: true },
  { module: "src/reorder", mayImport: ["src/core", "src/wire"], browserSafe: true },
  { module: "src/congestion", mayImport: ["src/core", "src/wire"], browserSafe: true },
  { module: "src/transport", mayImport: ["src/core", "src/wire"], browserSafe: true },
  { module: "src/replay", mayImport: ["src/core", "src/wire", "src/memory"] },
  { module: "src/recording", mayImport: ["src/core", "src/wire", "src/memory"] },
  { module: "src/files", mayImport: ["src/core", "src/wire", "src/memory"] },
  { module: "src/transport/quic", mayImport: ["src/core", "src/wire", "src/transport"] },
  { module: "src/process", mayImport: ["src/core"] },
  {
    module: "src/gateway",
    mayImport: ["src/core", "src/wire", "src/congestion", "src/transport", "src/process"],
  },
  {
    module: "src/transport/websocket",
    mayImport: ["src/core", "src/wire", "src/transport", "src/gateway"],
  },
  {
    module: "src/transport/webrtc",
    mayImport: ["src/core", "src/wire", "src/congestion", "src/transport", "src/gateway"],
  },
  {
    module: "src/pipeline",
    mayImport: ["src/core", "src/wire", ...BROWSER_STEPS, "src/transport"],
    browserSafe: true,
  },
  { module: "ffi", mayImport: ["src/core"] },
  { module: "src/capture", mayImport: ["src/core", "src/wire", "ffi"] },
  { module: "src/input", mayImport: ["src/core", "src/wire", "ffi"] },
  { module: "src/staging", mayImport: ["src/core", "src/memory", "ffi"] },
  {
    module: "src/session",
    mayImport: ["src/core", "src/wire", "src/transport", "src/pipeline", "src/replay"],
  },
  { module: "src/encode", mayImport: ["src/core", "src/wire", "src/memory", "src/staging", "ffi"] },
  { module: "src/ipc", mayImport: ["src/core", "src/wire", "src/process"] },
  {
    module: "src/media",
    mayImport: [
      "src/core",
      "src/wire",
      "src/ipc",
      "src/capture",
      "src/staging",
      "src/encode",
      "src/input",
      "src/memory",
      "ffi",
    ],
  },
  { module: "src/server", mayImport: SERVER_MAY_IMPORT },
  { module: "src/main.ts", mayImport: ["src/core", "src/server"] },
  { module: "mod.ts", mayImport: [...SERVER_MAY_IMPORT, "src/server"] },
  {
    module: "web/transport",
    mayImport: ["src/core", "src/wire", "src/transport", "web/shared"],
    browserSafe: true,
  },
  { module: "web/shared", mayImport: ["src/core", "src/wire", "src/transport"], browserSafe: true },
  {
    module: "web",
    mayImport: [
      ...["src/core", "src/wire", "src/transport", "src/pipeline"],
      ...["web/transport", "web/shared"],
    ],
    browserSafe: true,
  },
  {
    module: "web/producer",
    mayImport: [
      ...["src/core", "src/wire", "src/congestion", "src/pipeline", "src/transport"],
      ...["web/transport", "web/shared"],
    ],
    browserSafe: true,
  },
  {
    module: "web/dashboard",
    mayImport: ["src/core", "src/wire", "web/shared"],
    browserSafe: true,
  },
  { module: "tools", mayImport: ["src/core", "src/server"] },
  { module: "deploy", mayImport: ["src/core", "ffi", "tools"] },
  { module: "bench", mayImport: ["*"] },
  { module: "tests", mayImport: ["*"] },
];

/** Who may import a package, besides bench and tests; a package without a row is refused. */
export const PACKAGE_OWNERS: Readonly<Record<string, readonly string[]>> = {
  "@fails-components/webtransport": ["src/transport/websocket", "web/transport"],
  "@novnc/novnc": ["web"],
  "@peculiar/x509": ["src/server", "src/transport/quic"],
  "axe-core": [],
  "commander": ["src/server"],
  "esbuild": ["tools"],
  "fast-check": [],
  "hash-wasm": ["web"],
  "hono": ["src/server"],
  "hyperid": ["src/session", "src/server"],
  "mediabunny": ["src/recording"],
  "msgpackr": ["src/wire"],
  "pino": ["src/server", "src/main.ts"],
  "pino-pretty": ["src/server", "src/main.ts"],
  "playwright-core": [],
  "preact": ["web/dashboard", "web/producer"],
  "qrcode": ["src/server"],
  "reflect-metadata": ["src/server", "src/transport/quic"],
  "smol-toml": ["src/server"],
  "tap": [],
  "uplot": ["web/dashboard"],
  "werift": ["src/transport/webrtc"],
  "zod": ["src/server"],
};

/** Only these rows may import `bench` and `tests`. */
const MEASURING_MODULES = ["bench", "tests"];

/** The row that owns `path` (relative to the root, with `/`): the longest module that contains it. */
export function rowOf(path: string): ImportRow | undefined {
  let best: ImportRow | undefined;
  for (const row of IMPORT_TABLE) {
    const inside = path === row.module || path.startsWith(`${row.module}/`);
    if (inside && row.module.length > (best?.module.length ?? 0)) best = row;
  }
  return best;
}

/**
 * Why the file `from` may not import `specifier`, or undefined when it may. `specifier` is as
 * written: relative, `node:` or the name of a package.
 */
export function forbiddenImport(from: string, specifier: string): string | undefined {
  const row = rowOf(from);
  if (row === undefined) return `"${from}" is in no module of the import table`;
  if (!specifier.startsWith(".")) return forbiddenPackage(row, specifier);
  const target = resolvePath(from, specifier);
  const targetRow = rowOf(target);
  if (targetRow === undefined) return `"${target}" is in no module of the import table`;
  if (targetRow === row) return undefined;
  if (MEASURING_MODULES.includes(targetRow.module)) {
    if (MEASURING_MODULES.includes(row.module)) return undefined;
    return `${row.module} may not import ${targetRow.module}`;
  }
  const allowed = row.mayImport.includes("*") || row.mayImport.includes(targetRow.module);
  return allowed ? undefined : `${row.module} may not import ${targetRow.module}`;
}

function forbiddenPackage(row: ImportRow, specifier: string): string | undefined {
  if (specifier.startsWith("node:")) {
    return row.browserSafe ? `${row.module} is browser-safe: no "${specifier}"` : undefined;
  }
  if (/^(npm|jsr|https?):/.test(specifier)) return `"${specifier}" is not pinned in deno.json`;
  const parts = specifier.split("/");
  const name = specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0] ?? "";
  const owners = PACKAGE_OWNERS[name];
  if (owners === undefined) return `Package "${name}" is not in the import table`;
  if (owners.includes(row.module) || row.mayImport.includes("*")) return undefined;
  return `${row.module} may not import package ${name}: only ${
    owners.join(", ") || "bench and tests"
  }`;
}

/** `specifier` relative to the file `from`, as a path from the root. */
export function resolvePath(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The table as Markdown, as docs/ARCHITECTURE.md shows it and as `deno fmt` leaves it. */
export function importTableMarkdown(): string {
  const cells = [
    ["module", "may import", "browser"],
    ...IMPORT_TABLE.map((row) => [row.module, listOf(row), row.browserSafe ? "yes" : ""]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0))
  );
  const lines = cells.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

/** Lists that repeat another row are shown by its name, so that a line stays readable. */
function listOf(row: ImportRow): string {
  if (row.mayImport.length === 0) return "nothing";
  if (row.mayImport.includes("*")) return "anything";
  const short = row.mayImport.map((module) => module.replace(/^src\//, ""));
  if (row.mayImport.length <= 9) return short.join(", ");
  const inSource = IMPORT_TABLE.filter(({ module }) =>
    module.startsWith("src/") && !module.endsWith(".ts") && module !== row.module
  );
  const absent = inSource.filter(({ module }) => !row.mayImport.includes(module))
    .map(({ module }) => module.replace(/^src\//, ""));
  return `everything in src except ${absent.join(", ")}`;
}
