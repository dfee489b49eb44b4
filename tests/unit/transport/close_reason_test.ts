import t from "tap";
import {
  checkCloseCode,
  CLOSE_REASON_BYTES_MAX,
  cutCloseReason,
} from "../../../src/transport/close_reason.ts";

t.test("checkCloseCode takes integers of 32 bits only", (t) => {
  for (const code of [0, 1, 0xffff_ffff]) t.doesNotThrow(() => checkCloseCode(code));
  for (const code of [-1, 2 ** 32, 0.5, NaN, Infinity]) {
    t.throws(() => checkCloseCode(code), RangeError, `${code}`);
  }
  t.end();
});

t.test("cutCloseReason cuts at a character", (t) => {
  t.equal(cutCloseReason("done"), "done");
  const cut = cutCloseReason("€".repeat(CLOSE_REASON_BYTES_MAX));
  t.equal(cut, "€".repeat(341));
  t.ok(new TextEncoder().encode(cut).length <= CLOSE_REASON_BYTES_MAX);
  t.end();
});
