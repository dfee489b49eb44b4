/** Tests of src/media/stream_slot.ts: the newest wish wins, one step at a time. */

import t from "tap";
import type { EncoderRate, MediaStreamConfig } from "../../../src/ipc/media_command.ts";
import type { MediaStream } from "../../../src/media/media_stream.ts";
import { StreamSlot } from "../../../src/media/stream_slot.ts";

const CONFIG: MediaStreamConfig = {
  streamId: 2,
  source: "pattern",
  display: "",
  width: 64,
  height: 64,
  fps: 30,
  encoder: "auto",
  bitrateBps: 1_000_000,
  framebufferShmId: -1,
};

/** Opens slowly; of a stream the slot uses only `close` and `setRate`. */
function setUp(openError?: Error) {
  const events: string[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const slot = new StreamSlot({
    onOpened: () => void events.push("opened"),
    onFailed: (streamId, error) => void events.push(`failed ${streamId} ${error}`),
    open: async (config, takeRate) => {
      events.push(`open ${config.fps}`);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      if (openError !== undefined) throw openError;
      const early = takeRate();
      if (early !== undefined) events.push(`rate ${early.bitrateBps} before the start`);
      const stream = {
        close: () => {
          events.push(`close ${config.fps}`);
          return Promise.resolve();
        },
        setRate: ({ bitrateBps }: EncoderRate) => void events.push(`rate ${bitrateBps}`),
      };
      return stream as unknown as MediaStream;
    },
  });
  /** Lets the opening with this number go on, once it has begun. */
  const release = async (index: number): Promise<void> => {
    while (gates.length <= index) await new Promise((resolve) => setTimeout(resolve, 0));
    gates[index]?.resolve();
  };
  return { slot, events, gates, release };
}

t.test("StreamSlot opens, gives its stream and closes it", async (t) => {
  const { slot, events, release } = setUp();
  slot.want(CONFIG);
  t.equal(slot.stream, undefined, "not open yet");
  await release(0);
  await slot.settled();
  t.ok(slot.stream !== undefined);
  slot.want(undefined);
  t.equal(slot.stream, undefined, "at once");
  await slot.settled();
  t.strictSame(events, ["open 30", "opened", "close 30"]);
});

t.test("StreamSlot skips what is no longer wanted", async (t) => {
  const { slot, events, gates, release } = setUp();
  slot.want(CONFIG);
  while (gates.length < 1) await new Promise((resolve) => setTimeout(resolve, 0));
  for (let fps = 31; fps <= 40; fps++) {
    slot.want(undefined);
    slot.want({ ...CONFIG, fps });
  }
  await release(0);
  while (gates.length < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  t.equal(slot.stream, undefined, "the first one is not the one that is wanted");
  await release(1);
  await slot.settled();
  t.strictSame(events, ["open 30", "opened", "close 30", "open 40", "opened"]);
});

t.test("StreamSlot reports a failure of what is wanted, and of nothing else", async (t) => {
  const { slot, events, release } = setUp(new Error("no"));
  slot.want(CONFIG);
  await release(0);
  await slot.settled();
  t.equal(slot.stream, undefined);
  t.strictSame(events, ["open 30", "failed 2 Error: no"]);
  slot.want({ ...CONFIG, fps: 31 });
  await release(1);
  slot.want(undefined);
  await slot.settled();
  t.strictSame(events.slice(2), ["open 31"], "nobody waits for it");
});

t.test("StreamSlot opens after it was told twice to hold nothing", async (t) => {
  const { slot, events, release } = setUp();
  slot.want(undefined);
  slot.want(undefined);
  slot.want(CONFIG);
  await release(0);
  await slot.settled();
  t.strictSame(events, ["open 30", "opened"]);
});

t.test("StreamSlot sets the newest rate as soon as the stream that it is for runs", async (t) => {
  const { slot, events, gates, release } = setUp();
  const rate = (bitrateBps: number): EncoderRate => (
    { bitrateBps, fps: 30, scaleQuarters: 4, temporalLayers: 1 }
  );
  slot.setRate(rate(1));
  slot.want(CONFIG);
  slot.setRate(rate(2));
  slot.setRate(rate(3));
  await release(0);
  await slot.settled();
  t.strictSame(events, ["open 30", "rate 3 before the start", "opened"], "the newest");
  slot.setRate(rate(4));
  t.equal(events.at(-1), "rate 4", "at once");
  slot.want({ ...CONFIG, fps: 31 });
  slot.setRate(rate(5));
  while (gates.length < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  slot.want({ ...CONFIG, fps: 32 });
  await release(1);
  await release(2);
  await slot.settled();
  t.notOk(events.includes("rate 5"), "a rate ends with what it was for");
});
