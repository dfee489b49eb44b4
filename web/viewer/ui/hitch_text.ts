/**
 * Hitch text: the last time that the picture stood still, in words: how long, when, and what was to
 * blame. Words only; receive/hitch_detector.ts finds it.
 */

import type { Hitch } from "../receive/hitch_detector.ts";

/** What a hitch was, `ageMs` after it; `none` while there was none. */
export function hitchText(hitch: Hitch | undefined, ageMs: number): string {
  if (hitch === undefined) return "none";
  return `${milliseconds(hitch.durationUs)}, ${ageText(ageMs)}: ${causeText(hitch)}`;
}

function causeText(hitch: Hitch): string {
  const { delayUs, framesMissing } = hitch;
  const delay = milliseconds(delayUs);
  switch (hitch.cause) {
    case "capture":
      return `capturing took ${delay} longer`;
    case "encode":
      return `encoding took ${delay} longer`;
    case "queue":
      return delayUs === 0
        ? `a full network queue, ${frames(framesMissing)} left out`
        : `packets waited ${delay} in a queue`;
    case "loss":
      return `lost packets, ${lossText(hitch)}`;
    case "decode":
      return delayUs === 0 ? "the decoder fell behind" : `decoding took ${delay} longer`;
    case "present":
      return `drawing took ${delay} longer`;
    case "host_or_network":
      return `host or network, ${delay} late`;
  }
}

function lossText({ framesMissing, framesWaited, keyframe }: Hitch): string {
  if (framesMissing === 0) return `${frames(framesWaited)} waited for repair`;
  const given = `${frames(framesMissing)} given up`;
  return keyframe ? `${given} until a keyframe` : given;
}

function ageText(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1000);
  if (seconds < 1) return "just now";
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}

function frames(count: number): string {
  return count === 1 ? "1 frame" : `${count} frames`;
}

function milliseconds(us: number): string {
  return `${Math.round(us / 1000)} ms`;
}
