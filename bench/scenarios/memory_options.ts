/**
 * Memory options: what a run of the memory benchmark can be told, and how long it takes then.
 */

import { type Content, CONTENTS } from "../measure/x_screen.ts";
import {
  choiceOption,
  type ScenarioOption,
  sizeOption,
  switchOption,
  wholeNumberOption,
} from "../scenario.ts";

/** The options of a run. */
export interface MemoryOptions {
  minutes: number;
  viewers: number;
  size: string;
  fps: number;
  content: Content;
  bitrate: number;
  warmUp: number;
  further: number;
  browser: boolean;
  skipGc: boolean;
  svg: string;
}

/** The table of options. */
export const MEMORY_OPTIONS: {
  readonly [Name in keyof MemoryOptions]: ScenarioOption<MemoryOptions[Name]>;
} = {
  minutes: wholeNumberOption("--minutes <n>", "length of the measured span", {
    ...{ min: 1, max: 24 * 60, fallback: 10 },
  }),
  viewers: wholeNumberOption("--viewers <n>", "viewers, who join one after the other", {
    ...{ min: 1, max: 64, fallback: 1 },
  }),
  size: sizeOption({ width: 1920, height: 1080 }),
  fps: wholeNumberOption("--fps <n>", "content and stream rate", {
    ...{ min: 1, max: 240, fallback: 60 },
  }),
  content: choiceOption("--content <kind>", "what the screen shows", {
    ...{ choices: CONTENTS, fallback: "game" },
  }),
  bitrate: wholeNumberOption("--bitrate <kbps>", "the host's target in kbit/s", {
    ...{ min: 200, max: 200_000, fallback: 20_000 },
  }),
  warmUp: wholeNumberOption("--warm-up <n>", "seconds before the span, after all have joined", {
    ...{ min: 0, max: 3600, fallback: 300 },
  }),
  further: wholeNumberOption("--further <n>", "viewers after the span, for the cost of one", {
    ...{ min: 0, max: 64, fallback: 3 },
  }),
  browser: switchOption("--browser", "viewers in Chromium instead of bare QUIC clients"),
  skipGc: switchOption("--skip-gc", "do not have the runtime print its collections"),
  svg: {
    flag: "--svg <file>",
    summary: "draw memory over time as SVG",
    fallback: "",
    parse: (text) => text,
  },
};
