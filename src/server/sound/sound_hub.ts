/**
 * SoundHub: gives each frame of the host's sound to everybody who listens: once as bytes for each
 * depth of redundancy, however many they are. It holds the last three frames and one datagram, and
 * numbers frames across restarts of the capture.
 */

import type { MediaSound } from "../../ipc/sound_record.ts";
import {
  AUDIO_HEADER_BYTES,
  audioFramesThatFit,
  MAX_SOUND_REDUNDANCY,
  SOUND_EPOCHS,
  writeAudioDatagram,
} from "../../wire/audio.ts";
import { MAX_DATAGRAM_BYTES } from "../../wire/packet.ts";

/** The stream that the host's sound is. */
export const SOUND_STREAM_ID = 0;
/** Longest frame: one that no datagram would carry is not sent. */
export const SOUND_FRAME_BYTES_MAX = MAX_DATAGRAM_BYTES - AUDIO_HEADER_BYTES - 2;
/** Sound that waited for this long in the pipe is of no use any more. */
const OLD_US = 500_000;

/** Somebody who hears the host. */
export interface SoundListener {
  /** Older frames that go with each frame. */
  readonly depth: number;
  /** Largest datagram that its path takes. */
  readonly maxDatagramSize: number;
  /** Takes a datagram, valid only during the call; false when the transport did not. */
  send(datagram: Uint8Array): boolean;
}

/** Takes every frame as it is captured; its payload is valid only during the call. */
export type SoundFollower = (sound: MediaSound) => void;

/** Counters of a hub. */
export interface SoundHubStats {
  frames: number;
  bytes: number;
  /** Frames that came too late, or that no datagram can carry. */
  framesDropped: number;
  datagrams: number;
  datagramBytes: number;
  /** Datagrams that the transport did not take, or that the path is too narrow for. */
  datagramsRefused: number;
}

/** What a hub is made of. */
export interface SoundHubOptions {
  /** Which sound its datagrams are; default: the host's. */
  readonly streamId?: number;
  /** The first listener came, or the last one left. */
  readonly onListening: (isListening: boolean) => void;
}

/** The listeners of one sound. */
export class SoundHub {
  readonly stats: SoundHubStats = {
    ...{ frames: 0, bytes: 0, framesDropped: 0 },
    ...{ datagrams: 0, datagramBytes: 0, datagramsRefused: 0 },
  };
  readonly #options: SoundHubOptions;
  readonly #listeners = new Set<SoundListener>();
  readonly #followers = new Set<SoundFollower>();
  readonly #datagram = new Uint8Array(MAX_DATAGRAM_BYTES);
  readonly #rooms = Array.from(
    { length: 1 + MAX_SOUND_REDUNDANCY },
    () => new Uint8Array(SOUND_FRAME_BYTES_MAX),
  );
  /** Newest first; each a view of one of the rooms. */
  #frames: Uint8Array[] = [];
  #sequence = 0;
  #epoch = 0;
  #captureEpoch: number | undefined;
  #captureFrameId = 0;

  constructor(options: SoundHubOptions) {
    this.#options = options;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#datagram.byteLength + this.#rooms.length * SOUND_FRAME_BYTES_MAX;
  }

  /** How many viewers listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Somebody listens, or keeps what is heard. */
  get isWanted(): boolean {
    return this.#listeners.size + this.#followers.size > 0;
  }

  add(listener: SoundListener): void {
    const { isWanted } = this;
    this.#listeners.add(listener);
    if (!isWanted) this.#options.onListening(true);
  }

  remove(listener: SoundListener): void {
    if (this.#listeners.delete(listener) && !this.isWanted) this.#options.onListening(false);
  }

  /** Gives every frame to `follower` until the end that it returns is called. */
  follow(follower: SoundFollower): () => void {
    const { isWanted } = this;
    this.#followers.add(follower);
    if (!isWanted) this.#options.onListening(true);
    return () => {
      if (this.#followers.delete(follower) && !this.isWanted) this.#options.onListening(false);
    };
  }

  /** A capture begins: its frames are numbered anew, and a decoder has to begin anew. */
  restart(): void {
    this.#captureEpoch = undefined;
    this.#frames = [];
  }

  /** Sends a frame to all; `nowUs` is of the clock of capture times, where it is known. */
  push(sound: MediaSound, nowUs: number | undefined): void {
    const { payload, captureTimeUs } = sound;
    const isOld = nowUs !== undefined && nowUs - captureTimeUs > OLD_US;
    const hasRoom = payload.byteLength <= SOUND_FRAME_BYTES_MAX;
    this.#number(sound);
    for (const follower of this.#followers) follower(sound);
    if (isOld || !hasRoom) {
      this.stats.framesDropped++;
      // What follows must not be taken for its neighbour.
      this.#frames = [];
      return;
    }
    this.stats.frames++;
    this.stats.bytes += payload.byteLength;
    this.#keep(payload);
    this.#sendAll(sound);
  }

  #number({ epoch, frameId }: MediaSound): void {
    if (epoch !== this.#captureEpoch) {
      this.#epoch = (this.#epoch + 1) % SOUND_EPOCHS;
      this.#sequence++;
      this.#frames = [];
    } else {
      const steps = Math.max(1, (frameId - this.#captureFrameId) >>> 0);
      this.#sequence += steps;
      if (steps > 1) this.#frames = [];
    }
    this.#sequence %= 0x1_0000_0000;
    this.#captureEpoch = epoch;
    this.#captureFrameId = frameId;
  }

  #keep(payload: Uint8Array): void {
    const room = this.#rooms.pop()!;
    this.#rooms.unshift(room);
    room.set(payload);
    const kept = this.#frames.slice(0, MAX_SOUND_REDUNDANCY);
    this.#frames = [room.subarray(0, payload.byteLength), ...kept];
  }

  #sendAll(sound: MediaSound): void {
    let writtenCount = 0;
    let datagram = this.#datagram.subarray(0, 0);
    for (const listener of this.#listeners) {
      const wanted = this.#frames.slice(0, 1 + listener.depth);
      const count = audioFramesThatFit(
        wanted,
        Math.min(listener.maxDatagramSize, MAX_DATAGRAM_BYTES),
      );
      if (count !== 0 && count !== writtenCount) {
        datagram = this.#write(sound, count);
        writtenCount = count;
      }
      if (count === 0 || !listener.send(datagram)) {
        this.stats.datagramsRefused++;
        continue;
      }
      this.stats.datagrams++;
      this.stats.datagramBytes += datagram.byteLength;
    }
  }

  #write({ channels, frameUs, captureTimeUs }: MediaSound, count: number): Uint8Array<ArrayBuffer> {
    const bytes = writeAudioDatagram(this.#datagram, {
      kind: "sound",
      streamId: this.#options.streamId ?? SOUND_STREAM_ID,
      epoch: this.#epoch,
      sequence: this.#sequence,
      ...{ channels, frameUs, captureTimeUs },
      frames: this.#frames.slice(0, count),
    });
    return this.#datagram.subarray(0, bytes);
  }
}
