/** Tests of web/viewer/receive/path_notice.ts. */

import t from "tap";
import {
  NOTICE_AFTER_US,
  NOTICE_FOR_US,
  noticeOf,
  PathNotice,
} from "../../../../web/viewer/receive/path_notice.ts";
import type { NetworkNotice } from "../../../../web/viewer/receive/path_notice.ts";
import type { PathReportMessage } from "../../../../web/viewer/receive/stats_snapshot.ts";
import { seededRandom } from "../../../seeded.ts";
import { pathReport } from "./path_report_fixture.ts";

const INTERVAL_US = 500_000;
const GOOD = pathReport();
const REPAIRING = pathReport({ rung: "reference" });
const SLOW = pathReport({ layers: "base" });

/** A notice that hears two reports a second and writes down what it says, with the time in seconds. */
class Listener {
  readonly notice = new PathNotice();
  readonly said: (readonly [number, NetworkNotice | undefined])[] = [];
  nowUs = 10_000_000;

  hear(report: PathReportMessage, count: number): this {
    for (let index = 0; index < count; index++) {
      this.nowUs += INTERVAL_US;
      this.#note(this.notice.observe(report, this.nowUs));
    }
    return this;
  }

  /** The host says nothing. */
  wait(us: number): this {
    for (const endUs = this.nowUs + us; this.nowUs < endUs;) {
      this.nowUs += INTERVAL_US;
      this.#note(this.notice.tick(this.nowUs));
    }
    return this;
  }

  #note(hasChanged: boolean): void {
    if (hasChanged) this.said.push([this.nowUs / 1e6 - 10, this.notice.shown]);
  }
}

t.test("noticeOf tells what a person would notice", (t) => {
  for (const rung of ["none", "repairs", "reactive"] as const) {
    t.equal(noticeOf(pathReport({ rung })), undefined, `${rung} costs no picture`);
  }
  t.equal(noticeOf(REPAIRING), "repairing");
  t.equal(noticeOf(pathReport({ rung: "keyframe" })), "repairing");
  t.equal(noticeOf(pathReport({ rung: "rate" })), "slow");
  t.equal(noticeOf(pathReport({ layers: "keyframes" })), "slow");
  t.equal(noticeOf(pathReport({ scale: 0.75 })), "slow");
  t.equal(noticeOf(pathReport({ rung: "keyframe", layers: "base" })), "slow", "slow says more");
  t.end();
});

t.test("PathNotice says nothing of what is over soon", (t) => {
  const listener = new Listener();
  for (let time = 0; time < 20; time++) listener.hear(REPAIRING, 5).hear(GOOD, 5);
  t.same(listener.said, []);
  t.end();
});

t.test("PathNotice speaks after 3 s and falls silent 4 s after the last bad report", (t) => {
  const listener = new Listener().hear(REPAIRING, 20).hear(GOOD, 20);
  const startS = 0.5 + NOTICE_AFTER_US / 1e6;
  t.same(listener.said, [[startS, "repairing"], [10 + NOTICE_FOR_US / 1e6, undefined]]);
  t.end();
});

t.test("PathNotice does not need every report to be bad", (t) => {
  const listener = new Listener();
  for (let time = 0; time < 10; time++) listener.hear(REPAIRING, 1).hear(GOOD, 1);
  t.same(listener.said, [[3.5, "repairing"]]);
  t.end();
});

t.test("PathNotice keeps a word for 4 s before it says another", (t) => {
  const listener = new Listener().hear(REPAIRING, 7).hear(SLOW, 20);
  t.same(listener.said, [[3.5, "repairing"], [7.5, "slow"]]);
  t.end();
});

t.test("PathNotice falls silent with the host", (t) => {
  const listener = new Listener().hear(SLOW, 10).wait(10_000_000);
  t.same(listener.said, [[3.5, "slow"], [9, undefined]]);
  t.end();
});

t.test("PathNotice never changes its word within 4 s, whatever is reported", (t) => {
  const random = seededRandom("path notice");
  const listener = new Listener();
  for (let report = 0; report < 20_000; report++) {
    listener.hear(random.pick([GOOD, REPAIRING, SLOW]), 1 + random.int(6));
  }
  t.ok(listener.said.length > 100, `${listener.said.length} changes`);
  const shown = listener.said.map(([atS, notice], index) =>
    notice === undefined ? Infinity : (listener.said[index + 1]?.[0] ?? Infinity) - atS
  );
  t.ok(Math.min(...shown) >= NOTICE_FOR_US / 1e6);
  t.end();
});
