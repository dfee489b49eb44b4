/**
 * Producer figures: what the worker tells the page of a publication that runs: the host's words of it,
 * and how it does. Types only.
 */

import type { ServerMessage } from "../../src/wire/control.ts";
import type { ProducerReport } from "./producer_metrics.ts";

/** What the host says of the publication. */
export type PublishState = Extract<ServerMessage, { type: "publish_state" }>;

/** What people see of a publication that runs. */
export interface LiveFigures extends ProducerReport {
  /** Of what is encoded. */
  readonly width: number;
  readonly height: number;
  readonly quality: number;
  /** For people, such as `H.264, hardware`. */
  readonly encoder: string;
  readonly transport: string;
  /** What the path carries of the picture, bits a second; 0 before it is known. */
  readonly pathBps: number;
  readonly rttUs: number | undefined;
  readonly hasSound: boolean;
  readonly ring: { readonly held: number; readonly limit: number; readonly evicted: number };
}
