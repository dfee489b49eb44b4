/**
 * ClipboardSettings: what the options of the clipboard mean: the ways that are open, and the most bytes
 * of each type.
 */

import type { BudgetLine } from "../../memory/memory_budget.ts";
import type { ClipboardLimits } from "../../session/clipboard_port.ts";
import { CLIPBOARD_TYPES } from "../../wire/clipboard.ts";
import type { OptionValues } from "../config/option_table.ts";

/** Texts may have this share of what pictures may. */
const TEXT_SHARE = 16;

/** The options that say what a clipboard may do. */
export type ClipboardChoice = Pick<
  OptionValues,
  "clipboard" | "clipboardTypes" | "clipboardBytes" | "clipboardPrimary"
>;

/** True when the host's clipboard may come to viewers. */
export function isToViewer({ clipboard }: ClipboardChoice): boolean {
  return clipboard === "both" || clipboard === "host-to-viewer";
}

/** True when a viewer's clipboard may go to the host. */
export function isToHost({ clipboard }: ClipboardChoice): boolean {
  return clipboard === "both" || clipboard === "viewer-to-host";
}

/** The types that are taken, with the most bytes of each. */
export function clipboardLimits(choice: ClipboardChoice): ClipboardLimits {
  const { bytes } = choice.clipboardBytes;
  const taken = CLIPBOARD_TYPES.filter((type) => choice.clipboardTypes.includes(type));
  return new Map(
    taken.map((type) => [type, type === "png" ? bytes : Math.floor(bytes / TEXT_SHARE)]),
  );
}

/** What contents may hold, for the budget: both ways of each display, in both processes. */
export function clipboardLines(choice: ClipboardChoice, displays: number): BudgetLine[] {
  const all = [...clipboardLimits(choice).values()].reduce((sum, bytes) => sum + bytes, 0);
  const ways = Number(isToViewer(choice)) + Number(isToHost(choice));
  if (ways === 0) return [];
  return [
    {
      owner: "clipboard",
      process: "server",
      bytes: all * ways,
      count: displays,
      why: "the newest contents of each type, each way",
    },
    {
      owner: "clipboard",
      process: "media",
      // What is read of a program grows by doubling.
      bytes: all * (ways + Number(isToViewer(choice))),
      count: displays,
      why: "the same, on their way from and to programs of the host",
    },
  ];
}
