/**
 * Sound metrics: what is published of the host's sound and of the voices of its viewers.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import type { SoundFigures } from "../sound/host_sound.ts";

/** Adds them; `sound` gives undefined until the host has its capabilities. */
export function addSoundMetrics(
  registry: MetricRegistry,
  sound: () => SoundFigures | undefined,
): void {
  for (const [kind, name, help, read] of METRICS) {
    registry[kind]({ name: `wavry_${name}`, help }, (set) => {
      const figures = sound();
      if (figures !== undefined) set(read(figures));
    });
  }
}

type Metric = readonly [
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (figures: SoundFigures) => number | undefined,
];

const METRICS: readonly Metric[] = [
  ["gauge", "sound_listeners", "Viewers who hear the host", ({ listeners }) => listeners],
  ["gauge", "sound_heard", "1 while there is something to hear", ({ isHeard }) => Number(isHeard)],
  ["counter", "sound_frames_total", "Frames of sound that were captured", ({ hub }) => hub.frames],
  [
    ...["counter", "sound_frames_dropped_total", "Frames that were too late to be sent"] as const,
    ({ hub }) => hub.framesDropped,
  ],
  [
    ...[
      "counter",
      "sound_sent_bytes_total",
      "Bytes of datagrams of sound, copies included",
    ] as const,
    ({ hub }) => hub.datagramBytes,
  ],
  [
    ...["counter", "sound_datagrams_refused_total", "Datagrams that a path did not take"] as const,
    ({ hub }) => hub.datagramsRefused,
  ],
  ["gauge", "voice_speakers", "Viewers who speak", ({ speakers }) => speakers],
  [
    ...["gauge", "voice_frames_concealed", "Lost frames of those who speak now"] as const,
    ({ voices }) => voices?.concealed,
  ],
  [
    ...["gauge", "voice_underruns", "Times that the voice of one who speaks now ran dry"] as const,
    ({ voices }) => voices?.underruns,
  ],
];
