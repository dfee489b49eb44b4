import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { MediaSender } from "../../../../src/pipeline/media_sender.ts";
import type { Producer } from "../../../../src/server/publish/producer.ts";
import { PublishedStreams } from "../../../../src/server/publish/published_streams.ts";
import type {
  Publication,
  PublishRequest,
} from "../../../../src/server/publish/published_streams.ts";
import { StreamSet } from "../../../../src/server/streams/stream_set.ts";
import type { HostFrame } from "../../../../src/session/session_host.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import { until } from "../../../end_to_end/host_process.ts";
import { DELTA, keyframeOf } from "./access_units.ts";

const HOST_US = 1e12;
const KEEP_MS = 40;
const REQUEST: PublishRequest = {
  ...{ name: "Screen", kind: "screen", owner: "ada", key: "k", by: "Ada" },
};

/** Published streams of a host with one display, and producers that are lists. */
class Bench {
  readonly clock = new ManualClock();
  readonly set: StreamSet;
  readonly published: PublishedStreams;
  readonly states: string[] = [];
  readonly reused: number[] = [];
  /** Streams whose device got input. */
  readonly inputs: number[] = [];
  readonly ended: number[] = [];
  changes = 0;

  constructor({ max = 2, keepMs = KEEP_MS } = {}) {
    const nothing = () => {};
    this.set = new StreamSet({
      ...{ names: ["Display"], bitrateBps: 4e6, fps: 30, controller: "trend", keepWarmMs: 0 },
      port: {
        ...{ start: nothing, stop: nothing, setRate: nothing, requestKeyframe: nothing },
        ...{ invalidate: nothing, sendInput: (streamId) => this.inputs.push(streamId) },
      },
      ...{ clock: this.clock, log: silentLogger },
      audience: {
        broadcast: (framed) => {
          const message = parseServerMessage(framed.subarray(4));
          if (message.type !== "stream_state") return;
          this.states.push(`${message.streamId} ${message.state} ${message.reason}`);
        },
        tell: nothing,
        releaseInput: nothing,
      },
    });
    this.published = new PublishedStreams({
      ...{ max, keepMs, clock: this.clock, log: silentLogger, makeReplay: undefined },
      limits: { maxWidth: 1280, maxHeight: 720, maxFps: 60, maxBitrateBps: 4e6 },
      streams: () => this.set,
      hostTimeUs: (nowUs) => HOST_US + nowUs,
      onChanged: () => this.changes++,
      onReused: (id) => this.reused.push(id),
      onEnded: (id) => this.ended.push(id),
    });
  }

  open(change: Partial<PublishRequest> = {}) {
    const heard: string[] = [];
    const producer: Producer = {
      ...{ via: "test", bufferBytes: 0, report: () => ({}) },
      onKeyframeWanted: () => heard.push("keyframe"),
      onRate: ({ fps, scale }) => heard.push(`rate ${fps} ${scale}`),
      onChange: () => heard.push("change"),
      onReplaced: (why) => heard.push(why),
    };
    return { opened: this.published.open({ ...REQUEST, ...change }, producer), heard };
  }

  /** Opens what must be possible. */
  must(change: Partial<PublishRequest> = {}): { one: Publication; heard: string[] } {
    const { opened, heard } = this.open(change);
    if ("refused" in opened) throw new Error(opened.message);
    return { one: opened, heard };
  }

  /** A viewer of a stream; gives the numbers of the frames that it hears of. */
  attach(streamId: number): { ids: number[]; detach: () => void } {
    const host = this.set.sessionHost(() => undefined);
    const sender = new MediaSender({
      connection: { maxDatagramSize: 1200, sendDatagram: () => true },
      ...{ streamId, ...host.senderSettings(streamId)! },
      ...{ onInvalidate() {}, onKeyframeNeeded() {} },
    });
    const ids: number[] = [];
    const detach = host.attach(streamId, sender, ({ frameId }: HostFrame) => ids.push(frameId))!;
    return { ids, detach };
  }
}

const key = (frameId: number) => ({ frameId, referenceDistance: 0, payload: keyframeOf() });
const delta = (frameId: number) => ({ frameId, referenceDistance: 1, payload: DELTA });

t.test("a published stream is offered, described and watched like any other", (t) => {
  const bench = new Bench();
  const { one, heard } = bench.must();
  t.equal(one.stream.id, 1);
  t.match(bench.set.listMessage, { streams: [{ name: "Display" }, { id: 1, name: "Screen" }] });
  t.equal(one.stream.isWanted, false);
  one.describe({ fps: 30, encoder: "te\u0000st", hasSound: false });
  const { ids, detach } = bench.attach(1);
  t.ok(one.stream.isWanted);
  t.ok(heard.includes("keyframe"), "who comes needs one");
  t.notOk(one.frame(delta(1)), "nothing came before");
  t.ok(one.frame(key(2)));
  t.ok(one.frame(delta(3)));
  t.same(ids, [2, 3]);
  t.match(bench.set.get(1)?.description, { codedWidth: 640, codedHeight: 368, framerate: 30 });
  t.equal(bench.states.at(-1), "1 running test, screen");
  bench.set.get(1)?.invalidate(3);
  t.ok(heard.filter((one) => one === "keyframe").length >= 2, "a browser cannot go back");
  detach();
  t.equal(bench.set.first.viewers, 0);
  t.end();
});

t.test("what the media process does is nothing to a published stream", (t) => {
  const bench = new Bench();
  const { one } = bench.must();
  bench.attach(1);
  one.frame(key(1));
  bench.set.onMediaState("failed", "gone");
  t.equal(bench.set.get(1)?.state, "running");
  bench.attach(0);
  for (const id of [0, 1]) bench.set.get(id)?.sendInput(new Uint8Array(20));
  t.same(bench.inputs, [0], "input of viewers goes nowhere");
  bench.set.close();
  t.end();
});

t.test("a producer that comes back finds its stream, viewers and numbers", async (t) => {
  const bench = new Bench({ keepMs: 60_000 });
  const { one } = bench.must();
  const { ids } = bench.attach(1);
  for (const frame of [key(1), delta(2)]) one.frame(frame);
  one.close(false);
  t.equal(bench.states.at(-1), "1 restarting Waiting for Ada to publish again");
  t.notOk(one.frame(delta(3)), "who left gives nothing more");
  const again = bench.must();
  t.equal(again.one.stream, one.stream);
  t.ok(again.one.frame(key(1)));
  t.same(ids, [1, 2, 3]);
  const third = bench.must();
  t.equal(again.heard.at(-1), "replaced", "of two connections the newer counts");
  again.one.close(true);
  t.equal(third.one.stream.phase, "live", "whoever was replaced ends nothing");
  third.one.close(true);
  t.equal(bench.states.at(-1), "1 failed Ada no longer publishes");
  t.same(bench.ended, [1]);
  t.equal(bench.set.listMessage.type === "stream_list" && bench.set.listMessage.streams.length, 1);
  bench.published.close();
});

t.test("a stream that waits in vain ends, and its place is taken again", async (t) => {
  const bench = new Bench({ max: 1 });
  const { one } = bench.must();
  one.close(false);
  await until(() => one.stream.phase === "ended", "the end of the wait");
  const own = bench.must({ key: "other" });
  t.equal(own.one.stream.id, 1);
  t.same(bench.reused, [], "the same person's");
  own.one.close(true);
  const { one: other } = bench.must({ owner: "ben", by: "Ben", name: "Camera" });
  t.equal(other.stream.id, 1, "ids are used again");
  t.same(bench.reused, [1], "what was kept is somebody else's");
  t.equal(bench.set.get(1)?.name, "Camera");
  bench.published.close();
});

t.test("what cannot be published is refused with words", (t) => {
  const bench = new Bench({ max: 2 });
  bench.must();
  t.match(bench.open({ key: "2", name: "\u200b\u0007" }).opened, { refused: "bad_name" });
  const exact = { key: "3", isExact: true };
  t.match(bench.open({ ...exact, name: "display" }).opened, { refused: "name_taken" });
  t.match(bench.open({ ...exact, name: "screen" }).opened, { refused: "name_taken" });
  t.equal(bench.must({ key: "4" }).one.stream.name, "Screen 2");
  t.match(bench.open({ key: "5" }).opened, { refused: "full" });
  const none = new Bench({ max: 0 });
  t.match(none.open().opened, { refused: "off" });
  bench.published.close();
  t.match(bench.open().opened, { refused: "off" }, "nobody comes after the end");
  t.end();
});

t.test("nobody begins again and again, and a replay alone costs few keyframes", (t) => {
  const bench = new Bench({ max: 1 });
  const outcomes = Array.from({ length: 40 }, () => {
    const { opened } = bench.open();
    return "refused" in opened ? opened.refused : "open";
  });
  t.same(outcomes.filter((one) => one === "open").length, 30);
  t.equal(outcomes.at(-1), "too_often");
  bench.clock.advance(1_000_000);
  const { one, heard } = bench.must();
  one.frame(key(1));
  const asked = () => heard.filter((word) => word === "keyframe").length;
  const before = asked();
  let answered = before;
  for (let second = 1; second <= 12; second++) {
    bench.clock.advance(1_000_000);
    bench.set.get(1)!.requestKeyframe("segment");
    if (asked() > answered) one.frame(key(1 + second));
    answered = asked();
  }
  t.equal(asked() - before, 2, "one in five seconds");
  bench.set.get(1)!.requestKeyframe("join");
  t.equal(asked() - before, 3, "who comes does not wait");
  bench.published.close();
  t.end();
});

t.test("an admin ends a published stream, and its producer hears of it", (t) => {
  const bench = new Bench();
  const { one, heard } = bench.must({ name: "" });
  t.equal(one.stream.name, "Ada: screen", "a name of the server's making");
  t.notOk(bench.published.end(0), "a display is none");
  t.ok(bench.published.end(1));
  t.notOk(bench.published.end(1));
  t.equal(heard.at(-1), "ended");
  t.notOk(one.frame(key(1)));
  t.end();
});

t.test("sound of a published stream goes to its own listeners, within bounds", (t) => {
  const bench = new Bench();
  const { one } = bench.must();
  const sound = { channels: 2, frameUs: 20_000, payload: new Uint8Array(100), frameId: 1 };
  t.notOk(one.sound(sound), "none was announced");
  one.describe({ fps: 30, encoder: "", hasSound: true });
  const heard: number[] = [];
  bench.set.get(1)!.published!.sound.hub.follow(({ captureTimeUs }) =>
    heard.push(captureTimeUs - HOST_US)
  );
  t.ok(one.sound(sound));
  t.notOk(one.sound({ ...sound, channels: 3 }));
  let taken = 0;
  for (let frameId = 2; frameId < 1000; frameId++) if (one.sound({ ...sound, frameId })) taken++;
  t.ok(taken < 160, `${taken} frames are three seconds`);
  t.equal(heard.length, taken + 1);
  t.same(heard, heard.map((_time, index) => index), "times that only grow");
  bench.published.close();
  t.end();
});
