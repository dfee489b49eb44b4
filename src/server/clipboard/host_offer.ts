/**
 * HostOffer: what a program of the host has copied: each type is read once, for all who ask, and kept
 * for as long as the offer stands.
 */

import type { ClipboardFailure, ClipboardType } from "../../wire/clipboard.ts";
import type { HeldContent } from "./held_content.ts";

/** What an offer is made of. */
export interface HostOfferOptions {
  readonly serial: number;
  readonly types: readonly ClipboardType[];
  /** Has one type read; whoever calls is the first user of the content. Never rejects. */
  readonly read: (type: ClipboardType) => Promise<HeldContent | ClipboardFailure>;
}

/** One offer of one program. */
export class HostOffer {
  readonly serial: number;
  readonly types: readonly ClipboardType[];
  readonly #read: HostOfferOptions["read"];
  readonly #contents = new Map<ClipboardType, Promise<HeldContent | ClipboardFailure>>();
  #isClosed = false;

  constructor({ serial, types, read }: HostOfferOptions) {
    this.serial = serial;
    this.types = types;
    this.#read = read;
  }

  /** Content; the caller is a user of it. Never rejects. */
  async get(type: ClipboardType): Promise<HeldContent | ClipboardFailure> {
    if (this.#isClosed || !this.types.includes(type)) return "gone";
    let reading = this.#contents.get(type);
    if (reading === undefined) {
      reading = this.#read(type);
      this.#contents.set(type, reading);
    }
    const read = await reading;
    if (typeof read !== "string") return this.#isClosed ? "gone" : read.share();
    // What failed may be tried again.
    if (this.#contents.get(type) === reading) this.#contents.delete(type);
    return read;
  }

  /** Something newer is there: who reads the contents is to stop. */
  close(): void {
    this.#isClosed = true;
    for (const reading of this.#contents.values()) {
      reading.then((read) => {
        if (typeof read === "string") return;
        read.isStale = true;
        read.drop();
      });
    }
    this.#contents.clear();
  }
}
