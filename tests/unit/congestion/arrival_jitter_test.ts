import fc from "fast-check";
import t from "tap";
import { ArrivalJitter } from "../../../src/congestion/arrival_jitter.ts";

t.test("ArrivalJitter follows RFC 3550 on an example that was worked out by hand", (t) => {
  const jitter = new ArrivalJitter();
  jitter.observe({ sentUs: 0, arrivalUs: 1_000_000 });
  t.equal(jitter.jitterUs, 0, "one arrival has no neighbour");
  jitter.observe({ sentUs: 16_000, arrivalUs: 1_017_600 });
  t.equal(jitter.jitterUs, 100, "1,600 later than the packet before: a sixteenth of it");
  jitter.observe({ sentUs: 32_000, arrivalUs: 1_032_000 });
  t.equal(jitter.jitterUs, 100 + (1600 - 100) / 16, "1,600 earlier counts alike");
  t.end();
});

t.test("ArrivalJitter knows no clock: any constant between the ends gives the same", (t) => {
  const packets = fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(50_000)), { maxLength: 100 });
  t.doesNotThrow(() =>
    fc.assert(fc.property(packets, fc.integer({ min: -1e9, max: 1e9 }), (packets, offsetUs) => {
      const near = new ArrivalJitter();
      const far = new ArrivalJitter();
      for (const [sentUs, delayUs] of packets) {
        near.observe({ sentUs, arrivalUs: sentUs + delayUs });
        far.observe({ sentUs, arrivalUs: sentUs + delayUs + offsetUs });
      }
      return near.jitterUs === far.jitterUs && near.jitterUs <= 50_000;
    }))
  );
  t.end();
});
