import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import {
  HostRecordings,
  recordQueueBytes,
} from "../../../../src/server/timeline/host_recordings.ts";
import type { FrameRecorder } from "../../../../src/server/config/stream_options.ts";
import type { Stream } from "../../../../src/server/streams/stream.ts";
import type { SessionHost } from "../../../../src/session/session_host.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/wire/framing.ts";
import { DESCRIPTION, encodedFrames, FRAME_US } from "../../recording/recording_bench.ts";

const frames = await encodedFrames(60);

/** Recordings over one stream that a test feeds. */
function bench(recordDir: string, quotaBytes = 0) {
  const clock = new ManualClock();
  const ledger = new MemoryLedger();
  const said: Record<string, unknown>[] = [];
  const fed = new Set<FrameRecorder>();
  const stream = {
    ...{ id: 0, name: "one" },
    record: (recorder: FrameRecorder) => {
      recorder.describe(DESCRIPTION);
      fed.add(recorder);
      return () => void fed.delete(recorder);
    },
    requestKeyframe: () => {},
  } as unknown as Stream;
  const recordings = new HostRecordings({
    followSound: () => undefined,
    config: {
      ...{ bitrate: 1000, recordDir, recordDeleteOldest: false },
      ...{ recordSplitSize: { bytes: 0 }, recordSplitDuration: { ms: 0 } },
      recordQuota: { bytes: quotaBytes },
    },
    defaultFolder: "/nowhere",
    streams: () => ({ all: [stream], get: (id) => id === 0 ? stream : undefined }),
    hostTimeUs: () => undefined,
    broadcast: (framed) => said.push(parseServerMessage(framed.subarray(LENGTH_PREFIX_BYTES))),
    ...{ clock, nowMs: () => 1_700_000_000_000, ledger, log: silentLogger },
  });
  const feed = () => {
    for (const frame of frames) {
      for (const recorder of fed) recorder.push({ ...frame, ...HOST_FACTS }, frame.captureTimeUs);
    }
    clock.advance(frames.length * FRAME_US);
  };
  return { recordings, said, fed, feed, ledger };
}

/** What a host's frame has besides; recorders do not look at it. */
const HOST_FACTS = {} as Parameters<FrameRecorder["push"]>[0];

t.test("HostRecordings tells viewers, books its memory, and stops", async (t) => {
  const { recordings, said, fed, feed, ledger } = bench(await t.testdir({}));
  await recordings.open();
  t.equal((await recordings.start(0)).kind, "started");
  t.equal((await recordings.start(0)).kind, "already");
  t.match(await recordings.start(7), { kind: "refused", reason: "no_stream" });
  feed();
  const [held] = ledger.snapshot();
  t.match(held, { owner: "recording_cache" });
  t.ok(held!.currentBytes > 0 && held!.currentBytes <= recordQueueBytes(1000));
  const host = recordings.greetIn({ greeting: () => [] as Uint8Array[] } as SessionHost);
  const [greeting] = host.greeting();
  t.match(parseServerMessage(greeting!.subarray(LENGTH_PREFIX_BYTES)), { isRecording: true });
  t.equal(await recordings.stop(0), true);
  t.equal(await recordings.stop(0), false);
  t.equal(fed.size, 0);
  t.match(said[0], { type: "recording_state", streamId: 0, isRecording: true });
  t.match(said.at(-1), { isRecording: false });
  t.notOk("reason" in said.at(-1)!, "what was asked for needs no reason");
  t.equal(recordings.folder!.list()[0]!.frames, 60);
  t.equal(recordings.memory.currentBytes, 0);
  t.equal(recordings.stats.frames, 60, "counted after the recorder has gone");
  await recordings.close();
});

t.test("HostRecordings says why a recording ended by itself, to those who come later too", async (t) => {
  const { recordings, said, feed } = bench(await t.testdir({}), 20_000);
  await recordings.open();
  await recordings.start(0);
  feed();
  for (let i = 0; i < 100 && recordings.active > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.match(said.at(-1), { isRecording: false, reason: "quota" });
  const host = recordings.greetIn({ greeting: () => [] as Uint8Array[] } as SessionHost);
  t.equal(host.greeting().length, 1);
  await recordings.close();
});

t.test("A folder that cannot be used costs recording alone", async (t) => {
  const path = await t.testdir({ file: "no folder" });
  const { recordings } = bench(`${path}/file`);
  await recordings.open();
  t.equal(recordings.folder, undefined);
  t.match(await recordings.start(0), { kind: "refused", reason: "no_folder" });
  await recordings.startAll();
  t.equal(recordings.active, 0);
  t.ok("why" in recordings.report);
  await recordings.close();
});

t.test("What is recorded when the host ends is a whole file", async (t) => {
  const path = await t.testdir({});
  const { recordings, feed } = bench(path);
  await recordings.open();
  await recordings.start(0);
  feed();
  await recordings.close();
  const again = bench(path).recordings;
  await again.open();
  t.match(again.folder!.list(), [{ frames: 60, state: "complete" }]);
  await again.close();
});
