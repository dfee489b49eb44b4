/**
 * File names: what a viewer calls a file, made into a name that can do nothing but name a file in one
 * folder: no path, no hidden file, no device, nothing that shows other than it is. At most 255 bytes.
 */

/** Bytes of a name that file systems take. */
export const FILE_NAME_BYTES_MAX = 255;

/** Longest ending that is kept when a name is cut. */
const ENDING_BYTES_MAX = 32;
/** Line and paragraph ends, marks that turn text around, spaces without width, halves of pairs. */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
/** What separates paths or means more than itself on some system. */
const SPECIAL = /[/\\:*?"<>|]/g;
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$|clock\$)\s*(\.|$)/i;
const NAMELESS = "file";

const encoder = new TextEncoder();

/** A safe name that is as close to `text` as one can be. */
export function safeFileName(text: string): string {
  const plain = trimmed(
    text.replace(UNSEEN, "").normalize("NFC").replace(SPECIAL, "_").replace(/\s/gu, " "),
  );
  const name = plain === "" ? NAMELESS : DEVICE.test(plain) ? `_${plain}` : plain;
  // A cut can lay open a space or a dot, but never anything else.
  return trimmed(cut(name, "")) || NAMELESS;
}

/** The name for the `count`-th file of that name, from 2 on: `a.txt` becomes `a (2).txt`. */
export function numberedFileName(name: string, count: number): string {
  return cut(name, ` (${count})`);
}

/** True for what can name a file directly in a folder that is no hidden one. */
export function isPlainFileName(name: string): boolean {
  return name !== "" && !name.startsWith(".") && !/[/\\\0]/.test(name) &&
    encoder.encode(name).byteLength <= FILE_NAME_BYTES_MAX;
}

/** No leading dots, which hide, and no trailing ones or spaces, which some systems drop. */
function trimmed(name: string): string {
  return name.replace(/^[.\s]+/u, "").replace(/[.\s]+$/u, "");
}

/** `name` with `mark` before its ending, at most as long as names may be. */
function cut(name: string, mark: string): string {
  const { stem, ending } = split(name);
  const room = FILE_NAME_BYTES_MAX - encoder.encode(mark + ending).byteLength;
  let bytes = encoder.encode(stem).byteLength;
  if (bytes <= room) return stem + mark + ending;
  const letters = [...stem];
  while (bytes > room) bytes -= encoder.encode(letters.pop() ?? "").byteLength;
  return letters.join("") + mark + ending;
}

/** Stem and ending, such as `.txt` or `.tar.gz`. */
function split(name: string): { stem: string; ending: string } {
  const ending = /^.+?((?:\.tar)?\.[^.\s]+)$/u.exec(name)?.[1] ?? "";
  if (encoder.encode(ending).byteLength > ENDING_BYTES_MAX) return { stem: name, ending: "" };
  return { stem: name.slice(0, name.length - ending.length), ending };
}
