/**
 * LocalClipboard: what of a browser's clipboard is used, apart from the browser, so that what decides
 * runs without one.
 */

import type { ClipboardType } from "../../../src/wire/clipboard.ts";

/** Content that the browser's clipboard has. */
export interface LocalContent {
  readonly type: ClipboardType;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Content on its way to the browser's clipboard. */
export interface ComingContent {
  readonly type: ClipboardType;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

/** What of the browser's clipboard is used; tests give their own. */
export interface LocalClipboard {
  /** True when it can be read without asking the person. */
  canRead(): Promise<boolean>;
  /** True when it can be written without a gesture. */
  canWrite(): Promise<boolean>;
  /** True while the page has the focus, without which browsers give nothing. */
  hasFocus(): boolean;
  /** Rejects when the person or the browser refuses. */
  read(types: readonly ClipboardType[]): Promise<LocalContent[]>;
  /** Rejects when the browser refuses, or one of the contents does not come. */
  write(contents: readonly ComingContent[]): Promise<void>;
}
