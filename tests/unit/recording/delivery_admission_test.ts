import t from "tap";
import {
  BODIES_MAX,
  DeliveryAdmission,
  WAIT_MAX_US,
  WAITING_MAX,
} from "../../../src/recording/delivery_admission.ts";
import type { DeliveryPlace } from "../../../src/recording/delivery_admission.ts";
import { DELIVERY_LIMITS } from "../../../src/recording/delivery_limits.ts";
import type { DeliveryStats } from "../../../src/recording/delivery_stats.ts";
import { DeliveryWatch, LOOKS_GROWING } from "../../../src/recording/delivery_watch.ts";

function bench(budgetBytes = 100) {
  const state = { nowUs: 0, waits: 0 };
  const admission = new DeliveryAdmission({
    budgetBytes,
    nowUs: () => state.nowUs,
    onWait: () => state.waits++,
  });
  return { admission, state };
}

t.test("DeliveryAdmission lets in what fits, and the others in their order", async (t) => {
  const { admission, state } = bench();
  const order: string[] = [];
  const enter = async (name: string, bytes: number) => {
    const place = await admission.enter(bytes);
    order.push(place === undefined ? `no ${name}` : name);
    return place;
  };
  const first = await enter("first", 60);
  const second = enter("second", 60);
  const third = enter("third", 10);
  t.equal(admission.waiting, 2, "a small one does not overtake");
  t.equal(state.waits, 2);
  first?.release();
  first?.release();
  await Promise.all([second, third]);
  t.strictSame(order, ["first", "second", "third"]);
  t.equal(admission.bytes, 70);
  (await second)?.release();
  (await third)?.release();
  t.equal(admission.bytes + admission.bodies, 0);
  const huge = await enter("huge", 1000);
  t.ok(huge, "one alone always fits");
  huge?.release();
});

t.test("DeliveryAdmission refuses beyond its line, after its time, and at the end", async (t) => {
  const { admission, state } = bench();
  const place = await admission.enter(100);
  const line = Array.from({ length: WAITING_MAX }, () => admission.enter(50));
  t.equal(await admission.enter(1), undefined, "the line is full");
  state.nowUs = WAIT_MAX_US - 1;
  admission.expire(state.nowUs);
  t.equal(admission.waiting, WAITING_MAX);
  state.nowUs = WAIT_MAX_US;
  admission.expire(state.nowUs);
  t.strictSame(new Set(await Promise.all(line)), new Set([undefined]));
  const last = admission.enter(50);
  admission.close();
  t.equal(await last, undefined);
  t.equal(await admission.enter(1), undefined);
  place?.release();
  t.equal(admission.bytes + admission.bodies + admission.waiting, 0);
  t.match(admission.stats, { admitted: 1, refused: WAITING_MAX + 3 });
});

t.test("DeliveryAdmission keeps to a share of its budget, and to a number of bodies", async (t) => {
  const { admission } = bench();
  admission.limit(0.5);
  const one = await admission.enter(50);
  const waiting = admission.enter(50);
  t.equal(admission.waiting, 1);
  admission.limit(1);
  const two = await waiting;
  t.ok(two);
  for (const place of [one, two]) place?.release();
  const many = bench(1e9).admission;
  const places: (DeliveryPlace | undefined)[] = [];
  for (let count = 0; count < BODIES_MAX; count++) places.push(await many.enter(1));
  void many.enter(1);
  t.equal(many.waiting, 1);
  many.close();
});

t.test("DeliveryWatch warns of each cause, once a minute", (t) => {
  const watch = new DeliveryWatch();
  const calm = {
    ...{ budgetBytes: DELIVERY_LIMITS.budgetBytes, bookedBytes: 0, isCacheFull: false },
    ...{ cacheEntries: 0, requests: 0, refusals: 0, activeStreams: 0 },
    ends: { complete: 0, cancelled: 0, failed: 0, closed: 0 },
  };
  const causes = (change: Partial<DeliveryStats>, nowUs: number) =>
    watch.push({ ...calm, ...change }, nowUs).map(({ cause }) => cause);
  t.strictSame(causes({}, 0), []);
  const bookedBytes = DELIVERY_LIMITS.budgetBytes * 0.8;
  t.strictSame(causes({ bookedBytes }, 0), [], "at 80 % not yet");
  t.strictSame(causes({ bookedBytes: bookedBytes + 1 }, 0), ["memory"]);
  t.strictSame(causes({ bookedBytes: bookedBytes + 1 }, 59_999_999), []);
  t.strictSame(causes({ bookedBytes: bookedBytes + 1 }, 60_000_000), ["memory"]);
  t.strictSame(causes({ isCacheFull: true }, 0), ["cache_entries"]);
  t.strictSame(causes({ requests: 19, refusals: 19 }, 0), [], "too few to tell");
  t.strictSame(causes({ requests: 40, refusals: 3 }, 0), ["refusals"], "more than 5 %");
  t.strictSame(causes({ requests: 80, refusals: 5 }, 90_000_000), [], "5 % of the new ones");
  for (let look = 1; look < LOOKS_GROWING; look++) {
    t.strictSame(causes({ requests: 80, refusals: 5, activeStreams: look }, 0), []);
  }
  const growing = { requests: 80, refusals: 5, activeStreams: LOOKS_GROWING };
  t.strictSame(causes(growing, 0), ["growing"]);
  const ends = { ...calm.ends, complete: 1 };
  t.strictSame(causes({ ...growing, activeStreams: 99, ends }, 90_000_000), [], "one has ended");
  t.end();
});
