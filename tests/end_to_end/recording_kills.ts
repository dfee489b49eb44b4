/**
 * Recording kills: hosts that record and are killed at random points, one after the other over the same
 * folder, and what is in the files then: as the kill left them, and as the next start mended them. Used
 * by the tests, with some kills, and by `bench record_kill`, with many.
 */

import { FrameStreamReader } from "../../src/wire/frame_stream.ts";
import { framePrint, probe, readSamples } from "../recorded_samples.ts";
import type { SeededRandom } from "../seeded.ts";
import { TestBrowser } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

/** A kill comes at most this long after the file was made. */
const KILL_AFTER_MS_MAX = 2500;
const FILE_NAME = /"recording":"([\w-]+)","msg":"Recording file made"/;

/** What one kill left. */
export interface KillOutcome {
  readonly id: string;
  /** From the last frame that was captured and read back to the end of the file, in microseconds. */
  readonly lostUs: number;
  /** From the kill back to the end of the file. */
  readonly beforeKillUs: number;
  /** Whether ffprobe plays the file as the kill left it, and what it counts. */
  readonly framesAsLeft: number;
  /** Frames after the next start mended it; 0 when no part was whole. */
  readonly frames: number;
  readonly complaints: string;
  /** Frames in the file whose bytes were compared with those of the replay, and that differ. */
  readonly compared: number;
  readonly different: number;
  /** From the first to the last frame that was read. */
  readonly livedUs: number;
}

interface Killed {
  readonly id: string;
  readonly killedUs: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly prints: Set<string>;
  readonly framesAsLeft: number;
}

/** Runs `kills` hosts to their ends; calls `onOutcome` after each. */
export async function killRecordingHosts(
  kills: number,
  random: SeededRandom,
  onOutcome: (outcome: KillOutcome) => void,
): Promise<{ outcomes: KillOutcome[]; unplayable: string[] }> {
  const stateDir = await Deno.makeTempDir({ prefix: "wavry-kills-" });
  const outcomes: KillOutcome[] = [];
  let visit: Visit | undefined;
  try {
    let killed: Killed | undefined;
    for (let i = 0; i < kills; i++) {
      visit = await startHost(stateDir, ["--record"]);
      if (killed !== undefined) outcomes.push(await judge(visit, killed));
      if (killed !== undefined) onOutcome(outcomes.at(-1)!);
      killed = await kill(visit, random.int(KILL_AFTER_MS_MAX));
    }
    visit = await startHost(stateDir, []);
    if (killed !== undefined) outcomes.push(await judge(visit, killed));
    if (killed !== undefined) onOutcome(outcomes.at(-1)!);
    return { outcomes, unplayable: await playAll(visit, outcomes) };
  } finally {
    await visit?.host.stop("SIGINT", true);
    await Deno.remove(stateDir, { recursive: true });
  }
}

/** A host and a session on it. */
interface Visit {
  readonly host: HostProcess;
  readonly cookie: string;
}

async function startHost(stateDir: string, args: readonly string[]): Promise<Visit> {
  const size = ["--source", "pattern", "--size", "512x288", "--fps", "60"];
  const host = await HostProcess.start([...size, ...args], { stateDir });
  const { cookie } = await host.join("player");
  return { host, cookie };
}

/** Follows what the host encodes, and kills it `afterMs` after its file was made. */
async function kill({ host, cookie }: Visit, afterMs: number): Promise<Killed> {
  const id = await until(() => FILE_NAME.exec(host.log)?.[1], "a file", 20_000);
  const deadlineMs = performance.now() + afterMs;
  const payloads: Uint8Array[] = [];
  let [firstUs, lastUs] = [Infinity, 0];
  const follow = async () => {
    const response = await host.call("GET", "/api/replay/frames?atUs=0&follow=1", { cookie });
    const reader = new FrameStreamReader();
    for await (const piece of response.body!) {
      for (const record of reader.push(piece)) {
        if (record.kind !== "frame") continue;
        lastUs = record.frame.captureTimeUs;
        firstUs = Math.min(firstUs, lastUs);
        payloads.push(record.payload);
      }
    }
  };
  const following = follow().catch(() => {});
  while (performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(20, afterMs)));
  }
  const killedUs = await monotonicUs();
  await host.stop("SIGKILL", true);
  await following;
  const prints = new Set(await Promise.all(payloads.map(framePrint)));
  // A kill that was faster than the first frame.
  if (payloads.length === 0) firstUs = lastUs = killedUs;
  const { frames } = await probe(pathOf(host, id));
  return { id, killedUs, firstUs, lastUs, prints, framesAsLeft: frames };
}

/** Looks at the file of a host that was killed, once the next one has mended it. */
async function judge({ host, cookie }: Visit, killed: Killed): Promise<KillOutcome> {
  const { id, killedUs, firstUs, lastUs, prints, framesAsLeft } = killed;
  const path = pathOf(host, id);
  const row = await until(async () => {
    const { recordings } = await (await host.call("GET", "/api/recordings", { cookie })).json();
    const found = recordings.find((row: { id: string }) => row.id === id);
    if (found?.state === "repaired") return found as { endUs: number; frames: number };
    return await Deno.stat(path).then(() => undefined, () => ({ endUs: firstUs, frames: 0 }));
  }, "the mended file");
  const times = {
    livedUs: lastUs - firstUs,
    lostUs: Math.max(0, lastUs - row.endUs),
    beforeKillUs: killedUs - row.endUs,
  };
  const nothing = { complaints: "", compared: 0, different: 0 };
  if (row.frames === 0) return { id, ...times, framesAsLeft, frames: 0, ...nothing };
  const { complaints, frames } = await probe(path);
  const samples = await readSamples(await Deno.readFile(path));
  const different = samples.filter(({ print }) => !prints.has(print)).length;
  const compared = samples.length;
  return { id, ...times, framesAsLeft, frames, complaints, compared, different };
}

/** Ids of the files that Chromium does not play from the first to the last frame. */
async function playAll(
  { host, cookie }: Visit,
  outcomes: readonly KillOutcome[],
): Promise<string[]> {
  const browser = await TestBrowser.start();
  const unplayable: string[] = [];
  try {
    const { page } = await browser.open(`${host.origin}/api/health`, { cookie });
    for (const { id, frames } of outcomes) {
      if (frames === 0) continue;
      const word = await page.evaluate(PLAY, `/recordings/${id}.mp4`);
      if (word !== "played") unplayable.push(`${id}: ${word}`);
    }
  } finally {
    await browser.close();
  }
  return unplayable;
}

/** Plays a file to its end in a page, as fast as the page can. */
const PLAY = (url: string): Promise<string> =>
  new Promise((resolve) => {
    // deno-lint-ignore no-explicit-any
    const page = (globalThis as any).document;
    const video = page.createElement("video");
    const end = (word: string) => {
      video.remove();
      resolve(word);
    };
    video.muted = true;
    video.onerror = () => end(`error ${video.error?.message}`);
    video.onended = () => end(video.videoWidth === 512 ? "played" : `${video.videoWidth} wide`);
    setTimeout(() => end(`stopped at ${video.currentTime} of ${video.duration}`), 20_000);
    video.oncanplay = () => {
      video.oncanplay = null;
      video.playbackRate = 4;
      video.play().catch((error: Error) => end(error.message));
    };
    video.src = url;
    page.body.append(video);
  });

function pathOf(host: HostProcess, id: string): string {
  return `${host.stateDir}/recordings/${id}.mp4`;
}

/** The clock of capture times, a hundredth of a second fine; a machine that never slept has one. */
async function monotonicUs(): Promise<number> {
  const [seconds = "0"] = (await Deno.readTextFile("/proc/uptime")).split(" ");
  return Math.round(Number(seconds) * 1e6);
}
