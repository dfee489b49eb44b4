/**
 * ChildReaper: makes sure that no child outlives the server, even when the server is killed with
 * SIGKILL and can clean up nothing. One small shell waits for the end of its standard input, which is
 * the end of the server, then kills the children that a file names and removes their folder.
 */

// Signals of a terminal that end the server must not end its reaper first. A child gets a moment to
// end by itself.
const SCRIPT = "trap '' INT TERM HUP; while read -r line; do :; done; " +
  'ids=$(cat "$1/children"); [ -n "$ids" ] && ' +
  '{ kill -TERM $ids; sleep 0.3; kill -KILL $ids; } 2>/dev/null; rm -rf -- "$1"';

/** Children at once: four for each virtual screen, of which there are at most 16, and one more. */
const MAX_CHILDREN = 65;

/** Ends what the server leaves behind. */
export class ChildReaper {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ids = new Set<number>();
  readonly #file: string;

  /** Starts the shell; `folder` is removed in the end. Throws when the system has no shell. */
  constructor(folder: string) {
    this.#file = `${folder}/children`;
    this.#tell();
    this.#process = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "sh", folder],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin" },
      detached: true,
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#writer.closed.catch(() => {});
  }

  /** Watches a child. Throws RangeError above the limit. */
  watch(pid: number): void {
    if (this.#ids.size >= MAX_CHILDREN) throw new RangeError(`Cannot watch child ${pid}`);
    this.#ids.add(pid);
    this.#tell();
  }

  /** Forgets a child that has ended: its id may soon be somebody else's. */
  forget(pid: number): void {
    if (this.#ids.delete(pid)) this.#tell();
  }

  /** Ends the shell, which kills what is still watched and removes the folder. Never rejects. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#process.status;
  }

  /** At once, because the server may be killed in the next moment. */
  #tell(): void {
    try {
      Deno.writeTextFileSync(this.#file, [...this.#ids].join(" "), { mode: 0o600 });
    } catch {
      // The folder went with the reaper.
    }
  }
}
