/**
 * Feature messages: what the page's half and the worker's half of the viewer's capabilities say to each
 * other, such as those of sound, clipboard or files. Each capability adds its own types here.
 */

import type { FileCommand, FileEvent } from "../files/file_messages.ts";
import type { SoundCommand, SoundEvent } from "../sound/sound_messages.ts";

/** From the page to the worker. Each `type` is one capability's alone. */
export type FeaturePageMessage =
  /** For the files that are sent. */
  | { readonly type: "files"; readonly command: FileCommand }
  /** For the host's sound. */
  | { readonly type: "sound"; readonly command: SoundCommand };

/** From the worker to the page. Each `type` is one capability's alone. */
export type FeatureWorkerMessage =
  /** Of files that are sent, and what may be done with files. */
  | { readonly type: "files"; readonly event: FileEvent }
  /** Of the host's sound. */
  | { readonly type: "sound"; readonly event: SoundEvent };
