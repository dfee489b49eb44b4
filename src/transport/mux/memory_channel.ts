/**
 * memory_channel: two MuxChannels joined in memory, for tests and for programs whose two ends share a
 * process. Messages arrive in microtasks, in order; `hold` lets them wait, as a path that is slow.
 */

import type { MuxChannel, MuxHandlers } from "./mux_channel.ts";

/** How a pair of memory channels behaves; both ends are alike. */
export interface MemoryChannelOptions {
  /** Largest datagram; default 8,192. */
  readonly maxDatagramSize?: number;
  /** With a lossy side path for datagrams; default: they travel as messages. */
  readonly hasSidePath?: boolean;
}

/** What waits on its way. */
interface Parcel {
  readonly bytes: Uint8Array;
  readonly isDatagram: boolean;
}

/** One end of a pair. */
export class MemoryChannel implements MuxChannel {
  readonly remoteAddress = "memory:peer";
  readonly maxDatagramSize: number;
  sendDatagram?: (bytes: Uint8Array) => boolean;
  readonly #queue: Parcel[] = [];
  #bufferedBytes = 0;
  #peer: MemoryChannel | undefined;
  #handlers: MuxHandlers | undefined;
  #isHeld = false;
  #isRunning = false;
  #isClosed = false;

  /** Use createMemoryChannels. */
  constructor(options: MemoryChannelOptions) {
    this.maxDatagramSize = options.maxDatagramSize ?? 8_192;
    if (options.hasSidePath === true) {
      this.sendDatagram = (bytes) => this.#pass(bytes, true);
    }
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Parcels that wait on their way to the other end. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Names the other end; called once. */
  join(peer: MemoryChannel): void {
    this.#peer = peer;
  }

  start(handlers: MuxHandlers): void {
    this.#handlers = handlers;
    this.#peer!.#run();
  }

  send(message: Uint8Array): void {
    this.#pass(message, false);
  }

  close(): void {
    this.sever("Channel closed");
  }

  /** Ends both ends; what is on its way still arrives. */
  sever(reason: string): void {
    for (const end of [this.#peer!, this]) {
      if (end.#isClosed) continue;
      end.#isHeld = false;
      end.#isClosed = true;
      queueMicrotask(() => {
        end.#deliverAll();
        end.#peer!.#deliverAll();
        end.#handlers?.closed(reason);
      });
    }
  }

  /** From now on nothing arrives at the other end until `deliver` or `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Lets the oldest parcel arrive; false when there is none. */
  deliver(): boolean {
    const to = this.#peer!.#handlers;
    const next = to === undefined ? undefined : this.#queue.shift();
    if (next === undefined) return false;
    this.#bufferedBytes -= next.bytes.length;
    if (next.isDatagram) to!.datagram(next.bytes);
    else to!.message(next.bytes);
    this.#handlers?.drained();
    return true;
  }

  /** Lets everything arrive again. */
  release(): void {
    this.#isHeld = false;
    this.#run();
  }

  #pass(bytes: Uint8Array, isDatagram: boolean): boolean {
    if (this.#isClosed) return false;
    this.#queue.push({ bytes: bytes.slice(), isDatagram });
    this.#bufferedBytes += bytes.length;
    this.#run();
    return true;
  }

  #run(): void {
    if (this.#isRunning || this.#isHeld) return;
    this.#isRunning = true;
    queueMicrotask(() => {
      this.#isRunning = false;
      if (this.#isHeld) return;
      this.#deliverAll();
    });
  }

  #deliverAll(): void {
    while (this.deliver());
  }
}

/** Makes two joined channels. */
export function createMemoryChannels(
  options: MemoryChannelOptions = {},
): readonly [MemoryChannel, MemoryChannel] {
  const first = new MemoryChannel(options);
  const second = new MemoryChannel(options);
  first.join(second);
  second.join(first);
  return [first, second];
}
