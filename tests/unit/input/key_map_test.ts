/** Tests of src/input/key_map.ts against the table of noVNC, which names the Linux code of each key. */

import t from "tap";
import { evdevCodeOf } from "../../../src/input/key_map.ts";
import { scancodeOf } from "../../../web/viewer/input/keyboard.ts";

const TABLE = new URL(
  "../../../node_modules/@novnc/novnc/core/input/xtscancodes.js",
  import.meta.url,
);
/** `"KeyA": 0x1e, /* html:KeyA (KeyA) -> linux:30 (KEY_A) -> ...` */
const ROW = /^\s*"(\w+)": (0x[0-9a-f]+), \/\* html:\w+ \(\w+\) -> linux:(\d+) \(/;

async function readTable(): Promise<{ name: string; scancode: number; linux: number }[]> {
  const text = await Deno.readTextFile(TABLE);
  return text.split("\n").flatMap((line) => {
    const [, name, scancode, linux] = ROW.exec(line) ?? [];
    if (name === undefined) return [];
    return [{ name, scancode: Number(scancode), linux: Number(linux) }];
  });
}

t.test("evdevCodeOf agrees with noVNC on every key of its table", async (t) => {
  const rows = await readTable();
  t.ok(rows.length >= 160, `${rows.length} rows`);
  const wrong = rows.filter(({ scancode, linux }) => evdevCodeOf(scancode) !== linux);
  t.strictSame(wrong, []);
});

t.test("evdevCodeOf takes the scancode that the viewer sends for each key", async (t) => {
  const expected: [string, number][] = [
    ["KeyA", 30],
    ["Digit0", 11],
    ["Enter", 28],
    ["NumpadEnter", 96],
    ["ControlRight", 97],
    ["AltRight", 100],
    ["MetaLeft", 125],
    ["ContextMenu", 127],
    ["PrintScreen", 99],
    ["Pause", 119],
    ["ScrollLock", 70],
    ["NumLock", 69],
    ["IntlBackslash", 86],
    ["IntlRo", 89],
    ["IntlYen", 124],
    ["KanaMode", 93],
    ["Convert", 92],
    ["NonConvert", 94],
    ["Lang1", 122],
    ["Lang2", 123],
    ["NumpadMultiply", 55],
    ["NumpadComma", 121],
    ["NumpadEqual", 117],
    ["F1", 59],
    ["F12", 88],
    ["F13", 183],
    ["F24", 194],
    ["AudioVolumeUp", 115],
    ["MediaPlayPause", 164],
    ["BrowserBack", 158],
    ["ArrowUp", 103],
    ["Delete", 111],
  ];
  for (const [code, linux] of expected) {
    const scancode = scancodeOf(code);
    if (scancode === undefined) t.fail(`the viewer knows no ${code}`);
    else t.equal(evdevCodeOf(scancode), linux, code);
  }
});

t.test("evdevCodeOf refuses what is no key, and no two keys share a code", async (t) => {
  for (const scancode of [0, -1, 0x7f, 0x80, 0xff, 0x100, 0x11e, 0xe000, 0xe07f, 0xe080, 0xe11d]) {
    t.equal(evdevCodeOf(scancode), undefined, `0x${scancode.toString(16)}`);
  }
  const codes = new Map<number, number[]>();
  for (let scancode = 0; scancode <= 0xffff; scancode++) {
    const code = evdevCodeOf(scancode);
    if (code !== undefined) codes.set(code, [...codes.get(code) ?? [], scancode]);
  }
  const shared = [...codes].filter(([, scancodes]) => scancodes.length > 1);
  t.strictSame(shared, [[99, [0x54, 0xe037]]], "PrintScreen has two, with Alt and without");
  t.ok([...codes.keys()].every((code) => code >= 1 && code <= 247), "all have an X keycode");
});
