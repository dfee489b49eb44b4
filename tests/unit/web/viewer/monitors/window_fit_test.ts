/** Tests of web/viewer/monitors/window_fit.ts with simulated timers. */

import t from "tap";
import { SETTLE_MS, WindowFit } from "../../../../../web/viewer/monitors/window_fit.ts";
import type { WindowSize } from "../../../../../web/viewer/monitors/window_fit.ts";

/** A window, and timers that run when they are told. */
class Desk {
  window: WindowSize = { width: 800, height: 600, scale: 1 };
  readonly asked: WindowSize[] = [];
  readonly timers = new Map<number, { run: () => void; waitMs: number }>();
  #next = 0;
  readonly fit = new WindowFit<number>({
    measure: () => this.window,
    ask: (size) => this.asked.push(size),
    setTimer: (run, waitMs) => {
      this.timers.set(++this.#next, { run, waitMs });
      return this.#next;
    },
    clearTimer: (timer) => this.timers.delete(timer),
  });

  resize(width: number, height: number, scale = 1): void {
    this.window = { width, height, scale };
    this.fit.windowChanged();
  }

  fire(): void {
    const [[id, timer] = []] = this.timers;
    if (id !== undefined) this.timers.delete(id);
    timer?.run();
  }
}

t.test("WindowFit asks at once when it begins, and after the window stood still", (t) => {
  const desk = new Desk();
  desk.resize(900, 700);
  t.equal(desk.timers.size, 0, "nobody wants it yet");
  desk.fit.toggle(true);
  t.same(desk.asked, [{ width: 900, height: 700, scale: 1 }]);
  for (let width = 901; width < 1000; width++) desk.resize(width, 700);
  t.equal(desk.timers.size, 1, "one timer for all of a drag");
  t.equal([...desk.timers.values()][0]?.waitMs, SETTLE_MS);
  t.equal(desk.asked.length, 1);
  desk.fire();
  t.same(desk.asked[1], { width: 999, height: 700, scale: 1 });
  desk.resize(999, 700);
  desk.fire();
  t.equal(desk.asked.length, 2, "the same size is not asked for twice");
  t.end();
});

t.test("WindowFit asks for the pixels of the device, within what the wire takes", (t) => {
  const desk = new Desk();
  desk.window = { width: 390, height: 844, scale: 3 };
  desk.fit.toggle(true);
  t.same(desk.asked.pop(), { width: 1170, height: 2532, scale: 3 }, "a phone");
  desk.resize(5000, 4000, 8);
  desk.fire();
  t.same(desk.asked.pop(), { width: 8192, height: 8192, scale: 5 }, "a wall");
  desk.resize(800.4, 600.6, 0.1);
  desk.fire();
  t.same(desk.asked.pop(), { width: 80, height: 60, scale: 0.5 });
  for (const [width, height] of [[0, 600], [800, 0], [NaN, 600]] as const) {
    desk.resize(width, height);
    desk.fire();
  }
  t.same(desk.asked, [], "a window without a size asks for nothing");
  t.end();
});

t.test("WindowFit ends, begins anew with another screen, and leaves no timer", (t) => {
  const desk = new Desk();
  desk.fit.toggle(true);
  desk.fit.screenChanged();
  t.equal(desk.asked.length, 2, "another screen is asked for the same size");
  desk.resize(700, 500);
  desk.fit.toggle(false);
  t.equal(desk.timers.size, 0);
  t.notOk(desk.fit.isOn);
  desk.fit.screenChanged();
  desk.resize(710, 500);
  t.equal(desk.asked.length, 2, "nothing while it is off");
  desk.fit.toggle(true);
  t.equal(desk.asked.length, 3);
  desk.resize(720, 500);
  desk.fit.close();
  t.equal(desk.timers.size, 0);
  t.end();
});
