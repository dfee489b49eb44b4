/** Tests of src/core/schema.ts: strictness, bounds and messages that name the value. */

import t from "tap";
import { ProtocolError } from "../../../src/core/errors.ts";
import * as schema from "../../../src/core/schema.ts";

const message = schema.variants({
  hello: { name: schema.text(4), tags: schema.optional(schema.list(schema.integer(0, 9), 2)) },
  bye: {},
});

t.test("variants accept exactly their fields", (t) => {
  t.same(message({ type: "hello", name: "ada" }, "m"), { type: "hello", name: "ada" });
  t.same(message({ type: "hello", name: "", tags: [1, 2] }, "m").type, "hello");
  t.same(message({ type: "bye" }, "m"), { type: "bye" });
  t.end();
});

t.test("variants refuse what they do not list, naming path and value", (t) => {
  const cases: [unknown, RegExp][] = [
    [{ type: "hello" }, /m\.name = undefined/],
    [{ type: "hello", name: "abcde" }, /m\.name = "abcde"/],
    [{ type: "hello", name: "a", admin: true }, /m\.admin = true: expected no such field/],
    [{ type: "hello", name: "a", tags: [1, 2, 3] }, /m\.tags = <list of 3>/],
    [{ type: "hello", name: "a", tags: [1, 10] }, /m\.tags\[1\] = 10/],
    [{ type: "toString" }, /m\.type = "toString"/],
    [{ type: "__proto__" }, /m\.type/],
    [null, /m\.type = undefined/],
    [[], /m\.type/],
    ["bye", /m\.type/],
  ];
  for (const [value, expected] of cases) {
    t.throws(() => message(value, "m"), { name: "ProtocolError", message: expected });
  }
  t.end();
});

t.test("integer, number, binary, boolean and oneOf check type and range", (t) => {
  t.equal(schema.integer(0, 5)(5, "x"), 5);
  for (const bad of [-1, 6, 1.5, NaN, "3", 3n, undefined]) {
    t.throws(() => schema.integer(0, 5)(bad, "x"), ProtocolError, String(bad));
  }
  t.equal(schema.number(0, 1)(0.5, "x"), 0.5);
  t.throws(() => schema.number(0, 1)(Infinity, "x"), ProtocolError);
  t.throws(() => schema.binary(1)(new Uint8Array(2), "x"), { message: /<2 bytes>/ });
  t.throws(() => schema.boolean(1, "x"), ProtocolError);
  t.throws(() => schema.oneOf(["a", "b"])("c", "x"), { message: /one of a, b/ });
  t.end();
});

t.test("A refused value is shown in bounded length", (t) => {
  try {
    schema.text(1)("z".repeat(10_000), "x");
    t.fail("accepted");
  } catch (error) {
    t.ok((error as Error).message.length < 200);
  }
  t.end();
});
