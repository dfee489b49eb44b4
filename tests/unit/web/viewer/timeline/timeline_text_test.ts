/** Tests of the timeline's words and keys. */

import t from "tap";
import {
  behindText,
  clockText,
  spanText,
  spokenText,
} from "../../../../../web/viewer/ui/timeline/time_text.ts";
import { shuttleRate, timelineKeyOf } from "../../../../../web/viewer/ui/timeline/timeline_keys.ts";

const PLAIN = { shiftKey: false, ctrlKey: false, altKey: false, metaKey: false };

t.test("times are told as people read them", (t) => {
  t.same([0, 40_000, 12_340_000, 62_300_000, 3_723_000_000].map(behindText), [
    ...["0.0 s", "0.0 s", "−12.3 s", "−1:02.3", "−1:02:03"],
  ]);
  t.same([9.96, 59.9, 60, 600.04].map(spanText), ["10.0 s", "59.9 s", "1:00.0", "10:00.0"]);
  const at = new Date(2026, 4, 7, 14, 3, 21, 456).getTime();
  t.equal(clockText(at, at), "14:03:21.4");
  t.equal(clockText(at, at + 86_400_000), "07.05. 14:03:21.4");
  t.equal(spokenText(12_340_000, at), "12.3 seconds ago, at 14:03:21");
  t.equal(spokenText(125_000_000, at), "2 minutes 5 seconds ago, at 14:03:21");
  t.end();
});

t.test("a time that rounds up to a minute is a minute", (t) => {
  t.equal(spanText(59.96), "1:00.0");
  t.equal(spanText(119.97), "2:00.0");
  t.equal(behindText(59_960_000), "−1:00.0");
  t.end();
});

t.test("keys are those of an editing desk, and those with a modifier are nobody's", (t) => {
  const press = (key: string, shiftKey = false) => timelineKeyOf({ ...PLAIN, key, shiftKey });
  t.same(press(","), { do: "step", frames: -1 });
  t.same(press("."), { do: "step", frames: 1 });
  t.same(press("ArrowLeft"), { do: "skip", seconds: -1 });
  t.same(press("ArrowRight", true), { do: "skip", seconds: 5 });
  t.same(press("J"), { do: "shuttle", direction: -1 });
  t.same(press("Escape"), { do: "live" });
  t.same(press("Home"), { do: "start" });
  t.same(press("o"), { do: "out" });
  t.equal(press("x"), undefined);
  t.equal(press("constructor"), undefined);
  t.equal(timelineKeyOf({ ...PLAIN, key: "l", ctrlKey: true }), undefined);
  t.end();
});

t.test("J, K and L pressed again go faster, up to four times", (t) => {
  t.same([0, 1, 2, 4, -2, 0.25].map((rate) => shuttleRate(1, rate)), [1, 2, 4, 4, 1, 1]);
  t.same([0, -1, -4, 2].map((rate) => shuttleRate(-1, rate)), [-1, -2, -4, -1]);
  t.equal(shuttleRate(0, 4), 0);
  t.end();
});
