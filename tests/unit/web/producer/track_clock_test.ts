/** Tests of web/producer/track_clock.ts. */

import t from "tap";
import { TrackClock } from "../../../../web/producer/track_clock.ts";
import { seededRandom } from "../../../seeded.ts";

t.test("TrackClock takes the frame that came through fastest", (t) => {
  const clock = new TrackClock();
  t.equal(clock.toPageUs(0), undefined);
  const random = seededRandom("track clock");
  for (let index = 0; index < 300; index++) {
    const trackUs = index * 33_333;
    const wait = index % 7 === 0 ? 500 : 500 + random.next() * 40_000;
    clock.note(trackUs, 9_000_000_000 + trackUs + Math.round(wait));
  }
  const error = clock.toPageUs(300 * 33_333)! - (9_000_000_000 + 300 * 33_333 + 500);
  t.ok(error >= 0 && error < 500, `off by ${error} us`);
  t.end();
});

t.test("TrackClock follows a drift of 200 ppm, and a track that counts anew", (t) => {
  const clock = new TrackClock();
  let trackUs = 0;
  for (let index = 0; index < 6000; index++) {
    trackUs = index * 10_000;
    clock.note(trackUs, 1_000_000 + Math.round(trackUs * 1.0002));
  }
  const off = Math.abs(clock.toPageUs(trackUs)! - (1_000_000 + trackUs * 1.0002));
  t.ok(off < 50, `off by ${off} us after a minute`);
  clock.note(0, 100_000_000);
  t.equal(clock.toPageUs(0), 100_000_000);
  t.end();
});
