import t from "tap";
import { seededRandom } from "../../../seeded.ts";
import { EventParser, MAX_EVENT_CHARACTERS } from "../../../../web/dashboard/event_parser.ts";
import type { ServerEvent } from "../../../../web/dashboard/event_parser.ts";

const TEXT = "retry: 1000\nevent: hello\ndata: {}\n\n: a comment\n\n" +
  "event: sample\nid: 5.7\ndata: 1\ndata: 2\n\ndata:no space\n\nevent: empty\n\n" +
  "id: 5.8\r\ndata: last\r\nunknown: field\r\nfieldalone\r\n\r\n";
const EVENTS: ServerEvent[] = [
  { name: "hello", data: "{}", id: undefined },
  { name: "sample", data: "1\n2", id: "5.7" },
  { name: "message", data: "no space", id: "5.7" },
  { name: "message", data: "last", id: "5.8" },
];

t.test("EventParser reads events as the standard has them", (t) => {
  t.same(new EventParser().push(TEXT), EVENTS);
  t.end();
});

t.test("EventParser does not mind where a stream is cut", (t) => {
  const random = seededRandom("event parser cuts");
  for (let round = 0; round < 50; round++) {
    const parser = new EventParser();
    const events: ServerEvent[] = [];
    for (let at = 0; at < TEXT.length;) {
      const end = at + 1 + random.int(9);
      events.push(...parser.push(TEXT.slice(at, end)));
      at = end;
    }
    t.same(events, EVENTS);
  }
  t.end();
});

t.test("EventParser takes no event without an end", (t) => {
  const line = new EventParser();
  t.throws(() => line.push("data: ".padEnd(MAX_EVENT_CHARACTERS + 1, "x")), {
    message: /of that length/,
  });
  const lines = new EventParser();
  t.throws(() => {
    for (;;) lines.push(`data: ${"x".repeat(100_000)}\n`);
  }, { message: /of that length/ });
  const many = new EventParser();
  for (let event = 0; event < 50; event++) {
    t.equal(many.push(`data: ${"x".repeat(100_000)}\n\n`).length, 1, "many of them are fine");
  }
  t.end();
});
