/**
 * TapReader: reads the TAP text of one test process line by line and counts its leaf test points,
 * so that one assertion counts once however deep it is nested. It keeps the text of failures and the
 * reasons of skips; its memory is bounded by `MAX_KEPT_FAILURES` and `MAX_DIAGNOSTIC_LINES`.
 */

/** Failures kept in full per file; more are counted, because one broken loop can fail 100,000 times. */
export const MAX_KEPT_FAILURES = 50;
/** Diagnostic lines kept per failure: a diff of two large buffers is cut here. */
export const MAX_DIAGNOSTIC_LINES = 120;

/** One test point that failed. */
export interface TapFailure {
  /** Names of the tests around the point and of the point itself, outermost first. */
  readonly path: readonly string[];
  /** The YAML diagnostic that tap printed, without its indentation. */
  readonly diagnostic: string[];
}

/** One test point that was skipped. */
export interface TapSkip {
  readonly path: readonly string[];
  readonly reason: string;
}

interface Level {
  name: string;
  points: number;
  failures: number;
}

interface OpenDiagnostic {
  readonly indent: number;
  readonly lines: string[] | undefined;
}

const POINT = /^( *)(not )?ok\b(?: +\d+)?(?: +- +)?(.*)$/;
const DIRECTIVE = /^(.*?)(?: +|^)# *(skip|todo)\b:? *(.*)$/i;
const TIME = / +# time=[\d.]+m?s( \{)?$/;

/** Counts the points of one TAP stream; read the fields after the last line. */
export class TapReader {
  passed = 0;
  failed = 0;
  planSeen = false;
  readonly failures: TapFailure[] = [];
  readonly skips: TapSkip[] = [];
  #levels: Level[] = [newLevel("")];
  #diagnostic: OpenDiagnostic | undefined;
  #lastFailure: { indent: number; failure: TapFailure } | undefined;

  /** Takes one line without its line end. */
  push(line: string): void {
    if (this.#diagnostic !== undefined) return this.#pushDiagnostic(line, this.#diagnostic);
    const text = line.trimStart();
    const indent = line.length - text.length;
    if (text === "---") return this.#openDiagnostic(indent);
    const depth = indent / 4;
    if (!Number.isInteger(depth)) return;
    if (text.startsWith("# Subtest: ")) return this.#enter(depth, text.slice(11));
    if (/^1\.\.\d+/.test(text)) return this.#plan(depth, text);
    if (text.startsWith("Bail out!")) return void this.addFailure([text], []);
    const point = POINT.exec(line);
    if (point !== null) this.#point(depth, point[2] === undefined, point[3] ?? "");
  }

  /** Counts a failure that the TAP text does not contain, such as a crash of the process. */
  addFailure(path: readonly string[], diagnostic: string[]): TapFailure {
    const failure = { path, diagnostic };
    this.failed++;
    if (this.failures.length < MAX_KEPT_FAILURES) this.failures.push(failure);
    return failure;
  }

  #enter(depth: number, name: string): void {
    this.#levels.length = Math.min(this.#levels.length, depth + 1);
    while (this.#levels.length < depth + 1) this.#levels.push(newLevel(""));
    this.#levels.push(newLevel(name));
  }

  #plan(depth: number, text: string): void {
    if (depth === 0) this.planSeen = true;
    const level = this.#levels[depth];
    if (depth === 0 || level === undefined || !text.startsWith("1..0")) return;
    const reason = /# *(?:skip)?:? *(.*)$/i.exec(text)?.[1] ?? "";
    if (reason !== "") return this.#skip(depth, "all", reason);
    level.points++;
    level.failures++;
    this.addFailure(this.#path(depth, "asserts nothing"), []);
  }

  #point(depth: number, ok: boolean, rest: string): void {
    const description = rest.replace(TIME, "");
    const directive = DIRECTIVE.exec(description);
    const name = directive?.[1] ?? description;
    const inner = this.#levels[depth + 1];
    this.#levels.length = Math.min(this.#levels.length, depth + 1);
    this.#lastFailure = undefined;
    const level = this.#levels[depth] ?? newLevel("");
    level.points++;
    if (inner !== undefined && inner.points > 0) {
      level.failures += inner.failures;
      if (ok || inner.failures > 0) return;
    } else if (directive !== null) {
      return this.#directive(depth, name, directive);
    } else if (ok) {
      this.passed++;
      return;
    }
    level.failures++;
    const failure = this.addFailure(this.#path(depth, name), []);
    this.#lastFailure = { indent: depth * 4, failure };
  }

  #directive(depth: number, name: string, directive: RegExpExecArray): void {
    if (directive[2]?.toLowerCase() === "skip") return this.#skip(depth, name, directive[3] ?? "");
    this.addFailure(this.#path(depth, name), [`marked TODO: ${directive[3] ?? ""}`]);
  }

  #skip(depth: number, name: string, reason: string): void {
    const path = this.#path(depth, name);
    if (reason.trim() === "") this.addFailure(path, ["skipped without a reason"]);
    else this.skips.push({ path, reason: reason.trim() });
  }

  #path(depth: number, name: string): string[] {
    const around = this.#levels.slice(1, depth + 1).map((level) => level.name);
    return [...around, name].filter((part) => part !== "");
  }

  #openDiagnostic(indent: number): void {
    const last = this.#lastFailure;
    const lines = last !== undefined && last.indent + 2 === indent
      ? last.failure.diagnostic
      : undefined;
    this.#diagnostic = { indent, lines };
  }

  #pushDiagnostic(line: string, open: OpenDiagnostic): void {
    if (line === " ".repeat(open.indent) + "...") {
      this.#diagnostic = undefined;
      return;
    }
    const lines = open.lines;
    if (lines === undefined || lines.length > MAX_DIAGNOSTIC_LINES) return;
    lines.push(lines.length < MAX_DIAGNOSTIC_LINES ? line.slice(open.indent) : "(cut)");
  }
}

function newLevel(name: string): Level {
  return { name, points: 0, failures: 0 };
}
