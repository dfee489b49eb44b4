import t from "tap";
import { AssertionError } from "../../../src/core/assert.ts";
import { Inbox } from "../../../src/transport/inbox.ts";

t.test("Inbox gives entries in order to a reader that comes later", async (t) => {
  const inbox = new Inbox<number>(3);
  t.equal(inbox.push(1), undefined);
  t.equal(inbox.push(2), undefined);
  t.equal(inbox.size, 2);
  t.equal(await inbox.next(), 1);
  t.equal(await inbox.next(), 2);
});

t.test("Inbox wakes a reader that waits", async (t) => {
  const inbox = new Inbox<string>(1);
  const waiting = inbox.next();
  inbox.push("late");
  t.equal(await waiting, "late");
  t.equal(inbox.size, 0);
});

t.test("Inbox loses its oldest entry when it is full, and says which", async (t) => {
  const inbox = new Inbox<number>(2);
  inbox.push(1);
  t.equal(inbox.isFull, false);
  inbox.push(2);
  t.equal(inbox.isFull, true);
  t.equal(inbox.push(3), 1);
  t.equal(await inbox.next(), 2);
  t.equal(await inbox.next(), 3);
});

t.test("Inbox lets its reader go when it closes and takes nothing more", async (t) => {
  const inbox = new Inbox<number>(2);
  const waiting = inbox.next();
  t.same(inbox.close(), []);
  t.equal(await waiting, undefined);
  t.equal(inbox.push(1), 1, "gives back what it does not take");
  t.equal(await inbox.next(), undefined);
  t.same(inbox.close(), [], "closing again changes nothing");
});

t.test("Inbox gives back what nobody took when it closes", (t) => {
  const inbox = new Inbox<number>(4);
  inbox.push(1);
  inbox.push(2);
  t.same(inbox.close(), [1, 2]);
  t.end();
});

t.test("Inbox refuses a second reader", (t) => {
  const inbox = new Inbox<number>(1);
  void inbox.next();
  t.throws(() => inbox.next(), AssertionError);
  t.end();
});
