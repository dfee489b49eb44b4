/**
 * ConnectInfo: what the host's API tells a page before it dials: where, with which certificates, and
 * the single-use ticket for the hello. Checked strictly, as every message from a network is.
 */

import * as schema from "../../src/core/schema.ts";
import { MAX_STREAMS } from "../../src/wire/codec.ts";
import type { Role } from "../../src/wire/control.ts";

/** Certificates that may be valid at once: today's, the next one, and room for one more. */
const MAX_CERTIFICATES = 4;
const MAX_PATH = 128;

// Named here, not imported: the page's bundle would take the whole control format along.
const roles = ["viewer", "player", "admin"] as const satisfies readonly Role[];

/** Schema of the answer to POST /api/session and POST /api/ticket. */
export const connectInfoSchema = schema.object({
  /** Single use; the first message of the connection carries it. */
  ticket: schema.text(128),
  /** When the ticket is no longer taken, Unix time in milliseconds. */
  ticketExpiresMs: schema.number(0, Number.MAX_SAFE_INTEGER),
  role: schema.oneOf(roles),
  webTransport: schema.object({
    url: schema.text(512),
    /** SHA-256 of the certificates in base64; empty when a public authority vouches for them. */
    certificateHashes: schema.list(schema.text(64), MAX_CERTIFICATES),
  }),
  /** Other ways to the same session, on the page's own address; a host of before had none. */
  transports: schema.optional(schema.object({
    webrtc: schema.optional(schema.object({ path: schema.text(MAX_PATH) })),
    tcp: schema.optional(schema.object({ path: schema.text(MAX_PATH) })),
  })),
  streamId: schema.integer(0, MAX_STREAMS - 1),
  /** Name of the host, for people. */
  name: schema.text(128),
});

/** Where and how to connect. */
export type ConnectInfo = schema.Infer<typeof connectInfoSchema>;
