/**
 * ChildReaper: makes sure that no child outlives the server, even when the server is killed with
 * SIGKILL and can clean up nothing. One small shell reads the ids of the children to end from its
 * standard input; the end of that input is the end of the server, and then it kills them and removes
 * their folder.
 */

const encoder = new TextEncoder();

// The last whole line names the children that live now. Signals of a terminal that end the server
// must not end its reaper first. A child gets a moment to end by itself.
const SCRIPT = "trap '' INT TERM HUP; while read -r line; do ids=$line; done; " +
  '[ -n "$ids" ] && { kill -TERM $ids; sleep 0.3; kill -KILL $ids; } 2>/dev/null; rm -rf -- "$1"';

/** Children at once; a virtual screen has four. */
const MAX_CHILDREN = 16;

/** Ends what the server leaves behind. */
export class ChildReaper {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ids = new Set<number>();

  /** Starts the shell; `folder` is removed in the end. Throws when the system has no shell. */
  constructor(folder: string) {
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

  #tell(): void {
    const line = `${[...this.#ids].join(" ")}\n`;
    this.#writer.write(encoder.encode(line)).catch(() => {});
  }
}
