/** access_units: pictures of a byte stream, with slices, parameter sets and both start codes. */

import t from "tap";
import { splitAccessUnits } from "../../../../bench/raw/access_units.ts";

const LONG = [0, 0, 0, 1];
const SHORT = [0, 0, 1];
const FIRST = 0x88;
const LATER = 0x40;

t.test("splitAccessUnits joins parameter sets and slices into pictures", (t) => {
  const pictures = [
    [...LONG, 0x67, 1, ...LONG, 0x68, 2, ...SHORT, 0x65, FIRST, 9, ...SHORT, 0x65, LATER, 9],
    [...LONG, 0x41, FIRST, 7, ...SHORT, 0x41, LATER, 7],
    [...LONG, 0x41, FIRST, 5],
    [...LONG, 0x67, 1, ...LONG, 0x68, 2, ...SHORT, 0x65, FIRST, 4],
  ];
  const units = splitAccessUnits(Uint8Array.from(pictures.flat()));
  t.same(units.map((unit) => [...unit.bytes]), pictures);
  t.same(units.map((unit) => unit.isKeyframe), [true, false, false, true]);
  t.end();
});

t.test("splitAccessUnits finds nothing in nothing", (t) => {
  t.same(splitAccessUnits(new Uint8Array(0)), []);
  t.same(splitAccessUnits(Uint8Array.of(0, 0, 1, 0x67, 1)), [], "parameter sets alone");
  t.end();
});
