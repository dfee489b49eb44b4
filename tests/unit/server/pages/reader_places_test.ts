import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { ReaderPlaces } from "../../../../src/server/pages/reader_places.ts";

t.test("ReaderPlaces lets so many in, and who stalls makes room", (t) => {
  const clock = new ManualClock();
  const places = new ReaderPlaces({ places: 2, stalledUs: 1000, nowUs: () => clock.nowUs() });
  const ended: string[] = [];
  const first = places.enter(() => ended.push("first"))!;
  const second = places.enter(() => ended.push("second"))!;
  t.equal(places.enter(() => ended.push("third")), undefined);
  clock.advance(900);
  second.tookSome();
  clock.advance(200);
  const third = places.enter(() => ended.push("third"))!;
  t.strictSame(ended, ["first"], "the one that took nothing");
  t.equal(places.enter(() => {}), undefined);
  first.leave();
  t.equal(places.taken, 2, "one that lost its place has none to give back");
  third.leave();
  third.leave();
  t.equal(places.taken, 1);
  second.leave();
  t.equal(places.taken, 0);
  t.end();
});
