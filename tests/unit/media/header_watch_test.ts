/** Tests of src/media/header_watch.ts: every header, in order, and few wakes. */

import t from "tap";
import { RECORD_HEADER_BYTES } from "../../../src/ipc/media_record.ts";
import { HeaderWatch } from "../../../src/media/header_watch.ts";
import { recordBytes } from "../ipc/record_bytes.ts";

const FRAME_US = 16_667;

/** A source with a queue, which counts how it is asked. */
class QueueSource {
  readonly queue: Uint8Array[] = [];
  waits = 0;
  looks = 0;
  isClosed = false;
  #wake = Promise.withResolvers<void>();

  put(frameId: number, captureTimeUs: number): void {
    this.queue.push(recordBytes({ frameId, captureTimeUs }));
    this.#wake.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#wake.resolve();
  }

  async next(buffer: Uint8Array<ArrayBuffer>, _timeoutMs: number): Promise<number | undefined> {
    this.waits++;
    while (this.queue.length === 0 && !this.isClosed) {
      this.#wake = Promise.withResolvers<void>();
      await this.#wake.promise;
    }
    return this.#read(buffer);
  }

  take(buffer: Uint8Array<ArrayBuffer>): number | undefined {
    this.looks++;
    return this.#read(buffer);
  }

  #read(buffer: Uint8Array<ArrayBuffer>): number | undefined {
    const header = this.queue.shift();
    if (header === undefined) return this.isClosed ? undefined : 0;
    buffer.set(header);
    return RECORD_HEADER_BYTES;
  }
}

function nowUs(): number {
  return Math.round(performance.now() * 1000);
}

t.test("HeaderWatch gives every header in order, without a wake for each", async (t) => {
  const source = new QueueSource();
  const seen: number[] = [];
  const delaysUs: number[] = [];
  const watch = new HeaderWatch({
    source,
    nowUs,
    intervalUs: () => FRAME_US,
    onHeader: ({ frameId, captureTimeUs }) => {
      seen.push(frameId);
      delaysUs.push(nowUs() - captureTimeUs);
    },
  });
  const running = watch.run();
  for (let frameId = 1; frameId <= 30; frameId++) {
    source.put(frameId, nowUs());
    await new Promise((resolve) => setTimeout(resolve, FRAME_US / 1000));
  }
  source.close();
  await running;
  t.strictSame(seen, Array.from({ length: 30 }, (_, index) => index + 1));
  t.equal(source.waits, 1, "one wait for the first");
  t.ok(source.looks - 29 <= 24, `${source.looks - 29} looks in vain or at the end of one`);
  const later = delaysUs.slice(1).toSorted((a, b) => a - b);
  t.ok((later[14] ?? 0) >= 5000, `looked at ${later[14]} us after the capture, not at once`);
});

t.test("HeaderWatch waits in native code when nothing moves", async (t) => {
  const source = new QueueSource();
  let count = 0;
  const watch = new HeaderWatch({
    source,
    nowUs,
    intervalUs: () => FRAME_US,
    onHeader: () => void count++,
  });
  const running = watch.run();
  source.put(1, nowUs());
  await new Promise((resolve) => setTimeout(resolve, 1300));
  t.equal(source.waits, 2, "back in the wait");
  const { looks } = source;
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(source.looks, looks, "no looks while it waits");
  source.put(2, nowUs());
  await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(count, 2, "awake at once");
  source.close();
  await running;
});

t.test("HeaderWatch never looks without a pause, however few frames come", async (t) => {
  const source = new QueueSource();
  const watch = new HeaderWatch({
    source,
    nowUs,
    intervalUs: () => 1_000_000,
    onHeader: () => {},
  });
  const running = watch.run();
  source.put(1, nowUs());
  await new Promise((resolve) => setTimeout(resolve, 950));
  t.ok(source.looks <= 4, `${source.looks} looks in 950 ms`);
  source.close();
  await running;
});

t.test("HeaderWatch ends with its sink's error", async (t) => {
  const source = new QueueSource();
  const watch = new HeaderWatch({
    source,
    nowUs,
    intervalUs: () => FRAME_US,
    onHeader: () => {
      throw new RangeError("no");
    },
  });
  source.put(1, 1);
  await t.rejects(watch.run(), { name: "RangeError" });
});
