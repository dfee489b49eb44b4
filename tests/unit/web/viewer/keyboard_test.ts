/** Tests of web/viewer/input/keyboard.ts. */

import t from "tap";
import { parseInputEvent } from "../../../../src/wire/input.ts";
import { InputSender } from "../../../../web/viewer/input/input_sender.ts";
import { Keyboard, scancodeOf } from "../../../../web/viewer/input/keyboard.ts";

function setUp(isApple = false) {
  const sent: [number, boolean][] = [];
  const sender = new InputSender((record) => {
    if (record === undefined) return;
    const { code, down } = parseInputEvent(record);
    sent.push([code, down]);
  });
  sender.begin(0);
  return { keyboard: new Keyboard(sender, isApple), sent };
}

const press = (code: string, repeat = false) => ({ code, repeat });

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
  t.ok(keyboard.down(press("KeyA", true)), "a repeat is the host's, but says nothing");
  t.ok(keyboard.up(press("KeyA")));
  t.notOk(keyboard.down(press("Unidentified")));
  t.same(sent, [[0x1e, true], [0x1e, false]]);
  t.end();
});

t.test("Keyboard turns each change of Caps Lock into a press where the system reports it so", (t) => {
  const { keyboard, sent } = setUp(true);
  keyboard.down(press("CapsLock"));
  keyboard.up(press("CapsLock"));
  t.same(sent, [[0x3a, true], [0x3a, false], [0x3a, true], [0x3a, false]]);
  t.end();
});

t.test("Keyboard ends keys whose end Command swallows, and keeps modifiers", (t) => {
  const { keyboard, sent } = setUp(true);
  keyboard.down(press("ShiftLeft"));
  keyboard.down(press("MetaLeft"));
  keyboard.down(press("KeyC"));
  sent.length = 0;
  keyboard.up(press("MetaLeft"));
  t.same(sent, [[0xe05b, false], [0x2e, false]]);
  t.end();
});
