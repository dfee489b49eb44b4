/**
 * File words: what people read about files: names without tricks, sizes, dates, and where each
 * file that is sent stands. Functions only.
 */

import type { SendFailure, SendState } from "./file_messages.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;
/** Marks that turn text around or control it: they could make a name look like another one. */
const TRICKS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name as it may be shown: what cannot be seen is shown as something. */
export function shownName(name: string): string {
  return name.replace(TRICKS, "\ufffd");
}

/** A number of bytes, with three digits or so. */
export function sizeText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const isWhole = Number.isInteger(value);
  const digits = isWhole || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** When a file was changed: the time of a day that is today, else the day. */
export function dateText(ms: number, nowMs: number): string {
  const date = new Date(ms);
  const isToday = new Date(nowMs).toDateString() === date.toDateString();
  return isToday
    ? date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** What a file that is sent is said of. */
export interface SentFacts {
  readonly state: SendState;
  readonly bytes: number;
  readonly written: number;
  readonly reason?: SendFailure | undefined;
  /** Bytes a second, where it moves. */
  readonly rate?: number | undefined;
  readonly hostName: string;
  readonly maxBytes: number;
}

/** One line on where a file stands. */
export function sentText(facts: SentFacts): string {
  const { state, bytes, written, rate, hostName } = facts;
  switch (state) {
    case "queued":
      return `${sizeText(bytes)}, waits for its turn`;
    case "offline":
      return `${sizeText(written)} of ${sizeText(bytes)}, goes on when connected`;
    case "sending": {
      const speed = rate === undefined ? "" : `, ${sizeText(rate)}/s`;
      return `${sizeText(written)} of ${sizeText(bytes)}${speed}`;
    }
    case "paused":
      return `${sizeText(written)} of ${sizeText(bytes)}, paused`;
    case "held":
      return `${sizeText(written)} of ${sizeText(bytes)}, paused on ${hostName}`;
    case "checking":
      return `${sizeText(bytes)}, being checked`;
    case "done":
      return `${sizeText(bytes)}, on ${hostName}`;
    case "failed":
      return failureText(facts);
  }
}

function failureText({ reason, hostName, maxBytes }: SentFacts): string {
  switch (reason) {
    case "too_large":
      return `Larger than the ${sizeText(maxBytes)} that ${hostName} takes`;
    case "quota":
      return `The folder on ${hostName} is full`;
    case "disk_full":
      return `The disk of ${hostName} is nearly full`;
    case "not_allowed":
      return `You may not send files to ${hostName}`;
    case "mismatch":
      return "It arrived damaged";
    case "cancelled":
      return `Cancelled on ${hostName}`;
    case "superseded":
      return "It is sent from another tab";
    case "unreadable":
      return "It changed or cannot be read any more";
    case "not_loaded":
      return "Sending could not begin: reload the page";
    case "busy":
      return `${hostName} takes other files first`;
    case "write_failed":
      return `${hostName} could not write it`;
    case "interrupted":
    case undefined:
      return "It broke off";
  }
}
