/**
 * MediaFanout: hands the frames of one stream to the senders of its viewers: the place where the
 * sentence branches. Viewers with equal datagrams and layers share a MediaGroup, so that cutting and
 * protecting happen once. At most `MAX_SENDERS` senders and nine groups.
 */

import { FRAME_LAYERS } from "../wire/control.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { DATAGRAM_CLASS_COUNT, isInLayers, MediaGroup } from "./media_group.ts";
import type { MediaSender } from "./media_sender.ts";

/** Most viewers of one stream. */
export const MAX_SENDERS = 64;

/** Fans one stream out. */
export class MediaFanout {
  readonly #streamId: number;
  readonly #onFault: (error: unknown) => void;
  readonly #senders = new Set<MediaSender>();
  readonly #groups: (MediaGroup | undefined)[] = [];

  /** `onFault` hears of a sender that threw: a defect, which must not end the others' picture. */
  constructor(options: { readonly streamId: number; readonly onFault: (error: unknown) => void }) {
    this.#streamId = options.streamId;
    this.#onFault = options.onFault;
  }

  /** Senders attached now. */
  get size(): number {
    return this.#senders.size;
  }

  get senders(): ReadonlySet<MediaSender> {
    return this.#senders;
  }

  /** Groups that have members. */
  get groups(): readonly MediaGroup[] {
    return this.#groups.filter((group) => group !== undefined && group.size > 0) as MediaGroup[];
  }

  /** Groups that hold memory: one whose members left stays for those who come back. */
  get heldGroups(): readonly MediaGroup[] {
    return this.#groups.filter((group) => group !== undefined) as MediaGroup[];
  }

  /** Attaches a sender; false when `MAX_SENDERS` are attached. */
  add(sender: MediaSender): boolean {
    if (this.#senders.size >= MAX_SENDERS) return false;
    this.#senders.add(sender);
    return true;
  }

  /** Detaches a sender, which can be attached again. */
  remove(sender: MediaSender): void {
    this.#senders.delete(sender);
    sender.leave();
    // A stream that nobody watches holds no coding rings.
    if (this.#senders.size === 0) this.#groups.length = 0;
  }

  /** Sends `frame` to every viewer that can use it; the payload is read only during the call. */
  push(frame: EncodedFrame, nowUs: number): void {
    for (const sender of this.#senders) this.#place(sender, frame, nowUs);
    for (const group of this.#groups) {
      if (group === undefined || !isInLayers(group.layers, frame)) continue;
      try {
        group.push(frame, nowUs);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  #place(sender: MediaSender, frame: EncodedFrame, nowUs: number): void {
    try {
      const group = sender.admit(frame, nowUs) ? this.#groupOf(sender) : undefined;
      if (group !== sender.group) sender.enter(group, nowUs);
    } catch (error) {
      this.#onFault(error);
      this.remove(sender);
    }
  }

  /** The group that the sender belongs to by its path and layers. */
  #groupOf(sender: MediaSender): MediaGroup | undefined {
    const { datagramClass, layers } = sender;
    if (datagramClass === undefined) return undefined;
    const index = FRAME_LAYERS.indexOf(layers) * DATAGRAM_CLASS_COUNT + datagramClass;
    const streamId = this.#streamId;
    return this.#groups[index] ??= new MediaGroup({ streamId, datagramClass, layers });
  }
}
