/**
 * ClipboardMessage: what the media process tells the server process of the clipboards of X displays.
 * Serials of offers are the media process's own and begin anew with it.
 */

import * as schema from "../core/schema.ts";
import { CLIPBOARD_TYPES, MAX_CLIPBOARD_BYTES } from "../wire/clipboard.ts";
import { MAX_STREAMS } from "../wire/codec.ts";

/** Most bytes of content in one message, which it leaves room for. */
export const CLIPBOARD_PIECE_BYTES = 48 * 1024;

/** How a read ended. */
export const CLIPBOARD_READ_OUTCOMES = ["ok", "too_large", "refused", "timeout", "gone"] as const;
/** One of `CLIPBOARD_READ_OUTCOMES`. */
export type ClipboardReadOutcome = (typeof CLIPBOARD_READ_OUTCOMES)[number];

const streamId = schema.integer(0, MAX_STREAMS - 1);
const serial = schema.integer(0, 0xffff_ffff);
const content = schema.oneOf(CLIPBOARD_TYPES);
const types = schema.list(content, CLIPBOARD_TYPES.length);
const size = schema.integer(0, MAX_CLIPBOARD_BYTES);

/** Rows of the messages' schema. */
export const clipboardMessages = {
  /** It is open; or not, or not any more, and then `reason` says why. */
  clipboard_opened: { streamId, isOpen: schema.boolean, reason: schema.text(256) },
  /**
   * A program has copied something of `types`; of none: there is nothing that can be read. It is not
   * new when it was there before the clipboard was opened.
   */
  clipboard_offered: { streamId, serial, types, isNew: schema.boolean },
  clipboard_read_ended: {
    streamId,
    serial,
    content,
    outcome: schema.oneOf(CLIPBOARD_READ_OUTCOMES),
    bytes: size,
  },
  clipboard_piece: { streamId, serial, offset: size, bytes: schema.binary(CLIPBOARD_PIECE_BYTES) },
  clipboard_owned: { streamId, serial, isOwned: schema.boolean },
  /** Programs wait for content of `types` of what is owned. */
  clipboard_wanted: { streamId, serial, types },
  /** Bytes up to `offset` were taken; "late": something else is owned, or it was out of order. */
  clipboard_taken: {
    streamId,
    serial,
    content,
    offset: size,
    outcome: schema.oneOf(["more", "whole", "late"]),
  },
} as const;
