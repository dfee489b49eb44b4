/**
 * Leak gate for streams and encoders: for each way in which a stream ends or changes, a real media
 * process goes there `TIMES` times, and must then hold exactly what it held before the first stream;
 * and for each way in which a media process ends, its supervisor must hold what it held before.
 */

// timeout: 120 s
import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import type { MediaStreamConfig } from "../../src/ipc/media_command.ts";
import { streamConfig } from "../end_to_end/supervised_media.ts";
import { Xvfb } from "../native/xvfb.ts";
import { differences } from "./holdings.ts";
import { WatchedMedia } from "./watched_media.ts";

t.setTimeout(110_000);

const TIMES = 20;
/** X servers take their time to start. */
const X_TIMES = 5;
const FRAMES = 2;
const SIZE = { width: 320, height: 240 } as const;

await buildNative();

const media = new WatchedMedia();
media.supervisor.start();
t.teardown(() => media[Symbol.asyncDispose]());
const { supervisor } = media;

function config(changes: Partial<MediaStreamConfig> = {}): MediaStreamConfig {
  return { ...streamConfig(changes.display), ...SIZE, ...changes };
}

async function frames(count = FRAMES): Promise<void> {
  const wanted = media.frames + count;
  await media.until("frames", () => media.frames >= wanted);
}

/** Starts a stream and waits for its first frame: a screen that stands still has no other. */
async function play(changes: Partial<MediaStreamConfig> = {}): Promise<void> {
  const { started, frames } = media;
  supervisor.startStream(config(changes));
  await media.until("a stream", () => media.started > started && media.frames > frames);
}

async function fails(changes: Partial<MediaStreamConfig>): Promise<void> {
  const failed = media.failed;
  supervisor.startStream(config(changes));
  await media.until("a failure", () => media.failed > failed);
}

async function stop(): Promise<void> {
  supervisor.stopStream(0);
}

async function stopAndStart(encoder: MediaStreamConfig["encoder"]): Promise<void> {
  await play({ encoder });
  await stop();
}

/** As a path that becomes narrow and wide again. */
async function changeShape(): Promise<void> {
  for (const scaleQuarters of [2, 3, 4] as const) {
    const temporalLayers = scaleQuarters === 3 ? 2 : 1;
    supervisor.setRate(0, {
      bitrateBps: 1e6 * scaleQuarters,
      fps: 60,
      scaleQuarters,
      temporalLayers,
    });
    await frames();
  }
}

async function loseDisplay(): Promise<void> {
  await using server = await Xvfb.start({ ...SIZE, shmem: true });
  const failed = media.failed;
  await play({ source: "x11", display: server.display, framebufferShmId: server.shmId });
  await server.kill();
  await media.until("the failure", () => media.failed > failed);
}

type Way = readonly [name: string, times: number, end: () => Promise<void>];

const WAYS: readonly Way[] = [
  ["a stream of x264 stops", TIMES, () => stopAndStart("x264")],
  ["a stream of openh264 stops", TIMES, () => stopAndStart("openh264")],
  ["a stream starts anew in place, with the other encoder", TIMES, async () => {
    await play({ encoder: media.started % 2 === 0 ? "x264" : "openh264" });
  }],
  ["a stream stops before it has started", TIMES, async () => {
    supervisor.startStream(config());
    await stop();
  }],
  ["a stream changes its size, rate and layers", TIMES / 4, async () => {
    await play();
    await changeShape();
    await stop();
  }],
  ["a display does not exist", TIMES, () => fails({ source: "x11", display: ":987654" })],
  ["a display is lost", X_TIMES, loseDisplay],
];

async function repeat([, times, end]: Way, share = 1): Promise<void> {
  for (let done = 0; done < times * share; done++) await end();
  await stop();
}

t.test("streams and their encoders", async (t) => {
  using watch = await media.watch();
  const fresh = media.figures();
  t.equal(fresh.get("streams"), 0, "a process that has had no stream yet");
  for (const way of WAYS) await repeat(way, 1 / 5);
  await media.news();
  await media.until("the end of all native memory of streams", () => {
    return differences(fresh, media.figures(), 1).length === 0;
  });
  const baseline = await watch.held();
  for (const way of WAYS) {
    await repeat(way);
    t.pass(`${way[0]}: ${way[1]} times`);
  }
  await media.news();
  t.strictSame(await watch.leaks(baseline, X_TIMES), [], "nothing of all that is left");
});
