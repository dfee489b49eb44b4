/** Tests of src/congestion/delay_trend.ts and src/congestion/queue_delay.ts. */

import t from "tap";
import { DelayTrend } from "../../../src/congestion/delay_trend.ts";
import { QueueDelay } from "../../../src/congestion/queue_delay.ts";
import { seededRandom } from "../../seeded.ts";

const FRAME_US = 16_667;
const AHEAD_US = 4_000_000_000;

/** The arrival of frame `frame` after a delay. */
function arrivalOf(frame: number, delayUs: number) {
  const sentUs = frame * FRAME_US;
  return { sentUs, arrivalUs: AHEAD_US + sentUs + Math.round(delayUs) };
}

t.test("DelayTrend stays calm on a path without a queue, with jitter and spikes", (t) => {
  const random = seededRandom("delay trend");
  const trend = new DelayTrend();
  let overuses = 0;
  for (let frame = 0; frame < 3600; frame++) {
    const spikeUs = frame % 600 === 599 ? 20_000 : 0;
    trend.push(arrivalOf(frame, 20_000 + random.next() * 2_000 + spikeUs));
    if (trend.state === "overuse") overuses++;
  }
  t.ok(overuses < 36, `${overuses} of 3600`);
  t.ok(trend.thresholdMs >= 6 && trend.thresholdMs <= 600);
  t.end();
});

t.test("DelayTrend sees a queue that grows within 8 frames, and one that shrinks", (t) => {
  const trend = new DelayTrend();
  let delayUs = 20_000;
  let frame = 0;
  for (; frame < 100; frame++) trend.push(arrivalOf(frame, delayUs));
  t.equal(trend.state, "normal");
  for (let grown = 0; grown < 8; grown++) trend.push(arrivalOf(frame++, delayUs += 10_000));
  t.equal(trend.state, "overuse");
  for (let more = 0; more < 20; more++) trend.push(arrivalOf(frame++, delayUs += 10_000));
  const states = new Set<string>();
  for (let less = 0; less < 40; less++) {
    delayUs = Math.max(20_000, delayUs - 10_000);
    trend.push(arrivalOf(frame++, delayUs));
    states.add(trend.state);
  }
  t.ok(states.has("underuse"), [...states].join(", "));
  t.end();
});

t.test("DelayTrend begins anew after a step of the clock or a long pause", (t) => {
  const trend = new DelayTrend();
  for (let frame = 0; frame < 100; frame++) trend.push(arrivalOf(frame, 20_000));
  for (let frame = 100; frame < 130; frame++) trend.push(arrivalOf(frame, 100_000_000));
  t.same([trend.state, trend.trendMs], ["normal", 0]);
  t.end();
});

t.test("QueueDelay tells a queue that stands from the burst of one frame", (t) => {
  const queue = new QueueDelay();
  let frame = 0;
  for (; frame < 60; frame++) queue.push(arrivalOf(frame, 20_000));
  t.ok(Math.abs(queue.intervalUs - FRAME_US) < 1);
  queue.push(arrivalOf(frame++, 80_000));
  t.same([queue.queueUs, queue.standingUs], [60_000, 0]);
  for (let more = 0; more < 10; more++) queue.push(arrivalOf(frame++, 80_000));
  t.same([queue.queueUs, queue.standingUs], [60_000, 60_000]);
  queue.push(arrivalOf(frame++, 20_000));
  t.equal(queue.standingUs, 0, "the first that comes through shows it");
  t.end();
});

t.test("QueueDelay looks at time, not at frames, behind a long queue", (t) => {
  const queue = new QueueDelay();
  for (let frame = 0; frame < 60; frame++) queue.push(arrivalOf(frame, 20_000));
  // Parts of one large frame, reported each 10 ms.
  for (let part = 1; part <= 15; part++) queue.push(arrivalOf(60, 20_000 + part * 10_000));
  t.equal(queue.queueUs, 150_000);
  t.ok(queue.standingUs >= 60_000, `${queue.standingUs}`);
  t.ok(Math.abs(queue.intervalUs - FRAME_US) < 1, "parts are no frames");
  t.end();
});

t.test("QueueDelay believes a longer path after 10 s, or when told, and another clock at once", (t) => {
  const queue = new QueueDelay();
  let frame = 0;
  for (; frame < 60; frame++) queue.push(arrivalOf(frame, 20_000));
  for (; frame < 540; frame++) queue.push(arrivalOf(frame, 50_000));
  t.equal(queue.standingUs, 30_000);
  for (; frame < 720; frame++) queue.push(arrivalOf(frame, 50_000));
  t.equal(queue.standingUs, 0);
  for (; frame < 730; frame++) queue.push(arrivalOf(frame, 90_000));
  t.equal(queue.standingUs, 40_000);
  queue.rebase();
  queue.push(arrivalOf(frame++, 90_000));
  t.equal(queue.standingUs, 0);
  queue.push(arrivalOf(frame++, 90_000_000));
  t.equal(queue.queueUs, 0);
  t.end();
});
