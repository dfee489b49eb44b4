/**
 * Media features: the capabilities of the media process beside capture and encode, each named once
 * here, and the commands that they take.
 */

import type { MediaCommand } from "../ipc/media_command.ts";
import { ClipboardFeature } from "./clipboard_feature.ts";
import type { MediaFeature, MediaFeatureContext } from "./media_feature.ts";
import { SoundCapture } from "./sound_capture.ts";
import { SoundVoices } from "./sound_voices.ts";

/** Every capability there is. */
const FEATURES: readonly ((context: MediaFeatureContext) => MediaFeature)[] = [
  (context) => new ClipboardFeature(context),
  (context) => new SoundCapture(context),
  (context) => new SoundVoices(context),
];

/** The capabilities of one media process. */
export class MediaFeatures {
  readonly #features: readonly MediaFeature[];
  readonly #byCommand = new Map<string, MediaFeature>();

  constructor(context: MediaFeatureContext) {
    this.#features = FEATURES.map((make) => make(context));
    for (const feature of this.#features) {
      for (const type of feature.commands) this.#byCommand.set(type, feature);
    }
  }

  /** Gives a command to its capability. Throws RangeError when it is nobody's. */
  handle(command: MediaCommand): void {
    const feature = this.#byCommand.get(command.type);
    if (feature === undefined) throw new RangeError(`Cannot carry out "${command.type}"`);
    feature.handle(command);
  }

  /** About once a second. */
  onSecond(nowUs: number): void {
    for (const feature of this.#features) feature.onSecond?.(nowUs);
  }

  /** Ends them all; never rejects. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#features.map(async (feature) => await feature.close?.()));
  }
}
