/** Tests of web/shared/clock_offset.ts. */

import t from "tap";
import { ClockOffset, PROBES_KEPT } from "../../../../web/shared/clock_offset.ts";
import { seededRandom } from "../../../seeded.ts";

const OFFSET_US = -1_795_000_000_000_000;

function reply(id: number, sendUs: number, thereUs: number, heldUs = 20) {
  const serverReceiveUs = sendUs + OFFSET_US + thereUs;
  return { id, viewerSendUs: sendUs, serverReceiveUs, serverSendUs: serverReceiveUs + heldUs };
}

t.test("ClockOffset takes the offset of the shortest round trip", (t) => {
  const offset = new ClockOffset();
  t.equal(offset.offsetUs, undefined);
  t.equal(offset.rtt, undefined);
  // 5 ms there and 1 ms back: wrong by 2 ms.
  offset.push(reply(0, 1_000_000, 5_000), 1_006_020);
  t.equal(offset.offsetUs, OFFSET_US + 2_000);
  offset.push(reply(1, 2_000_000, 300), 2_000_620);
  t.equal(offset.offsetUs, OFFSET_US);
  t.equal(offset.rttUsMin, 600);
  offset.push(reply(2, 3_000_000, 900), 3_001_020);
  t.equal(offset.offsetUs, OFFSET_US, "a slower probe changes nothing");
  t.end();
});

t.test("ClockOffset forgets old probes, so that it follows a drifting clock", (t) => {
  const offset = new ClockOffset();
  offset.push(reply(0, 0, 10), 40);
  for (let id = 1; id <= PROBES_KEPT; id++) {
    const sendUs = id * 1_000_000;
    offset.push({ ...reply(id, sendUs, 500 + 70) }, sendUs + 1_020);
  }
  t.equal(offset.samples.length, PROBES_KEPT);
  t.equal(offset.rttUsMin, 1_000);
  t.equal(offset.offsetUs, OFFSET_US + 70);
  t.end();
});

t.test("ClockOffset refuses replies that cannot be true", (t) => {
  const offset = new ClockOffset();
  t.equal(offset.push(reply(0, 1_000_000, 100, -5), 1_000_200), undefined);
  t.equal(offset.push(reply(0, 1_000_000, 100), 999_000), undefined);
  t.equal(offset.samples.length, 0);
  t.end();
});

t.test("ClockOffset is wrong by at most half of the shortest round trip", (t) => {
  const random = seededRandom("clock_offset");
  const offset = new ClockOffset();
  for (let id = 0; id < 200; id++) {
    const sendUs = id * 1_000_000;
    const thereUs = 200 + random.int(4_000);
    const backUs = 200 + random.int(4_000);
    offset.push(reply(id, sendUs, thereUs), sendUs + thereUs + 20 + backUs);
    const error = Math.abs((offset.offsetUs ?? 0) - OFFSET_US);
    t.ok(error <= (offset.rttUsMin ?? 0) / 2 + 1, `error ${error} us`);
  }
  t.end();
});
