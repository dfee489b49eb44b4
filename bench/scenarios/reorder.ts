/**
 * reorder: what the ReorderBuffer costs and holds against a map of copies without limits, for packets
 * that arrive in order, late, with bursts missing, or as a hostile peer sends them. Ways take turns
 * within one run; what counts is their ratio, and that the buffer holds 2 MB at most, always.
 */

import { ReorderBuffer } from "../../src/reorder/reorder_buffer.ts";
import { randomFromSeed } from "../../tests/seeded.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import {
  ARRIVAL_KINDS,
  type ArrivalKind,
  FIRST_ID,
  packetArrivals,
} from "../micro/packet_arrivals.ts";
import { PlainReorder } from "../micro/plain_reorder.ts";
import { takeTurns } from "../micro/turns.ts";
import { atLeast, atMost, type Check, type FigureTable, type Value } from "../report/report.ts";
import { type Scenario, type ScenarioRun, wholeNumberOption } from "../scenario.ts";

const PACKET_BYTES = 1250;
/** What a reorder buffer may hold, whatever arrives. */
const HELD_BYTES_MAX = 2_000_000;
/** Arrivals after which a gap is given up. */
const PATIENCE_PACKETS = 64;
/** Of the JavaScript heap; a view of each packet alone would be a hundred. */
const HEAP_BYTES_MAX = 16;

interface Options {
  packets: number;
  rounds: number;
}

interface Output {
  readonly distributions: Record<string, Distribution>;
  readonly values: Record<string, Value>;
  readonly checks: Check[];
}

/** What both ways can do. */
interface Reorder {
  readonly size: number;
  readonly nextId: number;
  push(id: number, packet: Uint8Array): unknown;
  pull(): Uint8Array | undefined;
  skipGap(): unknown;
}

/** What one passage of packets was like. */
interface Passage {
  readonly delivered: number;
  readonly heldBytesMax: number;
  /** Packets that came out under the id of another. */
  readonly misplaced: number;
}

/** The reorder buffer against a map of copies. */
export const reorder: Scenario<Options> = {
  name: "reorder",
  summary: "speed and memory of the reorder buffer against a map of copies without limits",
  options: {
    packets: wholeNumberOption("--packets <n>", "packets of each passage", {
      min: 2_000,
      max: 2_000_000,
      fallback: 50_000,
    }),
    rounds: wholeNumberOption("--rounds <n>", "rounds of each kind of arrival, in turns", {
      min: 1,
      max: 100,
      fallback: 10,
    }),
  },
  deadlineSeconds: ({ packets, rounds }) => 120 + packets * rounds / 2_000,
  async run(run) {
    const out: Output = { distributions: {}, values: {}, checks: [] };
    const rows: FigureTable["rows"][number][] = [];
    for (const kind of ARRIVAL_KINDS) rows.push(await measureKind(run, kind, out));
    return {
      results: {
        distributions: out.distributions,
        values: out.values,
        tables: [{
          title: "Reorder",
          columns: [
            ...["arrivals", "buffer, Mpackets/s", "map", "times the map"],
            ...["held max, MB", "map", "heap bytes a packet", "map"],
          ],
          rows,
        }],
        notes: [
          `Packets have ${PACKET_BYTES} bytes; a gap is given up after ${PATIENCE_PACKETS} arrivals`,
          "Speeds are per second of processor time; bytes held count the whole buffer at once",
          "The map's copies are outside of the JavaScript heap, besides what is shown of it",
        ],
      },
      checks: out.checks,
    };
  },
};

async function measureKind(
  run: ScenarioRun<Options>,
  kind: ArrivalKind,
  out: Output,
): Promise<FigureTable["rows"][number]> {
  const ids = packetArrivals(kind, run.options.packets, randomFromSeed(run.seed));
  const packet = new Uint8Array(PACKET_BYTES);
  // A receiver has one buffer for as long as it lives.
  const buffer = new ReorderBuffer(FIRST_ID);
  const bufferPassage = passOf(ids, packet, buffer, () => buffer.bufferBytes);
  const plain = new PlainReorder(FIRST_ID);
  const plainPassage = passOf(ids, packet, plain, () => plain.heldBytes);
  const costs = await takeTurns(
    [
      {
        name: "buffer",
        round: () => {
          buffer.restart(FIRST_ID);
          drive(ids, packet, buffer);
          return ids.length;
        },
      },
      {
        name: "map",
        round: () => {
          drive(ids, packet, new PlainReorder(FIRST_ID));
          return ids.length;
        },
      },
    ] as const,
    run.options.rounds,
    run.signal,
  );
  const speed = distributionOf(costs.buffer.unitNs.map((ns) => 1e3 / ns), "Mpackets/s");
  const plainSpeed = distributionOf(costs.map.unitNs.map((ns) => 1e3 / ns), "Mpackets/s");
  const ratio = (speed.p50 ?? NaN) / (plainSpeed.p50 ?? NaN);
  out.distributions[`${kind}: buffer`] = speed;
  out.distributions[`${kind}: map`] = plainSpeed;
  out.values[`${kind}: held`] = { value: bufferPassage.heldBytesMax, unit: "bytes" };
  out.values[`${kind}: held by the map`] = { value: plainPassage.heldBytesMax, unit: "bytes" };
  out.values[`${kind}: delivered`] = { value: bufferPassage.delivered, unit: "packets" };
  out.values[`${kind}: heap`] = { value: costs.buffer.heapBytes, unit: "bytes a packet" };
  out.checks.push(
    atMost(`${kind}: bytes held`, bufferPassage.heldBytesMax, HELD_BYTES_MAX),
    atMost(`${kind}: packets out of place`, bufferPassage.misplaced, 0),
    atMost(`${kind}: heap bytes a packet`, costs.buffer.heapBytes, HEAP_BYTES_MAX),
    atLeast(`${kind}: speed / that of the map`, ratio, 1),
  );
  // What a hostile peer gets through is nobody's loss.
  if (kind !== "hostile") {
    const missing = plainPassage.delivered - bufferPassage.delivered;
    out.checks.push(atMost(`${kind}: packets that only the map delivered`, missing, 0));
  }
  run.log(`${kind}: ${speed.p50} Mpackets/s, ${ratio.toFixed(2)} times the map`);
  return [
    ...[kind, (speed.p50 ?? 0).toFixed(2), (plainSpeed.p50 ?? 0).toFixed(2), ratio.toFixed(2)],
    ...[bufferPassage.heldBytesMax / 1e6, plainPassage.heldBytesMax / 1e6].map(threeDigits),
    ...[costs.buffer.heapBytes.toFixed(1), costs.map.heapBytes.toFixed(0)],
  ];
}

/** One passage with everything looked at after each packet. */
function passOf(
  ids: Uint32Array,
  packet: Uint8Array,
  way: Reorder,
  heldBytes: () => number,
): Passage {
  const view = new DataView(packet.buffer);
  let [delivered, heldBytesMax, misplaced] = [0, 0, 0];
  let waited = 0;
  for (const id of ids) {
    view.setUint32(0, id);
    way.push(id, packet);
    heldBytesMax = Math.max(heldBytesMax, heldBytes());
    waited = way.size > 0 ? waited + 1 : 0;
    if (waited > PATIENCE_PACKETS) {
      way.skipGap();
      waited = 0;
    }
    for (;;) {
      const { nextId } = way;
      const out = way.pull();
      if (out === undefined) break;
      const outId = new DataView(out.buffer, out.byteOffset, out.byteLength).getUint32(0);
      if (outId !== nextId) misplaced++;
      delivered++;
      waited = 0;
    }
  }
  return { delivered, heldBytesMax, misplaced };
}

/** The same without looking. */
function drive(ids: Uint32Array, packet: Uint8Array, way: Reorder): void {
  let waited = 0;
  for (let at = 0; at < ids.length; at++) {
    way.push(ids[at]!, packet);
    waited = way.size > 0 ? waited + 1 : 0;
    if (waited > PATIENCE_PACKETS) {
      way.skipGap();
      waited = 0;
    }
    while (way.pull() !== undefined) waited = 0;
  }
}

function threeDigits(value: number): string {
  return value.toFixed(3);
}
