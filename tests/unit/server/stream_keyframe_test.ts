/** Tests of src/server/streams/stream.ts: which keyframe requests become one, by their causes. */

import t from "tap";
import { ManualClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { Stream } from "../../../src/server/streams/stream.ts";

t.test("Stream passes a viewer that joins on though another one's damage waits", async (t) => {
  const asked: string[] = [];
  const clock = new ManualClock();
  const stream = new Stream({
    ...{ id: 0, name: "Desktop", bitrateBps: 1_000_000, fps: 60, keepWarmMs: 0 },
    controller: "trend",
    port: {
      start: () => {},
      stop: () => {},
      requestKeyframe: (_id, cause) => asked.push(cause),
      setRate: () => {},
      invalidate: () => {},
      sendInput: () => {},
    },
    clock,
    log: silentLogger,
    ...{ broadcast: () => {}, tell: () => {}, onDescribed: () => {} },
    onDeviceLost: () => {},
  });
  for (const cause of ["damage", "damage", "join", "join", "damage"] as const) {
    clock.advance(10_000);
    stream.requestKeyframe(cause);
  }
  t.same(asked, ["damage", "join"], "each of the others joined one that helps it as soon");
  t.equal(stream.stats.keyframeRequestsJoined, 3);
  stream.close();
});
