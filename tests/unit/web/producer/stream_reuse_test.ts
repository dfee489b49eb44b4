/** Tests of web/producer/stream_reuse.ts. */

import t from "tap";
import { STREAM_TTL_MS, StreamReuse, STREAMS_MAX } from "../../../../web/producer/stream_reuse.ts";
import type { ReusableTrack } from "../../../../web/producer/stream_reuse.ts";

class Track implements ReusableTrack {
  readyState: "live" | "ended" = "live";
  enabled = true;
  stop(): void {
    this.readyState = "ended";
  }
}

class Stream {
  readonly tracks = [new Track(), new Track()];
  getTracks(): Track[] {
    return this.tracks;
  }
  get isStopped(): boolean {
    return this.tracks.every(({ readyState }) => readyState === "ended");
  }
}

function setUp() {
  const clock = { nowMs: 0 };
  return { clock, reuse: new StreamReuse<Stream>(() => clock.nowMs) };
}

const open = () => Promise.resolve(new Stream());

t.test("StreamReuse gives the kept stream for the same constraints, in any order", async (t) => {
  const { reuse } = setUp();
  const first = await reuse.take({ video: { width: 1280, height: 720 }, audio: true }, open);
  reuse.release(first!);
  t.ok(first!.tracks.every(({ enabled }) => !enabled), "it takes no pictures meanwhile");
  const again = await reuse.take({ audio: true, video: { height: 720, width: 1280 } }, () => {
    throw new Error("opened twice");
  });
  t.equal(again, first);
  t.ok(first!.tracks.every(({ enabled }) => enabled));
  const other = await reuse.take({ video: true }, open);
  t.not(other, first);
  t.match(reuse.stats, { opened: 2, reused: 1, reusable: 1 });
});

t.test("StreamReuse keeps an unused stream for its time, a used one for longer", async (t) => {
  const { clock, reuse } = setUp();
  const used = (await reuse.take("used", open))!;
  const unused = (await reuse.take("unused", open))!;
  reuse.release(unused);
  clock.nowMs = STREAM_TTL_MS - 1;
  t.equal(reuse.has("unused"), true);
  clock.nowMs = STREAM_TTL_MS;
  reuse.sweep();
  t.equal(unused.isStopped, true);
  t.equal(used.isStopped, false);
  t.match(reuse.stats, { expired: 1 });
  await reuse.take("unused", open);
  t.match(reuse.stats, { reusable: 1, reused: 0 }, "it could have been there");
});

t.test("StreamReuse does not give a stream whose track has ended", async (t) => {
  const { reuse } = setUp();
  const first = (await reuse.take("camera", open))!;
  first.tracks[1]!.stop();
  const second = await reuse.take("camera", open);
  t.not(second, first);
  t.equal(first.isStopped, true, "the other track is stopped with it");
  t.match(reuse.stats, { invalid: 1, opened: 2 });
});

t.test("StreamReuse keeps five and gives up the one that was not used for longest", async (t) => {
  const { clock, reuse } = setUp();
  const streams: Stream[] = [];
  for (let index = 0; index < STREAMS_MAX; index++) {
    clock.nowMs = index;
    streams.push((await reuse.take(index, open))!);
  }
  clock.nowMs = 100;
  reuse.release(streams[3]!);
  reuse.release(streams[4]!);
  await reuse.take("sixth", open);
  t.equal(reuse.size, STREAMS_MAX);
  t.same(streams.map((stream) => stream.isStopped), [false, false, false, true, false]);
  t.match(reuse.stats, { displaced: 1 });
});

t.test("StreamReuse stops every track on close, and what comes after it", async (t) => {
  const { reuse } = setUp();
  const first = (await reuse.take("a", open))!;
  const late = new Stream();
  const { promise, resolve } = Promise.withResolvers<Stream>();
  const taking = reuse.take("b", () => promise);
  reuse.close();
  t.equal(first.isStopped, true);
  resolve(late);
  t.equal(await taking, undefined);
  t.equal(late.isStopped, true);
  t.equal(reuse.size, 0);
});

t.test("StreamReuse keeps nothing of what could not be opened, and stops what it discards", async (t) => {
  const { reuse } = setUp();
  await t.rejects(reuse.take("x", () => Promise.reject(new Error("denied"))), /denied/);
  t.equal(reuse.size, 0);
  const stream = (await reuse.take("x", open))!;
  reuse.discard(stream);
  t.equal(stream.isStopped, true);
  t.equal(reuse.has("x"), false);
});

t.test("StreamReuse gives back what is kept and not used when somebody wants that", async (t) => {
  const { reuse } = setUp();
  const used = (await reuse.take("used", open))!;
  const kept = (await reuse.take("kept", open))!;
  t.equal(reuse.unused, 0);
  reuse.release(kept);
  t.equal(reuse.unused, 1);
  reuse.dropUnused();
  t.same([used.isStopped, kept.isStopped, reuse.unused], [false, true, 0]);
});

t.test("StreamReuse lets who takes a stream twice at once use it", async (t) => {
  const { clock, reuse } = setUp();
  const late = Promise.withResolvers<Stream>();
  const waiting = reuse.take("a", () => late.promise);
  const kept = await reuse.take("a", open);
  const superfluous = new Stream();
  late.resolve(superfluous);
  const again = await waiting;
  t.equal(again, kept, "who was quicker");
  t.same([superfluous.isStopped, kept!.isStopped], [true, false]);
  reuse.release(kept!);
  reuse.use(again!);
  t.ok(again!.tracks.every(({ enabled }) => enabled));
  clock.nowMs = STREAM_TTL_MS;
  reuse.sweep();
  t.equal(again!.isStopped, false);
});
