/**
 * ControlArbiter: who holds keyboard and pointer of one stream. Of those who may, exactly one does, and
 * who is alone always does. Who asks waits behind those who asked before; control goes on when the
 * holder hands it over, leaves, or rests for `IDLE_US`. It does no I/O and owns no clock.
 */

import type { ControlMode } from "../wire/people_messages.ts";

/** A holder who has not moved a hand for so long gives way to who asks. */
export const IDLE_US = 10_000_000;
/** Who comes back so soon, as by a reload, gets back what nobody asked for meanwhile. */
export const RETURN_US = 10_000_000;

/** Something changed that people should see. */
export interface ControlChange {
  /** Who holds no longer: what that person holds down must be raised before anything else. */
  readonly released: string | undefined;
}

/** Who holds and who waits. */
export interface ControlView {
  readonly holder: string | undefined;
  /** In the order in which they asked. */
  readonly askers: readonly string[];
  readonly isIdle: boolean;
  /** Since the holder's last input or, before it, since control came. */
  readonly idleUs: number;
}

/** Decides whose hands count. */
export class ControlArbiter {
  readonly #mode: ControlMode;
  /** In the order in which they came. */
  readonly #members = new Set<string>();
  #askers: string[] = [];
  #holder: string | undefined;
  #activeUs = 0;
  #isIdle = false;
  /** Who left while holding; until when. */
  #former: { readonly id: string; readonly untilUs: number } | undefined;

  constructor(mode: ControlMode) {
    this.#mode = mode;
  }

  get mode(): ControlMode {
    return this.#mode;
  }

  /** Whose hands count; undefined while nobody may, and where everybody's do. */
  get holder(): string | undefined {
    return this.#holder;
  }

  /** Those who may. */
  get members(): ReadonlySet<string> {
    return this.#members;
  }

  /** When to call `advance`; undefined while time changes nothing. */
  get deadlineUs(): number | undefined {
    return this.#holder === undefined || this.#isIdle ? undefined : this.#activeUs + IDLE_US;
  }

  /** What people are shown. */
  view(nowUs: number): ControlView {
    const idleUs = this.#holder === undefined ? 0 : Math.max(0, nowUs - this.#activeUs);
    return { holder: this.#holder, askers: [...this.#askers], isIdle: this.#isIdle, idleUs };
  }

  /** Somebody who may is there. */
  join(id: string, nowUs: number): ControlChange | undefined {
    if (this.#members.has(id)) return undefined;
    this.#members.add(id);
    if (this.#mode === "shared") return { released: undefined };
    const former = this.#former;
    if (former?.id === id && nowUs < former.untilUs) return this.#handTo(id, nowUs);
    return this.#holder === undefined ? this.#handTo(id, nowUs) : { released: undefined };
  }

  /** Somebody is gone, or may no longer. */
  leave(id: string, nowUs: number): ControlChange | undefined {
    if (!this.#members.delete(id)) return undefined;
    this.#askers = this.#askers.filter((asker) => asker !== id);
    if (this.#holder !== id) return { released: undefined };
    const isAskedFor = this.#askers.length > 0;
    const next = this.#askers[0] ?? this.#members.values().next().value;
    const change = this.#handTo(next, nowUs);
    if (!isAskedFor) this.#former = { id, untilUs: nowUs + RETURN_US };
    return change;
  }

  /** Somebody asks for control. */
  request(id: string, nowUs: number): ControlChange | undefined {
    if (this.#mode === "shared" || !this.#members.has(id) || this.#askers.includes(id)) {
      return undefined;
    }
    if (this.#holder === id) {
      // Who was there when it fell free now wants it.
      this.#former = undefined;
      return undefined;
    }
    this.#askers.push(id);
    return this.advance(nowUs) ?? { released: undefined };
  }

  /**
   * The holder hands over: to `to`, or to who waits first; nothing changes when there is nobody. Who
   * waits asks no more.
   */
  give(id: string, to: string | undefined, nowUs: number): ControlChange | undefined {
    if (this.#askers.includes(id)) {
      this.#askers = this.#askers.filter((asker) => asker !== id);
      return { released: undefined };
    }
    if (this.#holder !== id) return undefined;
    const next = to ?? this.#askers[0];
    if (next === undefined || next === id || !this.#members.has(next)) return undefined;
    return this.#handTo(next, nowUs);
  }

  /** Somebody who may do that takes control without asking. */
  take(id: string, nowUs: number): ControlChange | undefined {
    const canTake = this.#mode === "exclusive" && this.#members.has(id) && this.#holder !== id;
    return canTake ? this.#handTo(id, nowUs) : undefined;
  }

  /** True when what the hands of somebody do counts now. */
  accepts(id: string): boolean {
    return this.#mode === "shared" ? this.#members.has(id) : this.#holder === id;
  }

  /** Notes that the holder moved a hand; a change when it had rested. */
  moved(id: string, nowUs: number): ControlChange | undefined {
    if (this.#holder !== id) return undefined;
    this.#activeUs = nowUs;
    if (!this.#isIdle) return undefined;
    this.#isIdle = false;
    return { released: undefined };
  }

  /** Lets time pass: a holder who rests gives way to who waits. */
  advance(nowUs: number): ControlChange | undefined {
    if (this.#holder === undefined || nowUs < this.#activeUs + IDLE_US) return undefined;
    const [next] = this.#askers;
    if (next !== undefined) return this.#handTo(next, nowUs);
    if (this.#isIdle) return undefined;
    this.#isIdle = true;
    return { released: undefined };
  }

  #handTo(id: string | undefined, nowUs: number): ControlChange {
    const released = this.#holder;
    this.#holder = id;
    this.#activeUs = nowUs;
    this.#isIdle = false;
    this.#former = undefined;
    this.#askers = this.#askers.filter((asker) => asker !== id);
    return { released };
  }
}
