/**
 * StateDirectory: the few small files that outlive the server: certificates with their keys, and
 * hashes of browser sessions. Directory 0700, files 0600, written whole and renamed, at most
 * `MAX_STATE_FILE_BYTES` each.
 */

import { ConfigError } from "../core/errors.ts";

/** Largest file that is read or written. */
export const MAX_STATE_FILE_BYTES = 1024 * 1024;

/** Where state is kept when nobody says: XDG_STATE_HOME/wavry, else ~/.local/state/wavry. */
export function defaultStateDirectory(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const home = environment["HOME"] || "/root";
  return `${environment["XDG_STATE_HOME"] || `${home}/.local/state`}/wavry`;
}

/** Small files of one owner. */
export class StateDirectory {
  /** Absolute or relative path. */
  readonly path: string;
  #writes = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the directory when it is missing. Rejects with ConfigError. */
  static async open(path: string): Promise<StateDirectory> {
    try {
      await Deno.mkdir(path, { recursive: true, mode: 0o700 });
      await Deno.chmod(path, 0o700);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ConfigError(`Cannot use --state-dir "${path}": ${why}`, {
        reason: "unreadable_file",
        cause,
      });
    }
    return new StateDirectory(path);
  }

  /** Text of file `name`, or undefined when it is missing, unreadable or too large. */
  async read(name: string): Promise<string | undefined> {
    const path = `${this.path}/${name}`;
    try {
      const { size } = await Deno.stat(path);
      return size > MAX_STATE_FILE_BYTES ? undefined : await Deno.readTextFile(path);
    } catch {
      return undefined;
    }
  }

  /** Replaces file `name`; a crash leaves the old or the new one, never half of either. */
  async write(name: string, text: string): Promise<void> {
    if (text.length > MAX_STATE_FILE_BYTES) {
      throw new RangeError(`Cannot write ${text.length} bytes of state to "${name}"`);
    }
    const temporary = `${this.path}/.${name}.${Deno.pid}.${this.#writes++}`;
    await Deno.writeTextFile(temporary, text, { mode: 0o600 });
    await Deno.rename(temporary, `${this.path}/${name}`);
  }
}
