/** Transport events: what the worker tells the page of the way to the host. Types only. */

import type { Rung } from "../../transport/ladder.ts";

/** From the worker to the page. */
export interface TransportEvent {
  readonly type: "transport";
  /** A picture came over this one; undefined: another way is looked for, or no longer. */
  readonly rung: Rung | undefined;
  /** What people should know. */
  readonly notice: string | undefined;
}
