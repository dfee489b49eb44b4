/**
 * Avatar: letters and tint that stand for a person, the same on every page. Functions only.
 */

/** Tints that people.css has. */
export const TINTS = 8;

/** One or two letters of a name. */
export function initials(name: string): string {
  const words = name.split(" ").filter((word) => word !== "");
  const first = (word: string | undefined) => [...word ?? ""][0] ?? "";
  const last = words.length > 1 ? first(words.at(-1)) : "";
  return `${first(words[0])}${last}`.toUpperCase();
}

/** Which tint stands for an id. */
export function tintOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return sum % TINTS;
}
