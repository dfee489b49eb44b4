/**
 * TextMirror: what an editable field held and holds now, as what the host has to delete and to type.
 * Every change of the field is compared with what was sent, so that no keyboard, correction or input
 * method can make a character twice.
 */

/** What takes a host from the text before to the text now. */
export interface TextChange {
  /** Characters to delete backwards. */
  readonly deleted: number;
  readonly typed: string;
}

/** Text before the caret that a keyboard can delete although nothing was typed here. */
export const MIRROR_SEED = "\u2007".repeat(24);
/** A field that holds more is begun anew. */
const HELD_MAX = 512;

/** Follows one field. */
export class TextMirror {
  #sent = MIRROR_SEED;

  /** True when the field should be set to `MIRROR_SEED` as soon as nothing is composed in it. */
  get isWorn(): boolean {
    return this.#sent.length > HELD_MAX || this.#sent.length < MIRROR_SEED.length;
  }

  /** The field holds `value` now. */
  change(value: string): TextChange {
    const before = [...this.#sent];
    const now = [...value];
    let same = 0;
    while (same < before.length && same < now.length && before[same] === now[same]) same++;
    this.#sent = value;
    return { deleted: before.length - same, typed: now.slice(same).join("") };
  }

  /** The field was set to `MIRROR_SEED`. */
  reset(): void {
    this.#sent = MIRROR_SEED;
  }
}
