/** Tests of the player's parts: the bounded cache, the join with the live picture, the window. */

import t from "tap";
import { ManualClock } from "../../../../../src/core/clock.ts";
import { EncodedCache } from "../../../../../web/viewer/playback/encoded_cache.ts";
import type { FrameGroup } from "../../../../../web/viewer/playback/encoded_cache.ts";
import { PictureWindow } from "../../../../../web/viewer/playback/picture_window.ts";
import { WINDOW_PICTURES_MAX } from "../../../../../web/viewer/playback/picture_window.ts";
import { PlaybackScreen } from "../../../../../web/viewer/playback/playback_screen.ts";
import { PlayClock } from "../../../../../web/viewer/playback/play_clock.ts";
import type { FrameRecord } from "../../../../../web/viewer/receive/frame_record.ts";

function fill(cache: EncodedCache, startUs: number, frames: number, bytes: number): FrameGroup {
  const frame = (index: number) => ({
    ...{ frameId: startUs / 1000 + index, captureTimeUs: startUs + index * 1000 },
    ...{ referenceDistance: index === 0 ? 0 : 1, layer: 0 as const },
  });
  const group = cache.group("a", { ...frame(0), isShown: true }, {} as FrameGroup["description"]);
  for (let index = 0; index < frames; index++) {
    cache.append(group, { ...frame(index), payload: new Uint8Array(bytes) });
  }
  return group;
}

t.test("EncodedCache is bounded in bytes, and what was used last stays", (t) => {
  const cache = new EncodedCache(10_000);
  const first = fill(cache, 0, 10, 300);
  for (let group = 1; group < 20; group++) {
    cache.use({ group: first, index: 0 });
    fill(cache, group * 100_000, 10, 300);
    t.ok(cache.bytes <= 10_000, `${cache.bytes} bytes`);
  }
  t.equal(cache.size, 3);
  t.equal(cache.evictions, 17);
  t.same(cache.find("a", 0)?.group, first);
  t.equal(cache.find("a", 100_000), undefined);
  t.end();
});

t.test("EncodedCache finds a frame only when no other can lie between", (t) => {
  const cache = new EncodedCache();
  const group = fill(cache, 1_000_000, 5, 10);
  t.equal(cache.find("a", 999_999), undefined);
  t.equal(cache.find("a", 1_002_500)?.index, 2);
  t.equal(cache.find("a", 1_004_000)?.index, 4, "exactly its time");
  t.equal(cache.find("a", 1_004_001), undefined, "the next may have come since");
  t.equal(cache.find("b", 1_002_500), undefined);
  group.endUs = 1_005_000;
  t.equal(cache.find("a", 1_004_999)?.index, 4);
  t.equal(cache.find("a", 1_005_000), undefined);
  cache.forget("a", 1_003_000, 1_003_500);
  t.equal(cache.find("a", 1_002_500), undefined, "blanked");
  t.equal(cache.bytes, 0);
  t.end();
});

t.test("PictureWindow closes what it does not give back", (t) => {
  const window = new PictureWindow<{ codedWidth: number; codedHeight: number; close(): void }>();
  const group = fill(new EncodedCache(), 0, 20, 1);
  let closed = 0;
  for (let index = 0; index < 20; index++) {
    window.push({ codedWidth: 64, codedHeight: 64, close: () => closed++ }, { group, index });
  }
  t.equal(window.size, WINDOW_PICTURES_MAX);
  t.equal(closed, 20 - WINDOW_PICTURES_MAX);
  t.ok(window.take({ group, index: 19 }));
  t.equal(window.take({ group, index: 19 }), undefined);
  window.push({ codedWidth: 8192, codedHeight: 8192, close: () => closed++ }, { group, index: 1 });
  t.equal(window.size, 0, "one that is too large takes the others along");
  window.clear();
  t.equal(closed, 20);
  t.end();
});

t.test("PlayClock moves with its rate and knows its loop", (t) => {
  const clock = new PlayClock();
  clock.anchor(1000, 50, 2);
  t.equal(clock.positionUs(150), 1200);
  clock.anchor(1000, 50, -0.5);
  t.equal(clock.positionUs(150), 950);
  clock.loop = { fromUs: 900, toUs: 1100 };
  t.equal(clock.loopStartUs(950), undefined);
  t.equal(clock.loopStartUs(899), 1100, "back from its end");
  clock.anchor(1000, 50, 1);
  t.equal(clock.loopStartUs(1100), 900);
  clock.loop = { fromUs: 5, toUs: 5 };
  t.equal(clock.loop, undefined);
  t.end();
});

function setUpScreen(lastLiveFrameId: number) {
  const shown: string[] = [];
  let take: ((picture: Live, record: FrameRecord) => void) | undefined;
  let wanted = 0;
  interface Live {
    readonly name: string;
    isClosed: boolean;
    close(): void;
  }
  const pictures: Live[] = [];
  const picture = (name: string): Live => {
    const made = { name, isClosed: false, close: () => void (made.isClosed = true) };
    pictures.push(made);
    return made;
  };
  const screen = new PlaybackScreen<Live>({
    lastLiveFrameId,
    cover: (taker) => take = taker,
    show: (one) => {
      shown.push(one.name);
      one.close();
    },
    wantLive: () => wanted++,
  }, new ManualClock(1));
  const group = fill(new EncodedCache(), 0, 5, 1);
  /** A live picture is decoded. */
  const live = (frameId: number) => {
    const record = { frameId, outcome: "pending" } as FrameRecord;
    const one = picture(`live ${frameId}`);
    if (take === undefined) {
      shown.push(one.name);
      one.close();
    } else take(one, record);
  };
  const replay = (name: string) => screen.show(picture(name), { group, index: 0 });
  return {
    ...{ screen, shown, live, replay, pictures },
    get isCovering() {
      return take !== undefined;
    },
    get wanted() {
      return wanted;
    },
  };
}

t.test("PlaybackScreen joins where no frame is left out and none is shown twice", (t) => {
  const test = setUpScreen(10);
  t.equal(test.isCovering, false);
  test.replay("replay 8");
  t.equal(test.isCovering, true);
  test.live(11);
  test.live(12);
  t.equal(test.screen.join(8), false, "four behind");
  test.replay("replay 11");
  t.equal(test.screen.join(11), true, "one behind: the one that waits is next");
  test.live(13);
  t.same(test.shown, ["replay 8", "replay 11", "live 12", "live 13"]);
  t.equal(test.wanted, 0);
  t.ok(test.pictures.every(({ isClosed }) => isClosed));
  t.end();
});

t.test("PlaybackScreen joins at the very same frame, and when it is ahead", (t) => {
  const same = setUpScreen(10);
  same.replay("replay 10");
  t.equal(same.screen.join(10), true, "a still screen");
  t.equal(same.isCovering, false);
  same.live(11);
  t.same(same.shown, ["replay 10", "live 11"]);
  const ahead = setUpScreen(10);
  ahead.replay("replay 12");
  t.equal(ahead.screen.join(12), true);
  ahead.live(11);
  ahead.live(12);
  ahead.live(13);
  ahead.live(14);
  t.same(ahead.shown, ["replay 12", "live 13", "live 14"]);
  t.ok(ahead.pictures.every(({ isClosed }) => isClosed));
  const wrapped = setUpScreen(2 ** 32 - 1);
  wrapped.replay("replay 4294967295");
  wrapped.live(0);
  t.equal(wrapped.screen.join(2 ** 32 - 1), true, "ids begin anew");
  t.same(wrapped.shown, ["replay 4294967295", "live 0"]);
  t.end();
});

t.test("PlaybackScreen leaves to the newest live picture, or asks for one", (t) => {
  const test = setUpScreen(10);
  test.replay("replay 3");
  test.live(11);
  test.live(12);
  test.screen.leave();
  t.same(test.shown, ["replay 3", "live 12"]);
  t.equal(test.wanted, 0);
  test.replay("replay 4");
  test.screen.leave();
  t.equal(test.wanted, 1, "a still screen sends nothing by itself");
  t.equal(test.isCovering, false);
  test.screen.leave();
  t.equal(test.wanted, 1);
  t.ok(test.pictures.every(({ isClosed }) => isClosed));
  t.end();
});
