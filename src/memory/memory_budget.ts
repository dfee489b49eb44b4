/**
 * MemoryBudget: what the host may use at most, as a sum of lines that can be read before it starts:
 * an owner, how many of what, and why that many. It holds figures only; whoever knows the limits of a
 * configuration makes the lines.
 */

import { showBytes } from "../core/byte_size.ts";
import type { MemoryOwner } from "./memory_ledger.ts";

/** A process of the host. */
export type HostProcessName = "server" | "media";

/** One line of the sum. */
export interface BudgetLine {
  /** An owner of the ledger; `runtime` is what the process costs before it does anything. */
  readonly owner: MemoryOwner | "runtime";
  readonly process: HostProcessName;
  /** Bytes of one. */
  readonly bytes: number;
  /** How many; default 1. */
  readonly count?: number;
  /** What these bytes are, for people. */
  readonly why: string;
}

/** A sum of lines. */
export class MemoryBudget {
  readonly lines: readonly BudgetLine[];

  /** Throws RangeError when a line is no whole number of bytes. */
  constructor(lines: readonly BudgetLine[]) {
    for (const line of lines) {
      const bytes = bytesOf(line);
      if (!(Number.isSafeInteger(bytes) && bytes >= 0)) {
        throw new RangeError(`Cannot budget ${bytes} bytes of ${line.owner}`);
      }
    }
    this.lines = lines;
  }

  /** Bytes of all lines, or of those of one process. */
  totalBytes(process?: HostProcessName): number {
    return this.lines.filter((line) => process === undefined || line.process === process)
      .reduce((sum, line) => sum + bytesOf(line), 0);
  }

  /** Most bytes that an owner may hold; undefined when no line names it. */
  limitBytesOf(owner: BudgetLine["owner"]): number | undefined {
    const lines = this.lines.filter((line) => line.owner === owner);
    return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + bytesOf(line), 0);
  }

  /** The sum in one line. */
  get summary(): string {
    const server = showBytes(this.totalBytes("server"));
    const media = showBytes(this.totalBytes("media"));
    return `at most ${showBytes(this.totalBytes())}: server ${server}, media ${media}`;
  }

  /** Every line with its reason, and the sums; ends in a newline. */
  text(): string {
    const rows = (["server", "media"] as const).flatMap((process) => [
      `${process} process`,
      ...this.lines.filter((line) => line.process === process).map(lineText),
      sumText("sum", this.totalBytes(process)),
      "",
    ]);
    return [...rows, sumText("both", this.totalBytes()), ""].join("\n");
  }
}

const NAME_COLUMNS = 14;
const BYTES_COLUMNS = 10;

function lineText(line: BudgetLine): string {
  const { owner, bytes, count = 1, why } = line;
  const times = count === 1 ? "" : `${count} x ${showBytes(bytes)}: `;
  return `${sumText(owner, bytesOf(line))}  ${times}${why}`;
}

function sumText(name: string, bytes: number): string {
  return `  ${name.padEnd(NAME_COLUMNS)}${showBytes(bytes).padStart(BYTES_COLUMNS)}`;
}

function bytesOf({ bytes, count = 1 }: BudgetLine): number {
  return bytes * count;
}
