/** Tests of web/viewer/ui/shortcuts.ts. */

import t from "tap";
import { shortcutOf } from "../../../../web/viewer/ui/shortcuts.ts";

function key(code: string, modifiers: string) {
  return {
    code,
    ctrlKey: modifiers.includes("C"),
    altKey: modifiers.includes("A"),
    shiftKey: modifiers.includes("S"),
    metaKey: modifiers.includes("M"),
  };
}

t.test("shortcutOf knows Moonlight's and Selkies' combinations", (t) => {
  const expected: [string, string, string][] = [
    ["KeyQ", "CAS", "quit"],
    ["KeyZ", "CAS", "capture"],
    ["KeyX", "CAS", "fullscreen"],
    ["KeyS", "CAS", "stats"],
    ["KeyM", "CAS", "mouse_mode"],
    ["KeyC", "CAS", "cursor"],
    ["KeyV", "CAS", "type_clipboard"],
    ["KeyK", "CAS", "typing"],
    ["KeyF", "CS", "fullscreen"],
    ["KeyX", "CS", "mouse_mode"],
    ["KeyM", "CS", "menu"],
    ["KeyG", "CS", "game_mode"],
  ];
  for (const [code, modifiers, action] of expected) {
    t.equal(shortcutOf(key(code, modifiers)), action, `${modifiers} ${code}`);
  }
  t.end();
});

t.test("shortcutOf leaves everything else to the host", (t) => {
  const others: [string, string][] = [
    ["KeyQ", ""],
    ["KeyQ", "C"],
    ["KeyQ", "CS"],
    ["KeyQ", "AS"],
    ["KeyQ", "CASM"],
    ["KeyV", "CS"],
    ["KeyC", "CS"],
    ["Digit1", "CAS"],
    ["Delete", "CAS"],
  ];
  for (const [code, modifiers] of others) {
    t.equal(shortcutOf(key(code, modifiers)), undefined, `${modifiers} ${code}`);
  }
  t.end();
});
