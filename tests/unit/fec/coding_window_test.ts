/** Tests of src/fec/coding_window.ts. */

import t from "tap";
import { CodingWindow } from "../../../src/fec/coding_window.ts";

/** Pushes frames of the given sizes; returns the last id. */
function pushFrames(window: CodingWindow, sizes: readonly number[], firstId = 0): number {
  let id = firstId;
  for (const size of sizes) {
    for (let index = 0; index < size; index++) window.push(id++ >>> 0, index === 0);
  }
  return (id - 1) >>> 0;
}

function startAt(firstId: number): CodingWindow {
  const window = new CodingWindow();
  window.restart(firstId);
  return window;
}

t.test("CodingWindow covers three frames without feedback", (t) => {
  const window = startAt(0);
  pushFrames(window, [20, 20, 20, 20, 20]);
  t.equal(window.length, 60);
  t.end();
});

t.test("CodingWindow covers no fewer than 32 symbols of small frames", (t) => {
  const window = startAt(0);
  pushFrames(window, Array(10).fill(1));
  t.equal(window.length, 10, "what there is");
  pushFrames(window, Array(100).fill(1), 10);
  t.equal(window.length, 32);
  t.end();
});

t.test("CodingWindow covers no more than 512 symbols, two frames of 256", (t) => {
  const window = startAt(0);
  pushFrames(window, [256, 256, 256, 256]);
  t.equal(window.length, 512);
  t.end();
});

t.test("CodingWindow widens to four frames and a round trip", (t) => {
  const window = startAt(0);
  window.setRoundTrip(2.5);
  pushFrames(window, Array(20).fill(20));
  t.equal(window.length, 140, "4 + 3 frames");
  t.end();
});

t.test("CodingWindow does not cover what is acknowledged, and ignores acknowledgements ahead", (t) => {
  const window = startAt(0);
  const last = pushFrames(window, [20, 20, 20]);
  window.acknowledge(last + 1);
  t.equal(window.length, 60, "an id that was not sent says nothing");
  window.acknowledge(39);
  t.equal(window.length, 20);
  window.acknowledge(10);
  t.equal(window.length, 20, "going back changes nothing");
  window.acknowledge(last);
  t.equal(window.length, 0);
  t.end();
});

t.test("CodingWindow keeps its length while ids wrap", (t) => {
  const firstId = 0xffff_ffff - 50;
  const window = startAt(firstId);
  let id = firstId;
  for (let frame = 0; frame < 20; frame++) {
    pushFrames(window, [20], id);
    id = (id + 20) >>> 0;
    if (frame >= 2) t.equal(window.length, 60);
  }
  window.acknowledge((id - 11) >>> 0);
  t.equal(window.length, 10);
  t.end();
});

t.test("CodingWindow refuses bounds that the wire does not allow", (t) => {
  for (const bounds of [[0, 10], [40, 39], [32, 513]] as const) {
    t.throws(
      () => new CodingWindow({ windowPacketsMin: bounds[0], windowPacketsMax: bounds[1] }),
      { name: "RangeError" },
    );
  }
  t.end();
});
