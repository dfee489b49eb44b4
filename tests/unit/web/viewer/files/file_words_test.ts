import t from "tap";
import {
  dateText,
  sentText,
  shownName,
  sizeText,
} from "../../../../../web/viewer/files/file_words.ts";
import { FILE_FAILURES } from "../../../../../src/wire/file_transfer_messages.ts";

t.test("sizeText has three digits or fewer", (t) => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [1500, "1.50 kB"],
    [15_360, "15.4 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [4_000_000_000, "4 GB"],
    [123_456_789_012, "123 GB"],
    [5e15, "5000 TB"],
  ];
  for (const [bytes, text] of cases) t.equal(sizeText(bytes), text);
  t.end();
});

t.test("shownName shows what would turn a name around", (t) => {
  t.equal(shownName("invoice\u202efdp.exe"), "invoice\ufffdfdp.exe");
  t.equal(shownName("a\nb\u2066c\0"), "a\ufffdb\ufffdc\ufffd");
  t.equal(shownName("שלום.txt"), "שלום.txt");
  t.equal(shownName("<b>"), "<b>", "text is text");
  t.end();
});

t.test("dateText has the time of today and the day of others", (t) => {
  const now = new Date(2026, 10, 21, 15, 0).getTime();
  t.match(dateText(now - 3_600_000, now), /2:00|14:00/);
  t.match(dateText(now - 48 * 3_600_000, now), /2026/);
  t.end();
});

t.test("sentText says something else of each state and each failure", (t) => {
  const facts = { bytes: 2e6, written: 1e6, hostName: "desk", maxBytes: 4e9 };
  const states = ["queued", "offline", "sending", "paused", "held", "checking", "done"] as const;
  const texts = states.map((state) => sentText({ ...facts, state }));
  const reasons = [...FILE_FAILURES, "unreadable", "not_loaded"] as const;
  texts.push(...reasons.map((reason) => sentText({ ...facts, state: "failed", reason })));
  t.equal(new Set(texts).size, texts.length);
  t.equal(sentText({ ...facts, state: "sending", rate: 5e5 }), "1 MB of 2 MB, 500 kB/s");
  t.end();
});
