/**
 * Playback fixture: a source of numbered frames, a feed over it that a test advances by hand, and a
 * decoder and a screen that keep what they are told. Only what a browser alone has is simulated: the
 * cache, the player and the join are the real ones.
 */

import { ManualClock } from "../../../../../src/core/clock.ts";
import type { StreamDescription } from "../../../../../src/wire/codec.ts";
import { BT601_LIMITED } from "../../../../../src/wire/codec.ts";
import {
  encodeFrameStreamMark,
  encodeStreamedSound,
  writeFrameHeader,
} from "../../../../../src/wire/frame_stream.ts";
import { FRAME_STREAM_HEADER_BYTES } from "../../../../../src/wire/frame_stream.ts";
import { EncodedCache, frameAt } from "../../../../../web/viewer/playback/encoded_cache.ts";
import type { FramePlace } from "../../../../../web/viewer/playback/encoded_cache.ts";
import { FrameFeed } from "../../../../../web/viewer/playback/frame_feed.ts";
import { PictureWindow } from "../../../../../web/viewer/playback/picture_window.ts";
import type {
  PlaybackNotice,
  PlaybackSource,
  PlaybackState,
} from "../../../../../web/viewer/playback/playback_messages.ts";
import type { PastEvent } from "../../../../../web/viewer/features/past_event.ts";
import { SoundFollower } from "../../../../../web/viewer/playback/sound_follower.ts";
import { Player } from "../../../../../web/viewer/playback/player.ts";

/** Time between two frames of the source. */
export const FRAME_US = 20_000;
/** Time of a packet of sound. */
export const SOUND_US = 10_000;
/** Frames of a group. */
export const GROUP = 50;
/** Capture time of frame 1. */
export const START_US = 5_000_000;

export const SOURCE: PlaybackSource = {
  key: "replay 0",
  framesPath: "/api/replay/frames?stream=0",
  isLive: true,
};

const DESCRIPTION: StreamDescription = {
  ...{ id: 0, name: "Test", kind: "video", codec: "avc1.42e02a", encoder: "test" },
  ...{ codedWidth: 64, codedHeight: 64, colorSpace: BT601_LIMITED, optimizeForLatency: true },
  ...{ framerate: 50, bitrateBps: 1_000_000 },
};

/** Capture time of a frame. */
export function timeOf(frameId: number): number {
  return START_US + (frameId - 1) * FRAME_US;
}

/** A picture that remembers whose it is and that it was closed. */
export interface TestPicture {
  readonly frameId: number;
  readonly codedWidth: number;
  readonly codedHeight: number;
  isClosed: boolean;
  close(): void;
}

function testPicture(frameId: number): TestPicture {
  const picture = {
    ...{ frameId, codedWidth: 64, codedHeight: 64, isClosed: false },
    close: () => void (picture.isClosed = true),
  };
  return picture;
}

/** One frame as its record. */
export function frameRecord(
  frameId: number,
  isShown: boolean,
  bytes = 100,
): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(FRAME_STREAM_HEADER_BYTES + bytes).fill(frameId % 251);
  const referenceDistance = (frameId - 1) % GROUP === 0 ? 0 : 1;
  const captureTimeUs = timeOf(frameId);
  writeFrameHeader(record, { frameId, captureTimeUs, referenceDistance, layer: 0, isShown }, bytes);
  return record;
}

/** A frame, and before it what was heard since the one before unless it is the first. */
function withSound(frameId: number, isShown: boolean, isFirst: boolean): Uint8Array<ArrayBuffer> {
  const parts = isFirst ? [] : [-2, -1].map((packet) =>
    encodeStreamedSound({
      captureTimeUs: timeOf(frameId) + packet * SOUND_US,
      ...{ durationUs: SOUND_US, channels: 2 },
    }, Uint8Array.of(frameId % 251, -packet))
  );
  parts.push(frameRecord(frameId, isShown));
  const record = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    record.set(part, offset);
    offset += part.byteLength;
  }
  return record;
}

/** A host that holds frames `first` to `newest`. */
export class TestHost {
  first = 1;
  newest: number;
  /** Requests so far, as their paths. */
  readonly requests: string[] = [];
  /** Requests that are open. */
  open = 0;
  status = 200;
  /** It holds sound as well, for those who ask. */
  hasSound = false;
  #wake: (() => void)[] = [];

  constructor(newest: number) {
    this.newest = newest;
  }

  /** Captures up to a frame. */
  capture(newest: number): void {
    this.newest = newest;
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Answers as the host does. */
  readonly request = (path: string, { signal }: { signal: AbortSignal }): Promise<Response> => {
    this.requests.push(path);
    if (this.status !== 200) return Promise.resolve(new Response("{}", { status: this.status }));
    const query = new URL(path, "http://host").searchParams;
    const atUs = Number(query.get("atUs"));
    const toUs = query.has("follow") ? Infinity : Number(query.get("toUs") ?? atUs);
    const sounds = this.hasSound && query.get("sound") === "1";
    return Promise.resolve(new Response(this.#body({ atUs, toUs, sounds }, signal)));
  };

  #body(
    { atUs, toUs, sounds }: { atUs: number; toUs: number; sounds: boolean },
    signal: AbortSignal,
  ): ReadableStream<Uint8Array> {
    const wanted = Math.floor((atUs - START_US) / FRAME_US) + 1;
    const target = Math.min(this.newest, Math.max(this.first, wanted));
    const keyframe = target - (target - 1) % GROUP;
    let next = keyframe;
    const record = (frameId: number, isShown: boolean) =>
      sounds ? withSound(frameId, isShown, frameId === keyframe) : frameRecord(frameId, isShown);
    let hasBegun = false;
    let saidLive = false;
    this.open++;
    signal.addEventListener("abort", () => this.open--, { once: true });
    return new ReadableStream({
      pull: async (controller) => {
        if (!hasBegun) {
          hasBegun = true;
          if (wanted < this.first) {
            const toUs = timeOf(this.first);
            controller.enqueue(encodeFrameStreamMark({ kind: "gap", cause: "evicted", toUs }));
          }
          const mark = { kind: "description", description: DESCRIPTION } as const;
          return controller.enqueue(encodeFrameStreamMark(mark));
        }
        if (next <= this.newest && timeOf(next) <= Math.max(toUs, timeOf(target))) {
          const isShown = next >= target;
          return controller.enqueue(record(next++, isShown));
        }
        if (next <= this.newest || toUs !== Infinity) return controller.close();
        if (!saidLive) {
          saidLive = true;
          return controller.enqueue(encodeFrameStreamMark({ kind: "live" }));
        }
        await new Promise<void>((resolve) => {
          this.#wake.push(resolve);
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        if (next <= this.newest) controller.enqueue(record(next++, true));
      },
    }, { highWaterMark: 0 });
  }
}

/** Lets everything that is under way come to rest. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
}

/** Time goes on, with a tick of the display every 10 ms. */
async function runTicks(us: number, clock: ManualClock, ticks: (() => void)[]): Promise<void> {
  for (let at = 0; at < us; at += 10_000) {
    clock.advance(10_000);
    for (const tick of ticks.splice(0)) tick();
    await settle();
  }
}

/** A player over `host`, with a hand on its clock and its display's ticks. */
export function setUpPlayer(host: TestHost) {
  const clock = new ManualClock(1_000_000);
  const cache = new EncodedCache();
  const shown: number[] = [];
  const pictures: TestPicture[] = [];
  const notices: PlaybackNotice[] = [];
  const states: PlaybackState[] = [];
  const ticks: (() => void)[] = [];
  const decoded: number[] = [];
  const joins: number[] = [];
  const past: PastEvent[] = [];
  const follower = new SoundFollower(cache, (event) => past.push(event));
  let left = 0;
  /** What the screen says when it is to go on with the live picture. */
  const join = { isPossible: true };
  const makePicture = (frameId: number) => {
    const picture = testPicture(frameId);
    pictures.push(picture);
    return picture;
  };
  const decoder = {
    pending: undefined as FramePlace | undefined,
    queued: 0,
    show: (place: FramePlace, keep = 0) => {
      const { group, index } = place;
      for (let at = Math.max(0, index - keep); at < index; at++) {
        player.picture(makePicture(group.frames[at]!.frameId), { group, index: at }, false);
      }
      decoded.push(frameAt(place).frameId);
      player.picture(makePicture(frameAt(place).frameId), place, true);
    },
    cancel: () => {},
  };
  const player: Player<TestPicture> = new Player<TestPicture>({
    ...{ cache, decoder, window: new PictureWindow<TestPicture>() },
    openFeed: (options) => new FrameFeed({ ...options, cache, request: host.request }),
    screen: {
      show: (picture) => {
        shown.push(picture.frameId);
        picture.close();
      },
      join: (frameId) => {
        joins.push(frameId);
        return join.isPossible;
      },
      leave: () => left++,
    },
    nowUs: () => clock.nowUs(),
    nextTick: (run) => ticks.push(run),
    post: (event) => {
      if (event.event === "notice") notices.push(event.notice);
      if (event.event !== "state") return;
      states.push(event.state);
      follower.follow(event.state, player.soundDelayUs, clock.nowUs());
    },
  });
  const run = (us: number) => runTicks(us, clock, ticks);
  const seek = (timeUs: number, options: { isRough?: boolean; rate?: number } = {}) => {
    const { isRough = false, rate = 0 } = options;
    player.seek({ do: "seek", source: SOURCE, timeUs, isRough, rate });
  };
  return {
    ...{ player, host, cache, clock, shown, pictures, notices, states, decoded, joins, join },
    ...{ settle, run, seek, past, ticks },
    get left() {
      return left;
    },
  };
}
