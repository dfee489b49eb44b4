/**
 * typedCharacters: text of a clipboard or an input method as the characters that the host is to type.
 */

import { MAX_WAITING_RECORDS } from "../../../src/wire/input.ts";
import { isTextCodePoint } from "../../../src/wire/typing.ts";

/** Characters of one paste: as many as a host lets wait, with room for what hands do meanwhile. */
export const TYPED_MAX = MAX_WAITING_RECORDS - 256;

/** What is typed of a text, and whether that is all of it. */
export interface TypedText {
  readonly codePoints: readonly number[];
  readonly isCut: boolean;
}

/** At most `limit` characters of `text` that can be typed; lines end in a line feed. */
export function typedCharacters(text: string, limit = TYPED_MAX): TypedText {
  const codePoints: number[] = [];
  // Looking no further than can be used keeps a huge clipboard cheap.
  const start = text.slice(0, limit * 4).replace(/\r\n?/g, "\n");
  for (const character of start) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (!isTextCodePoint(codePoint)) continue;
    if (codePoints.length === limit) return { codePoints, isCut: true };
    codePoints.push(codePoint);
  }
  return { codePoints, isCut: text.length > limit * 4 };
}
