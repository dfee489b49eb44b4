/**
 * The rules of tidy that look at one file's name and text: length, columns, module comment, file
 * names, marks of unfinished work, and for C the names of functions that other files can see. They
 * are pure functions from text to findings, so that tests feed them small bad inputs.
 */

/** One thing to repair; a warning does not fail the run. */
export interface Finding {
  readonly path: string;
  /** From 1; 0 = the whole file. */
  readonly line: number;
  readonly message: string;
  readonly warning?: true;
}

/** A file with more lines than this fails; above `WARN_FILE_LINES` it is named. */
export const MAX_FILE_LINES = 400;
const WARN_FILE_LINES = 300;
/** The formatter aims at 100; a comment, which it does not break, may end a word later. */
const MAX_COLUMNS = 104;
const MAX_C_FUNCTION_LINES = 70;

/** One file or folder touches each foreign thing; the product's code elsewhere may not. */
const ONE_HOME: readonly { readonly use: RegExp; readonly home: string }[] = [
  { use: /\bDeno\.dlopen\(/, home: "ffi/library.ts" },
  { use: /\bDeno\.(QuicEndpoint|connectQuic|upgradeWebTransport)\b/, home: "src/transport/quic/" },
  { use: /\bnew WebTransport\(/, home: "web/transport/" },
];

const VAGUE_NAMES = /(^|_)(index|utils?|helpers?|types?|manager|common|misc)$/;

/** Findings in one TypeScript file of the repository. */
export function typescriptFindings(path: string, text: string): Finding[] {
  const findings = [...nameFindings(path), ...sharedFindings(path, text)];
  if (!path.endsWith("_test.ts") && !/^(#!.*\n)?\/\*\*(\n \*)? \S/.test(text)) {
    findings.push({ path, line: 1, message: "No module comment at the top of the file" });
  }
  if (/^(src|ffi|web)\//.test(path)) findings.push(...homeFindings(path, text));
  return findings;
}

/** Findings in one C source or header. */
export function cFindings(path: string, text: string): Finding[] {
  const findings = [...sharedFindings(path, text)];
  if (!/^[a-z\d_]+\.[ch]$/.test(fileName(path))) {
    findings.push({ path, line: 0, message: "File name is not snake_case" });
  }
  if (!text.startsWith("/*")) {
    findings.push({ path, line: 1, message: "No module comment at the top of the file" });
  }
  for (const definition of cFunctions(text)) {
    const { name, line, lines, isStatic } = definition;
    if (!isStatic && name !== "main" && !/^(wv_|LLVMFuzzer)/.test(name)) {
      findings.push({ path, line, message: `Function "${name}" is neither static nor wv_` });
    }
    if (lines > MAX_C_FUNCTION_LINES) {
      findings.push({
        path,
        line,
        message: `Function has ${lines} lines, more than ${MAX_C_FUNCTION_LINES}`,
      });
    }
  }
  return findings;
}

function homeFindings(path: string, text: string): Finding[] {
  const findings: Finding[] = [];
  eachLine(text, (line, number) => {
    if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
    for (const { use, home } of ONE_HOME) {
      const used = use.exec(line)?.[0];
      if (used === undefined || path.startsWith(home)) continue;
      findings.push({ path, line: number, message: `"${used}" belongs in ${home} alone` });
    }
  });
  return findings;
}

function nameFindings(path: string): Finding[] {
  const stem = fileName(path).replace(/\.ts$/, "");
  if (!/^[a-z][a-z\d_]*(\.d)?$/.test(stem)) {
    return [{ path, line: 0, message: "File name is not snake_case" }];
  }
  if (VAGUE_NAMES.test(stem)) {
    return [{ path, line: 0, message: `File name "${stem}" says nothing: name the main export` }];
  }
  return [];
}

function sharedFindings(path: string, text: string): Finding[] {
  const findings: Finding[] = [];
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > MAX_FILE_LINES) {
    const message = `File has ${lines} lines, more than ${MAX_FILE_LINES}`;
    findings.push({ path, line: 0, message });
  } else if (lines > WARN_FILE_LINES) {
    findings.push({ path, line: 0, message: `File has ${lines} lines`, warning: true });
  }
  eachLine(text, (line, number) => {
    if (columnsOf(line) > MAX_COLUMNS) {
      const message = `${line.length} columns, more than ${MAX_COLUMNS}`;
      findings.push({ path, line: number, message });
    }
    // Split, so that this file does not find itself.
    const mark = new RegExp("\\b(TO" + "DO|FIX" + "ME|HA" + "CK|XX" + "X)\\b").exec(line);
    const isTapWord = path.includes("tap_reader");
    if (mark !== null && !isTapWord) {
      findings.push({ path, line: number, message: `Mark of unfinished work "${mark[0]}"` });
    }
  });
  return findings;
}

/** The formatter cannot break a long string or address, so they do not count. */
function columnsOf(line: string): number {
  if (line.length <= MAX_COLUMNS) return line.length;
  return line.replace(/"[^"]*"|'[^']*'|`[^`]*`?|\/[^/\s].*\/[dgimsuy]*|https?:\S+/g, "").length;
}

interface CFunction {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  readonly isStatic: boolean;
}

const NOT_A_FUNCTION = new Set(["if", "for", "while", "switch", "return", "sizeof", "defined"]);

/** Definitions begin and end in column 0; the last name before `(` is the function. */
function cFunctions(text: string): CFunction[] {
  const lines = text.split("\n");
  const functions: CFunction[] = [];
  let start: { line: number; head: string } | undefined;
  for (const [index, line] of lines.entries()) {
    if (start === undefined) {
      if (/^[A-Za-z_][\w\s*,]*\(/.test(line) && !/^(typedef|struct|enum|union)\b/.test(line)) {
        start = { line: index + 1, head: "" };
      } else continue;
    }
    if (line.startsWith("}")) {
      const name = /(\w+)\s*\(/.exec(start.head)?.[1] ?? "";
      if (start.head.includes("{") && !NOT_A_FUNCTION.has(name) && !/^[A-Z_\d]+$/.test(name)) {
        const isStatic = /\bstatic\b/.test(start.head);
        functions.push({ name, line: start.line, lines: index + 2 - start.line, isStatic });
      }
      start = undefined;
    } else if (!start.head.includes("{")) {
      start.head += `${line}\n`;
      if (line.includes("{") && line.trimEnd().endsWith("}")) start = undefined;
      else if (!line.includes("{") && /;\s*(\/\*.*)?$/.test(line)) start = undefined;
    }
  }
  return functions;
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function eachLine(text: string, visit: (line: string, number: number) => void): void {
  text.split("\n").forEach((line, index) => visit(line, index + 1));
}
