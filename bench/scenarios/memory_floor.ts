/**
 * Scenario: where the memory of a host goes. A host with nobody, with one viewer, and after that
 * viewer has left, taken apart by process and by what holds the memory, beside the least that is
 * possible with this runtime and this encoder.
 */

import { type BareFloor, bytesOnce, measureBareFloor } from "../measure/bare_floor.ts";
import type { Host } from "../measure/host.ts";
import { MEMORY_CLASSES, type MemoryMap, readMemoryMap } from "../measure/memory_map.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { partOf, processTree } from "../measure/process_usage.ts";
import { RawViewer, readCertificate } from "../measure/raw_viewer.ts";
import { readResidentMemory } from "../measure/resident_pages.ts";
import { wait, waitFor } from "../measure/wait.ts";
import { startHostRig } from "../measure/rig.ts";
import { type Content, CONTENTS } from "../measure/x_screen.ts";
import { atMost, type FigureTable, type Value } from "../report/report.ts";
import {
  choiceOption,
  type Scenario,
  sidesOf,
  sizeOption,
  wholeNumberOption,
} from "../scenario.ts";

const KEEP_WARM_SECONDS = 2;
/** Until an encoder that nobody took again, and the garbage of a start or an end, are gone. */
const SETTLE_SECONDS = 30;
const FLOOR_SECONDS = 6;
const PROCESS_TIMEOUT_MS = 10_000;
/**
 * What the first viewer may leave behind in both processes, pages of files aside, MB: code that was
 * compiled for it, and arenas of the threads that served it. The next one finds them.
 */
const LEFT_LIMIT_MB = 8;
const MB = 1e6;
const PARTS = ["server", "media"] as const;
type Part = (typeof PARTS)[number];

interface Options {
  size: string;
  fps: number;
  content: Content;
  seconds: number;
}

/** A host at one moment. */
interface HostState {
  readonly name: string;
  readonly maps: Readonly<Record<Part, MemoryMap>>;
  /** Of no file. */
  readonly ownBytes: Readonly<Record<Part, number>>;
  /** Both processes, each page once. */
  readonly onceBytes: number;
  readonly rssBytes: number;
}

/** The memory of a host taken apart. */
export const memoryFloor: Scenario<Options> = {
  name: "memory_floor",
  summary: "where the memory of both processes goes, beside the least that is possible",
  options: {
    size: sizeOption({ width: 1920, height: 1080 }),
    fps: wholeNumberOption("--fps <n>", "frames per second", { min: 1, max: 240, fallback: 60 }),
    content: choiceOption("--content <kind>", "what is on the screen", {
      choices: CONTENTS,
      fallback: "scroll",
    }),
    seconds: wholeNumberOption("--seconds <n>", "time with a viewer", {
      min: 5,
      max: 3600,
      fallback: 30,
    }),
  },
  deadlineSeconds: ({ seconds }) => 180 + seconds,
  async run(run) {
    const { options, signal, log } = run;
    await using group = new ProcessGroup(signal);
    const { fps, content } = options;
    const { screen, host, stateDirectory } = await startHostRig(group, {
      ...{ ...sidesOf(options.size), content, fps, seed: run.seed },
      hostArgs: ["--keep-warm", String(KEEP_WARM_SECONDS)],
    }, signal);
    log(`a host with nobody, ${SETTLE_SECONDS} s`);
    await wait(SETTLE_SECONDS * 1000, signal);
    const idle = await stateOf(host, "idle", signal);
    log(`one viewer, ${options.seconds} s`);
    const viewer = await RawViewer.connect(host, await readCertificate(stateDirectory));
    await viewer.play(0, 3);
    await wait(options.seconds * 1000, signal);
    const watched = await stateOf(host, "watched", signal);
    await viewer.quit();
    log(`nobody again, ${SETTLE_SECONDS} s`);
    await wait(SETTLE_SECONDS * 1000, signal);
    const after = await stateOf(host, "after", signal);
    await host.program.end();
    log("the floor of this machine");
    const place = { display: screen.display, fps, seconds: FLOOR_SECONDS };
    const floor = await measureBareFloor(group, place, signal);
    return evaluate([idle, watched, after], floor);
  },
};

async function stateOf(host: Host, name: string, signal: AbortSignal): Promise<HostState> {
  const look = () => {
    const tree = processTree(host.program.pid);
    const pids = PARTS.map((part) => tree.find((info) => partOf(info) === part)?.pid);
    const [server, media] = pids;
    if (server === undefined || media === undefined) return undefined;
    const [serverMap, mediaMap] = [readMemoryMap(server), readMemoryMap(media)];
    const [serverSum, mediaSum] = [readResidentMemory(server), readResidentMemory(media)];
    if (serverMap === undefined || mediaMap === undefined) return undefined;
    if (serverSum === undefined || mediaSum === undefined) return undefined;
    return {
      name,
      maps: { server: serverMap, media: mediaMap },
      ownBytes: { server: serverSum.ownPssBytes, media: mediaSum.ownPssBytes },
      onceBytes: bytesOnce([server, media]),
      rssBytes: serverSum.rssBytes + mediaSum.rssBytes,
    };
  };
  return await waitFor("both processes", look, { timeoutMs: PROCESS_TIMEOUT_MS, signal });
}

function evaluate(states: readonly [HostState, HostState, HostState], floor: BareFloor) {
  const [idle, watched, after] = states;
  const least = {
    idle: floor.twoRuntimesBytes,
    watched: floor.twoRuntimesBytes + floor.encoderBytes,
    after: floor.twoRuntimesBytes,
  };
  const values: Record<string, Value> = {
    "one bare runtime": mb(floor.oneRuntimeBytes),
    "two bare runtimes": mb(floor.twoRuntimesBytes),
    "bare capture and encoder": mb(floor.encoderBytes),
    "idle / floor": { value: idle.onceBytes / least.idle, unit: "" },
    "watched / floor": { value: watched.onceBytes / least.watched, unit: "" },
  };
  const left = (ownOf(after) - ownOf(idle)) / MB;
  return {
    results: {
      distributions: {},
      values,
      tables: [classTable(states), sumTable(states, least)],
      notes: [
        "Columns are resident MB of one process, a shared page in both; the second table counts " +
        "each page once, as if nothing else ran",
        "Own is what no file backs; pages of files are clean, and the kernel's to take back",
        `A host is idle ${SETTLE_SECONDS} s after its start or its last viewer`,
      ],
    },
    checks: [atMost("after the viewer: own memory more than before, MB", left, LEFT_LIMIT_MB)],
  };
}

function classTable(states: readonly HostState[]): FigureTable {
  const columns = states.flatMap(({ name }) => PARTS.map((part) => `${name}: ${part}`));
  const rows = MEMORY_CLASSES.map((kind) => [
    kind,
    ...states.flatMap(({ maps }) => PARTS.map((part) => tenths(maps[part][kind].rssBytes))),
  ]);
  return { title: "Resident memory, MB", columns: ["what", ...columns], rows };
}

function sumTable(
  states: readonly HostState[],
  least: Readonly<Record<string, number>>,
): FigureTable {
  const rows = states.map(({ name, ownBytes, onceBytes, rssBytes }) => [
    name,
    tenths(ownBytes.server),
    tenths(ownBytes.media),
    tenths(onceBytes - ownBytes.server - ownBytes.media),
    tenths(onceBytes),
    tenths(rssBytes),
    tenths(least[name] ?? 0),
  ]);
  return {
    title: "Both processes, MB",
    columns: ["state", "server's own", "media's own", "files", "each page once", "RSS", "floor"],
    rows,
  };
}

function ownOf({ ownBytes }: HostState): number {
  return ownBytes.server + ownBytes.media;
}

function mb(bytes: number): Value {
  return { value: bytes / MB, unit: "MB" };
}

function tenths(bytes: number): number {
  return Math.round(bytes / MB * 10) / 10;
}
