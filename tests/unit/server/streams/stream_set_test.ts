import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { MediaSender } from "../../../../src/pipeline/media_sender.ts";
import { StreamSet } from "../../../../src/server/streams/stream_set.ts";
import type { StreamFacts } from "../../../../src/server/streams/stream_messages.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";

const FACTS: StreamFacts = {
  ...{ width: 640, height: 360, fps: 60, encoder: "x264", temporalLayersMax: 2 },
  ...{ screenWidth: 640, screenHeight: 360, capture: "pattern", codec: "avc1.42e020" },
};

const parse = (framed: Uint8Array) => parseServerMessage(framed.subarray(4));

/** A set whose media process and audience are lists of what they were told. */
class Bench {
  readonly asked: string[] = [];
  readonly said: string[] = [];
  readonly set: StreamSet;

  constructor(names: readonly string[]) {
    const note = (what: string) => (id: number) => this.asked.push(`${what} ${id}`);
    this.set = new StreamSet({
      ...{ names, bitrateBps: 1e6, fps: 60, controller: "trend", keepWarmMs: 1000 },
      port: {
        ...{ start: note("start"), stop: note("stop"), setRate: () => {} },
        ...{ requestKeyframe: note("keyframe"), invalidate: note("invalidate") },
        sendInput: note("input"),
      },
      clock: new ManualClock(),
      log: silentLogger,
      audience: {
        broadcast: (framed) => this.said.push(describe(parse(framed))),
        tell: (id, framed) => this.said.push(`to ${id}: ${describe(parse(framed))}`),
        releaseInput: note("release"),
      },
    });
  }

  attach(streamId: number): () => void {
    const host = this.set.sessionHost(() => undefined);
    const sender = new MediaSender({
      connection: { maxDatagramSize: 1200, sendDatagram: () => true },
      ...{ streamId, ...host.senderSettings(streamId)! },
      ...{ onInvalidate() {}, onKeyframeNeeded() {} },
    });
    return host.attach(streamId, sender, () => {})!;
  }
}

function describe(message: ServerMessage): string {
  if (message.type === "catalog") {
    return `catalog ${message.streams.map(({ id, name }) => `${id}=${name}`).join()}`;
  }
  if (message.type === "stream_list") {
    return `list ${message.streams.map(({ id, name }) => `${id}=${name}`).join()}`;
  }
  return message.type === "stream_state"
    ? `${message.streamId} ${message.state}`
    : `${message.type} ${"streamId" in message ? message.streamId : ""}`;
}

t.test("StreamSet finds streams by name in any case, and by id", (t) => {
  const { set } = new Bench(["Left", "Right", "Display 0"]);
  t.equal(set.find("right")?.id, 1);
  t.equal(set.find(" LEFT ")?.id, 0);
  t.equal(set.find("2")?.name, "Display 0");
  for (const other of ["", "3", "-1", "lef", "display", "__proto__", "0x1"]) {
    t.equal(set.find(other), undefined, other);
  }
  const host = set.sessionHost(() => undefined);
  t.equal(host.findStream(undefined), 0, "the first for who names none");
  t.equal(host.findStream("nobody"), undefined);
  t.equal(set.get(3), undefined);
  t.throws(() => new Bench([]), { message: "Cannot hold 0 streams" });
  t.throws(() => new Bench(Array(17).fill("x")), { message: "Cannot hold 17 streams" });
  set.close();
  t.end();
});

t.test("StreamSet tells a new viewer what there is, and all when that changes", (t) => {
  const { set, said } = new Bench(["Left", "Right"]);
  const greeting = () => {
    return set.sessionHost(() => undefined).greeting().map((framed) => describe(parse(framed)));
  };
  t.same(greeting(), ["list 0=Left,1=Right", "catalog ", "0 starting", "1 starting"]);
  set.warm();
  set.get(1)!.onStarted(FACTS);
  t.same(said, ["0 starting", "1 starting", "catalog 1=Right", "1 running"]);
  t.same(greeting(), ["list 0=Left,1=Right", "catalog 1=Right", "0 starting", "1 running"]);
  const single = new Bench(["Desktop"]).set.sessionHost(() => undefined);
  t.same(single.greeting().map((framed) => describe(parse(framed))), ["catalog ", "0 starting"]);
  set.close();
  t.end();
});

t.test("StreamSet keeps its streams apart: viewers, cursors, input, failures", (t) => {
  const bench = new Bench(["Left", "Right"]);
  const { set, said, asked } = bench;
  const detach = bench.attach(1);
  t.same(asked, ["start 1", "keyframe 1"], "nobody watches the other");
  t.same([set.get(0)!.viewers, set.get(1)!.viewers, set.viewers], [0, 1, 1]);
  const host = set.sessionHost(() => 5);
  host.sendInput(0, new Uint8Array(20));
  host.sendInput(1, new Uint8Array(20));
  host.sendInput(9, new Uint8Array(20));
  host.invalidate(1, 4);
  t.same(asked.slice(2), ["input 1", "invalidate 1"], "without capture there is no device");
  said.length = 0;
  const image = { serial: 1, visible: true, width: 1, height: 1, hotspotX: 0, hotspotY: 0 };
  set.get(1)!.onCursor({ ...image, rgba: new Uint8Array(4) });
  t.same(said, ["to 1: cursor 1"]);
  t.equal(host.cursor(0), undefined);
  t.match(parse(host.cursor(1)!), { streamId: 1 });
  bench.attach(0);
  set.get(0)!.onStarted(FACTS);
  set.get(1)!.onStarted(FACTS);
  set.get(1)!.onFailed("its screen is gone");
  t.same(set.all.map(({ state }) => state), ["running", "failed"]);
  t.equal(set.state, "running", "one that works is worth a visit");
  set.get(0)!.onFailed("gone too");
  t.equal(set.state, "failed");
  t.equal(set.count("failures"), 2);
  detach();
  set.close();
  t.end();
});

t.test("StreamSet brings every stream back after the media process", (t) => {
  const bench = new Bench(["Left", "Right"]);
  const { set, said, asked } = bench;
  for (const id of [0, 1]) {
    bench.attach(id);
    set.get(id)!.onStarted(FACTS);
  }
  said.length = 0;
  asked.length = 0;
  set.onMediaState("restarting", "signal SIGKILL");
  t.same(said, ["0 restarting", "1 restarting"]);
  t.same(asked, ["release 0", "release 1"], "keys of each device");
  t.match(set.stats(), [
    { id: 0, name: "Left", state: "restarting", restarts: 1, viewers: 1 },
    { id: 1, name: "Right", state: "restarting", restarts: 1, viewers: 1 },
  ]);
  set.close();
  t.end();
});
