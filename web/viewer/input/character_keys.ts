/**
 * keyOfCharacter: the key that a character is on, for characters that are typed together with a
 * modifier: Control and C is a key, not a text. Places are those of the US layout, which programs mean
 * by their shortcuts; what is not on it has none.
 */

/** A key and whether Shift goes with it. */
export interface CharacterKey {
  readonly code: string;
  readonly shift: boolean;
}

const PLAIN = "`1234567890-=[]\\;',./ ";
const SHIFTED = '~!@#$%^&*()_+{}|:"<>?';
const CODES = [
  "Backquote",
  ...["Digit1", "Digit2", "Digit3", "Digit4", "Digit5"],
  ...["Digit6", "Digit7", "Digit8", "Digit9", "Digit0"],
  ...["Minus", "Equal", "BracketLeft", "BracketRight", "Backslash"],
  ...["Semicolon", "Quote", "Comma", "Period", "Slash", "Space"],
];

/** The key of a character, or undefined for none. */
export function keyOfCharacter(character: string): CharacterKey | undefined {
  if (/^[a-z]$/i.test(character)) {
    const letter = character.toUpperCase();
    return { code: `Key${letter}`, shift: letter === character };
  }
  if (character === "\n") return { code: "Enter", shift: false };
  if (character === "\t") return { code: "Tab", shift: false };
  if (character.length !== 1) return undefined;
  const plain = PLAIN.indexOf(character);
  const shifted = SHIFTED.indexOf(character);
  const code = CODES[plain === -1 ? shifted : plain];
  return code === undefined ? undefined : { code, shift: plain === -1 };
}
