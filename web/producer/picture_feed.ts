/**
 * PictureFeed: hands the pictures of a track from the page to the worker in the best way that the
 * browser has: as a stream of frames, as the track itself, or frame by frame from an element that plays
 * it. At most one frame is on its way in the last case.
 */

import type { ProducerCommand } from "./producer_messages.ts";

type TrackProcessorClass = new (
  init: { readonly track: MediaStreamTrack; readonly maxBufferSize?: number },
) => { readonly readable: ReadableStream<VideoFrame> };

/** Sends to the worker; `transfer` hands things over. */
export type CommandSender = (command: ProducerCommand, transfer?: Transferable[]) => void;

/** Feeds one worker. */
export class PictureFeed {
  readonly #send: CommandSender;
  #element: HTMLVideoElement | undefined;
  #track: MediaStreamTrack | undefined;
  #isTaken = true;

  constructor(send: CommandSender) {
    this.#send = send;
  }

  /** The worker gets the pictures of `track` from now on, and no others. */
  use(track: MediaStreamTrack | undefined): void {
    this.#stopElement();
    this.#track = track;
    if (track === undefined) return this.#send({ type: "no_pictures" });
    const { MediaStreamTrackProcessor: Processor } = globalThis as unknown as {
      MediaStreamTrackProcessor?: TrackProcessorClass;
    };
    if (Processor !== undefined) {
      // Of pictures that wait only the newest is of use.
      const { readable } = new Processor({ track, maxBufferSize: 1 });
      return this.#send({ type: "pictures", readable }, [readable]);
    }
    try {
      const copy = track.clone();
      this.#send({ type: "picture_track", track: copy }, [copy as unknown as Transferable]);
    } catch {
      this.#play(track);
    }
  }

  /** The worker cannot read tracks. */
  trackRefused(): void {
    if (this.#track !== undefined) this.#play(this.#track);
  }

  /** The worker has taken the frame that was on its way. */
  frameTaken(): void {
    this.#isTaken = true;
  }

  #play(track: MediaStreamTrack): void {
    const element = document.createElement("video");
    element.muted = true;
    element.playsInline = true;
    element.srcObject = new MediaStream([track]);
    this.#element = element;
    this.#isTaken = true;
    element.play().catch(() => {});
    const next = () => {
      if (element !== this.#element) return;
      element.requestVideoFrameCallback(next);
      if (!this.#isTaken) return;
      this.#isTaken = false;
      const frame = new VideoFrame(element, { timestamp: Math.round(performance.now() * 1000) });
      this.#send({ type: "frame", frame }, [frame]);
    };
    element.requestVideoFrameCallback(next);
  }

  #stopElement(): void {
    const element = this.#element;
    this.#element = undefined;
    if (element !== undefined) element.srcObject = null;
  }
}
