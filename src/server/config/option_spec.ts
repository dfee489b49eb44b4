/**
 * OptionSpec: what one row of the option table says: how a value is read and what people read about it.
 * The table itself is option_table.ts.
 */

import type * as z from "zod";

/** Headings of docs/OPTIONS.md, in their order. */
export const OPTION_GROUPS = [
  "Picture",
  "Sound",
  "Publishing",
  "Network",
  "Access",
  "Input",
  "Clipboard",
  "Files",
  "Replay",
  "Recording",
  "Memory",
  "Program",
] as const;
/** One of `OPTION_GROUPS`. */
export type OptionGroup = (typeof OPTION_GROUPS)[number];

/** One option: its schema and what people read about it. */
export interface OptionSpec<T = unknown> {
  /** Takes the text of a flag or variable, or the value of a file, and yields the value used. */
  readonly schema: z.ZodType<T>;
  /** What the value is when nobody gives it. */
  readonly fallback: T;
  /** Placeholder of the value in --help; absent for switches. */
  readonly value?: string;
  /** The flag may be given several times; its values are joined by commas. */
  readonly repeats?: true;
  /** One sentence without the default. */
  readonly summary: string;
  /** Heading that the option stands under in docs/OPTIONS.md. */
  readonly group: OptionGroup;
}

/** A row as it stands, with the type of its value. */
export function option<const T>(spec: OptionSpec<T>): OptionSpec<T> {
  return spec;
}
