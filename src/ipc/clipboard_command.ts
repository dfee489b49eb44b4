/**
 * ClipboardCommand: what the server process tells the media process of the clipboards of X displays.
 * Each is named by the stream that shows the display; content goes in pieces that fit a command.
 */

import * as schema from "../core/schema.ts";
import { CLIPBOARD_TYPES, MAX_CLIPBOARD_BYTES } from "../wire/clipboard.ts";
import { MAX_STREAMS } from "../wire/codec.ts";

/** Most bytes of content in one command: what `MAX_COMMAND_BYTES` leaves beside the envelope. */
export const CLIPBOARD_GIVE_BYTES = 7 * 1024;

const MAX_DISPLAY_LENGTH = 63;
const streamId = schema.integer(0, MAX_STREAMS - 1);
const serial = schema.integer(0, 0xffff_ffff);
const content = schema.oneOf(CLIPBOARD_TYPES);
const types = schema.list(content, CLIPBOARD_TYPES.length);
const size = schema.integer(0, MAX_CLIPBOARD_BYTES);

/** Rows of the commands' schema. */
export const clipboardCommands = {
  /** Opens the clipboard of a display; answered by `clipboard_opened`. */
  clipboard_open: {
    streamId,
    display: schema.text(MAX_DISPLAY_LENGTH),
    /** What is selected with the mouse counts as copied, too. */
    withPrimary: schema.boolean,
  },
  clipboard_close: { streamId },
  /** Reads one type of what is offered; `clipboard_read_ended` tells the end. */
  clipboard_read: { streamId, serial, content, bytesMax: size },
  /** Asks for a piece of what was read, from `offset` on: `clipboard_piece`. */
  clipboard_pull: { streamId, serial, offset: size },
  /** Frees what was read, or ends a read. */
  clipboard_drop: { streamId },
  /** Owns the clipboard, or with no types gives it up; `clipboard_owned` tells what came of it. */
  clipboard_own: { streamId, serial, types },
  /** A piece of content, in order; each is answered by `clipboard_taken`. */
  clipboard_give: {
    streamId,
    serial,
    content,
    total: size,
    offset: size,
    bytes: schema.binary(CLIPBOARD_GIVE_BYTES),
  },
  /** Content that was wanted cannot be had. */
  clipboard_refuse: { streamId, serial, types },
} as const;
