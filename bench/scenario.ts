/**
 * Scenario: what the bench command runs. A scenario names its options in one table, from which
 * --help and the parser are made, and hands back results and checks; the command line does the rest.
 */

import { ConfigError } from "../src/core/errors.ts";
import type { Check, Report, Results } from "./report/report.ts";

/** What a run gets. */
export interface ScenarioRun<Options> {
  readonly seed: number;
  readonly options: Options;
  /** Aborted by Ctrl+C and by the scenario's deadline; everything must end then. */
  readonly signal: AbortSignal;
  /** Writes one line for people to standard error. */
  log(line: string): void;
}

/** What a run gives. */
export interface ScenarioOutcome {
  readonly results: Results;
  readonly checks: readonly Check[];
  /** Rows that `--csv` writes in place of the figures: those of a run over time. */
  readonly csv?: string;
}

/** One option of a scenario. */
export interface ScenarioOption<T = unknown> {
  /** As commander takes it: `--size <WxH>`, or `--xshm` for a switch. */
  readonly flag: string;
  readonly summary: string;
  readonly fallback: T;
  /** Turns the text into the value; throws ConfigError. Absent for switches. */
  parse?(text: string): T;
}

/** A kind of measurement. */
export interface Scenario<Options extends object = Record<string, unknown>> {
  /** Name on the command line. */
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  /** Options by their names in the report. */
  readonly options: { readonly [Name in keyof Options]: ScenarioOption<Options[Name]> };
  /** Longest that a run may take, in seconds. */
  deadlineSeconds(options: Options): number;
  /** Options that two runs must share to be compared. */
  readonly comparable?: readonly (keyof Options)[];
  /** Checks that an earlier report sets this one, with the noise that a run has. */
  regressions?(before: Report, after: Report): Check[];
  run(run: ScenarioRun<Options>): Promise<ScenarioOutcome>;
}

/** Hides a scenario's own option type, for the table that the command line reads. */
export function anyScenario<Options extends object>(scenario: Scenario<Options>): Scenario {
  return scenario as unknown as Scenario;
}

/** An option that takes a whole number from `min` to `max`. */
export function wholeNumberOption(
  flag: string,
  summary: string,
  bounds: { min: number; max: number; fallback: number },
): ScenarioOption<number> {
  return {
    flag,
    summary,
    fallback: bounds.fallback,
    parse: (text) => {
      const value = Number(text);
      if (!/^\d+$/.test(text) || value < bounds.min || value > bounds.max) {
        throw badValue(flag, text, `a whole number from ${bounds.min} to ${bounds.max}`);
      }
      return value;
    },
  };
}

/** An option that takes one of some words. */
export function choiceOption<T extends string>(
  flag: string,
  summary: string,
  bounds: { choices: readonly T[]; fallback: T },
): ScenarioOption<T> {
  return {
    flag,
    summary: `${summary}: ${bounds.choices.join(", ")}`,
    fallback: bounds.fallback,
    parse: (text) => {
      const choice = bounds.choices.find((candidate) => candidate === text);
      if (choice === undefined) throw badValue(flag, text, `one of ${bounds.choices.join(", ")}`);
      return choice;
    },
  };
}

/** An option that takes a size such as 1280x720; sides are even, 320 to 4096. */
export function sizeOption(fallback: { width: number; height: number }): ScenarioOption<string> {
  const flag = "--size <WxH>";
  return {
    flag,
    summary: "size of the screen",
    fallback: `${fallback.width}x${fallback.height}`,
    parse: (text) => {
      const size = parseSize(text);
      if (size === undefined) throw badValue(flag, text, "WxH with even sides from 320 to 4096");
      return text;
    },
  };
}

/** Frames a second of what is shown and of the stream: 1 to 240, 60 unless given. */
export function fpsOption(): ScenarioOption<number> {
  const range = { min: 1, max: 240, fallback: 60 };
  return wholeNumberOption("--fps <n>", "content and stream rate", range);
}

/** A switch, off unless given. */
export function switchOption(flag: string, summary: string): ScenarioOption<boolean> {
  return { flag, summary, fallback: false };
}

/** The sides of a size that the option has accepted. */
export function sidesOf(size: string): { width: number; height: number } {
  const sides = parseSize(size);
  if (sides === undefined) throw new RangeError(`Cannot use size "${size}"`);
  return sides;
}

/** The sides of "WxH", or undefined when the text is no usable size. */
export function parseSize(text: string): { width: number; height: number } | undefined {
  const match = /^(\d{3,4})x(\d{3,4})$/.exec(text);
  if (match === null) return undefined;
  const [width, height] = [Number(match[1]), Number(match[2])];
  const usable = (side: number) => side >= 320 && side <= 4096 && side % 2 === 0;
  return usable(width) && usable(height) ? { width, height } : undefined;
}

function badValue(flag: string, text: string, expected: string): ConfigError {
  const name = flag.split(" ")[0];
  return new ConfigError(`Cannot use "${text}" for ${name}: expected ${expected}`, {
    reason: "bad_value",
  });
}
