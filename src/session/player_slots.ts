/**
 * PlayerSlots: which pad of whom is which player of the host, at most `PAD_SLOTS`. A pad has one slot
 * and a slot one pad; a slot whose person went stays theirs for `RESERVE_US`. It does no I/O and owns
 * no clock.
 */

import { PAD_SLOTS } from "../wire/pad.ts";

/** How long a slot waits for a person who left. */
export const RESERVE_US = 30_000_000;

/** A slot that is taken. */
export interface TakenSlot {
  readonly slot: number;
  readonly personId: string;
  /** The person's own number of the pad. */
  readonly pad: number;
  /** When it falls free; undefined while the person is there. */
  readonly reservedUntilUs: number | undefined;
}

interface Plugged {
  readonly personId: string;
  readonly pad: number;
  readonly reservedUntilUs: number | undefined;
}

/** The slots of one host. */
export class PlayerSlots {
  readonly #slots: (Plugged | undefined)[] = Array.from({ length: PAD_SLOTS }, () => undefined);

  /** Slots that are taken, in order. */
  get taken(): TakenSlot[] {
    return this.#slots.flatMap((plugged, slot) =>
      plugged === undefined ? [] : [{ slot, ...plugged }]
    );
  }

  /** When to call `advance`; undefined while time changes nothing. */
  get deadlineUs(): number | undefined {
    const ends = this.#slots.flatMap((plugged) => plugged?.reservedUntilUs ?? []);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** The slot of a pad that is plugged in. */
  find(personId: string, pad: number): number | undefined {
    const slot = this.#slots.findIndex((plugged) =>
      plugged?.personId === personId && plugged.pad === pad &&
      plugged.reservedUntilUs === undefined
    );
    return slot < 0 ? undefined : slot;
  }

  /**
   * Plugs a pad in: into the slot that was kept for it, another one that was kept for its person, or
   * the first that is free. Undefined when there is none.
   */
  claim(personId: string, pad: number, nowUs: number): number | undefined {
    const known = this.find(personId, pad);
    if (known !== undefined) return known;
    this.advance(nowUs);
    const isKept = (plugged: Plugged | undefined) => {
      return plugged?.personId === personId && plugged.reservedUntilUs !== undefined;
    };
    const choices = [
      this.#slots.findIndex((plugged) => isKept(plugged) && plugged?.pad === pad),
      this.#slots.findIndex(isKept),
      this.#slots.findIndex((plugged) => plugged === undefined),
    ];
    const slot = choices.find((index) => index >= 0);
    if (slot === undefined) return undefined;
    this.#slots[slot] = { personId, pad, reservedUntilUs: undefined };
    return slot;
  }

  /** A pad is not there any more: its slot waits for it. True when it had one. */
  unplug(personId: string, pad: number, nowUs: number): boolean {
    const slot = this.find(personId, pad);
    if (slot === undefined) return false;
    this.#slots[slot] = { personId, pad, reservedUntilUs: nowUs + RESERVE_US };
    return true;
  }

  /** Unplugs all pads of a person who may not play any more; true when there were some. */
  releaseAll(personId: string): boolean {
    return this.#change((plugged) => plugged.personId === personId ? undefined : plugged);
  }

  /** A person left: their slots wait for them. True when there are some. */
  leave(personId: string, nowUs: number): boolean {
    const reservedUntilUs = nowUs + RESERVE_US;
    return this.#change((plugged) => {
      const isTheirs = plugged.personId === personId && plugged.reservedUntilUs === undefined;
      return isTheirs ? { ...plugged, reservedUntilUs } : plugged;
    });
  }

  /** Lets two slots change places; the people whose pads move, or undefined for such as are no slots. */
  move(slot: number, toSlot: number): string[] | undefined {
    if (!(slot in this.#slots) || !(toSlot in this.#slots) || slot === toSlot) return undefined;
    const [from, to] = [this.#slots[slot], this.#slots[toSlot]];
    this.#slots[slot] = to;
    this.#slots[toSlot] = from;
    return [from, to].flatMap((plugged) => plugged?.personId ?? []);
  }

  /** Frees what waited long enough; true when something fell free. */
  advance(nowUs: number): boolean {
    return this.#change(({ reservedUntilUs = Infinity, ...plugged }) => {
      if (reservedUntilUs <= nowUs) return undefined;
      return {
        ...plugged,
        reservedUntilUs: reservedUntilUs === Infinity ? undefined : reservedUntilUs,
      };
    });
  }

  #change(change: (plugged: Plugged) => Plugged | undefined): boolean {
    let isChanged = false;
    for (const [slot, plugged] of this.#slots.entries()) {
      if (plugged === undefined) continue;
      const after = change(plugged);
      if (after?.reservedUntilUs === plugged.reservedUntilUs && after !== undefined) continue;
      this.#slots[slot] = after;
      isChanged = true;
    }
    return isChanged;
  }
}
