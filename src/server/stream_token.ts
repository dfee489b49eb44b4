/**
 * StreamToken: the secret that a program without a browser session shows: one to watch (players by
 * WHEP), another to publish (OBS, GStreamer, ffmpeg by WHIP). Each lives in a file of the state
 * directory, mode 0600, and outlives restarts; in memory there is only its hash.
 */

import { constantTimeEqual } from "../core/bytes.ts";
import { hashSecret, isSecret, newSecret } from "../session/access_token.ts";
import type { StateDirectory } from "./state_directory.ts";

/** What a token is good for. */
export type StreamTokenUse = "watch" | "publish";

/** Knows one token. */
export class StreamToken {
  /** Where the token can be read. */
  readonly path: string;
  readonly #hash: Uint8Array;

  private constructor(path: string, token: string) {
    this.path = path;
    this.#hash = hashSecret(token);
  }

  /** Reads the token, or makes one where there is none or a damaged one. */
  static async open(state: StateDirectory, use: StreamTokenUse): Promise<StreamToken> {
    const name = `${use}-token`;
    const path = `${state.path}/${name}`;
    const stored = (await state.read(name))?.trim() ?? "";
    if (isSecret(stored)) return new StreamToken(path, stored);
    const token = newSecret();
    await state.write(name, `${token}\n`);
    return new StreamToken(path, token);
  }

  /** True for an Authorization header with the token; takes as long for any other of its form. */
  accepts(authorization: string | undefined): boolean {
    const given = /^Bearer ([\w-]+)$/i.exec(authorization ?? "")?.[1] ?? "";
    return isSecret(given) && constantTimeEqual(hashSecret(given), this.#hash);
  }
}
