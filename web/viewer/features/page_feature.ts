/**
 * PageFeature: the page's half of one capability of the viewer beside the picture: its controls in the
 * window and what it hears of the worker. What is not needed for the first picture is loaded later.
 */

import type { Role } from "../../../src/wire/control.ts";
import type { Permission } from "../../../src/wire/permission.ts";
import type { InputControl } from "../input/input_control.ts";
import type { ViewerRights } from "../people/people_rights.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import type { ViewerWindow } from "../ui/viewer_window.ts";
import type { PageMessage, WorkerMessage } from "../worker_messages.ts";

/** What a capability has for the life of the viewer. */
export interface PageFeatureContext {
  /** Keys, pointer and fingers, and what of the picture is in sight. */
  readonly input: InputControl;
  /** Where its controls go: `toolbar.add`, `addLayer`, `notices`. */
  readonly window: ViewerWindow;
  /** The element `<wavry-viewer>`. */
  readonly root: HTMLElement;
  /** Sends to the worker; `transfer` hands buffers over. */
  send(message: PageMessage, transfer?: Transferable[]): void;
  /** Sends encoded input records and pointer datagrams. */
  sendInput(
    record: Uint8Array<ArrayBuffer> | undefined,
    datagram: Uint8Array<ArrayBuffer> | undefined,
  ): void;
  /** What this viewer may do is another than it was told at its welcome; all capabilities hear of it. */
  setRights(rights: ViewerRights): void;
  /** Raises every key and button, for what takes the focus away. */
  releaseInput(): void;
  readonly hostName: string;
}

/** A session that runs, as the page knows it. */
export interface PageSession {
  readonly role: Role;
  readonly permissions: readonly Permission[];
  readonly streamId: number;
}

/** The page's half of a capability. */
export interface PageFeature {
  /** Messages of the worker that come here. */
  readonly workerMessages: readonly WorkerMessage["type"][];
  /** Shortcuts that come here. */
  readonly shortcuts?: readonly ShortcutAction[];
  onWorkerMessage(message: WorkerMessage): void;
  onShortcut?(action: ShortcutAction): void;
  onConnected?(session: PageSession): void;
  /** What this viewer may do changed in mid-session. */
  onRights?(rights: ViewerRights): void;
  /** Another display is watched in the same session. */
  onStream?(streamId: number): void;
  /** The first picture of a connection was drawn. */
  onPicture?(): void;
  onDisconnected?(): void;
  /** The element is taken out of the page. */
  close?(): void;
}
