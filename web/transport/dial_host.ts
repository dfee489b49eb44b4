/**
 * dialHost: opens a connection to the host by the first way that works. Over QUIC alone it is as short
 * as it can be; the other rungs, and what races them, are loaded when QUIC takes longer than it should.
 */

import type { Clock } from "../../src/core/clock.ts";
import { TransportError } from "../../src/core/errors.ts";
import type { Climbed } from "./climb.ts";
import { diallersOf } from "./diallers.ts";
import type { HostWays, RungPlan, WantedWays } from "./diallers.ts";
import type { Rung } from "./ladder.ts";

/** What races the rungs; beside the page in build/web. */
const BUNDLE = "rungs.js";
/** QUIC goes on alone for so long; then what is needed for the others is loaded, before their time. */
const ALONE_MS = 300;

type RungsModule = typeof import("./rungs.ts");

/** How to dial. */
export interface DialOptions extends WantedWays {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** Dials. Rejects with TransportError when there is no way. */
export async function dialHost(ways: HostWays, options: DialOptions): Promise<Climbed> {
  const { plan, clock, signal } = options;
  const startedUs = clock.nowUs();
  const diallers = diallersOf(ways, options);
  const hasOthers = diallers.tcp !== undefined || diallers.webrtc !== undefined;
  const isFirst = plan.first === undefined || diallers[plan.first] === undefined ||
    plan.first === "quic";
  const quic = isFirst ? diallers.quic?.() : undefined;
  if (quic === undefined && !hasOthers && diallers.quic === undefined) throw noWay(plan);
  if (quic !== undefined) {
    const early = hasOthers ? await within(quic, ALONE_MS) : await quic;
    if (early !== undefined) {
      return { rung: "quic", connection: early, dialled: ["quic"], failures: new Map() };
    }
  }
  const { climb, orderOf } = await loadRungs();
  return await climb({
    ...{ clock, startedUs },
    order: orderOf(Object.keys(diallers) as Rung[], plan.first),
    diallers: quic === undefined ? diallers : { ...diallers, quic: () => quic },
    ...signal === undefined ? {} : { signal },
  });
}

/** Loads what races the rungs and moves between them. */
export async function loadRungs(): Promise<RungsModule> {
  return await import(new URL(BUNDLE, self.location.href).href) as RungsModule;
}

/** What is ready within `limitMs`; undefined when it is not, or has failed. */
async function within<T>(work: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  const result = await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
  return result;
}

function noWay({ force }: RungPlan): TransportError {
  const what = force === undefined
    ? "Cannot connect: this browser and this host have no transport in common"
    : `Cannot connect over ${force}: this browser or this host does not have it`;
  return new TransportError(what, { reason: "unavailable" });
}
