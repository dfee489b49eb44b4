/**
 * Displays: which displays a configuration shows, each with a name of its own: those that the user
 * named, virtual ones, or patterns. Plain functions; what starts them is display_sources.ts. At most
 * `--max-displays`.
 */

import { ConfigError } from "../../core/errors.ts";
import type { OptionValues } from "../config/option_table.ts";

/** Longest name of a display, in characters. */
export const MAX_NAME = 40;

/** One display to show. */
export interface DisplayPlan {
  readonly name: string;
  /** An X display that is there, one to start, or the pattern that needs none. */
  readonly kind: "display" | "virtual" | "pattern";
  /** Name of an X display that is there, such as `:0`; else empty. */
  readonly display: string;
}

/** What the plan follows from. */
export interface DisplayChoice
  extends Pick<OptionValues, "source" | "display" | "displays" | "displayNames" | "maxDisplays"> {
  /** The X display of the environment, if any. */
  readonly environmentDisplay: string | undefined;
}

type Unnamed = Omit<DisplayPlan, "name">;

/** The displays in the order of their stream ids. Throws ConfigError. */
export function planDisplays(choice: DisplayChoice): DisplayPlan[] {
  const { displayNames, maxDisplays } = choice;
  const displays = unnamedDisplays(choice);
  if (displays.length > maxDisplays) {
    throw new ConfigError(
      `Cannot show ${displays.length} displays: --max-displays is ${maxDisplays}`,
      { reason: "bad_value" },
    );
  }
  if (displayNames.length > displays.length) {
    const given = displayNames.join(",");
    throw new ConfigError(
      `Cannot use --display-names "${given}": there are only ${displays.length} displays`,
      { reason: "conflict" },
    );
  }
  const names = uniqueNames(
    displays.map((display, index) => {
      return cleanName(displayNames[index] ?? "") || usualName(displays, display, index);
    }),
  );
  return displays.map((display, index) => ({ ...display, name: names[index]! }));
}

/**
 * A name as it can be shown and typed: no control or formatting characters, single spaces, at most
 * `MAX_NAME` characters, and no mere number, which would look like an id. May become empty.
 */
export function cleanName(name: string): string {
  const spaced = name.normalize("NFC").replace(/[\t\n\r]/g, " ");
  const plain = spaced.replace(/\p{C}/gu, "").replace(/\p{Z}+/gu, " ");
  const cut = [...plain.trim()].slice(0, MAX_NAME).join("").trim();
  return /^\d+$/.test(cut) ? cleanName(`Display ${cut}`) : cut;
}

/** The names with numbers where two would be the same in any case. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let number = 2; taken.has(unique.toLowerCase()); number++) {
      const suffix = ` ${number}`;
      unique = `${[...name].slice(0, MAX_NAME - suffix.length).join("")}${suffix}`;
    }
    taken.add(unique.toLowerCase());
    return unique;
  });
}

function unnamedDisplays(choice: DisplayChoice): Unnamed[] {
  const { source, displays: count } = choice;
  if (source === "pattern") return repeated({ kind: "pattern", display: "" }, Math.max(1, count));
  const named = namedDisplays(choice);
  const virtual = named.length + count === 0 ? 1 : count;
  return [
    ...named.map((display): Unnamed => ({ kind: "display", display })),
    ...repeated({ kind: "virtual", display: "" }, virtual),
  ];
}

function namedDisplays({ display, displays, environmentDisplay }: DisplayChoice): string[] {
  if (display.length === 0) {
    // Who asks for virtual screens wants those, whatever the environment of the shell says.
    return displays > 0 || environmentDisplay === undefined ? [] : [environmentDisplay];
  }
  const shown = display.join(",");
  if (display.includes("none")) {
    if (display.length === 1) return [];
    throw new ConfigError(`Cannot use --display "${shown}": none stands alone`, {
      reason: "conflict",
    });
  }
  const twice = display.find((name, index) => display.indexOf(name) !== index);
  if (twice === undefined) return [...display];
  throw new ConfigError(`Cannot use --display "${shown}": ${twice} is there twice`, {
    reason: "conflict",
  });
}

function repeated(display: Unnamed, count: number): Unnamed[] {
  return Array.from({ length: count }, () => display);
}

/** What a display is called that has no name. */
function usualName(all: readonly Unnamed[], { kind, display }: Unnamed, index: number): string {
  const single = all.length === 1;
  if (kind === "display") return single ? "Desktop" : `Display ${display}`;
  const word = kind === "virtual" ? "Desktop" : "Test pattern";
  const number = all.slice(0, index).filter((other) => other.kind === kind).length + 1;
  return single ? word : `${word} ${number}`;
}
