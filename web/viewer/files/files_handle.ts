/**
 * FilesHandle: what the viewer and the panel of files ask of each other, across the border of their
 * bundles. Types only.
 */

import type { FileCommand, FileEvent, FileRights } from "./file_messages.ts";

/** What the panel is given. */
export interface FilesParts {
  readonly hostName: () => string;
  readonly send: (command: FileCommand) => void;
  readonly notice: (text: string) => void;
  /** It was opened or closed. */
  readonly opened: (isOpen: boolean) => void;
  /** Some file is on its way, or none. */
  readonly busy: (isBusy: boolean) => void;
}

/** What the viewer does with the panel. */
export interface FilesHandle {
  readonly root: HTMLElement;
  readonly isOpen: boolean;
  open(takesFocus: boolean): void;
  close(): void;
  setRights(rights: FileRights): void;
  setConnected(isConnected: boolean): void;
  /** Sends files. */
  add(files: readonly File[]): void;
  take(event: Extract<FileEvent, { event: "sent" }>): void;
}
