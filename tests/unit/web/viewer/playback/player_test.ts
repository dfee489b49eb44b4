/** Tests of web/viewer/playback/player.ts and what it goes by: cache, feed, window and clock. */

import t from "tap";
import { seededRandom } from "../../../../seeded.ts";
import { GROUP, setUpPlayer, START_US, TestHost, timeOf } from "./playback_fixture.ts";

t.test("a seek shows the frame on the screen at that time, whatever was read before", async (t) => {
  const test = setUpPlayer(new TestHost(400));
  const random = seededRandom("player seeks");
  for (let seek = 0; seek < 300; seek++) {
    const frameId = 1 + random.int(400);
    test.seek(timeOf(frameId) + random.int(20_000));
    await test.settle();
    if (test.shown.at(-1) !== frameId) t.fail(`frame ${test.shown.at(-1)} for ${frameId}`);
  }
  t.equal(test.shown.length, 300);
  t.ok(test.host.requests.length < 60, `${test.host.requests.length} requests`);
  t.ok(test.host.open <= 1, "at most one is open");
  t.ok(test.pictures.every(({ isClosed }) => isClosed), "every picture was closed");
  t.match(test.player.state, { mode: "paused", isWaiting: false });
});

t.test("a newer seek ends the request of the one before", async (t) => {
  const test = setUpPlayer(new TestHost(400));
  for (let frameId = 1; frameId < 400; frameId += 60) test.seek(timeOf(frameId));
  await test.settle();
  t.same(test.shown, [361], "only the last is shown");
  t.ok(test.host.open <= 1);
});

t.test("during a drag the keyframe on its way is shown, and of the others the newest", async (t) => {
  const test = setUpPlayer(new TestHost(400));
  for (const frameId of [1, 51, 101, 151]) test.seek(timeOf(frameId), { isRough: true });
  await test.settle();
  t.same(test.shown, [1, 151]);
  t.same(test.host.requests.length, 2);
});

t.test("steps go one frame both ways, over the edges of groups", async (t) => {
  const test = setUpPlayer(new TestHost(400));
  test.seek(timeOf(203));
  await test.settle();
  for (let step = 0; step < 60; step++) {
    test.player.step(-1);
    await test.settle();
  }
  for (let step = 0; step < 120; step++) {
    test.player.step(1);
    await test.settle();
  }
  const back = Array.from({ length: 60 }, (_none, index) => 202 - index);
  const on = Array.from({ length: 120 }, (_none, index) => 144 + index);
  t.same(test.shown, [203, ...back, ...on]);
  const backward = test.decoded.filter((frameId) => frameId < 203 && frameId > 142).length;
  t.ok(backward < 100, "pictures that were decoded on the way are used");
  t.same(test.notices, []);
});

t.test("a step on at the newest frame waits for the next, one back at the oldest says so", async (t) => {
  const test = setUpPlayer(new TestHost(120));
  test.seek(timeOf(120));
  await test.settle();
  test.player.step(1);
  await test.settle();
  t.same(test.shown, [120]);
  test.host.capture(121);
  await test.settle();
  test.player.step(1);
  await test.settle();
  t.equal(test.shown.at(-1), 121);
  test.seek(timeOf(1));
  await test.settle();
  test.player.step(-1);
  await test.settle();
  t.same(test.notices, ["start"]);
  t.equal(test.shown.at(-1), 1);
});

t.test("plays with its rate, forwards and back", async (t) => {
  for (const [rate, frames] of [[0.5, 12], [1, 25], [4, 100], [-1, -25], [-2, -50]] as const) {
    const test = setUpPlayer(new TestHost(600));
    test.seek(timeOf(301), { rate });
    await test.settle();
    await test.run(500_000);
    const went = test.shown.at(-1)! - 301;
    t.ok(Math.abs(went - frames) <= 3, `at ${rate} it went ${went} frames in half a second`);
    const isOrdered = test.shown.every((frameId, index) =>
      index === 0 || Math.sign(frameId - test.shown[index - 1]!) === Math.sign(rate)
    );
    t.ok(isOrdered, "each picture is a later one");
    test.player.pause();
    await test.settle();
    const rested = test.shown.length;
    await test.run(100_000);
    t.equal(test.shown.length, rested, "and rests when it is told to");
    t.ok(test.pictures.filter(({ isClosed }) => !isClosed).length <= 6, "the window is bounded");
  }
});

t.test("a loop begins anew at its end", async (t) => {
  const test = setUpPlayer(new TestHost(400));
  test.player.loop = { fromUs: timeOf(100), toUs: timeOf(110) };
  test.seek(timeOf(100), { rate: 1 });
  await test.settle();
  await test.run(700_000);
  const turns = test.shown.filter((frameId, index) =>
    index > 0 && frameId < test.shown[index - 1]!
  );
  t.ok(turns.length >= 2, `${turns.length} turns`);
  t.ok(test.shown.every((frameId) => frameId >= 100 && frameId <= 111));
});

t.test("reads no further ahead than it needs", async (t) => {
  const test = setUpPlayer(new TestHost(2000));
  test.seek(timeOf(1), { rate: 1 });
  await test.settle();
  await test.run(200_000);
  const newest = Math.max(...[...Array(40).keys()].map((group) => {
    const place = test.cache.find("replay 0", timeOf(1 + group * GROUP));
    return place === undefined ? 0 : place.group.frames.at(-1)!.frameId;
  }));
  t.ok(newest > 150 && newest < 200, `frame ${newest} of 2000 after 0.2 s`);
});

t.test("catching up joins when all that was captured is shown", async (t) => {
  const test = setUpPlayer(new TestHost(200));
  test.seek(timeOf(180), { rate: 2 });
  await test.settle();
  await test.run(150_000);
  t.equal(test.player.state.mode, "playing", "not yet");
  for (let frameId = 201; frameId <= 203; frameId++) test.host.capture(frameId);
  test.join.isPossible = false;
  await test.run(200_000);
  t.equal(test.player.state.mode, "playing", "the screen knows a gap that is not shown yet");
  test.join.isPossible = true;
  await test.run(20_000);
  t.equal(test.player.state.mode, "live");
  t.same(test.notices, ["caught_up"]);
  t.equal(test.joins.at(-1), 203, "after the newest frame");
  t.same(test.shown.slice(-3), [201, 202, 203]);
  t.equal(test.left, 0, "without a jump");
  t.equal(test.host.open, 0, "the request is over");
});

t.test("a join that does not come about is given up", async (t) => {
  const test = setUpPlayer(new TestHost(200));
  test.join.isPossible = false;
  test.seek(timeOf(199), { rate: 1 });
  await test.settle();
  await test.run(2_200_000);
  t.equal(test.player.state.mode, "live");
  t.equal(test.left, 1);
});

t.test("what is no longer held is said, and the oldest shown", async (t) => {
  const host = new TestHost(400);
  host.first = 201;
  const test = setUpPlayer(host);
  test.seek(START_US);
  await test.settle();
  t.same(test.notices, ["evicted"]);
  t.same(test.shown, [201]);
  t.equal(test.player.state.timeUs, timeOf(201));
});

t.test("live ends everything at once", async (t) => {
  const test = setUpPlayer(new TestHost(400));
  test.seek(timeOf(30), { rate: 1 });
  await test.settle();
  await test.run(100_000);
  test.player.live();
  const shown = test.shown.length;
  await test.run(200_000);
  t.equal(test.shown.length, shown);
  t.equal(test.left, 1);
  t.equal(test.host.open, 0);
  t.match(test.player.state, { mode: "live", frameId: undefined, rate: 0 });
  t.ok(test.pictures.every(({ isClosed }) => isClosed));
});

t.test("a host that refuses is a notice, and the picture is live", async (t) => {
  for (
    const [status, notice] of [[404, "nothing_held"], [503, "busy"], [500, "unreachable"]] as const
  ) {
    const host = new TestHost(100);
    host.status = status;
    const test = setUpPlayer(host);
    test.seek(timeOf(30));
    await test.settle();
    t.same(test.notices, [notice]);
    t.equal(test.player.state.mode, "live");
  }
});
