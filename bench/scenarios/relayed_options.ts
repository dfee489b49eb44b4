/** Options of the scenarios that measure the real stack through the relay. */

import { type Content, CONTENTS } from "../measure/x_screen.ts";
import { choiceOption, type ScenarioOption, sizeOption, wholeNumberOption } from "../scenario.ts";

/** What they have in common. */
export interface RelayedOptions {
  size: string;
  fps: number;
  content: Content;
  seconds: number;
  bitrate: number;
  delay: number;
}

/** The options, with what differs between scenarios unless given. */
export function relayedOptions(
  fallback: Pick<RelayedOptions, "fps" | "seconds" | "delay">,
): { readonly [name in keyof RelayedOptions]: ScenarioOption<RelayedOptions[name]> } {
  return {
    size: sizeOption({ width: 1280, height: 720 }),
    fps: wholeNumberOption("--fps <n>", "content and stream rate", {
      ...{ min: 10, max: 120 },
      fallback: fallback.fps,
    }),
    content: choiceOption("--content <kind>", "what the screen shows", {
      choices: CONTENTS,
      fallback: "grain",
    }),
    // The viewer logs 8,192 frames, and all of them are taken at the end.
    seconds: wholeNumberOption("--seconds <n>", "length of each measurement", {
      ...{ min: 6, max: 65 },
      fallback: fallback.seconds,
    }),
    bitrate: wholeNumberOption("--bitrate <kbps>", "the host's target in kbit/s", {
      ...{ min: 300, max: 100_000 },
      fallback: 8_000,
    }),
    delay: wholeNumberOption("--delay <ms>", "one way, in each direction", {
      ...{ min: 0, max: 500 },
      fallback: fallback.delay,
    }),
  };
}
