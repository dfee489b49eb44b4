/** Capture times of a publisher on our clock: steady, in step with each other, never back. */

import t from "tap";
import { WhipClock } from "../../../../src/transport/webrtc/whip_clock.ts";
import { seededRandom } from "../../../seeded.ts";

const PICTURE_RATE = 90_000;
const SOUND_RATE = 48_000;
const NTP_AT_START = 3_900_000_000n << 32n;

function ntp(us: number): bigint {
  return NTP_AT_START + (BigInt(Math.round(us)) << 32n) / 1_000_000n;
}

t.test("Delays of the way do not shake capture times", (t) => {
  const random = seededRandom("whip clock jitter");
  const clock = new WhipClock().medium(PICTURE_RATE);
  const errors: number[] = [];
  for (let index = 0; index < 600; index++) {
    const sentUs = 7_000_000 + index * 33_333;
    const arrivedUs = sentUs + 5000 + (random.next() < 0.3 ? random.int(60_000) : random.int(500));
    const timestamp = (4_294_000_000 + Math.round(index * 33_333 * 0.09)) >>> 0;
    const captureUs = clock.captureUs(timestamp, arrivedUs);
    if (index > 60) errors.push(captureUs - sentUs - 5000);
  }
  t.ok(errors.every((error) => error >= -20 && error < 500), "within what the best way differs");
  t.end();
});

t.test("Picture and sound of one moment get one time once reports came", (t) => {
  const clock = new WhipClock();
  const picture = clock.medium(PICTURE_RATE);
  const sound = clock.medium(SOUND_RATE);
  let difference = 0;
  for (let index = 0; index < 300; index++) {
    const sentUs = 1_000_000 + index * 20_000;
    // Large frames come later than small ones, whatever the moment was.
    const pictureUs = picture.captureUs(90_000 + index * 1800, sentUs + 30_000);
    const soundUs = sound.captureUs(7777 + index * 960, sentUs + 4000);
    if (index % 50 === 10) {
      picture.report(90_000 + index * 1800, ntp(index * 20_000));
      sound.report(7777 + index * 960, ntp(index * 20_000));
    }
    difference = pictureUs - soundUs;
  }
  t.ok(Math.abs(difference) < 100, `${difference} us apart`);
  t.end();
});

t.test("A clock that runs slower is followed, one that jumps is taken anew", (t) => {
  const clock = new WhipClock().medium(PICTURE_RATE);
  let late = 0;
  let lastUs = 0;
  let isRising = true;
  for (let index = 0; index < 3000; index++) {
    const sentUs = 1_000_000 + index * 20_000;
    // 100 us a second slower than ours, for a minute.
    const timestamp = Math.round(index * 1800 * 0.9999);
    const captureUs = clock.captureUs(timestamp, sentUs + 3000);
    late = sentUs - captureUs;
    isRising &&= captureUs > lastUs;
    lastUs = captureUs;
  }
  t.ok(Math.abs(late) < 5000, `${late} us after a minute`);
  const jumpedUs = clock.captureUs(3_000_000_000, 62_000_000);
  t.ok(Math.abs(jumpedUs - 62_000_000) < 1000, "an unknown time is now");
  t.ok(isRising);
  const backUs = clock.captureUs(10, 62_000_100);
  t.ok(backUs > jumpedUs && backUs <= 62_000_101, "never back");
  t.end();
});
