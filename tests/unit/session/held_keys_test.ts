import t from "tap";
import { HeldKeys, MAX_HELD } from "../../../src/session/held_keys.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../../../src/wire/control.ts";
import type { InputEvent } from "../../../src/wire/input.ts";

function event(kind: "key" | "button", code: number, down: boolean): InputEvent {
  return { kind, down, code, sequence: 0, pointerSequence: 0, x: 0, y: 0 };
}

t.test("HeldKeys passes each press and its end once", (t) => {
  const held = new HeldKeys();
  t.ok(held.apply(event("key", 0x1e, true)));
  t.notOk(held.apply(event("key", 0x1e, true)), "a repeat");
  t.ok(held.isKeyDown(0x1e));
  t.ok(held.apply(event("key", 0x1e, false)));
  t.notOk(held.apply(event("key", 0x1e, false)), "an end without a press");
  t.equal(held.size, 0);
  t.end();
});

t.test("HeldKeys tells button 1 from key 1", (t) => {
  const held = new HeldKeys();
  t.ok(held.apply(event("key", 1, true)));
  t.ok(held.apply(event("button", 1, true)));
  t.ok(held.apply(event("key", 1, false)));
  t.same(held.release(), [event("button", 1, false)]);
  t.same(held.release(), []);
  t.end();
});

t.test("HeldKeys is bounded", (t) => {
  const held = new HeldKeys();
  for (let code = 1; code <= MAX_HELD; code++) t.ok(held.apply(event("key", code, true)));
  t.notOk(held.apply(event("key", 500, true)));
  t.equal(held.release().length, MAX_HELD);
  t.end();
});

t.test("HeldKeys has a deadline only while something is held", (t) => {
  const held = new HeldKeys();
  held.heard(1000);
  t.equal(held.deadlineUs, undefined);
  held.apply(event("key", 1, true));
  t.equal(held.deadlineUs, 1000 + HEARTBEAT_TIMEOUT_MS * 1000);
  held.heard(5000);
  t.equal(held.deadlineUs, 5000 + HEARTBEAT_TIMEOUT_MS * 1000);
  held.release();
  t.equal(held.deadlineUs, undefined);
  t.end();
});
