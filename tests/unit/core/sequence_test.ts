/** Tests of src/core/sequence.ts: arithmetic across the wrap (RFC 1982). */

import t from "tap";
import { add16, add32, distance16, distance32, unwrap32 } from "../../../src/core/sequence.ts";

t.test("distance16 and distance32 are signed across the wrap", (t) => {
  t.equal(distance16(0xffff, 0), 1);
  t.equal(distance16(0, 0xffff), -1);
  t.equal(distance16(0, 0x7fff), 32_767);
  t.equal(distance32(0xffff_ffff, 0), 1);
  t.equal(distance32(2, 0xffff_ffff), -3);
  t.equal(distance32(0, 0x7fff_ffff), 2 ** 31 - 1);
  t.end();
});

t.test("add16 and add32 wrap", (t) => {
  t.equal(add16(0xffff, 1), 0);
  t.equal(add16(0, -1), 0xffff);
  t.equal(add32(0xffff_ffff, 2), 1);
  t.equal(add32(0, -1), 0xffff_ffff);
  t.end();
});

t.test("unwrap32 follows a counter over many wraps", (t) => {
  let extended = 10;
  for (let step = 0; step < 20; step++) {
    const next = extended + 2 ** 30;
    extended = unwrap32(extended, next % 2 ** 32);
    t.equal(extended, next);
  }
  t.equal(unwrap32(2 ** 32 + 5, 0xffff_fff0), 0xffff_fff0);
  t.end();
});
