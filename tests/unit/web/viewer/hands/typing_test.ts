/** Tests of what types: sticky modifiers, the text of fields and of the clipboard, keys beside text. */

import fc from "fast-check";
import t from "tap";
import { keyOfCharacter } from "../../../../../web/viewer/input/character_keys.ts";
import { scancodeOf } from "../../../../../web/viewer/input/keyboard.ts";
import { StickyKeys } from "../../../../../web/viewer/input/sticky_keys.ts";
import { TYPED_MAX, typedCharacters } from "../../../../../web/viewer/input/text_entry.ts";
import { MIRROR_SEED, TextMirror } from "../../../../../web/viewer/input/text_mirror.ts";
import { TypingKeys } from "../../../../../web/viewer/input/typing_keys.ts";

const text = (codePoints: readonly number[]) => String.fromCodePoint(...codePoints);

t.test("StickyKeys act on one key, on all, or on none", (t) => {
  const pressed: string[] = [];
  let changes = 0;
  const sticky = new StickyKeys(
    (code, down) => pressed.push(`${code} ${down}`),
    () => changes++,
  );
  sticky.tap("ControlLeft");
  t.equal(sticky.stateOf("ControlLeft"), "once");
  sticky.tap("AltLeft");
  sticky.tap("AltLeft");
  t.equal(sticky.stateOf("AltLeft"), "locked");
  sticky.used();
  t.same(pressed.splice(0), [
    ...["ControlLeft true", "AltLeft true", "ControlLeft false"],
  ]);
  t.ok(sticky.isHolding);
  sticky.used();
  t.same(pressed, [], "a locked one stays");
  sticky.tap("AltLeft");
  t.same(pressed.splice(0), ["AltLeft false"]);
  t.notOk(sticky.isHolding);
  const before = changes;
  sticky.release();
  sticky.used();
  t.equal(changes, before, "nothing is said of nothing");
  sticky.tap("MetaLeft");
  sticky.tap("ShiftLeft");
  sticky.tap("ShiftLeft");
  sticky.release();
  t.same(pressed.slice(2), ["MetaLeft false", "ShiftLeft false"], "in any state");
  t.end();
});

t.test("keyOfCharacter finds every character of the US layout on a key that exists", (t) => {
  const expected: [string, string, boolean][] = [
    ["c", "KeyC", false],
    ["C", "KeyC", true],
    ["1", "Digit1", false],
    ["!", "Digit1", true],
    ["?", "Slash", true],
    [" ", "Space", false],
    ["\n", "Enter", false],
  ];
  for (const [character, code, shift] of expected) {
    t.same(keyOfCharacter(character), { code, shift }, JSON.stringify(character));
  }
  for (let code = 0x20; code < 0x7f; code++) {
    const key = keyOfCharacter(String.fromCharCode(code));
    if (key === undefined || scancodeOf(key.code) === undefined) t.fail(String.fromCharCode(code));
  }
  for (const character of ["é", "€", "\u{1f600}", "", "ab"]) {
    t.equal(keyOfCharacter(character), undefined, character);
  }
  t.end();
});

t.test("typedCharacters takes what can be typed, up to a bound", (t) => {
  const { codePoints, isCut } = typedCharacters("a\r\nb\rc\td\u0007é\u{1f600}\ud800");
  t.equal(text(codePoints), "a\nb\nc\tdé\u{1f600}");
  t.notOk(isCut);
  const long = typedCharacters("x".repeat(TYPED_MAX + 1));
  t.equal(long.codePoints.length, TYPED_MAX);
  t.ok(long.isCut);
  const exact = typedCharacters("\u{1f600}".repeat(TYPED_MAX));
  t.equal(exact.codePoints.length, TYPED_MAX);
  t.notOk(exact.isCut);
  t.ok(typedCharacters("\u0007".repeat(TYPED_MAX * 5) + "end").isCut, "it looks no further");
  t.end();
});

t.test("TextMirror types what a field becomes, whoever changes it", (t) => {
  const mirror = new TextMirror();
  t.same(mirror.change(`${MIRROR_SEED}helo`), { deleted: 0, typed: "helo" });
  t.same(mirror.change(`${MIRROR_SEED}hello `), { deleted: 1, typed: "lo " }, "a correction");
  t.same(mirror.change(`${MIRROR_SEED}hello `), { deleted: 0, typed: "" }, "said twice");
  t.same(mirror.change(`${MIRROR_SEED}hello \u{1f600}`), { deleted: 0, typed: "\u{1f600}" });
  t.same(mirror.change(`${MIRROR_SEED}hello `), { deleted: 1, typed: "" }, "one character back");
  t.notOk(mirror.isWorn);
  t.same(mirror.change(MIRROR_SEED.slice(1)), { deleted: 7, typed: "" }, "and beyond its own");
  t.ok(mirror.isWorn);
  mirror.reset();
  t.same(mirror.change(`${MIRROR_SEED}x`), { deleted: 0, typed: "x" });
  t.end();
});

t.test("a host that does what TextMirror says holds what the field holds", (t) => {
  const value = fc.array(fc.constantFrom("a", "b", "é", "\u{1f600}", "漢"), { maxLength: 12 });
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 30 }), (values) => {
        const mirror = new TextMirror();
        let host = [...MIRROR_SEED];
        for (const characters of values) {
          const field = MIRROR_SEED + characters.join("");
          const { deleted, typed } = mirror.change(field);
          host = [...host.slice(0, host.length - deleted), ...typed];
          if (host.join("") !== field) throw new Error(`${host.join("")} is not ${field}`);
        }
      }),
      { seed: 11 },
    );
  });
  t.end();
});

t.test("TypingKeys keeps what makes characters, and gives Shift to keys that need it", (t) => {
  const did: string[] = [];
  const keyboard = {
    down: ({ key }: { readonly key: string }) => did.push(`${key} down`) > 0,
    up: ({ key }: { readonly key: string }) => did.push(`${key} up`) > 0,
    press: (code: string, down: boolean) => void did.push(`press ${code} ${down}`),
    dropControl: () => void did.push("no control"),
  };
  const keys = new TypingKeys(keyboard, false);
  const key = (name: string, down: boolean, shiftKey = false) => {
    return keys.key({ key: name, shiftKey }, down);
  };
  t.ok(key("Shift", true));
  key("Shift", false);
  t.same(did.splice(0), [], "a capital letter needs none of it");
  key("Shift", true);
  key("ArrowLeft", true, true);
  key("ArrowLeft", false, true);
  key("Shift", false);
  t.same(did.splice(0), [
    ...["press ShiftLeft true", "ArrowLeft down", "ArrowLeft up", "press ShiftLeft false"],
  ]);
  key("AltGraph", true);
  t.same(did.splice(0), ["no control"]);
  key("Alt", true);
  t.same(did.splice(0), ["Alt down"]);
  const apple = new TypingKeys(keyboard, true);
  apple.key({ key: "Alt", shiftKey: false }, true);
  t.same(did.splice(0), [], "Option makes characters");
  key("ArrowUp", true, true);
  keys.forget();
  did.length = 0;
  key("Shift", false);
  t.same(did, [], "what was let go of is not let go of again");
  t.end();
});
