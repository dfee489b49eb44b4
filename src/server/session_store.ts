/**
 * SessionStore: keeps the browser sessions over a restart of the server, so that a viewer comes back
 * by itself. It writes hashes of cookies, never cookies, at most once per `WRITE_DELAY_MS`.
 */

import * as z from "zod";
import type { Logger } from "../core/log.ts";
import { MAX_BROWSER_SESSIONS } from "../session/session_registry.ts";
import type { StoredSession } from "../session/session_registry.ts";
import { ROLES } from "../wire/control.ts";
import { MAX_PERSON_NAME } from "../wire/people_messages.ts";
import { PERMISSIONS } from "../wire/permission.ts";
import type { StateDirectory } from "./state_directory.ts";

const WRITE_DELAY_MS = 200;
const FILE = "sessions.json";

const storedSchema = z.array(z.strictObject({
  id: z.string().min(1).max(64),
  role: z.enum(ROLES),
  permissions: z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length).optional(),
  name: z.string().min(1).max(MAX_PERSON_NAME).optional(),
  createdMs: z.number(),
  expiresMs: z.number(),
  cookieHash: z.string().regex(/^[0-9a-f]{64}$/),
})).max(MAX_BROWSER_SESSIONS);

/** Browser sessions on disk. */
export class SessionStore {
  readonly #state: StateDirectory;
  readonly #read: () => readonly StoredSession[];
  readonly #log: Logger;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** Writes what `read` gives to a file of `state`. */
  constructor(
    state: StateDirectory,
    options: { read: () => readonly StoredSession[]; log: Logger },
  ) {
    this.#state = state;
    this.#read = options.read;
    this.#log = options.log;
  }

  /** What an earlier run stored; nothing when the file is missing or not ours. */
  async load(): Promise<StoredSession[]> {
    const text = await this.#state.read(FILE);
    if (text === undefined) return [];
    try {
      return storedSchema.parse(JSON.parse(text));
    } catch {
      this.#log.warn("Cannot use the stored sessions", { file: FILE });
      return [];
    }
  }

  /** Writes soon. */
  touch(): void {
    this.#timer ??= setTimeout(() => this.#write(), WRITE_DELAY_MS);
  }

  /** Writes what is still unwritten and waits for it; never rejects. */
  async flush(): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = JSON.stringify(this.#read());
    this.#writing = this.#writing.then(() => this.#state.write(FILE, text)).catch((error) => {
      this.#log.warn("Cannot store the sessions", { message: String(error) });
    });
  }
}
