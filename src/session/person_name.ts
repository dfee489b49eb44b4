/**
 * Person names: what people call themselves, made fit to be shown to others: one line, nothing unseen
 * that turns or hides text, no towers of marks, at most `MAX_PERSON_NAME` units, and nobody else's.
 */

import { MAX_PERSON_NAME } from "../wire/people_messages.ts";

/** Controls, direction marks, joiners, private and unassigned characters, and breaks of lines. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu;
const TOWERS = /(\p{M}{2})\p{M}+/gu;

/** A name as it may be shown; undefined when nothing of it can be seen. */
export function cleanName(text: string): string | undefined {
  const line = text.normalize("NFC").replace(UNSEEN, " ").replace(TOWERS, "$1")
    .replace(/\s+/gu, " ").trim();
  const name = cut(line, MAX_PERSON_NAME).trim();
  return /[\p{L}\p{N}\p{S}\p{P}]/u.test(name) ? name : undefined;
}

/** `name`, with a number where somebody else has it already: "Ana", "Ana 2". */
export function distinctName(name: string, others: Iterable<string>): string {
  const taken = new Set([...others].map(folded));
  if (!taken.has(folded(name))) return name;
  for (let number = 2;; number++) {
    const suffix = ` ${number}`;
    const numbered = `${cut(name, MAX_PERSON_NAME - suffix.length).trim()}${suffix}`;
    if (!taken.has(folded(numbered))) return numbered;
  }
}

/** What somebody is called who has said nothing: the first number that is free. */
export function guestName(others: Iterable<string>): string {
  const taken = new Set([...others].map(folded));
  let number = 1;
  while (taken.has(folded(`Guest ${number}`))) number++;
  return `Guest ${number}`;
}

function folded(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** At most `units` UTF-16 units, without half a character at the end. */
function cut(text: string, units: number): string {
  let kept = "";
  for (const character of text) {
    if (kept.length + character.length > units) break;
    kept += character;
  }
  return kept;
}
