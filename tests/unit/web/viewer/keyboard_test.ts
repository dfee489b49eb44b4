/** Tests of web/viewer/input/keyboard.ts. */

import t from "tap";
import { parseInputEvent } from "../../../../src/wire/input.ts";
import { InputSender } from "../../../../web/viewer/input/input_sender.ts";
import { Keyboard, scancodeOf } from "../../../../web/viewer/input/keyboard.ts";
import type { KeyboardPlatform, KeyPress } from "../../../../web/viewer/input/keyboard.ts";
import { keyboardPlatform } from "../../../../web/viewer/input/keyboard_platform.ts";

function setUp(platform: KeyboardPlatform = "other") {
  const sent: [number, boolean][] = [];
  const said: string[] = [];
  const sender = new InputSender((record) => {
    if (record === undefined) return;
    const { kind, code, down, x } = parseInputEvent(record);
    if (kind === "key") sent.push([code, down]);
    if (kind === "text") said.push(String.fromCodePoint(x));
    if (kind === "locks") said.push(`locks ${code.toString(16)}`);
    if (kind === "key") said.push(`${code.toString(16)} ${down ? "down" : "up"}`);
  });
  sender.begin(0);
  const keyboard = new Keyboard(sender, platform);
  // What the first event says of the locks is said once.
  keyboard.look(press("KeyA"));
  const first = said.splice(0);
  return { keyboard, sent, said, first };
}

function press(code: string, options: Partial<KeyPress> & { readonly locks?: string } = {}) {
  const { locks = "", ...others } = options;
  return {
    ...{ code, key: code, repeat: false, ctrlKey: false, metaKey: false, timeStamp: 0 },
    getModifierState: (name: string) => locks.split(" ").includes(name),
    ...others,
  };
}

t.test("scancodeOf names the physical keys of a full keyboard", (t) => {
  const expected: Record<string, number> = {
    Escape: 0x01,
    Digit1: 0x02,
    KeyQ: 0x10,
    KeyA: 0x1e,
    Space: 0x39,
    F1: 0x3b,
    F12: 0x58,
    Numpad0: 0x52,
    NumpadEnter: 0xe01c,
    ControlLeft: 0x1d,
    ControlRight: 0xe01d,
    AltRight: 0xe038,
    ArrowUp: 0xe048,
    Delete: 0xe053,
    MetaLeft: 0xe05b,
    IntlBackslash: 0x56,
    PrintScreen: 0xe037,
  };
  for (const [code, scancode] of Object.entries(expected)) {
    t.equal(scancodeOf(code), scancode, code);
  }
  t.equal(scancodeOf("Unidentified"), undefined);
  t.equal(scancodeOf("constructor"), undefined);
  t.end();
});

t.test("Keyboard passes presses on, drops repeats and leaves unknown keys to the browser", (t) => {
  const { keyboard, sent } = setUp();
  t.ok(keyboard.down(press("KeyA")));
  t.ok(keyboard.down(press("KeyA", { repeat: true })), "a repeat is the host's, but says nothing");
  t.ok(keyboard.up(press("KeyA")));
  t.notOk(keyboard.down(press("Unidentified", { key: "Unidentified" })));
  t.same(sent, [[0x1e, true], [0x1e, false]]);
  t.end();
});

t.test("Keyboard turns each change of Caps Lock into a press where the system reports it so", (t) => {
  const { keyboard, sent } = setUp("apple");
  keyboard.down(press("CapsLock"));
  keyboard.up(press("CapsLock"));
  t.same(sent, [[0x3a, true], [0x3a, false], [0x3a, true], [0x3a, false]]);
  t.end();
});

t.test("Keyboard ends keys whose end Command swallows, and keeps modifiers", (t) => {
  const { keyboard, sent } = setUp("apple");
  keyboard.down(press("ShiftLeft"));
  keyboard.down(press("MetaLeft"));
  keyboard.down(press("KeyC"));
  sent.length = 0;
  keyboard.up(press("MetaLeft"));
  t.same(sent, [[0xe05b, false], [0x2e, false]]);
  t.end();
});

t.test("Keyboard types characters that have no place on a keyboard", (t) => {
  const { keyboard, said } = setUp();
  t.ok(keyboard.down(press("", { key: "€" })));
  t.notOk(keyboard.up(press("", { key: "€" })));
  t.ok(keyboard.down(press("Unidentified", { key: "\u{1f600}" })));
  t.notOk(keyboard.down(press("", { key: "c", ctrlKey: true })), "a shortcut of the browser");
  t.ok(keyboard.down(press("", { key: "Enter" })));
  keyboard.up(press("", { key: "Enter" }));
  t.ok(keyboard.down(press("KeyE", { key: "€" })), "a key with a place is its place");
  t.same(said, ["€", "\u{1f600}", "1c down", "1c up", "12 down"]);
  t.end();
});

t.test("Keyboard tells AltGr from Control and Alt on Windows", (t) => {
  const { keyboard, said } = setUp("windows");
  t.ok(keyboard.down(press("ControlLeft", { timeStamp: 100 })));
  keyboard.down(press("AltRight", { timeStamp: 100.1 }));
  keyboard.down(press("KeyQ", { timeStamp: 180 }));
  keyboard.up(press("KeyQ"));
  keyboard.up(press("ControlLeft"));
  keyboard.up(press("AltRight"));
  t.same(said.splice(0), ["e038 down", "10 down", "10 up", "e038 up"]);

  keyboard.down(press("ControlLeft", { timeStamp: 500 }));
  keyboard.down(press("ControlLeft", { timeStamp: 530, repeat: true }));
  keyboard.down(press("KeyC", { timeStamp: 560 }));
  t.same(said.splice(0), ["1d down", "2e down"], "a Control that was meant comes first");
  keyboard.up(press("KeyC"));
  keyboard.up(press("ControlLeft"));
  said.length = 0;

  keyboard.down(press("ControlLeft", { timeStamp: 900 }));
  keyboard.up(press("ControlLeft", { timeStamp: 940 }));
  t.same(said.splice(0), ["1d down", "1d up"], "also alone");

  keyboard.down(press("ControlLeft", { timeStamp: 1900 }));
  keyboard.flush();
  t.same(said.splice(0), ["1d down"], "and with a mouse");
  keyboard.up(press("ControlLeft"));
  said.length = 0;
  keyboard.down(press("ControlLeft", { timeStamp: 2900 }));
  keyboard.forget();
  keyboard.down(press("KeyC", { timeStamp: 2960 }));
  t.same(said, ["locks 30", "2e down"], "and the focus takes one away that waits");
  t.end();
});

t.test("Keyboard says which locks are on, when that is news and no lock key is down", (t) => {
  const { keyboard, said, first } = setUp();
  t.same(first, ["locks 30"], "Caps and Num Lock are off");
  keyboard.down(press("KeyA", { locks: "CapsLock" }));
  t.same(said.splice(0), ["locks 31", "1e down"]);
  keyboard.up(press("KeyA"));
  said.length = 0;
  keyboard.down(press("CapsLock", { locks: "CapsLock" }));
  keyboard.down(press("KeyB"));
  keyboard.up(press("KeyB"));
  keyboard.up(press("CapsLock", { locks: "CapsLock" }));
  t.notMatch(said.splice(0).join(), /locks/);
  keyboard.down(press("KeyC"));
  t.same(said.splice(0), ["locks 30", "2e down"], "whichever end of the key changes it");
  keyboard.forget();
  keyboard.down(press("KeyD", { locks: "NumLock ScrollLock" }));
  t.same(said, ["locks 76", "20 down"], "Scroll Lock is known once it was on");
  const apple = setUp("apple");
  t.same(apple.first, ["locks 10"], "Apple has Caps Lock alone");
  t.end();
});

t.test("keyboardPlatform reads what a browser calls itself", (t) => {
  const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
  t.equal(keyboardPlatform(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome}`), "windows");
  t.equal(keyboardPlatform(`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${chrome}`), "apple");
  t.equal(keyboardPlatform(`Mozilla/5.0 (X11; Linux x86_64) ${chrome}`), "other");
  t.end();
});
