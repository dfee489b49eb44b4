/**
 * The replay of a real host: a seek gives exactly the frame that was on the screen, decoded by a
 * decoder of others; what follows the live edge has no gap; what is blanked is gone; readers leave
 * nothing.
 */

import t from "tap";
import { FrameStreamReader } from "../../src/wire/frame_stream.ts";
import type { FrameStreamRecord } from "../../src/wire/frame_stream.ts";
import { readMarker } from "../../web/viewer/decode/marker_reader.ts";
import { decodeVideo } from "../native/decode_video.ts";
import { seededRandom } from "../seeded.ts";
import { HostProcess, until } from "./host_process.ts";
import type { PlainViewer } from "./host_process.ts";

const SIZE = { width: 512, height: 128 };
const REPLAY_SECONDS = 6;
const SEEKS = 1000;
const DECODED_SEEKS = 40;

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", `${SIZE.width}x${SIZE.height}`],
  ...["--replay", `${REPLAY_SECONDS}s`, "--fps", "60"],
]);
const { cookie, info } = await host.join("player");
const viewer: PlainViewer = await host.view(info.ticket);
await viewer.send({ type: "play", streamId: 0 });
t.teardown(() => host.stop());

type Frame = Extract<FrameStreamRecord, { kind: "frame" }>;

async function report() {
  return await (await host.call("GET", "/api/replay", { cookie })).json();
}

async function read(query: string): Promise<FrameStreamRecord[]> {
  const response = await host.call("GET", `/api/replay/frames?${query}`, { cookie });
  if (response.status !== 200) throw new Error(await response.text());
  const reader = new FrameStreamReader();
  const records: FrameStreamRecord[] = [];
  for await (const piece of response.body!) records.push(...reader.push(piece));
  return records;
}

const framesOf = (records: readonly FrameStreamRecord[]) =>
  records.filter((record): record is Frame => record.kind === "frame");

const post = (route: string, body: unknown = {}) =>
  host.call("POST", `/api/replay/${route}`, { cookie, body });

/** Waits until it holds as much as it may, then has it take no more. */
async function fill(): Promise<{ startUs: number; endUs: number; frames: number }> {
  await until(
    async () => {
      const { span } = (await report()).streams[0];
      return span !== null && span.endUs - span.startUs > (REPLAY_SECONDS - 1) * 1e6;
    },
    "a full replay",
    30_000,
  );
  await post("pause");
  return (await report()).streams[0].span;
}

t.test("Every seek gives the frame that was on the screen", async (t) => {
  const span = await fill();
  const all = framesOf(await read(`atUs=${span.startUs}&toUs=${span.endUs}`));
  t.equal(all.length, span.frames);
  const segments = all.filter(({ frame }) => frame.referenceDistance === 0);
  t.ok(segments.length >= 3, `${segments.length} keyframes in ${REPLAY_SECONDS} s`);
  const random = seededRandom("replay seeks");
  const seeks: Frame[][] = [];
  let wrong = 0;
  for (let seek = 0; seek < SEEKS; seek++) {
    const atUs = span.startUs + random.int(span.endUs - span.startUs + 1);
    const expected = all.findLast(({ frame }) => frame.captureTimeUs <= atUs)!;
    const frames = framesOf(await read(`atUs=${atUs}`));
    const last = frames.at(-1)!;
    const isExact = last.frame.frameId === expected.frame.frameId && last.frame.isShown &&
      frames.filter(({ frame }) => frame.isShown).length === 1 &&
      frames[0]!.frame.referenceDistance === 0 &&
      equalBytes(last.payload, expected.payload);
    if (!isExact) wrong++;
    if (seek < DECODED_SEEKS) seeks.push(frames);
  }
  t.equal(wrong, 0, `of ${SEEKS}`);

  const units = seeks.flat();
  const { pictures, complaints } = await decodeVideo(units.map(({ payload }) => payload), SIZE);
  t.equal(complaints, "");
  t.equal(pictures.length, units.length);
  const drawn = new Map<number, number>();
  for (const [at, { frame }] of units.entries()) {
    const marker = readMarker(pictures[at]!, SIZE.width);
    if (marker === undefined) throw new Error(`Cannot read the marker of frame ${frame.frameId}`);
    // The pattern is drawn while it is grabbed.
    const ageUs = ((frame.captureTimeUs >>> 0) - marker.drawTimeUs) | 0;
    if (Math.abs(ageUs) > 500_000) t.fail(`frame ${frame.frameId} was drawn ${ageUs} us before`);
    const before = drawn.get(frame.frameId);
    if (before !== undefined && before !== marker.frame) {
      t.fail(`frame ${frame.frameId} shows drawing ${marker.frame} and ${before}`);
    }
    drawn.set(frame.frameId, marker.frame);
  }
  const numbers = [...drawn].sort(([a], [b]) => a - b).map(([, number]) => number);
  t.ok(numbers.every((number, at) => at === 0 || number > numbers[at - 1]!), "one drawing a frame");
  await post("resume");
});

t.test("What follows the live edge has no gap", async (t) => {
  await until(async () => !(await report()).streams[0].isPaused, "the end of the pause");
  const resumedUs = (await report()).nowUs;
  const atUs = await until(
    async () => {
      const { endUs } = (await report()).streams[0].span;
      return endUs > resumedUs + 2e6 && endUs - 500_000;
    },
    "new frames",
    20_000,
  );
  const abort = new AbortController();
  const response = await fetch(`${host.origin}/api/replay/frames?atUs=${atUs}&follow=1`, {
    headers: { cookie },
    signal: abort.signal,
  });
  const reader = new FrameStreamReader();
  const records: FrameStreamRecord[] = [];
  const hasEnough = () => {
    const live = records.findIndex(({ kind }) => kind === "live");
    return live !== -1 && records.length > live + 60;
  };
  for await (const piece of response.body!) {
    records.push(...reader.push(piece));
    if (hasEnough()) break;
  }
  abort.abort();
  t.notOk(records.some(({ kind }) => kind === "gap"));
  t.equal(records.filter(({ kind }) => kind === "live").length, 1);
  const ids = framesOf(records).map(({ frame }) => frame.frameId);
  t.ok(ids.every((id, at) => at === 0 || id === ids[at - 1]! + 1), "each frame once, in order");
});

t.test("What is blanked is in no answer any more", async (t) => {
  const span = await fill();
  const fromUs = span.startUs + 1_500_000;
  const toUs = span.startUs + 2_000_000;
  const { frames } = await (await post("blank", { fromUs, toUs })).json();
  t.ok(frames > 0, `${frames} frames`);
  const records = await read(`atUs=${span.startUs}&toUs=${span.endUs}`);
  t.equal(framesOf(records).length, span.frames - frames);
  const gap = records.find((record) => record.kind === "gap");
  t.equal(gap?.kind === "gap" ? gap.cause : "", "blanked");
  t.notOk(
    framesOf(records).some(({ frame }) => {
      return frame.captureTimeUs >= fromUs && frame.captureTimeUs <= toUs;
    }),
  );
  const inside = await read(`atUs=${fromUs + 100_000}`);
  t.notOk(framesOf(inside).some(({ frame }) => frame.isShown), "nor as what is on the screen");
  const { gaps } = (await report()).streams[0];
  t.ok(gaps.some((range: { cause: string; fromUs: number; toUs: number }) => {
    return range.cause === "blanked" && range.fromUs <= toUs && range.toUs >= toUs;
  }));
  await post("resume");
});

t.test("Readers that go away leave no lease, however they go", async (t) => {
  const { span } = (await report()).streams[0];
  for (let turn = 0; turn < 5; turn++) {
    const open = Array.from({ length: 4 }, async () => {
      const abort = new AbortController();
      const response = await fetch(
        `${host.origin}/api/replay/frames?atUs=${span.endUs}&follow=1`,
        { headers: { cookie }, signal: abort.signal },
      );
      const reader = response.body!.getReader();
      await reader.read();
      abort.abort();
      await reader.read().catch(() => {});
    });
    await Promise.all(open);
  }
  const replay = await until(async () => {
    const { replay } = await (await host.call("GET", "/api/stats", { cookie })).json();
    return replay.readers === 0 && replay;
  }, "no reader");
  t.equal(replay.leases, 0);
  t.ok(replay.readersOpened >= 20);
  t.notMatch(host.log, /"level":50/, "no error was logged");
});

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
