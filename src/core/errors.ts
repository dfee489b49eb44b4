/**
 * Domain errors: what can go wrong outside the program, each with a `reason` that code can branch
 * on. Expected outcomes (a late packet, a full pool) are return values and counters, not errors.
 */

/** What a `WavryError` carries besides its message. */
export interface ErrorDetails<Reason extends string> {
  /** Machine-readable cause, stable across versions. */
  reason: Reason;
  /** The lower-level error that led here. */
  cause?: unknown;
}

abstract class WavryError<Reason extends string> extends Error {
  /** Machine-readable cause, stable across versions. */
  readonly reason: Reason;

  constructor(message: string, details: ErrorDetails<Reason>) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = details.reason;
  }
}

/** A value in the configuration cannot be used; the message names the option and the value. */
export class ConfigError
  extends WavryError<"unknown_option" | "bad_value" | "unreadable_file" | "conflict"> {
  override readonly name = "ConfigError";
}

/** Bytes from a peer break the wire format. */
export class ProtocolError
  extends WavryError<"truncated" | "too_large" | "bad_value" | "unexpected" | "unsupported"> {
  override readonly name = "ProtocolError";
}

/** A connection failed or was closed; `code` keeps the peer's code when it gave one. */
export class TransportError
  extends WavryError<"closed" | "timeout" | "refused" | "reset" | "unavailable"> {
  override readonly name = "TransportError";
  /** The application error code of the peer, or undefined. */
  readonly code: number | undefined;

  constructor(
    message: string,
    details: ErrorDetails<TransportError["reason"]> & { code?: number },
  ) {
    super(message, details);
    this.code = details.code;
  }
}

/** A peer lacks the right to do what it asked for. */
export class AccessError
  extends WavryError<"bad_secret" | "expired" | "forbidden_role" | "foreign_origin"> {
  override readonly name = "AccessError";
}

/** A limit was reached; the message names the limit. */
export class CapacityError
  extends WavryError<"sessions" | "streams" | "memory" | "rate" | "queue"> {
  override readonly name = "CapacityError";
}

/** A native call failed; `status` is the library's negative status code. */
export class NativeError extends WavryError<
  "unavailable" | "unsupported" | "display_lost" | "out_of_memory" | "invalid" | "failed"
> {
  override readonly name = "NativeError";
  /** Negative `wv_status` value of the native library. */
  readonly status: number;

  constructor(message: string, details: ErrorDetails<NativeError["reason"]> & { status: number }) {
    super(message, details);
    this.status = details.status;
  }
}
