/**
 * Feature messages: what the page's half and the worker's half of the viewer's capabilities say to each
 * other, such as those of sound, clipboard or files. Each capability adds its own types here.
 */

import type { ClipboardCommand, ClipboardReport } from "../clipboard/clipboard_messages.ts";
import type { FileCommand, FileEvent } from "../files/file_messages.ts";
import type { HandsWorkerMessage } from "../input/hands_messages.ts";
import type { PeopleCommand, PeopleEvent } from "../people/people_messages.ts";
import type { MonitorCommand, MonitorEvent } from "../monitors/monitor_messages.ts";
import type { SideCommand } from "../monitors/side_messages.ts";
import type { SoundCommand, SoundEvent } from "../sound/sound_messages.ts";
import type { TransportEvent } from "../transport/transport_events.ts";

/** From the page to the worker. Each `type` is one capability's alone. */
export type FeaturePageMessage =
  /** For the clipboard. */
  | { readonly type: "clipboard"; readonly command: ClipboardCommand }
  /** For the files that are sent. */
  | { readonly type: "files"; readonly command: FileCommand }
  /** For the people of the host. */
  | { readonly type: "people"; readonly command: PeopleCommand }
  /** For the host's screens. */
  | { readonly type: "monitors"; readonly command: MonitorCommand }
  /** For the displays beside the one that is controlled. */
  | { readonly type: "side_views"; readonly command: SideCommand }
  /** For the host's sound. */
  | { readonly type: "sound"; readonly command: SoundCommand };

/** From the worker to the page. Each `type` is one capability's alone. */
export type FeatureWorkerMessage =
  /** Of the host's clipboard. */
  | { readonly type: "clipboard"; readonly event: ClipboardReport }
  /** Of gamepads and the host's devices. */
  | HandsWorkerMessage
  /** Of files that are sent, and what may be done with files. */
  | { readonly type: "files"; readonly event: FileEvent }
  /** Of the people of the host. */
  | { readonly type: "people"; readonly event: PeopleEvent }
  /** Of the host's screens. */
  | { readonly type: "monitors"; readonly event: MonitorEvent }
  /** Of how bytes travel. */
  | TransportEvent
  /** Of the host's sound. */
  | { readonly type: "sound"; readonly event: SoundEvent };
