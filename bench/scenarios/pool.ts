/**
 * pool: what buffers that are used again save: raw frames from the FrameBufferPool against an
 * allocation for each frame, and packets from the packetizer's slab against a buffer for each packet.
 * Ways take turns within one run; what counts is their ratio.
 */

import { fileURLToPath } from "node:url";
import { Packetizer } from "../../src/packet/packetizer.ts";
import type { EncodedFrame } from "../../src/wire/frame.ts";
import { randomFromSeed } from "../../tests/seeded.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { BUFFER_WAYS, type BufferFigures, type BufferWay } from "../micro/frame_buffers_child.ts";
import { PlainPacketizer } from "../micro/plain_packetizer.ts";
import { takeTurns } from "../micro/turns.ts";
import { atLeast, atMost, type Check, type FigureTable, type Value } from "../report/report.ts";
import { type Scenario, type ScenarioRun, wholeNumberOption } from "../scenario.ts";

const SIZES = [
  { name: "720p", width: 1280, height: 720 },
  { name: "1080p", width: 1920, height: 1080 },
  { name: "2160p", width: 3840, height: 2160 },
] as const;
const WAY_NAMES: Readonly<Record<BufferWay, string>> = {
  pool: "FrameBufferPool",
  native: "native allocation",
  array: "new Uint8Array",
};
const CHILD = fileURLToPath(new URL("../micro/frame_buffers_child.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

const DATAGRAM_BYTES = 1292;
/** Bytes of an ordinary frame at 10 Mbit/s and 60 frames a second. */
const PACKET_FRAME_BYTES = 20_833;
const FRAMES_A_ROUND = 2000;
const PACKET_ROUNDS = 15;
const REUSE_RATIO_MIN = 0.999;
/** What a packet may leave behind on the heap: the view of the last one of its frame. */
const PACKET_HEAP_BYTES_MAX = 64;
const MIB = 2 ** 20;

interface Options {
  frames: number;
  rounds: number;
}

interface Output {
  readonly distributions: Record<string, Distribution>;
  readonly values: Record<string, Value>;
  readonly checks: Check[];
}

/** Buffers that are used again against buffers that are not. */
export const pool: Scenario<Options> = {
  name: "pool",
  summary: "raw frames from a pool and packets from a slab, against a buffer for each",
  options: {
    frames: wholeNumberOption("--frames <n>", "raw frames of each size, way and round", {
      min: 50,
      max: 20_000,
      fallback: 600,
    }),
    rounds: wholeNumberOption("--rounds <n>", "rounds of each size and way, in turns", {
      min: 1,
      max: 20,
      fallback: 3,
    }),
  },
  deadlineSeconds: ({ frames, rounds }) => 120 + rounds * (60 + frames / 10),
  async run(run) {
    const out: Output = { distributions: {}, values: {}, checks: [] };
    const rows: FigureTable["rows"][number][] = [];
    for (const size of SIZES) rows.push(...await measureSize(run, size, out));
    const packets = await measurePackets(run, out);
    const notes = [
      "A buffer is wanted, filled, and given back once two newer ones are in use",
      "Each way of getting raw frames runs in a process of its own; peaks are above its start",
      "A native allocation is a mapping, as the library makes for each large block",
      "Heap bytes of packets are those of the JavaScript heap, buffers those outside of it",
    ];
    return {
      results: {
        distributions: out.distributions,
        values: out.values,
        tables: [{
          title: "Raw frames",
          columns: [
            ...["size", "way", "frame p50, us", "p99, us", "times the pool"],
            ...["page faults a frame", "peak MiB", "reuse"],
          ],
          rows,
        }, packets],
        notes,
      },
      checks: out.checks,
    };
  },
};

interface WaySum {
  readonly frameUs: Distribution;
  readonly faultsPerFrame: number;
  readonly peakBytes: number;
  readonly all: readonly BufferFigures[];
}

async function measureSize(
  run: ScenarioRun<Options>,
  size: (typeof SIZES)[number],
  out: Output,
): Promise<FigureTable["rows"][number][]> {
  const figures: Record<BufferWay, BufferFigures[]> = { pool: [], native: [], array: [] };
  for (let round = 0; round < run.options.rounds; round++) {
    for (const way of BUFFER_WAYS) figures[way].push(await measureWay(run, way, size));
  }
  const sums = {
    pool: sumOf(figures.pool),
    native: sumOf(figures.native),
    array: sumOf(figures.array),
  };
  const poolUs = sums.pool.frameUs.p50 ?? NaN;
  const times = (way: BufferWay) => (sums[way].frameUs.p50 ?? NaN) / poolUs;
  const reuse = Math.min(...sums.pool.all.map(({ reuseRatio }) => reuseRatio ?? 0));
  for (const way of BUFFER_WAYS) {
    const name = `${size.name}, ${WAY_NAMES[way]}`;
    const { frameUs, faultsPerFrame, peakBytes } = sums[way];
    out.distributions[name] = frameUs;
    out.values[`${name}: page faults`] = { value: faultsPerFrame, unit: "a frame" };
    out.values[`${name}: peak`] = { value: peakBytes, unit: "bytes" };
    run.log(`${name}: ${frameUs.p50} us, ${faultsPerFrame.toFixed(1)} page faults`);
  }
  const uncounted = sums.pool.all.reduce(
    (sum, part) =>
      sum + Math.abs(part.refused - part.refusalsCounted) + (part.refused === 0 ? 1 : 0),
    0,
  );
  out.values[`${size.name}: reuse`] = { value: reuse, unit: "of leases" };
  out.checks.push(
    atLeast(`${size.name}: leases without an allocation`, reuse, REUSE_RATIO_MIN),
    atMost(`${size.name}: page faults a frame, pool`, sums.pool.faultsPerFrame, 2),
    atMost(`${size.name}: refused leases that were not counted`, uncounted, 0),
    atLeast(`${size.name}: time of a native allocation / of a lease`, times("native"), 1),
    atLeast(`${size.name}: time of a new Uint8Array / of a lease`, times("array"), 1),
    atLeast(
      `${size.name}: peak memory of new Uint8Arrays / of the pool`,
      sums.array.peakBytes / sums.pool.peakBytes,
      1,
    ),
  );
  return BUFFER_WAYS.map((way) => [
    ...[size.name, WAY_NAMES[way], sums[way].frameUs.p50 ?? 0, sums[way].frameUs.p99 ?? 0],
    ...[times(way).toFixed(2), sums[way].faultsPerFrame.toFixed(1)],
    ...[(sums[way].peakBytes / MIB).toFixed(1), way === "pool" ? reuse : "-"],
  ]);
}

function sumOf(all: readonly BufferFigures[]): WaySum {
  const frameUs = all.flatMap((part) => part.frameUs);
  return {
    frameUs: distributionOf(frameUs, "us"),
    faultsPerFrame: all.reduce((sum, { pageFaults }) => sum + pageFaults, 0) / frameUs.length,
    peakBytes: Math.max(...all.map(({ peakBytes }) => peakBytes)),
    all,
  };
}

async function measureWay(
  run: ScenarioRun<Options>,
  way: BufferWay,
  { width, height }: (typeof SIZES)[number],
): Promise<BufferFigures> {
  run.signal.throwIfAborted();
  const args = [way, width, height, run.options.frames].map(String);
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `--config=${CONFIG}`, CHILD, ...args],
    stdout: "piped",
    stderr: "inherit",
    signal: run.signal,
  }).output();
  run.signal.throwIfAborted();
  if (code !== 0) throw new Error(`Cannot measure "${way}": the process ended with code ${code}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as BufferFigures;
}

async function measurePackets(run: ScenarioRun<Options>, out: Output): Promise<FigureTable> {
  const payload = randomFromSeed(run.seed).bytes(PACKET_FRAME_BYTES);
  const frame: EncodedFrame = {
    ...{ streamId: 0, frameId: 1, referenceDistance: 1, captureTimeUs: 0, payload },
  };
  // The transport copies what it is given.
  const sink = new Uint8Array(DATAGRAM_BYTES);
  const send = (packet: Uint8Array) => sink.set(packet);
  const cutWith = (packetizer: Packetizer | PlainPacketizer) => () => {
    let packets = 0;
    for (let count = 0; count < FRAMES_A_ROUND; count++) {
      packets += packetizer.push(frame, DATAGRAM_BYTES, send);
    }
    return packets;
  };
  const plain = new PlainPacketizer();
  const ways = [
    { name: "slab", round: cutWith(new Packetizer(0)) },
    { name: "plain", round: cutWith(plain) },
  ] as const;
  const costs = await takeTurns(ways, PACKET_ROUNDS, run.signal);
  const slab = distributionOf(costs.slab.unitNs, "ns");
  const each = distributionOf(costs.plain.unitNs, "ns");
  const packetBytes = plain.bufferBytes / plain.packets;
  out.distributions["packet from the slab"] = slab;
  out.distributions["packet in a buffer of its own"] = each;
  const { heapBytes } = costs.slab;
  out.values["packet from the slab: heap"] = { value: heapBytes, unit: "bytes" };
  out.values["packet in a buffer of its own: heap"] = {
    value: costs.plain.heapBytes,
    unit: "bytes",
  };
  const ratio = (each.p50 ?? NaN) / (slab.p50 ?? NaN);
  out.checks.push(
    atMost("packet from the slab: heap bytes", heapBytes, PACKET_HEAP_BYTES_MAX),
    atLeast("packet: time with a buffer of its own / from the slab", ratio, 1),
  );
  run.log(`packet: ${slab.p50} ns from the slab, ${each.p50} ns in a buffer of its own`);
  return {
    title: "Packets",
    columns: ["way", "ns p50", "times the slab", "heap bytes", "buffer bytes"],
    rows: [
      ["slab", slab.p50 ?? 0, "1.00", heapBytes.toFixed(0), 0],
      [
        ...["a buffer for each", each.p50 ?? 0, ratio.toFixed(2)],
        ...[costs.plain.heapBytes.toFixed(0), packetBytes.toFixed(0)],
      ],
    ],
  };
}
