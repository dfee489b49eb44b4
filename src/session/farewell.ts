/**
 * Farewell: the last words of a session of any kind: why it ends, with a moment to arrive, and then the
 * connection is closed with the code of that reason.
 */

import type { Connection } from "../transport/connection.ts";
import { encodeServerMessage } from "../wire/control.ts";
import type { ServerMessage } from "../wire/control.ts";
import type { ControlChannel } from "./control_channel.ts";
import { CLOSE_CODES, gone, settleWithin } from "./handshake.ts";

/** How long the last words may take to leave, and then to be read. */
const FAREWELL_MS = 200;

/** Says the last words over `control`, then closes both; resolves when that is done, never rejects. */
export async function farewell(
  { control, connection }: { readonly control: ControlChannel; readonly connection: Connection },
  ended: Extract<ServerMessage, { type: "ended" }>,
): Promise<void> {
  control.send(encodeServerMessage(ended));
  await settleWithin(control.flushed(), FAREWELL_MS);
  // A browser throws away what it has not read when the close comes: a peer that has read it goes.
  await settleWithin(gone(connection), FAREWELL_MS);
  control.close();
  connection.close(CLOSE_CODES[ended.reason], ended.message);
}
