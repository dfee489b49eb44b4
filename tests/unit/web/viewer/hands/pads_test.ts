/** Tests of web/viewer/input/pads.ts, with gamepads of a browser that is not there. */

import t from "tap";
import { Pads, SCREEN_PAD } from "../../../../../web/viewer/input/pads.ts";
import type { BrowserPad } from "../../../../../web/viewer/input/pads.ts";

interface Effect {
  readonly duration: number;
  readonly strongMagnitude: number;
  readonly weakMagnitude: number;
}

/** A computer with gamepads, and what its pads were made to say and do. */
function setUp() {
  const browser = {
    pads: [] as (BrowserPad | null)[],
    isPlaying: true,
    nowUs: 0,
    said: [] as string[],
    shaken: [] as (Effect | "reset")[],
    vibrated: [] as number[],
    names: [] as string[],
  };
  const pads = new Pads({
    sink: {
      pad: (slot, buttons) => void browser.said.push(`pad ${slot} ${buttons ?? "gone"}`),
      movePad: (slot, axes) => void browser.said.push(`move ${slot} ${axes.join()}`),
      settlePad: (slot, axis, value) => void browser.said.push(`rest ${slot}.${axis} ${value}`),
    },
    readings: () => browser.pads,
    isPlaying: () => browser.isPlaying,
    vibrate: (ms) => void browser.vibrated.push(ms),
    changed: (list) => browser.names = list.map(({ slot, name }) => `${slot} ${name}`),
    nowUs: () => browser.nowUs += 4000,
  });
  t.teardown(() => pads.close());
  const plug = (index: number, down = false, refuses = false): void => {
    const shake = (effect: Effect | "reset") => {
      browser.shaken.push(effect);
      return refuses ? Promise.reject(new Error("not now")) : Promise.resolve("complete");
    };
    browser.pads[index] = {
      ...{ id: `Pad ${index}`, index, mapping: "standard", axes: [0, 0, 0, 0] },
      buttons: Array.from({ length: 17 }, (_, button) => {
        return { pressed: down && button === 0, value: 0 };
      }),
      vibrationActuator: {
        playEffect: (_type, effect) => shake(effect as Effect),
        reset: () => shake("reset"),
      },
    };
  };
  return { browser, pads, plug };
}

t.test("Pads reads gamepads while somebody plays, and brings them to rest when not", (t) => {
  const { browser, pads, plug } = setUp();
  plug(0, true);
  pads.poll();
  t.same(browser.said.splice(0), ["pad 0 0", "pad 0 1"]);
  t.same(browser.names, ["0 Pad 0"]);
  browser.isPlaying = false;
  pads.poll();
  pads.poll();
  t.same(browser.said.splice(0), ["pad 0 0"], "once");
  plug(1);
  pads.poll();
  t.same(browser.said.splice(0), [], "and says nothing meanwhile");
  browser.isPlaying = true;
  pads.poll();
  t.same(browser.said.splice(0), ["pad 0 0", "pad 0 1", "pad 1 0"], "what is held acts again");
  browser.pads[0] = null;
  pads.poll();
  t.same(browser.said.splice(0), ["pad 0 gone"]);
  t.same(browser.names, ["1 Pad 1"]);
  pads.close();
  t.end();
});

t.test("Pads has the gamepad on the screen in a slot like any other", (t) => {
  const { browser, pads, plug } = setUp();
  plug(0);
  pads.poll();
  const buttons = Array.from({ length: 17 }, (_, button) => ({ pressed: button === 1, value: 1 }));
  pads.setScreen({
    ...{ id: "Gamepad on the screen", index: SCREEN_PAD, mapping: "standard" },
    ...{ axes: [0, -1, 0, 0], buttons },
  });
  t.same(browser.said.slice(1, 4), ["pad 1 0", "move 1 0,-32767,0,0,32767,32767", "pad 1 2"]);
  pads.rumble({ slot: 1, strong: 65_535, weak: 0, durationMs: 120 });
  t.same(browser.vibrated, [120], "the phone shakes");
  pads.setScreen(undefined);
  t.equal(browser.said.at(-1), "pad 1 gone");
  pads.close();
  t.end();
});

t.test("Pads shakes the gamepad that is meant", (t) => {
  const { browser, pads, plug } = setUp();
  plug(0);
  plug(1);
  pads.poll();
  pads.rumble({ slot: 1, strong: 65_535, weak: 32_768, durationMs: 60_000 });
  t.match(browser.shaken, [{ duration: 5000, strongMagnitude: 1, startDelay: 0 }]);
  pads.rumble({ slot: 1, strong: 0, weak: 0, durationMs: 0 });
  t.equal(browser.shaken[1], "reset");
  pads.rumble({ slot: 3, strong: 1, weak: 1, durationMs: 1 });
  t.equal(browser.shaken.length, 2, "one that is not there");
  plug(0, false, true);
  pads.rumble({ slot: 0, strong: 1, weak: 1, durationMs: 1 });
  t.equal(browser.shaken.length, 3, "a refusal is no error");
  pads.close();
  t.end();
});

t.test("Pads announces itself to a new host only while somebody plays", (t) => {
  const { browser, pads, plug } = setUp();
  plug(0);
  pads.poll();
  browser.said.length = 0;
  browser.isPlaying = false;
  pads.announce();
  t.same(browser.said, []);
  browser.isPlaying = true;
  pads.announce();
  t.same(browser.said, ["pad 0 0"]);
  pads.close();
  t.end();
});
