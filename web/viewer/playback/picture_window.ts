/**
 * PictureWindow: the few decoded pictures before the one that is shown, so that going back frame by
 * frame does not decode a whole group for each. Bounded in count and bytes; the oldest is closed first.
 */

import type { FrameGroup, FramePlace } from "./encoded_cache.ts";

/** Most pictures: hardware decoders have few to give. */
export const WINDOW_PICTURES_MAX = 6;
/** Most bytes of pictures, at 12 bits a pixel. */
export const WINDOW_BYTES_MAX = 48 * 1024 * 1024;

/** A decoded picture as far as the window is concerned. */
export interface WindowPicture {
  readonly codedWidth: number;
  readonly codedHeight: number;
  close(): void;
}

interface Held<Picture> {
  readonly group: FrameGroup;
  readonly index: number;
  readonly picture: Picture;
  readonly bytes: number;
}

/** Keeps pictures. */
export class PictureWindow<Picture extends WindowPicture> {
  readonly #held: Held<Picture>[] = [];
  #bytes = 0;

  /** Pictures that are held. */
  get size(): number {
    return this.#held.length;
  }

  /** Takes a picture and owns it. */
  push(picture: Picture, { group, index }: FramePlace): void {
    const bytes = Math.ceil(picture.codedWidth * picture.codedHeight * 1.5);
    this.#held.push({ group, index, picture, bytes });
    this.#bytes += bytes;
    while (this.#held.length > WINDOW_PICTURES_MAX || this.#bytes > WINDOW_BYTES_MAX) {
      this.#drop(this.#held[0]!);
    }
  }

  /** The picture of a frame, which is the caller's from now on. */
  take({ group, index }: FramePlace): Picture | undefined {
    const found = this.#held.find((held) => held.group === group && held.index === index);
    if (found === undefined) return undefined;
    this.#held.splice(this.#held.indexOf(found), 1);
    this.#bytes -= found.bytes;
    return found.picture;
  }

  /** Closes everything. */
  clear(): void {
    for (const held of [...this.#held]) this.#drop(held);
  }

  #drop(held: Held<Picture>): void {
    this.#held.splice(this.#held.indexOf(held), 1);
    this.#bytes -= held.bytes;
    held.picture.close();
  }
}
