/** Tests of web/viewer/input/touch_gestures.ts, with a simulated clock. */

import fc from "fast-check";
import t from "tap";
import { FINGERS_MAX, TouchGestures } from "../../../../../web/viewer/input/touch_gestures.ts";
import type { PagePoint, TouchMode } from "../../../../../web/viewer/input/touch_gestures.ts";

const MS = 1000;

/** A recogniser, its clock and what it did, as short words. */
class Hand {
  nowUs = 1_000_000;
  readonly did: string[] = [];
  readonly held = new Set<number>();
  readonly problems: string[] = [];
  readonly gestures: TouchGestures;

  constructor(mode: TouchMode) {
    const note = (text: string) => void this.did.push(text);
    this.gestures = new TouchGestures(mode, {
      moveTo: ({ x, y }) => note(`to ${x},${y}`),
      moveBy: (x, y) => note(`by ${x.toFixed(0)},${y.toFixed(0)}`),
      button: (button, down, at) => this.#button(button, down, at),
      scroll: (x, y) => note(`scroll ${x},${y}`),
      zoom: (factor) => note(`zoom ${factor.toFixed(2)}`),
      pan: (x, y) => note(`pan ${x},${y}`),
      toolbar: () => note("toolbar"),
      felt: () => note("felt"),
    });
  }

  #button(button: number, down: boolean, at: PagePoint | undefined): void {
    if (this.held.has(button) === down) this.problems.push(`button ${button} is ${down} twice`);
    if (down) this.held.add(button);
    else this.held.delete(button);
    const place = at === undefined ? "" : ` ${at.x},${at.y}`;
    this.did.push(`${down ? "press" : "lift"} ${button}${place}`);
  }

  down(id: number, x: number, y: number): this {
    this.gestures.down(id, { x, y }, this.nowUs);
    return this;
  }

  move(id: number, x: number, y: number): this {
    this.gestures.move(id, { x, y }, this.nowUs);
    return this;
  }

  up(id: number): this {
    this.gestures.up(id, this.nowUs);
    return this;
  }

  /** Time passes, and what is due happens when it is due. */
  after(ms: number): this {
    const untilUs = this.nowUs + ms * MS;
    for (;;) {
      const { deadlineUs } = this.gestures;
      if (deadlineUs === undefined || deadlineUs > untilUs) break;
      this.gestures.expire(deadlineUs);
    }
    this.nowUs = untilUs;
    return this;
  }

  take(): string[] {
    return this.did.splice(0);
  }
}

t.test("a tap clicks where the finger is", (t) => {
  const hand = new Hand("pointer");
  hand.down(1, 100, 50).after(80).move(1, 104, 52).up(1);
  t.same(hand.take(), ["press 1 100,50", "lift 1 100,50"]);
  hand.after(1000).down(7, 300, 60).after(400).up(7);
  t.same(hand.take(), ["press 1 300,60", "lift 1 300,60"], "a slow one too");
  t.end();
});

t.test("the second tap of a double click goes where the first one went", (t) => {
  const hand = new Hand("pointer");
  hand.down(1, 100, 50).after(60).up(1).after(120).down(2, 112, 41).after(60).up(2);
  t.same(hand.take().slice(2), ["press 1 100,50", "lift 1 100,50"]);
  hand.after(120).down(3, 200, 41).after(60).up(3);
  t.same(hand.take(), ["press 1 200,41", "lift 1 200,41"], "one far off does not");
  hand.after(900).down(4, 204, 41).after(60).up(4);
  t.same(hand.take(), ["press 1 204,41", "lift 1 204,41"], "nor one that comes late");
  t.end();
});

t.test("a long press is a right click, which the hand feels", (t) => {
  const hand = new Hand("pointer");
  hand.down(1, 100, 50).after(499);
  t.same(hand.take(), []);
  hand.after(1);
  t.same(hand.take(), ["felt", "press 3 100,50", "lift 3 100,50"]);
  hand.move(1, 300, 300).after(300).up(1).after(1000);
  t.same(hand.take(), [], "and nothing else");
  t.end();
});

t.test("a finger drags with the left button from where it came down", (t) => {
  const hand = new Hand("pointer");
  hand.down(1, 100, 50).after(80).move(1, 115, 50).move(1, 140, 60);
  t.same(hand.take(), ["press 1 100,50", "to 115,50", "to 140,60"]);
  hand.after(800).up(1);
  t.same(hand.take(), ["lift 1 140,60"]);
  hand.after(800).down(1, 100, 50).after(30).move(1, 160, 50).after(20).up(1);
  t.same(hand.take(), ["press 1 100,50", "lift 1 160,50"], "a flick is a whole drag");
  t.end();
});

t.test("a second finger soon after the first never clicks", (t) => {
  const hand = new Hand("pointer");
  hand.down(1, 100, 100).after(20).move(1, 85, 100).after(20).down(2, 220, 100);
  hand.after(20).move(2, 270, 100).after(30).move(2, 300, 100).after(20).move(2, 320, 100);
  t.notOk(hand.did.some((text) => text.startsWith("press")));
  t.match(hand.take().join(), /zoom/);
  hand.up(1).up(2).after(1000);
  t.same(hand.take(), []);
  t.end();
});

t.test("two fingers scroll together, or magnify from each other", (t) => {
  const hand = new Hand("pointer");
  hand.down(1, 100, 100).down(2, 160, 100).after(30);
  hand.move(1, 100, 80).move(2, 160, 80).move(1, 100, 60).move(2, 160, 60);
  t.same(hand.take(), ["scroll 0,-10", "scroll 0,-10", "scroll 0,-10"]);
  hand.up(1).after(5).move(2, 160, 0).up(2).after(500);
  t.same(hand.take(), [], "no momentum, and the last finger means nothing");

  hand.down(1, 100, 100).down(2, 200, 100).after(30).move(2, 260, 100).after(40);
  t.same(hand.take(), [], "the other finger may follow");
  hand.move(2, 320, 100).move(2, 330, 100).move(1, 90, 100);
  const did = hand.take();
  t.same(did.filter((text) => text.startsWith("zoom")), ["zoom 1.38", "zoom 1.05", "zoom 1.04"]);
  t.same(did.filter((text) => text.startsWith("pan")), ["pan 30,0", "pan 5,0", "pan -5,0"]);
  t.end();
});

t.test("two fingers tap for a right click, three for the toolbar", (t) => {
  for (const mode of ["pointer", "trackpad"] as const) {
    const hand = new Hand(mode);
    const at = mode === "pointer" ? " 100,100" : "";
    hand.down(1, 100, 100).after(30).down(2, 160, 100).after(60).up(2).after(20).up(1);
    t.same(hand.take(), [`press 3${at}`, `lift 3${at}`], mode);
    hand.after(500).down(1, 100, 100).down(2, 160, 100).after(20).down(3, 220, 100).after(60);
    hand.up(1).up(3).up(2);
    t.same(hand.take(), ["toolbar"], mode);
    hand.after(500).down(1, 100, 100).down(2, 160, 100).after(900).up(1).up(2).after(900);
    t.same(hand.take(), [], `${mode}: resting fingers mean nothing`);
  }
  t.end();
});

t.test("three fingers move the magnified picture", (t) => {
  const hand = new Hand("trackpad");
  hand.down(1, 0, 0).down(2, 60, 0).down(3, 120, 0);
  hand.move(1, 0, 60).move(2, 60, 60).move(3, 120, 60);
  hand.move(1, 0, 90).move(2, 60, 90);
  t.same(hand.take(), ["pan 0,20", "pan 0,10", "pan 0,10"]);
  t.end();
});

t.test("trackpad: a finger moves the pointer, further when it is fast", (t) => {
  const hand = new Hand("trackpad");
  hand.down(1, 300, 300).after(100).move(1, 311, 300).after(100).move(1, 321, 300);
  const slow = hand.take();
  t.same(slow, ["by 10,0", "by 9,0"]);
  hand.after(10).move(1, 361, 300);
  t.same(hand.take(), ["by 120,0"], "at most three times as far");
  hand.up(1).after(1000);
  t.same(hand.take(), [], "and no click");
  t.end();
});

t.test("trackpad: tap, double tap, and tap and hold to drag", (t) => {
  const hand = new Hand("trackpad");
  hand.down(1, 300, 300).after(60).up(1);
  t.same(hand.take(), ["press 1"], "at once");
  hand.after(220);
  t.same(hand.take(), ["lift 1"]);

  hand.down(1, 300, 300).after(60).up(1).after(100).down(1, 300, 300).after(60).up(1).after(300);
  t.same(hand.take(), ["press 1", "lift 1", "press 1", "lift 1"]);

  hand.down(1, 300, 300).after(60).up(1).after(100).down(1, 300, 300).after(500);
  hand.move(1, 320, 300).after(10).move(1, 330, 300).after(2000);
  t.same(hand.take().map((text) => text.split(" ")[0]), ["press", "by", "by"]);
  hand.up(1);
  t.same(hand.take(), ["lift 1"]);
  t.end();
});

t.test("a cancel and another mode let go at once", (t) => {
  const hand = new Hand("pointer");
  hand.down(1, 0, 0).after(100).move(1, 50, 0);
  hand.gestures.cancel();
  t.same(hand.take().at(-1), "lift 1");
  hand.move(1, 80, 0).up(1).after(1000);
  t.same(hand.take(), []);
  hand.gestures.setMode("trackpad");
  hand.down(1, 0, 0).after(50).up(1);
  hand.gestures.setMode("pointer");
  t.same(hand.take(), ["press 1", "lift 1"]);
  t.equal(hand.gestures.deadlineUs, undefined);
  t.end();
});

t.test("no order of fingers leaves a button down, or does a thing that is not a number", (t) => {
  const coordinate = fc.integer({ min: -50, max: 900 });
  const id = fc.integer({ min: 0, max: FINGERS_MAX + 2 });
  const step = fc.oneof(
    fc.record({ do: fc.constant("down" as const), id, x: coordinate, y: coordinate }),
    fc.record({ do: fc.constant("move" as const), id, x: coordinate, y: coordinate }),
    fc.record({ do: fc.constant("up" as const), id }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 700 }) }),
    // A timer that comes late: what is due is only noticed with the next finger.
    fc.record({ do: fc.constant("late" as const), ms: fc.integer({ min: 0, max: 700 }) }),
    fc.record({
      do: fc.constant("mode" as const),
      mode: fc.constantFrom("pointer" as const, "trackpad" as const),
    }),
    fc.record({ do: fc.constant("cancel" as const) }),
  );
  const run = (steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    const hand = new Hand("pointer");
    for (const one of steps) {
      if (one.do === "down") hand.down(one.id, one.x, one.y);
      else if (one.do === "move") hand.move(one.id, one.x, one.y);
      else if (one.do === "up") hand.up(one.id);
      else if (one.do === "wait") hand.after(one.ms);
      else if (one.do === "late") hand.nowUs += one.ms * MS;
      else if (one.do === "mode") hand.gestures.setMode(one.mode);
      else hand.gestures.cancel();
      if (hand.held.has(3)) throw new Error("a right button that is held");
      if (hand.gestures.isHolding !== hand.held.has(1)) throw new Error("it does not know");
    }
    for (let finger = 0; finger <= FINGERS_MAX + 2; finger++) hand.up(finger);
    hand.after(1000);
    if (hand.held.size > 0) throw new Error("a button is stuck");
    if (hand.problems.length > 0) throw new Error(hand.problems[0]);
    if (hand.gestures.deadlineUs !== undefined) throw new Error("something is due for ever");
    if (hand.did.some((text) => /NaN|Infinity/.test(text))) throw new Error("not a number");
    hand.take();
    hand.gestures.setMode("pointer");
    hand.after(2000).down(1, 10, 10).after(50).up(1);
    if (hand.take().length !== 2) throw new Error("the next tap does not click");
  };
  t.doesNotThrow(() => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60, size: "max" }), run), {
      numRuns: 3000,
      seed: 20_261_121,
    });
  });
  t.end();
});
