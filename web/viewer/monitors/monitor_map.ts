/**
 * Monitor map: where the monitors of a screen lie on a small drawing of it, in parts of its width and
 * height, and what each is called and read out as. Functions of what the host said.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import type { MonitorDescription, ScreenDescription } from "../../../src/wire/monitor_messages.ts";

/** One rectangle of the drawing, in percent of it. */
export interface MapTile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly name: string;
  /** Size and rate, such as `1920 × 1080, 60 Hz`. */
  readonly details: string;
  /** The stream that shows it alone. */
  readonly streamId: number | undefined;
  readonly isPrimary: boolean;
}

/** A drawing of a screen. */
export interface ScreenMap {
  readonly aspect: number;
  readonly tiles: readonly MapTile[];
}

/**
 * Monitors that hang over the edge are cut; those that no pixel is left of are left out, and one that
 * is all of the screen where others are parts of it, since it would hide them.
 */
export function mapScreen({ width, height, monitors }: ScreenDescription): ScreenMap {
  if (width < 1 || height < 1) return { aspect: 1, tiles: [] };
  const parts = monitors.filter((one) => one.width < width || one.height < height);
  const tiles = (parts.length > 0 ? parts : monitors).flatMap((monitor) => {
    const left = Math.max(0, monitor.x);
    const top = Math.max(0, monitor.y);
    const right = Math.min(width, monitor.x + monitor.width);
    const bottom = Math.min(height, monitor.y + monitor.height);
    if (right <= left || bottom <= top) return [];
    const tile: MapTile = {
      left: 100 * left / width,
      top: 100 * top / height,
      width: 100 * (right - left) / width,
      height: 100 * (bottom - top) / height,
      name: monitor.name,
      details: describeMonitor(monitor),
      streamId: monitor.streamId,
      isPrimary: monitor.isPrimary,
    };
    return [tile];
  });
  return { aspect: width / height, tiles };
}

/**
 * Streams to show beside one: the other whole displays, or beside a monitor the other monitors; nothing
 * that shows the same pixels twice.
 */
export function streamsBeside(
  streams: readonly StreamName[],
  screens: readonly ScreenDescription[],
  streamId: number | undefined,
): StreamName[] {
  const parts = new Map(
    screens.flatMap(({ streamId: screenId, monitors }) =>
      monitors.flatMap((one) =>
        one.streamId === undefined ? [] : [[one.streamId, screenId]] as const
      )
    ),
  );
  // The screen whose monitors stand for it.
  const divided = streamId === undefined ? undefined : parts.get(streamId);
  return streams.filter(({ id }) => {
    if (id === streamId || id === divided) return false;
    const screenId = parts.get(id);
    return screenId === undefined || (divided !== undefined && screenId === divided);
  });
}

/** Size and rate for people. */
export function describeMonitor(
  { width, height, refreshMilliHz }: Pick<
    MonitorDescription,
    "width" | "height" | "refreshMilliHz"
  >,
): string {
  const size = `${width} × ${height}`;
  return refreshMilliHz > 0 ? `${size}, ${Math.round(refreshMilliHz / 1000)} Hz` : size;
}

/** The screen that a stream shows, all or a part of it. */
export function screenOf(
  screens: readonly ScreenDescription[],
  streamId: number | undefined,
): ScreenDescription | undefined {
  return screens.find((screen) => {
    return screen.streamId === streamId ||
      screen.monitors.some((monitor) => {
        return monitor.streamId !== undefined && monitor.streamId === streamId;
      });
  });
}
