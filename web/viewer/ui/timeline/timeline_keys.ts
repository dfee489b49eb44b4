/**
 * Timeline keys: what keys do while the past is shown, or while the timeline has the focus. They are
 * those of editing programs; nothing here touches keys that go to the host.
 */

/** What a key does on the timeline. */
export type TimelineKey =
  | { readonly do: "step"; readonly frames: 1 | -1 }
  | { readonly do: "skip"; readonly seconds: number }
  /** One of the three keys of an editing desk; pressed again they go faster. */
  | { readonly do: "shuttle"; readonly direction: 1 | 0 | -1 }
  | { readonly do: "toggle" | "start" | "live" | "in" | "out" };

/** What of a KeyboardEvent is used. */
export interface PressedKey {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const KEYS: Readonly<Record<string, TimelineKey>> = {
  ",": { do: "step", frames: -1 },
  ".": { do: "step", frames: 1 },
  "<": { do: "step", frames: -1 },
  ">": { do: "step", frames: 1 },
  j: { do: "shuttle", direction: -1 },
  k: { do: "shuttle", direction: 0 },
  l: { do: "shuttle", direction: 1 },
  " ": { do: "toggle" },
  home: { do: "start" },
  end: { do: "live" },
  escape: { do: "live" },
  i: { do: "in" },
  o: { do: "out" },
};

/** What a key that went down does; undefined for a key of no meaning here. */
export function timelineKeyOf(key: PressedKey): TimelineKey | undefined {
  if (key.ctrlKey || key.altKey || key.metaKey) return undefined;
  const name = key.key.toLowerCase();
  if (name === "arrowleft" || name === "arrowright") {
    const sign = name === "arrowleft" ? -1 : 1;
    return { do: "skip", seconds: sign * (key.shiftKey ? 5 : 1) };
  }
  return Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
}

/** The rate after another press of J, K or L. */
export function shuttleRate(direction: 1 | 0 | -1, rate: number): number {
  if (direction === 0) return 0;
  if (Math.sign(rate) !== direction || Math.abs(rate) < 1) return direction;
  return direction * Math.min(4, Math.abs(rate) * 2);
}
