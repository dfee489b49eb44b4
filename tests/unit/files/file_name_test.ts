/** Tests of src/files/file_name.ts: whatever a viewer calls a file, the name can only name a file. */

import fc from "fast-check";
import t from "tap";
import {
  FILE_NAME_BYTES_MAX,
  isPlainFileName,
  numberedFileName,
  safeFileName,
} from "../../../src/files/file_name.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text).byteLength;

t.test("safeFileName keeps what is harmless and takes the rest away", (t) => {
  const cases: [string, string][] = [
    ["report.pdf", "report.pdf"],
    ["Größe 😀 (2).tar.gz", "Größe 😀 (2).tar.gz"],
    ["cafe\u0301.txt", "caf\u00e9.txt"],
    ["e\u2066\u0301.txt", "\u00e9.txt"],
    ["CO\u212a, \u037e", "COK, ;"],
    ["../../etc/passwd", "_.._etc_passwd"],
    ["..", "file"],
    ["", "file"],
    ["/", "_"],
    ["C:\\Windows\\system.ini", "C__Windows_system.ini"],
    [".bashrc", "bashrc"],
    ["...  .hidden", "hidden"],
    ["a\0b\nc\x1b[31m.txt", "abc[31m.txt"],
    ["invoice\u202efdp.exe", "invoicefdp.exe"],
    ["\u2066a\u2069\u200f.txt", "a.txt"],
    ["trailing. . ", "trailing"],
    ["CON", "_CON"],
    ["nul.txt", "_nul.txt"],
    ["LPT1 .log", "_LPT1 .log"],
    ["console.log", "console.log"],
    ["a\ud800b", "ab"],
    ['a<b>:"|?*', "a_b______"],
    ["tab\tspace\u00a0.txt", "tabspace .txt"],
  ];
  for (const [given, expected] of cases) t.equal(safeFileName(given), expected, given);
  t.end();
});

t.test("safeFileName cuts long names by bytes and keeps their ending", (t) => {
  const name = safeFileName(`${"ä".repeat(300)}.tar.gz`);
  t.ok(bytesOf(name) <= FILE_NAME_BYTES_MAX && bytesOf(name) > FILE_NAME_BYTES_MAX - 2);
  t.ok(name.endsWith("ä.tar.gz"));
  const emoji = safeFileName("😀".repeat(100));
  t.equal(emoji, "😀".repeat(63), "never half of a character");
  t.equal(bytesOf(safeFileName(`a.${"b".repeat(300)}`)), FILE_NAME_BYTES_MAX, "no such ending");
  t.end();
});

t.test("numberedFileName puts the number before the ending", (t) => {
  t.equal(numberedFileName("a.txt", 2), "a (2).txt");
  t.equal(numberedFileName("a.tar.gz", 10), "a (10).tar.gz");
  t.equal(numberedFileName("README", 3), "README (3)");
  const long = numberedFileName(`${"x".repeat(251)}.txt`, 12);
  t.equal(bytesOf(long), FILE_NAME_BYTES_MAX);
  t.ok(long.endsWith("x (12).txt"));
  t.end();
});

t.test("isPlainFileName takes names in one folder and nothing else", (t) => {
  for (const name of ["a", "a:b", "ü", "a b.txt", "~"]) t.ok(isPlainFileName(name), name);
  for (const name of ["", ".", "..", ".a", "a/b", "/a", "a\\b", "a\0", "x".repeat(256)]) {
    t.notOk(isPlainFileName(name), name);
  }
  t.end();
});

t.test("any text becomes a plain name that stays as it is", (t) => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(..."./\\ .\u202e\0aCON1"), maxLength: 30 }),
  );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 9999 }), (text, count) => {
        const name = safeFileName(text);
        const isStable = safeFileName(name) === name;
        const numbered = numberedFileName(name, count);
        return isStable && isPlainFileName(name) && isPlainFileName(numbered) &&
          !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(name) && !/[.\s]$/u.test(name);
      }),
      { numRuns: 2000 },
    )
  );
  t.end();
});
