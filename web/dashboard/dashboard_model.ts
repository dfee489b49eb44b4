/**
 * DashboardModel: what the page knows of the host: what stays the same, the newest sample and a history
 * of at most ten minutes, in columns as charts draw them. Every event is checked before it counts.
 */

import { ProtocolError } from "../../src/core/errors.ts";
import {
  dashboardHelloSchema,
  dashboardHistorySchema,
  dashboardSampleSchema,
  HISTORY_SAMPLES,
} from "../../src/wire/dashboard.ts";
import type { DashboardHello, DashboardSample } from "../../src/wire/dashboard.ts";
import type { ServerEvent } from "./event_parser.ts";

/** Values of one column, oldest first; null where nothing was known. */
export type Column = (number | null)[];

/** An encoder that replaces another holds the budget of both for a moment. */
const OVER_SAMPLES = 10;
/** Some lines of the budget are measured figures, which vary. */
export const OVER_SHARE = 1.1;

/** What is known of one host. */
export class DashboardModel {
  hello: DashboardHello | undefined;
  sample: DashboardSample | undefined;
  /** Wall clock of this page when the newest sample came, milliseconds. */
  sampledMs = 0;
  readonly #columns = new Map<string, Column>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes an event. Throws ProtocolError when it is none of this version. */
  push(event: ServerEvent): void {
    const value = parse(event.data);
    if (event.name === "hello") this.#takeHello(dashboardHelloSchema(value, "hello"));
    else if (event.name === "history") {
      const { isWhole, values } = dashboardHistorySchema(value, "history");
      if (isWhole) { for (const column of this.#columns.values()) column.length = 0; }
      this.#append(values);
    } else if (event.name === "sample") {
      const sample = dashboardSampleSchema(value, "sample");
      this.sample = sample;
      this.sampledMs = this.#nowMs();
      this.#append(sample.row.map((cell) => [cell]));
    } else {
      throw new ProtocolError(`Cannot use the event "${event.name}"`, { reason: "unexpected" });
    }
  }

  /** The values of a column; empty when the host has none of that name. */
  column(name: string): Column {
    return this.#columns.get(name) ?? [];
  }

  /** Names of the owners of memory that held anything in the history. */
  get owners(): string[] {
    return [...this.#columns.keys()].filter((name) => name.startsWith("owner:"))
      .filter((name) => this.column(name).some((value) => (value ?? 0) > 0))
      .map((name) => name.slice("owner:".length));
  }

  /** Owners that were clearly above their budget in each of the last samples. */
  get overBudget(): string[] {
    const caps = this.hello?.caps ?? [];
    return caps.filter(({ owner, bytes }) => {
      const values = this.column(`owner:${owner}`).slice(-OVER_SAMPLES);
      return values.length === OVER_SAMPLES &&
        values.every((value) => (value ?? 0) > bytes * OVER_SHARE);
    }).map(({ owner }) => owner);
  }

  #takeHello(hello: DashboardHello): void {
    const isOther = this.hello?.startedMs !== hello.startedMs;
    this.hello = hello;
    if (!isOther && this.#columns.size === hello.columns.length) return;
    this.#columns.clear();
    for (const name of hello.columns) this.#columns.set(name, []);
  }

  /** Adds rows that are newer than the newest one, and forgets the oldest. */
  #append(values: readonly Column[]): void {
    const names = [...this.#columns.keys()];
    const times = values[0] ?? [];
    const newestMs = this.column(names[0] ?? "").at(-1) ?? -Infinity;
    const first = times.findIndex((timeMs) => timeMs !== null && timeMs > newestMs);
    if (first < 0) return;
    names.forEach((name, index) => {
      const column = this.column(name);
      for (let row = first; row < times.length; row++) column.push(values[index]?.[row] ?? null);
      if (column.length > HISTORY_SAMPLES) column.splice(0, column.length - HISTORY_SAMPLES);
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError("Cannot read an event as JSON", { reason: "bad_value", cause });
  }
}
