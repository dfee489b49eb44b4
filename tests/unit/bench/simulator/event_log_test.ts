/** Tests of the records and of the digest: same events, same bytes. */

import t from "tap";
import { EVENT_KINDS, EventLog } from "../../../../bench/simulator/event_log.ts";

t.test("EventLog writes what happened, up to its limit, and counts the rest", (t) => {
  const log = new EventLog({ recordsKept: 2 });
  log.add(2 ** 32 + 7, "packetSent", 1, 65_535, 1000);
  log.add(9, "frame", 3);
  log.add(10, "frame", 4);
  const view = new DataView(log.bytes.buffer, 0, log.bytes.byteLength);
  t.equal(log.bytes.byteLength, 48);
  const words = Array.from({ length: 12 }, (_, word) => view.getUint32(4 * word, true));
  t.same(words, [7, 1, EVENT_KINDS.packetSent, 1, 65_535, 1000, 9, 0, EVENT_KINDS.frame, 3, 0, 0]);
  t.equal(log.count("frame"), 2);
  t.equal(log.count("keyframe"), 0);
  t.end();
});

t.test("EventLog's digest depends on every part of every record and on their order", (t) => {
  type Event = Parameters<EventLog["add"]>;
  const digestOf = (events: readonly Event[]) => {
    const log = new EventLog();
    for (const event of events) log.add(...event);
    return log.digest;
  };
  const first: Event = [1, "frame", 2, 3, 4];
  const second: Event = [5, "packetLost", 6, 7, 8];
  const plain = digestOf([first, second]);
  t.match(plain, /^[\da-f]{16}$/);
  t.equal(plain, digestOf([first, second]));
  const others = [
    [second, first],
    [first],
    [[2, "frame", 2, 3, 4], second],
    [[1 + 2 ** 32, "frame", 2, 3, 4], second],
    [[1, "keyframe", 2, 3, 4], second],
    [[1, "frame", 3, 3, 4], second],
    [[1, "frame", 2, 4, 4], second],
    [[1, "frame", 2, 3, 5], second],
  ] as Event[][];
  t.equal(new Set([plain, ...others.map(digestOf)]).size, 1 + others.length);
  t.same(new EventLog().bytes, new Uint8Array());
  t.end();
});
