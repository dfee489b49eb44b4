/** The real media process under its supervisor: video, clock, crashes, silence, orphans. */

import t, { type Test } from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { monotonicUs } from "../../ffi/mod.ts";
import { monotonicClock } from "../../src/core/clock.ts";
import { encodeInputEvent, type InputEvent } from "../../src/wire/input.ts";
import { ROOT, type SeenFrame, streamConfig, SupervisedMedia } from "./supervised_media.ts";

// Tap's 30 s for a file are too few for a dozen processes on a busy machine.
t.setTimeout(110_000);

/** Video is back within this time after a crash. */
const BACK_MS = 15_000;
const SCREEN = { width: 640, height: 480, content: "scroll" as const, fps: 30, seed: 1 };

/** Numbers go up by one, or by more where the output refused a frame, and references exist. */
function checkSequence(t: Test, frames: readonly SeenFrame[]): void {
  t.equal(frames[0]?.frameId, 1, "from 1");
  t.equal(frames[0]?.referenceDistance, 0, "a keyframe first");
  const steps = frames.slice(1).map((frame, index) =>
    frame.frameId - (frames[index]?.frameId ?? 0)
  );
  t.ok(steps.every((step) => step >= 1), "numbers only grow");
  const known = new Set(frames.map(({ frameId }) => frameId));
  const lost = frames.filter(({ frameId, referenceDistance }) =>
    referenceDistance > 0 && !known.has(frameId - referenceDistance)
  );
  t.strictSame(lost, [], "every reference has arrived");
}

async function startPattern(): Promise<SupervisedMedia> {
  const media = new SupervisedMedia();
  media.supervisor.startStream(streamConfig());
  media.supervisor.start();
  await media.until("frames", () => media.frames.length >= 10);
  await media.until("a running process", () => media.supervisor.state === "running");
  return media;
}

t.test("Media process streams the pattern and says what it is", async (t) => {
  await using media = await startPattern();
  t.strictSame(media.states.map(({ state }) => state), ["starting", "running"]);
  t.match(media.started, [{ streamId: 0, width: 640, height: 360, fps: 60, capture: "pattern" }]);
  const encoders = media.supervisor.candidates.filter(({ kind }) => kind === "encode");
  t.ok(encoders.some(({ usable }) => usable), "an encoder");
  await media.until("counters", () => media.stats.some(({ streams }) => streams.length > 0));
  const [stream] = media.stats.at(-1)?.streams ?? [];
  t.ok((stream?.framesEncoded ?? 0) > 0 && (stream?.pool.leases ?? 0) > 0);
  t.match(stream?.pool, { framesMax: 3, exhaustions: 0 });
  checkSequence(t, media.frames);
  t.strictSame(media.lines, [], "no warning");
});

t.test("MediaSupervisor knows the host's clock", async (t) => {
  await using media = await startPattern();
  await media.until("probes", () => media.supervisor.hostTimeUs(0) !== undefined);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = monotonicUs();
  const host = media.supervisor.hostTimeUs(monotonicClock.nowUs()) ?? 0;
  const after = monotonicUs();
  const roundTripUs = media.supervisor.stats.clockRoundTripUs ?? Infinity;
  const errorUs = Math.max(before - host, host - after, 0);
  t.ok(errorUs <= roundTripUs / 2 + 5, `${errorUs} us off, round trip ${roundTripUs} us`);
  const newest = media.frames.at(-1);
  t.ok((newest?.captureTimeUs ?? 0) < after, "capture times are of that clock");
});

for (const signal of ["SIGKILL", "SIGSEGV"] as const) {
  t.test(`Media process is back with video within 2 s after ${signal}`, async (t) => {
    await using media = await startPattern();
    const before = media.frames.length;
    const tookMs = await media.killAndWait(signal);
    t.ok(tookMs < BACK_MS, `pattern: ${Math.round(tookMs)} ms`);
    const next = media.frames.slice(before).find(({ referenceDistance }) =>
      referenceDistance === 0
    );
    t.ok(next !== undefined, "with a keyframe");
    checkSequence(t, media.frames);
    t.strictSame(media.states.slice(2).map(({ state }) => state), ["restarting", "running"]);
    t.match(media.states[2]?.reason, signal);
  });
}

t.test("Media process goes on with the size and the layers that were set", async (t) => {
  await using media = await startPattern();
  const rate = { bitrateBps: 2_000_000, fps: 30, scaleQuarters: 2, temporalLayers: 2 } as const;
  media.supervisor.setRate(0, rate);
  const isSmall = () => media.frames.at(-1)?.width === 320;
  await media.until("smaller pictures", isSmall);
  t.match(media.started.at(-1), { width: 320, height: 180, screenWidth: 640, screenHeight: 360 });
  await media.until("layers", () => media.frames.at(-1)?.layer === 1);
  const before = media.frames.length;
  await media.killAndWait("SIGKILL");
  await media.until("layers again", () => media.frames.slice(before).some((f) => f.layer === 1));
  await media.until("some frames", () => media.frames.length >= before + 20);
  const after = media.frames.slice(before);
  t.ok(after.every(({ width }) => width === 320), "from the first frame on");
  const [first, last] = [after.at(-9), after.at(-1)];
  const spanUs = (last?.captureTimeUs ?? 0) - (first?.captureTimeUs ?? 0);
  t.ok(spanUs > 8 * 30_000, `at the frame rate that was set: 8 frames in ${spanUs} us`);
  checkSequence(t, media.frames);
});

t.test("Media process is back after crashes with an X server, and notices its end", async (t) => {
  const { signal } = new AbortController();
  await using group = new ProcessGroup(signal);
  const screen = await startXScreen(group, SCREEN, signal);
  await using media = new SupervisedMedia();
  media.supervisor.start();
  media.supervisor.startStream(streamConfig(screen.display));
  await media.until("frames", () => media.frames.length >= 10);
  await media.until("a cursor", () => media.cursors.length > 0);
  t.match(media.started, [{ width: 640, height: 480 }]);
  for (const name of ["SIGKILL", "SIGSEGV"] as const) {
    const tookMs = await media.killAndWait(name);
    t.ok(tookMs < BACK_MS, `${name}: ${Math.round(tookMs)} ms`);
    // Healthy again, or the second crash counts as one in a row.
    await media.until("more frames", () => media.frames.length >= 30);
  }
  checkSequence(t, media.frames);
  await media.until("a running process", () => media.supervisor.state === "running");
  const { pid } = media.supervisor.stats;
  await screen.server.end();
  await media.until("the failure", () => media.failed.length > 0);
  t.match(media.failed[0], { streamId: 0, reason: "display_lost" });
  media.supervisor.startStream(streamConfig(screen.display));
  await media.until("a second failure", () => media.failed.length > 1);
  t.equal(media.failed[1]?.streamId, 0, "still no display");
  const again = await startXScreen(group, SCREEN, signal);
  const count = media.frames.length;
  media.supervisor.startStream(streamConfig(again.display));
  await media.until("frames of the new display", () => media.frames.length > count + 5);
  t.equal(media.frames[count]?.referenceDistance, 0, "from a keyframe");
  t.equal(media.supervisor.stats.pid, pid, "in the same process");
  checkSequence(t, media.frames);
});

t.test("Media process waits for an X server that hangs", async (t) => {
  const { signal } = new AbortController();
  await using group = new ProcessGroup(signal);
  const screen = await startXScreen(group, SCREEN, signal);
  await using media = new SupervisedMedia();
  media.supervisor.startStream(streamConfig(screen.display));
  media.supervisor.start();
  await media.until("frames", () => media.frames.length >= 10);
  const { pid } = media.supervisor.stats;
  Deno.kill(screen.server.pid, "SIGSTOP");
  const key = { kind: "key", code: 30, down: true, sequence: 1, pointerSequence: 0, x: 0, y: 0 };
  const records = encodeInputEvent(key as InputEvent);
  for (let press = 0; press < 20; press++) media.supervisor.sendInput(0, records);
  const heard = media.stats.length;
  await media.until("signs of life", () => media.stats.length >= heard + 2);
  Deno.kill(screen.server.pid, "SIGCONT");
  const count = media.frames.length;
  await media.until("frames again", () => media.frames.length > count + 10);
  t.equal(media.supervisor.stats.pid, pid, "in the same process");
  t.strictSame(media.failed, []);
  // And it ends quickly while the X server hangs.
  Deno.kill(screen.server.pid, "SIGSTOP");
  const beganMs = performance.now();
  await media.supervisor.close();
  t.ok(performance.now() - beganMs < 10_000, `${Math.round(performance.now() - beganMs)} ms`);
  t.notOk(isAlive(pid), "gone");
  Deno.kill(screen.server.pid, "SIGCONT");
});

t.test("MediaSupervisor ends a media process that is alive but silent", async (t) => {
  await using media = await startPattern();
  const tookMs = await media.killAndWait("SIGSTOP");
  t.ok(tookMs >= 4000 && tookMs < 20_000, `after ${Math.round(tookMs)} ms`);
  t.equal(media.supervisor.stats.silentKills, 1);
  t.match(media.states[2], { state: "restarting", reason: /silent/ });
  checkSequence(t, media.frames);
});

t.test("Media process answers keyframe requests and losses", async (t) => {
  await using media = await startPattern();
  const { supervisor, frames } = media;
  await new Promise((resolve) => setTimeout(resolve, 200));
  let from = frames.length;
  for (let request = 0; request < 5; request++) supervisor.requestKeyframe(0);
  const keyframes = () => frames.slice(from).filter((frame) => frame.referenceDistance === 0);
  await media.until("a keyframe", () => keyframes().length > 0);
  await media.until("frames after it", () => frames.length >= from + 30);
  // Those that came after the capture of the first have a second.
  t.ok(keyframes().length <= 2, `five requests, ${keyframes().length} keyframes`);
  from = frames.length;
  const lostId = (frames.at(-1)?.frameId ?? 0) - 1;
  supervisor.invalidate(0, lostId);
  const isRepair = ({ frameId, referenceDistance }: SeenFrame) =>
    referenceDistance === 0 || (referenceDistance > 1 && frameId - referenceDistance < lostId);
  await media.until("a repair", () => frames.slice(from).some(isRepair));
  const repair = frames.slice(from).find(isRepair);
  t.ok((repair?.referenceDistance ?? 0) > 0, "from an older frame, without a keyframe");
  await media.until("counters", () => (media.stats.at(-1)?.streams[0]?.repairs ?? 0) > 0);
});

t.test("Media process starts a stream anew in place, with numbers that go on", async (t) => {
  await using media = await startPattern();
  const { supervisor } = media;
  supervisor.startStream({ ...streamConfig(), width: 320, height: 240 });
  await media.until("the other size", () => media.frames.at(-1)?.width === 320);
  const first = media.frames.find(({ width }) => width === 320);
  t.equal(first?.referenceDistance, 0);
  checkSequence(t, media.frames);
  for (let turn = 0; turn < 20; turn++) {
    supervisor.stopStream(0);
    supervisor.startStream(streamConfig());
  }
  const restarts = media.started.length;
  await media.until("it again", () => media.started.length > restarts);
  await media.until("frames", () => media.frames.at(-1)?.width === 640);
  t.ok(media.started.length - restarts <= 3, "the newest wish wins, the others are skipped");
  supervisor.stopStream(0);
  supervisor.startStream(streamConfig());
  await media.until("its encoder again", () => (media.stats.at(-1)?.encoders.reused ?? 0) > 0);
  supervisor.stopStream(0);
  await media.until("no stream", () => media.stats.at(-1)?.streams.length === 0);
  await media.until("no encoder", () => media.stats.at(-1)?.encoders.idle === 0);
  const { native = [], encoders } = media.stats.at(-1) ?? {};
  t.match(encoders, { active: 0, idleBytes: 0, refused: 0 });
  t.equal(encoders?.created, encoders?.evicted, "each was closed in the end");
  const live = native.filter(({ live }) => live > 0).map(({ type, live }) => [type, live]);
  t.strictSame(live, [["output", 2], ["encoder", 1]], "only the ring and the pool itself are left");
});

t.test("Media process reports a stream that cannot start", async (t) => {
  await using media = new SupervisedMedia();
  media.supervisor.start();
  media.supervisor.startStream(streamConfig(":9876"));
  await media.until("the failure", () => media.failed.length > 0);
  t.match(media.failed[0], { streamId: 0, message: /:9876/ });
  await media.until("a running process", () => media.supervisor.state === "running");
});

t.test("MediaSupervisor closes the media process quickly", async (t) => {
  const media = await startPattern();
  const { pid = 0 } = media.supervisor.stats;
  Deno.kill(pid, "SIGINT");
  const count = media.frames.length;
  await media.until("frames in spite of Ctrl+C", () => media.frames.length > count + 5);
  t.equal(media.supervisor.stats.pid, pid, "the server decides when it ends");
  const beganMs = performance.now();
  await media.supervisor.close();
  t.ok(performance.now() - beganMs < 8000, "asked, without a signal");
  t.equal(media.supervisor.stats.pid, undefined);
  t.notOk(isAlive(pid), "gone");
  t.equal(media.states.at(-1)?.state, "running", "and not as a crash");
});

t.test("Media process ends when its server is killed", async (t) => {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${ROOT}/tests/end_to_end/media_process_host.ts`],
    cwd: ROOT,
    stdout: "piped",
  }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const pid = Number(/^media (\d+)/.exec(value)?.[1]);
  t.ok(isAlive(pid), `media process ${pid}`);
  server.kill("SIGKILL");
  await server.status;
  await reader.cancel();
  const deadline = performance.now() + BACK_MS;
  while (isAlive(pid) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.notOk(isAlive(pid), "no orphan");
});

/** True while a process has this id and is not a zombie. */
function isAlive(pid: number | undefined): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/\) Z /.test(stat);
  } catch {
    return false;
  }
}
