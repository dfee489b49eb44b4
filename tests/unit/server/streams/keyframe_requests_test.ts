import t from "tap";
import { KeyframeRequests } from "../../../../src/server/streams/keyframe_requests.ts";

t.test("KeyframeRequests joins those that can wait for the one that is under way", (t) => {
  const requests = new KeyframeRequests();
  t.ok(requests.ask("damage", 0));
  t.notOk(requests.ask("damage", 499_999));
  t.notOk(requests.ask("segment", 499_999));
  t.ok(requests.ask("join", 499_999), "who joins does not wait for what may be put off");
  t.notOk(requests.ask("damage", 500_000));
  t.ok(requests.ask("damage", 999_999), "patience ends");
  requests.settle();
  t.ok(requests.ask("segment", 1_000_000));
  t.notOk(requests.ask("segment", 1_000_001));
  t.ok(requests.ask("damage", 1_000_002), "a segment waits for the screen to change, a viewer not");
  t.end();
});
