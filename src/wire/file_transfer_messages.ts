/**
 * File transfer messages: what the control stream says about files that a viewer sends to the host,
 * and which files it may. The bytes themselves go on streams of their own (file_transfer.ts). Every
 * field has a bound; names are what the other side calls a file, never a path.
 */

import * as schema from "../core/schema.ts";

/** Longest name in a message, in UTF-16 units; what is kept of it is shorter. */
export const MAX_OFFERED_NAME = 1024;

/** Why the host ended a transfer or did not begin it. */
export const FILE_FAILURES = [
  /** Larger than the host takes. */
  "too_large",
  /** The drop folder holds as much as it may. */
  "quota",
  /** Too little of the disk would stay free. */
  "disk_full",
  /** As many transfers are under way as may be. */
  "busy",
  /** This viewer may not send files, or not any more. */
  "not_allowed",
  /** What arrived is not what was sent: nothing of it is kept. */
  "mismatch",
  "write_failed",
  /** The host's user ended it. */
  "cancelled",
  /** Its stream ended early, or nothing came for a long time. What came before is kept. */
  "interrupted",
  /** The same file is sent by another connection of this browser. */
  "superseded",
] as const;
/** One of `FILE_FAILURES`. */
export type FileFailure = (typeof FILE_FAILURES)[number];

const transferId = schema.integer(0, 0xffff_ffff);
const size = schema.integer(0, Number.MAX_SAFE_INTEGER);

/** From the viewer. */
export const fileClientMessages = {
  /** A file that it would send. Offered again after a cut, it goes on where it was. */
  file_offer: {
    transferId,
    name: schema.text(MAX_OFFERED_NAME),
    bytes: size,
    modifiedMs: size,
    /** All of it was sent before, over a connection that ended without a word on that. */
    isRepeat: schema.boolean,
  },
  /** Stops and goes on; what was granted may still come. */
  file_pause: { transferId, isPaused: schema.boolean },
  /** Ends a transfer; the host throws away what came. */
  file_cancel: { transferId },
};

/** From the host. */
export const fileServerMessages = {
  /** What this viewer may do with files; said once, where it may do anything. */
  file_rights: { upload: schema.boolean, download: schema.boolean, maxBytes: size },
  /** The bytes of an offered file from `offset` on are wanted. */
  file_ready: { transferId, offset: size },
  /** Bytes before `until` may be sent; those before `written` are in the host's file. */
  file_credit: { transferId, until: size, written: size },
  /** The host's user paused a transfer, or lets it go on. */
  file_held: { transferId, isPaused: schema.boolean },
  /** The file is whole and has this name now. */
  file_done: { transferId, name: schema.text(MAX_OFFERED_NAME) },
  file_failed: { transferId, reason: schema.oneOf(FILE_FAILURES) },
};
