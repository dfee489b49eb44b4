/**
 * Catalogue: which recordings there are, in one file of SQLite beside them. The files are the truth and
 * the catalogue can be made anew from them: so it is never synchronised, which would have the event
 * loop wait for the disk, and one that is lost, damaged or of another version is begun afresh. At most
 * `LIST_MAX` rows are given at once.
 */

import { DatabaseSync, type SQLInputValue } from "node:sqlite";

/** Most recordings of one answer. */
export const LIST_MAX = 1000;
/** A catalogue with another version is made anew. */
export const CATALOG_VERSION = 1;

/** Pages that may be free before they are given back. */
const FREE_PAGES_MAX = 256;
/** Pages given back at once. */
const VACUUM_PAGES = 128;

/** How a recording came to its end, if it did. */
export type RecordingState = "recording" | "complete" | "repaired";

/** One recording. */
export interface RecordingRow {
  readonly id: string;
  readonly streamId: number;
  /** Name of the stream. */
  readonly name: string;
  /** RFC 6381 codec string. */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Wall clock of the first frame, milliseconds since 1970. */
  readonly startedMs: number;
  /** Capture time of the first frame and of the end, microseconds of the host's clock then. */
  readonly startUs: number;
  readonly endUs: number;
  readonly bytes: number;
  readonly frames: number;
  readonly state: RecordingState;
}

/** Which recordings are asked for: those that overlap a time. */
export interface RecordingFilter {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly streamId?: number | undefined;
  readonly limit?: number | undefined;
}

const COLUMNS = [
  ...["id", "streamId", "name", "codec", "width", "height", "startedMs", "startUs", "endUs"],
  ...["bytes", "frames", "state"],
] as const;
const COLUMN_LIST = COLUMNS.join(", ");

const SCHEMA = `
  CREATE TABLE recordings (
    id TEXT PRIMARY KEY, streamId INTEGER NOT NULL, name TEXT NOT NULL, codec TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, startedMs INTEGER NOT NULL,
    startUs INTEGER NOT NULL, endUs INTEGER NOT NULL, bytes INTEGER NOT NULL,
    frames INTEGER NOT NULL, state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX byTime ON recordings (startedMs);
  PRAGMA user_version = ${CATALOG_VERSION};`;

/** The recordings of one folder. */
export class Catalog {
  readonly #database: DatabaseSync;
  /** True when it had to be begun afresh. */
  readonly isNew: boolean;

  /** Opens the catalogue at `path`; what cannot be read is replaced. Throws when it cannot be made. */
  static open(path: string): Catalog {
    try {
      const database = openDatabase(path);
      if (isUsable(database)) return new Catalog(database, false);
      database.close();
    } catch {
      // Not a database, or a damaged one.
    }
    for (const ending of ["", "-journal", "-wal", "-shm"]) removeFile(`${path}${ending}`);
    const database = openDatabase(path);
    database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.exec(SCHEMA);
    Deno.chmodSync(path, 0o600);
    return new Catalog(database, true);
  }

  private constructor(database: DatabaseSync, isNew: boolean) {
    this.#database = database;
    this.isNew = isNew;
  }

  /** Writes a row over the one of its id. */
  put(row: RecordingRow): void {
    const places = COLUMNS.map(() => "?").join(", ");
    const values = COLUMNS.map((column) => row[column] as SQLInputValue);
    this.#database.prepare(
      `INSERT OR REPLACE INTO recordings (${COLUMN_LIST}) VALUES (${places})`,
    ).run(...values);
  }

  /** The recording of that id. */
  get(id: string): RecordingRow | undefined {
    const row = this.#database.prepare(`SELECT ${COLUMN_LIST} FROM recordings WHERE id = ?`)
      .get(id);
    return row as unknown as RecordingRow | undefined;
  }

  /** Forgets a recording; false when there is none. */
  remove(id: string): boolean {
    const { changes } = this.#database.prepare("DELETE FROM recordings WHERE id = ?").run(id);
    this.#giveBack();
    return Number(changes) > 0;
  }

  /** Recordings that overlap a time, newest first. */
  list(filter: RecordingFilter = {}): RecordingRow[] {
    const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, streamId = -1, limit = LIST_MAX } = filter;
    return this.#database.prepare(
      `SELECT ${COLUMN_LIST} FROM recordings
       WHERE startedMs <= ? AND startedMs + (endUs - startUs) / 1000 >= ? AND ? IN (streamId, -1)
       ORDER BY startedMs DESC, id DESC LIMIT ?`,
    ).all(toMs, fromMs, streamId, Math.min(limit, LIST_MAX)) as unknown as RecordingRow[];
  }

  /** The oldest recording that is not written any more. */
  oldest(): RecordingRow | undefined {
    const row = this.#database.prepare(
      `SELECT ${COLUMN_LIST} FROM recordings WHERE state != 'recording'
       ORDER BY startedMs, id LIMIT 1`,
    ).get();
    return row as unknown as RecordingRow | undefined;
  }

  /** How many there are, and their bytes. */
  get totals(): { recordings: number; bytes: number } {
    const row = this.#database.prepare(
      "SELECT count(*) AS recordings, coalesce(sum(bytes), 0) AS bytes FROM recordings",
    ).get() as { recordings: number; bytes: number };
    return { recordings: row.recordings, bytes: row.bytes };
  }

  /** Ids of all, for who compares them with the files. */
  get ids(): Set<string> {
    const rows = this.#database.prepare("SELECT id FROM recordings").all() as { id: string }[];
    return new Set(rows.map(({ id }) => id));
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }

  /** Space that deleted rows leave is given back a little at a time. */
  #giveBack(): void {
    const row = this.#database.prepare("PRAGMA freelist_count").get() as {
      freelist_count: number;
    };
    if (row.freelist_count <= FREE_PAGES_MAX) return;
    this.#database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  // Nothing waits for the disk: what a power cut damages is made anew from the files.
  database.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -512");
  return database;
}

function isUsable(database: DatabaseSync): boolean {
  const { user_version } = database.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (user_version !== CATALOG_VERSION) return false;
  const { quick_check } = database.prepare("PRAGMA quick_check(1)").get() as {
    quick_check: string;
  };
  // A table that lacks a column fails here.
  database.prepare(`SELECT ${COLUMN_LIST} FROM recordings LIMIT 1`).get();
  return quick_check === "ok";
}

function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
