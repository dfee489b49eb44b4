/**
 * MediaRecordRouter: turns records of the media process into calls of the server's handlers, and
 * gives frames numbers that go on across restarts. A handler that throws costs its record only.
 */

import type { Logger } from "../core/log.ts";
import { MAX_FRAME_BYTES } from "../wire/frame.ts";
import { FrameNumbering } from "./frame_numbering.ts";
import type { MediaHandlers } from "./media_handlers.ts";
import { type MediaMessage, parseMediaMessage, parseStartedText } from "./media_message.ts";
import { type MediaRecord, STATUS_CHANGED, STATUS_MOVED, STATUS_STARTED } from "./media_record.ts";
import { soundOf, soundStateOf } from "./sound_record.ts";

/** Longest failure text that is kept. */
const MAX_STATUS_TEXT_BYTES = 512;

/** Native status codes that a running stream ends with. */
const STATUS_REASONS: Readonly<Record<number, string>> = {
  [-1]: "invalid",
  [-2]: "out_of_memory",
  [-3]: "unsupported",
  [-4]: "unavailable",
  [-5]: "display_lost",
  [-11]: "size_changed",
};

/** Counters of a `MediaRecordRouter`. */
export interface MediaRouterStats {
  frames: number;
  frameBytes: number;
  /** Frames above `MAX_FRAME_BYTES`, which no packet format can carry. */
  framesTooLarge: number;
  cursors: number;
  messages: number;
  handlerErrors: number;
}

/** What a `MediaRecordRouter` needs. */
export interface MediaRouterOptions {
  readonly handlers: MediaHandlers;
  readonly log: Logger;
  /** Takes every message, before the handlers are asked. */
  readonly onMessage: (message: MediaMessage) => void;
  /** A frame was thrown away here: the encoder must not refer to it. */
  readonly onFrameLost: (streamId: number, frameId: number) => void;
}

/** Routes records; one for the life of the server. */
export class MediaRecordRouter {
  readonly #options: MediaRouterOptions;
  readonly #numberings = new Map<number, FrameNumbering>();
  readonly #stats: MediaRouterStats = {
    frames: 0,
    frameBytes: 0,
    framesTooLarge: 0,
    cursors: 0,
    messages: 0,
    handlerErrors: 0,
  };

  constructor(options: MediaRouterOptions) {
    this.#options = options;
  }

  get stats(): Readonly<MediaRouterStats> {
    return this.#stats;
  }

  /** Numbers of a stream; at most 16 exist, since a stream id is below 16. */
  numbering(streamId: number): FrameNumbering {
    let numbering = this.#numberings.get(streamId);
    if (numbering === undefined) {
      numbering = new FrameNumbering();
      this.#numberings.set(streamId, numbering);
    }
    return numbering;
  }

  /** Hands one record on before it returns. Throws ProtocolError when it makes no sense. */
  route(record: MediaRecord): void {
    switch (record.header.kind) {
      case "video":
        return this.#routeFrame(record);
      case "cursor":
        return this.#routeCursor(record);
      case "pointer": {
        const { streamId, width: x, height: y, isCursorVisible: isInside } = record.header;
        const { handlers } = this.#options;
        return this.#guard("pointer", () => handlers.pointer?.({ streamId, x, y, isInside }));
      }
      case "status":
        return this.#routeStatus(record);
      case "sound":
        return this.#routeSound(record);
      case "sound_status": {
        const state = soundStateOf(record);
        return this.#guard("sound state", () => this.#options.handlers.soundState?.(state));
      }
      case "message": {
        this.#stats.messages++;
        const message = parseMediaMessage(record.payload);
        this.#options.onMessage(message);
        return this.#routeMessage(message);
      }
    }
  }

  #routeFrame({ header, payload }: MediaRecord): void {
    const { streamId } = header;
    const frameId = this.numbering(streamId).toViewer(header.frameId);
    if (payload.byteLength > MAX_FRAME_BYTES) {
      this.#stats.framesTooLarge++;
      this.#options.onFrameLost(streamId, frameId);
      return;
    }
    this.#stats.frames++;
    this.#stats.frameBytes += payload.byteLength;
    this.#guard("frame", () =>
      this.#options.handlers.frame({
        streamId,
        frameId,
        referenceDistance: header.referenceDistance,
        layer: header.layer,
        captureTimeUs: header.captureTimeUs,
        payload,
        grabUs: header.grabUs,
        convertUs: header.convertUs,
        firstSliceUs: header.firstSliceUs,
        encodeUs: header.encodeUs,
        emitUs: header.emitUs,
        bytes: payload.byteLength,
        qp: header.qp,
        width: header.width,
        height: header.height,
        isUnchanged: header.isUnchanged,
        droppedFrames: header.droppedFrames,
      }));
  }

  #routeCursor({ header, payload }: MediaRecord): void {
    this.#stats.cursors++;
    const { streamId, serial, width, height, hotspotX, hotspotY } = header;
    const visible = header.isCursorVisible;
    const shrunk = Math.max(1, header.frameId);
    const image = { width, height, hotspotX, hotspotY, shrunk, rgba: payload };
    this.#guard(
      "cursor",
      () => this.#options.handlers.cursor({ streamId, serial, visible, ...image }),
    );
  }

  #routeSound(record: MediaRecord): void {
    const sound = soundOf(record);
    if (sound === undefined) return;
    this.#guard("sound", () => this.#options.handlers.sound?.(sound));
  }

  #routeStatus({ header, payload }: MediaRecord): void {
    const { streamId, serial } = header;
    const { handlers } = this.#options;
    // The same picture: only input is aimed elsewhere, which the media process does.
    if (serial === STATUS_MOVED) return;
    if (serial !== STATUS_STARTED && serial !== STATUS_CHANGED) {
      const message = new TextDecoder().decode(payload.subarray(0, MAX_STATUS_TEXT_BYTES));
      const reason = STATUS_REASONS[serial] ?? "failed";
      return this.#guard("failed", () => handlers.failed({ streamId, reason, message }));
    }
    const { fpsMax, source, convert: _convert, display: _display, ...text } = parseStartedText(
      payload,
    );
    const facts = { ...text, fps: fpsMax, capture: source };
    // The record lies in the pipe before the frames of the new encoder and behind those of the old.
    if (serial === STATUS_STARTED) this.numbering(streamId).begin();
    this.#guard("started", () => handlers.started({ streamId, ...facts }));
  }

  #routeMessage(message: MediaMessage): void {
    const { handlers, log } = this.#options;
    if (message.type === "stream_failed") {
      const { streamId, reason } = message;
      this.#guard("failed", () => handlers.failed({ streamId, reason, message: message.message }));
    } else if (message.type === "media_stats") {
      const { type: _type, ...stats } = message;
      this.#guard("stats", () => handlers.stats(stats));
    } else if (message.type === "log") {
      log[message.level](message.message);
    } else {
      this.#guard("message", () => handlers.message?.(message));
    }
  }

  #guard(what: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#stats.handlerErrors++;
      this.#options.log.error("Cannot handle a record of the media process", {
        what,
        error: error instanceof Error ? error.stack ?? error.message : String(error),
      });
    }
  }
}
