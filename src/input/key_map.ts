/**
 * KeyMap: XT scancodes (set 1, 0xE0xx when extended), which the wire carries, to Linux evdev key
 * codes, which devices take. Input step. Linux numbered its first keys after this very set, so most
 * of the plain codes are the same number; the rest is a table. A key without an entry is refused.
 */

/** Plain scancodes up to this one are evdev codes: letters, digits, F1 to F10, the numeric pad. */
const LAST_IDENTICAL = 0x53;

/** The other plain scancodes. */
const PLAIN: readonly (readonly [scancode: number, evdevCode: number])[] = [
  [0x54, 99], // Alt+PrintScreen: SysRq
  [0x55, 186], // F16
  [0x56, 86], // 102nd key of ISO keyboards
  [0x57, 87], // F11
  [0x58, 88], // F12
  [0x59, 117], // = of the numeric pad
  [0x5a, 190], // F20
  [0x5d, 183], // F13
  [0x5e, 184], // F14
  [0x5f, 185], // F15
  [0x64, 134], // Open
  [0x65, 135], // Paste
  [0x6d, 193], // F23
  [0x6f, 194], // F24
  [0x70, 93], // Katakana/Hiragana
  [0x71, 123], // Hanja, Eisu
  [0x72, 122], // Hangul, Kana
  [0x73, 89], // Ro
  [0x74, 191], // F21
  [0x76, 85], // Zenkaku/Hankaku
  [0x77, 91], // Hiragana
  [0x78, 90], // Katakana
  [0x79, 92], // Henkan
  [0x7b, 94], // Muhenkan
  [0x7d, 124], // Yen
  [0x7e, 121], // , of the numeric pad
];

/** Second bytes of the extended scancodes. */
const EXTENDED: readonly (readonly [scancode: number, evdevCode: number])[] = [
  [0x03, 187], // F17
  [0x04, 189], // F19
  [0x05, 129], // Again
  [0x06, 130], // Props
  [0x07, 131], // Undo
  [0x10, 165], // previous track
  [0x19, 163], // next track
  [0x1c, 96], // Enter of the numeric pad
  [0x1d, 97], // right Control
  [0x20, 113], // mute
  [0x21, 140], // calculator
  [0x22, 164], // play and pause
  [0x24, 166], // stop playing
  [0x25, 205], // suspend
  [0x2e, 114], // volume down
  [0x30, 115], // volume up
  [0x32, 172], // browser home
  [0x35, 98], // / of the numeric pad
  [0x37, 99], // PrintScreen
  [0x38, 100], // right Alt
  [0x3c, 137], // Cut
  [0x41, 136], // Find
  [0x46, 119], // Pause
  [0x47, 102], // Home
  [0x48, 103], // Up
  [0x49, 104], // Page Up
  [0x4b, 105], // Left
  [0x4d, 106], // Right
  [0x4f, 107], // End
  [0x50, 108], // Down
  [0x51, 109], // Page Down
  [0x52, 110], // Insert
  [0x53, 111], // Delete
  [0x5b, 125], // left Meta
  [0x5c, 126], // right Meta
  [0x5d, 127], // Menu
  [0x5e, 116], // Power
  [0x5f, 142], // Sleep
  [0x63, 143], // Wake
  [0x65, 217], // browser search
  [0x66, 156], // bookmarks
  [0x67, 173], // reload
  [0x68, 128], // browser stop
  [0x69, 159], // browser forward
  [0x6a, 158], // browser back
  [0x6b, 157], // computer
  [0x6c, 155], // mail
  [0x6d, 226], // media player
  [0x75, 138], // Help
  [0x76, 179], // ( of the numeric pad
  [0x77, 188], // F18
  [0x78, 133], // Copy
  [0x79, 192], // F22
  [0x7b, 180], // ) of the numeric pad
  [0x7d, 162], // eject
];

const EXTENDED_PREFIX = 0xe000;

/** One byte for each second byte; 0 is no key. */
const plainCodes = new Uint8Array(0x80);
const extendedCodes = new Uint8Array(0x80);
for (let scancode = 1; scancode <= LAST_IDENTICAL; scancode++) plainCodes[scancode] = scancode;
for (const [scancode, evdevCode] of PLAIN) plainCodes[scancode] = evdevCode;
for (const [scancode, evdevCode] of EXTENDED) extendedCodes[scancode] = evdevCode;

/** The Linux evdev code of an XT scancode, or undefined when no key has it. */
export function evdevCodeOf(scancode: number): number | undefined {
  const isExtended = (scancode & 0xff00) === EXTENDED_PREFIX;
  if (!isExtended && scancode > 0x7f) return undefined;
  const code = isExtended ? extendedCodes[scancode & 0xff] : plainCodes[scancode];
  return code === 0 ? undefined : code;
}
