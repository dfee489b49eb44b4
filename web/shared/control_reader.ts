/**
 * readControl: reads the host's control messages to the end of their stream. What breaks the format
 * ends it; a path that dies ends it in silence, since the connection tells that itself.
 */

import { ProtocolError } from "../../src/core/errors.ts";
import { parseServerMessage } from "../../src/wire/control.ts";
import type { ServerMessage } from "../../src/wire/control.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageSplitter } from "../../src/wire/framing.ts";

/** Who hears what is read. */
export interface ControlHandlers {
  /** Bytes came. */
  heard(): void;
  message(message: ServerMessage): void;
  /** The host broke the format. */
  broken(reason: string): void;
}

/** Resolves at the end, however it comes. */
export async function readControl(
  readable: ReadableStream<Uint8Array>,
  handlers: ControlHandlers,
): Promise<void> {
  const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES);
  const reader = readable.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      handlers.heard();
      for (const payload of splitter.push(part.value)) {
        handlers.message(parseServerMessage(payload));
      }
    }
  } catch (error) {
    if (error instanceof ProtocolError) handlers.broken(error.message);
  }
}
