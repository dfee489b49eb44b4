/** Tests of web/transport/rung_watch.ts: when another way is looked for, by a simulated clock. */

import fc from "fast-check";
import t from "tap";
import { RUNGS } from "../../../../web/transport/ladder.ts";
import type { Rung } from "../../../../web/transport/ladder.ts";
import {
  BETTER_PAUSE_US,
  MOVE_US,
  RungWatch,
  STANDBY_US,
  WATCH_INTERVAL_US,
} from "../../../../web/transport/rung_watch.ts";
import type { RungStep, RungView } from "../../../../web/transport/rung_watch.ts";

const SECOND_US = 1_000_000;

/** A viewer that does what the watch says, on a path that a test makes dark. */
class WatchedViewer {
  readonly watch = new RungWatch();
  readonly steps: [atUs: number, step: RungStep][] = [];
  nowUs = 0;
  isDark = false;
  view: RungView;

  constructor(rung: Rung) {
    this.view = {
      ...{ rung, heardUs: 0, hasOther: true, hasBetter: rung !== "quic" },
      ...{ isVisible: true, isStandby: false, isBusy: false },
    };
    this.watch.begin(rung, 0);
  }

  /** Goes on for a while; a host says something four times a second. */
  run(durationUs: number): void {
    for (const endUs = this.nowUs + durationUs; this.nowUs < endUs;) {
      this.nowUs += WATCH_INTERVAL_US;
      if (!this.isDark) this.view = { ...this.view, heardUs: this.nowUs };
      const step = this.watch.look(this.view, this.nowUs);
      if (step !== "rest" && step !== "ask") this.steps.push([this.nowUs, step]);
      if (step === "standby") this.view = { ...this.view, isStandby: true };
      if (step === "drop" || step === "move") this.view = { ...this.view, isStandby: false };
      if (step !== "move") continue;
      this.isDark = false;
      this.watch.begin(this.view.rung, this.nowUs);
    }
  }
}

t.test("RungWatch leaves a path that works alone", (t) => {
  const viewer = new WatchedViewer("quic");
  viewer.run(3600 * SECOND_US);
  t.same(viewer.steps, []);
  t.end();
});

t.test("RungWatch dials another way after a second of silence and moves when it stays silent", (t) => {
  const viewer = new WatchedViewer("quic");
  viewer.run(10 * SECOND_US);
  viewer.isDark = true;
  viewer.run(2 * SECOND_US);
  const silentUs = viewer.steps.map(([atUs, step]) => [atUs - 10 * SECOND_US, step] as const);
  t.equal(silentUs.length, 2);
  const [standby, move] = silentUs;
  t.equal(standby?.[1], "standby");
  t.ok(standby![0] >= STANDBY_US && standby![0] <= STANDBY_US + WATCH_INTERVAL_US);
  t.equal(move?.[1], "move");
  t.ok(move![0] >= MOVE_US && move![0] <= MOVE_US + WATCH_INTERVAL_US);
  t.end();
});

t.test("RungWatch stays where it is when the path comes back in time", (t) => {
  const viewer = new WatchedViewer("quic");
  viewer.run(10 * SECOND_US);
  viewer.isDark = true;
  viewer.run(1.25 * SECOND_US);
  viewer.isDark = false;
  viewer.run(10 * SECOND_US);
  t.same(viewer.steps.map(([, step]) => step), ["standby", "drop"]);
  t.end();
});

t.test("RungWatch takes no stillness of its own for one of the path", (t) => {
  const viewer = new WatchedViewer("quic");
  viewer.run(10 * SECOND_US);
  // The machine slept: nothing was heard, and nothing looked.
  viewer.nowUs += 600 * SECOND_US;
  viewer.isDark = true;
  viewer.run(STANDBY_US - WATCH_INTERVAL_US);
  t.same(viewer.steps, [], "the host gets its second to answer");
  viewer.run(0.5 * SECOND_US);
  t.same(viewer.steps.map(([, step]) => step), ["standby", "move"], "and is left if it does not");
  t.end();
});

t.test("RungWatch looks for a better way with growing pauses, and only while it is seen", (t) => {
  const viewer = new WatchedViewer("tcp");
  viewer.run(400 * SECOND_US);
  const seconds = viewer.steps.map(([atUs, step]) => {
    t.equal(step, "better");
    return Math.round(atUs / SECOND_US);
  });
  t.same(seconds, [5, 20, 65, 200]);
  const hidden = new WatchedViewer("tcp");
  hidden.view = { ...hidden.view, isVisible: false };
  hidden.run(400 * SECOND_US);
  t.same(hidden.steps, []);
  t.end();
});

t.test("RungWatch does not go up and down with a path that comes and goes", (t) => {
  const watch = new RungWatch();
  watch.begin("tcp", 0);
  const view = {
    ...{ rung: "tcp" as const, hasOther: true, hasBetter: true },
    ...{ isVisible: true, isStandby: false, isBusy: false },
  };
  let nowUs = BETTER_PAUSE_US;
  t.equal(watch.look({ ...view, heardUs: nowUs }, nowUs), "better");
  // Up, and down again after two seconds.
  watch.begin("quic", nowUs);
  nowUs += 2 * SECOND_US;
  watch.begin("tcp", nowUs);
  nowUs += BETTER_PAUSE_US;
  t.equal(watch.look({ ...view, heardUs: nowUs }, nowUs), "rest", "the pause has grown");
  nowUs += 2 * BETTER_PAUSE_US;
  t.equal(watch.look({ ...view, heardUs: nowUs }, nowUs), "better");
  // Up for good: the next time it is quick again.
  watch.begin("quic", nowUs);
  nowUs += 600 * SECOND_US;
  watch.begin("tcp", nowUs);
  t.equal(watch.betterPauseUs, BETTER_PAUSE_US);
  t.end();
});

t.test("RungWatch asks for one thing at a time, whatever happens", (t) => {
  const property = fc.property(
    fc.constantFrom<Rung>(...RUNGS),
    fc.array(
      fc.record({
        waitUs: fc.integer({ min: 1, max: 3 * SECOND_US }),
        isHeard: fc.boolean(),
        isBusy: fc.boolean(),
        isStandby: fc.boolean(),
        hasOther: fc.boolean(),
        hasBetter: fc.boolean(),
        isVisible: fc.boolean(),
      }),
      { maxLength: 100 },
    ),
    (rung, looks) => {
      const watch = new RungWatch();
      watch.begin(rung, 0);
      let [nowUs, heardUs, dials] = [0, 0, 0];
      for (const { waitUs, isHeard, ...view } of looks) {
        nowUs += waitUs;
        if (isHeard) heardUs = nowUs;
        const step = watch.look({ rung, heardUs, ...view }, nowUs);
        const isDial = step === "standby" || step === "better";
        if (isDial && (view.isBusy || view.isStandby)) return false;
        if (step === "standby" && !view.hasOther) return false;
        if (step === "better" && !(view.hasBetter && view.isVisible)) return false;
        if ((step === "move" || step === "drop") && !view.isStandby) return false;
        if (isDial) dials++;
      }
      // Pauses bound them, however often it is asked.
      return dials <= 2 + nowUs / SECOND_US;
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1000 }));
  t.end();
});
