/**
 * MonitorMessages: what control messages say of screens: how each is divided into monitors, and that a
 * viewer wants one to have the size of its window.
 */

import * as schema from "../core/schema.ts";
import { MAX_PICTURE_SIDE, MAX_STREAMS } from "./codec.ts";

/** Most monitors of one screen that are told. */
export const MAX_MONITORS = 16;
/** Longest name of a monitor. */
export const MAX_MONITOR_NAME = 31;
/** A screen is never made smaller, in pixels a side. */
export const MIN_SCREEN_SIDE = 240;
/** Pixels of the screen for each CSS pixel of a window: what a viewer may ask for. */
export const MIN_SCREEN_SCALE = 0.5;
/** See `MIN_SCREEN_SCALE`. */
export const MAX_SCREEN_SCALE = 5;

const streamId = schema.integer(0, MAX_STREAMS - 1);
const side = schema.integer(0, MAX_PICTURE_SIDE);
/** Monitors may hang over the edge of their screen. */
const place = schema.integer(-32_768, 32_767);

const monitorSchema = schema.object({
  name: schema.text(MAX_MONITOR_NAME),
  /** Place on the screen in pixels. */
  x: place,
  y: place,
  width: schema.integer(0, 32_767),
  height: schema.integer(0, 32_767),
  isPrimary: schema.boolean,
  /** Thousandths of a hertz; 0 where nobody knows. */
  refreshMilliHz: schema.integer(0, 10_000_000),
  /** The stream that shows just this monitor, where there is one. */
  streamId: schema.optional(streamId),
});

const screenSchema = schema.object({
  /** The stream that shows all of it. */
  streamId,
  width: side,
  height: side,
  /** It takes `resize_display`. */
  isResizable: schema.boolean,
  /** Largest size that it may be given, in pixels; 0 where it takes none. */
  maxWidth: side,
  maxHeight: side,
  monitors: schema.list(monitorSchema, MAX_MONITORS),
});

/** Messages that a viewer sends. */
export const monitorClientMessages = {
  /** The screen of this stream shall have this many pixels, and so many for each of a usual one. */
  resize_display: {
    streamId,
    width: schema.integer(1, MAX_PICTURE_SIDE),
    height: schema.integer(1, MAX_PICTURE_SIDE),
    scale: schema.number(MIN_SCREEN_SCALE, MAX_SCREEN_SCALE),
  },
} as const;

/** Messages that the server sends. */
export const monitorServerMessages = {
  /** Every screen whose layout is known; sent after welcome and whenever one changes. */
  monitor_list: { screens: schema.list(screenSchema, MAX_STREAMS) },
  /** What became of `resize_display`: the size that the screen has now, or why it kept its own. */
  display_resized: {
    streamId,
    outcome: schema.oneOf(["done", "refused", "failed"]),
    width: side,
    height: side,
    /** For people; empty when it was done. */
    reason: schema.text(256),
  },
} as const;

/** One screen of `monitor_list`. */
export type ScreenDescription = schema.Infer<typeof screenSchema>;
/** One monitor of a screen. */
export type MonitorDescription = schema.Infer<typeof monitorSchema>;
