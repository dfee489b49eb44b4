/**
 * MetricsToken: the secret that a program shows to read the metrics. It lives in the state directory,
 * where whoever runs the host can read it, and outlives restarts; in memory there is only its hash.
 */

import { constantTimeEqual } from "../../core/bytes.ts";
import { hashSecret, isSecret, newSecret } from "../../session/access_token.ts";
import type { StateDirectory } from "../state_directory.ts";

/** File in the state directory. */
export const METRICS_TOKEN_FILE = "metrics-token";

/** Knows the token. */
export class MetricsToken {
  /** Where the token can be read. */
  readonly path: string;
  readonly #hash: Uint8Array;

  private constructor(path: string, token: string) {
    this.path = path;
    this.#hash = hashSecret(token);
  }

  /** Reads the token, or makes one where there is none or a damaged one. */
  static async open(state: StateDirectory): Promise<MetricsToken> {
    const path = `${state.path}/${METRICS_TOKEN_FILE}`;
    const stored = (await state.read(METRICS_TOKEN_FILE))?.trim() ?? "";
    if (isSecret(stored)) return new MetricsToken(path, stored);
    const token = newSecret();
    await state.write(METRICS_TOKEN_FILE, `${token}\n`);
    return new MetricsToken(path, token);
  }

  /** True for an Authorization header with the token; takes as long for any other of its form. */
  accepts(authorization: string | undefined): boolean {
    const given = /^Bearer ([\w-]+)$/i.exec(authorization ?? "")?.[1] ?? "";
    return isSecret(given) && constantTimeEqual(hashSecret(given), this.#hash);
  }
}
