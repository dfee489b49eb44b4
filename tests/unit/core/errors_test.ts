/** Tests of src/core/errors.ts and assert.ts: what a caller can branch on and log. */

import t from "tap";
import { assert, AssertionError } from "../../../src/core/assert.ts";
import * as errors from "../../../src/core/errors.ts";

t.test("Domain errors keep name, reason and cause", (t) => {
  const cause = new Error("inner");
  const error = new errors.ConfigError("Cannot use port 70000", { reason: "bad_value", cause });
  t.equal(error.name, "ConfigError");
  t.equal(error.reason, "bad_value");
  t.equal(error.cause, cause);
  t.ok(error instanceof Error);
  t.notOk("cause" in new errors.AccessError("Refused", { reason: "expired" }));
  t.end();
});

t.test("TransportError keeps the peer's code and NativeError the status", (t) => {
  t.equal(new errors.TransportError("Closed", { reason: "closed", code: 7 }).code, 7);
  t.equal(new errors.TransportError("Closed", { reason: "closed" }).code, undefined);
  t.equal(new errors.NativeError("Failed", { reason: "failed", status: -3 }).status, -3);
  t.end();
});

t.test("assert passes what holds and throws on what does not", (t) => {
  t.doesNotThrow(() => assert(true, "holds"));
  t.throws(
    () => assert(false, "A ring is never negative"),
    new AssertionError("A ring is never negative"),
  );
  t.end();
});
