import t from "tap";
import { utf8 } from "../../../../src/core/bytes.ts";
import {
  DashboardReader,
  eventText,
  STALL_MS,
} from "../../../../src/server/dashboard/dashboard_reader.ts";

function open() {
  const state = { nowMs: 0, ends: 0 };
  const reader = new DashboardReader({
    greeting: utf8("hello "),
    nowMs: () => state.nowMs,
    onEnd: () => state.ends++,
  });
  const source = reader.stream.getReader();
  const read = async () => {
    const { value, done } = await source.read();
    return done ? undefined : new TextDecoder().decode(value);
  };
  return { state, reader, source, read };
}

t.test("DashboardReader gives the greeting and then each sample as it comes", async (t) => {
  const { reader, read } = open();
  t.equal(await read(), "hello ");
  const next = read();
  reader.offer(utf8("one"));
  t.equal(await next, "one");
  reader.offer(utf8("two"));
  t.equal(await read(), "two");
  t.equal(reader.dropped, 0);
});

t.test("DashboardReader holds the newest sample alone for a page that is slow", async (t) => {
  const { reader, read } = open();
  for (const text of ["one", "two", "three"]) reader.offer(utf8(text));
  t.equal(await read(), "hello ", "the greeting is never replaced");
  t.equal(await read(), "three");
  t.equal(reader.dropped, 2);
});

t.test("DashboardReader gives up a page that takes nothing, not one that waits", async (t) => {
  const stalled = open();
  stalled.state.nowMs = STALL_MS - 1;
  stalled.reader.offer(utf8("one"));
  t.equal(stalled.state.ends, 0);
  stalled.state.nowMs = STALL_MS;
  stalled.reader.offer(utf8("two"));
  t.equal(stalled.state.ends, 1);
  await t.rejects(stalled.read(), { message: /takes nothing/ });
  stalled.reader.offer(utf8("three"));
  stalled.reader.fail("again");
  t.equal(stalled.state.ends, 1, "once");

  const waiting = open();
  await waiting.read();
  const next = waiting.read();
  await Promise.resolve();
  waiting.state.nowMs = 10 * STALL_MS;
  waiting.reader.offer(utf8("one"));
  t.equal(await next, "one", "it was the host that said nothing");
  t.equal(waiting.state.ends, 0);
});

t.test("DashboardReader ends when its page goes, and when the host does", async (t) => {
  const gone = open();
  await gone.read();
  await gone.source.cancel();
  t.equal(gone.state.ends, 1);
  gone.reader.offer(utf8("one"));
  gone.reader.close(utf8("bye"));
  t.equal(gone.state.ends, 1, "nothing happens to it any more");

  const waiting = open();
  await waiting.read();
  const last = waiting.read();
  waiting.reader.close(utf8("bye"));
  t.equal(await last, "bye");
  t.equal(await waiting.read(), undefined);
  t.equal(waiting.state.ends, 1);

  const unread = open();
  unread.reader.close(utf8("bye"));
  t.equal(await unread.read(), "bye", "what waited gives way to the end");
  t.equal(await unread.read(), undefined);
});

t.test("eventText keeps every text in one line", (t) => {
  t.equal(eventText("sample", { a: "x\ny" }), 'event: sample\ndata: {"a":"x\\ny"}\n\n');
  t.equal(eventText("sample", 1, "5.7"), "event: sample\nid: 5.7\ndata: 1\n\n");
  t.end();
});
