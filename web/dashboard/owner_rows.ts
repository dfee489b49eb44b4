/**
 * Owner rows: who holds how much memory against how much it may: rows for the table and stacked layers
 * for the chart. The largest get a layer of their own, the rest share one.
 */

import type { DashboardHello, DashboardSample } from "../../src/wire/dashboard.ts";
import type { Column, DashboardModel } from "./dashboard_model.ts";
import { capOf } from "./verdict.ts";

/** Owners with a colour of their own; each keeps it, whoever else is there. */
export const COLOURED_OWNERS = [
  ...["native", "staging", "encoder", "fec", "packet", "send_queue", "ipc"] as const,
];

const NAMES: Readonly<Record<string, string>> = {
  native: "Native, other",
  staging: "Raw frames",
  encoder: "Encoder",
  fec: "Coding rings",
  packet: "Packets",
  send_queue: "Send queues",
  receive_queue: "Receive queues",
  ipc: "Pipes",
  pages: "Pages",
  control: "Control",
  dashboard: "Dashboard",
  replay: "Replay",
  recording_cache: "Recordings",
  audio: "Audio",
  clipboard: "Clipboard",
  reorder: "Reorder",
};

/** One row. */
export interface OwnerRow {
  readonly owner: string;
  readonly name: string;
  /** 0 to 7: place of its colour; 7 is shared by the rest. */
  readonly colour: number;
  readonly bytes: number;
  readonly capBytes: number | undefined;
  /** Share of the cap, 0 to 1 and beyond; undefined without a cap. */
  readonly share: number | undefined;
}

/** Owners of a sample, largest first, those with nothing left out. */
export function ownerRows(hello: DashboardHello, sample: DashboardSample): OwnerRow[] {
  return sample.memory.owners.filter(({ currentBytes }) => currentBytes > 0)
    .toSorted((a, b) => b.currentBytes - a.currentBytes)
    .map(({ owner, currentBytes }) => {
      const capBytes = capOf(hello, owner);
      return {
        owner,
        name: NAMES[owner] ?? owner,
        colour: colourOf(owner),
        bytes: currentBytes,
        capBytes,
        share: capBytes === undefined || capBytes === 0 ? undefined : currentBytes / capBytes,
      };
    });
}

/** Tops of the layers of the stacked chart, the highest first, as it has to be drawn. */
export interface OwnerLayer {
  readonly name: string;
  readonly colour: number;
  readonly tops: Column;
}

/** Layers of the history; what has no colour of its own is summed. */
export function ownerLayers(model: DashboardModel): OwnerLayer[] {
  const owners = model.owners;
  const own = COLOURED_OWNERS.filter((owner) => owners.includes(owner));
  const rest = owners.filter((owner) => colourOf(owner) === COLOURED_OWNERS.length);
  const length = model.column("timeMs").length;
  const floor = new Array<number>(length).fill(0);
  const layers: OwnerLayer[] = [];
  const add = (name: string, colour: number, names: readonly string[]) => {
    for (const owner of names) {
      model.column(`owner:${owner}`).forEach((value, row) => floor[row]! += value ?? 0);
    }
    layers.unshift({ name, colour, tops: [...floor] });
  };
  for (const owner of own) add(NAMES[owner] ?? owner, colourOf(owner), [owner]);
  if (rest.length > 0) add("Others", COLOURED_OWNERS.length, rest);
  return layers;
}

function colourOf(owner: string): number {
  const index = (COLOURED_OWNERS as readonly string[]).indexOf(owner);
  return index < 0 ? COLOURED_OWNERS.length : index;
}
