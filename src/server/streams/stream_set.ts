/**
 * StreamSet: every stream of a host, one for each display, between the media process and the sessions:
 * finds them by id or name, tells viewers which there are, and is the host that a session sees. More
 * come with monitors that are plugged in and with what people publish, none ever goes; `MAX_STREAMS`
 * at most.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MediaPointer } from "../../ipc/media_handlers.ts";
import type { MediaGroup } from "../../pipeline/media_group.ts";
import type { MediaSender } from "../../pipeline/media_sender.ts";
import type { PictureRate, SenderSettings, SessionHost } from "../../session/session_host.ts";
import { MAX_STREAMS } from "../../wire/codec.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { ServerMessage, StreamName } from "../../wire/control.ts";
import { uniqueNames } from "../displays/displays.ts";
import { Stream } from "./stream.ts";
import type { StreamOptions, StreamPort } from "../config/stream_options.ts";
import type { StreamState } from "./stream_messages.ts";

/** Who hears what streams say. */
export interface StreamAudience {
  /** Sends a framed message to every viewer. */
  broadcast(framed: Uint8Array): void;
  /** Sends one to those who watch a stream; with `replaces` only the newest of that name counts. */
  tell(streamId: number, framed: Uint8Array, replaces?: string): void;
  /** Raises what viewers hold down on a stream's device. */
  releaseInput(streamId: number): void;
}

/** What a set is made of. */
export interface StreamSetOptions {
  /** Names of the streams in the order of their ids; no two the same. */
  readonly names: readonly string[];
  readonly bitrateBps: number;
  readonly fps: number;
  readonly controller: SenderSettings["controller"];
  readonly keepWarmMs: number;
  readonly port: StreamPort;
  readonly clock: Clock;
  readonly log: Logger;
  readonly makeReplay?: NonNullable<StreamOptions["makeReplay"]>;
  readonly audience: StreamAudience;
}

/** What makes the pictures of a stream and keeps them; what is absent is as for a display's part. */
export type StreamSource = Partial<Pick<StreamOptions, "port" | "published" | "makeReplay">>;

/** The streams of one host. */
export class StreamSet {
  readonly #options: StreamSetOptions;
  readonly #streams: Stream[];
  /** Those that are offered, in the order of their ids; sessions hold on to this list. */
  readonly #names: StreamName[];

  /** Throws RangeError for no stream or too many. */
  constructor(options: StreamSetOptions) {
    const { names } = options;
    if (names.length < 1 || names.length > MAX_STREAMS) {
      throw new RangeError(`Cannot hold ${names.length} streams`);
    }
    this.#options = options;
    const { makeReplay } = options;
    const source = makeReplay === undefined ? {} : { makeReplay };
    this.#streams = names.map((name, id) => this.#make(id, name, source));
    this.#names = this.#streams.map(({ id, name }) => ({ id, name }));
  }

  /**
   * Adds a stream under a name like that: a part of a display, without a replay, or what `source` makes
   * of the next id. Undefined when there is no room.
   */
  add(name: string, source?: (id: number) => StreamSource): Stream | undefined {
    const id = this.#streams.length;
    if (id >= MAX_STREAMS) return undefined;
    const stream = this.#make(id, this.#uniqueName(name), source?.(id) ?? {});
    this.#streams.push(stream);
    this.offer(stream.id, true);
    return stream;
  }

  /** Gives a stream another name, or one like it that no other stream has. */
  rename(id: number, name: string): void {
    this.get(id)?.rename(this.#uniqueName(name, id));
    this.offer(id, this.#names.some((known) => known.id === id));
  }

  /** Whether a stream can be picked; who watches it stays. */
  offer(id: number, isOffered: boolean): void {
    const offered = this.#streams.filter((stream) => {
      return stream.id === id ? isOffered : this.#names.some((known) => known.id === stream.id);
    });
    this.#names.splice(
      0,
      Infinity,
      ...offered.map((stream) => ({ id: stream.id, name: stream.name })),
    );
  }

  /** True for a stream that can be picked. */
  isOffered(id: number): boolean {
    return this.#names.some((known) => known.id === id);
  }

  /** What streams there are to pick from. */
  get listMessage(): ServerMessage {
    return { type: "stream_list", streams: [...this.#names] };
  }

  /** All of them in the order of their ids. */
  get all(): readonly Stream[] {
    return this.#streams;
  }

  /** The one that a viewer gets who names none. */
  get first(): Stream {
    return this.#streams[0]!;
  }

  /** The stream of that id. */
  get(id: number): Stream | undefined {
    return this.#streams[id];
  }

  /** The stream that people call so: by its name in any case, or by its id. */
  find(nameOrId: string): Stream | undefined {
    const name = nameOrId.trim().toLowerCase();
    return this.#streams.find((stream) => stream.name.toLowerCase() === name) ??
      this.#streams.find((stream) => String(stream.id) === name);
  }

  /** Viewers of all streams. */
  get viewers(): number {
    return this.#sum((stream) => stream.viewers);
  }

  /** Groups that hold memory, of all streams. */
  get heldGroups(): readonly MediaGroup[] {
    return this.#streams.flatMap((stream) => stream.heldGroups);
  }

  /** Those whom frames are sent by, of all streams. */
  get senders(): readonly MediaSender[] {
    return this.#streams.flatMap((stream) => [...stream.senders]);
  }

  /** Failed when every captured stream is: one that works is worth a visit. */
  get state(): StreamState {
    const captured = this.#streams.filter(({ published }) => published === undefined);
    const states = captured.map(({ state }) => state);
    return states.find((state) => state === "running") ??
      states.find((state) => state !== "failed") ?? "failed";
  }

  /** Starts capture of all, to see whether it works or ahead of a viewer. */
  warm(): void {
    for (const stream of this.#streams) if (stream.published === undefined) stream.warm();
  }

  /** Makes every encoder smaller for as long as memory is short. */
  economise(isShort: boolean): void {
    for (const stream of this.#streams) stream.economise(isShort);
  }

  /** What the media process does concerns them all. */
  onMediaState(state: StreamState, why: string): void {
    for (const stream of this.#streams) {
      if (stream.published === undefined) stream.onMediaState(state, why);
    }
  }

  /** Sum of a counter over all streams. */
  count(counter: keyof Stream["stats"]): number {
    return this.#sum(({ stats }) => stats[counter]);
  }

  /** Counters and states of each, for the API. */
  stats(): Record<string, unknown>[] {
    return this.#streams.map((stream) => ({
      id: stream.id,
      name: stream.name,
      state: stream.state,
      reason: stream.reason,
      isCapturing: stream.isCapturing,
      viewers: stream.viewers,
      facts: stream.facts ?? null,
      ...stream.stats,
      published: stream.published?.report() ?? null,
      ...stream.sharing,
    }));
  }

  /** The streams as a session sees them; `hostTimeUs` is the clock of their frames. */
  sessionHost(hostTimeUs: SessionHost["hostTimeUs"]): SessionHost {
    const rate = (id: number): PictureRate => (this.get(id) ?? this.first).pictureRate;
    return {
      features: [],
      streamNames: this.#names,
      findStream: (wanted) => (wanted === undefined ? this.first : this.find(wanted))?.id,
      greeting: () => this.#greeting(),
      senderSettings: (id) => this.get(id)?.senderSettings,
      pictureRate: rate,
      attach: (id, sender, onFrame) => this.get(id)?.attach(sender, onFrame),
      cursor: (id) => {
        const message = this.get(id)?.cursorMessage;
        return message === undefined ? undefined : encodeServerMessage(message);
      },
      requestKeyframe: (id) => this.get(id)?.requestKeyframe("damage"),
      invalidate: (id, firstLostFrameId) => this.get(id)?.invalidate(firstLostFrameId),
      sendInput: (id, records) => this.get(id)?.sendInput(records),
      hostTimeUs,
    };
  }

  /** Tells who watches a stream where its pointer is. */
  tellPointer({ streamId, x, y, isInside }: MediaPointer): void {
    const framed = encodeServerMessage({ type: "pointer_place", streamId, x, y, isInside });
    // Who is slow needs none but the newest.
    this.#options.audience.tell(streamId, framed, "pointer");
  }

  /** Ends capture and all timers. */
  close(): void {
    for (const stream of this.#streams) stream.close();
  }

  /** Framed messages that tell a new viewer what there is. */
  #greeting(): Uint8Array[] {
    const states = this.#streams.map(({ stateMessage }) => stateMessage);
    const list = this.#names.length > 1 ? [this.listMessage] : [];
    return [...list, this.#catalog(), ...states].map(encodeServerMessage);
  }

  /** A name like that, which no stream but `id` has. */
  #uniqueName(name: string, id?: number): string {
    const others = this.#streams.filter((stream) => stream.id !== id);
    return uniqueNames([...others.map((stream) => stream.name), name]).at(-1)!;
  }

  #make(id: number, name: string, source: StreamSource): Stream {
    const { names: _names, audience, makeReplay: _makeReplay, ...shared } = this.#options;
    return new Stream({
      ...{ ...shared, ...source, id, name },
      broadcast: (framed) => audience.broadcast(framed),
      tell: (framed, replaces) => audience.tell(id, framed, replaces),
      onDescribed: () => audience.broadcast(encodeServerMessage(this.#catalog())),
      onDeviceLost: () => audience.releaseInput(id),
    });
  }

  #catalog(): ServerMessage {
    const streams = this.#streams.flatMap(({ description }) => description ?? []);
    return { type: "catalog", streams };
  }

  #sum(read: (stream: Stream) => number): number {
    return this.#streams.reduce((total, stream) => total + read(stream), 0);
  }
}
