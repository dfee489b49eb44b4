import fc from "fast-check";
import t from "tap";
import { cleanName, distinctName, guestName } from "../../../src/session/person_name.ts";
import { MAX_PERSON_NAME } from "../../../src/wire/people_messages.ts";

t.test("cleanName makes one line of what can be seen", (t) => {
  const cases: [string, string | undefined][] = [
    ["Ana", "Ana"],
    ["  Ana \t\n Maria  ", "Ana Maria"],
    ["A\u0301na", "\u00c1na"],
    ["\u202eevil\u202c", "evil"],
    ["a\u200bb\u2066c", "a b c"],
    ["\u0000\u0007bell", "bell"],
    ["line\u2028two", "line two"],
    ["<script>", "<script>"],
    ["日本語", "日本語"],
    ["🎮 Pad", "🎮 Pad"],
    ["", undefined],
    ["   ", undefined],
    ["\u200d\u200d", undefined],
    ["\u3164", undefined],
    ["\ud800", undefined],
    ["\u0301\u0301", undefined],
  ];
  // A name of a test is a line: these are none.
  for (const [text, name] of cases) t.equal(cleanName(text), name, encodeURI(name ?? "nothing"));
  t.equal(cleanName(`z${"\u0303".repeat(50)}`)?.length, 3, "no towers of marks");
  t.equal(cleanName("x".repeat(300))?.length, MAX_PERSON_NAME);
  t.equal(cleanName("😀".repeat(50)), "😀".repeat(MAX_PERSON_NAME / 2), "no half characters");
  t.end();
});

t.test("cleanName is bounded and stays as it is when it is cleaned again", (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.uint16Array({ maxLength: 80 }), (units) => {
      const text = String.fromCharCode(...units);
      const name = cleanName(text);
      if (name === undefined) return;
      if (name.length > MAX_PERSON_NAME) throw new Error("Too long");
      if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) throw new Error("Unseen");
      if (cleanName(name) !== name) throw new Error(`Not the same again: ${cleanName(name)}`);
    }))
  );
  t.end();
});

t.test("distinctName lets nobody pass for another", (t) => {
  t.equal(distinctName("Ana", []), "Ana");
  t.equal(distinctName("Ana", ["Ana"]), "Ana 2");
  t.equal(distinctName("ana", ["Ana", "ANA 2"]), "ana 3");
  t.equal(distinctName("\uff21na", ["Ana"]), "\uff21na 2", "in other letters");
  const long = "x".repeat(MAX_PERSON_NAME);
  t.equal(distinctName(long, [long]), `${"x".repeat(MAX_PERSON_NAME - 2)} 2`);
  t.end();
});

t.test("guestName takes the first number that is free", (t) => {
  t.equal(guestName([]), "Guest 1");
  t.equal(guestName(["Guest 1", "guest 2", "Ana"]), "Guest 3");
  t.equal(guestName(["Guest 2"]), "Guest 1");
  t.end();
});
