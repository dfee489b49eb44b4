/**
 * Marks on processes: each test file runs in its own session with a mark in its environment, so that
 * everything it started is found again through /proc, also after a parent in between has ended.
 * Linux only; elsewhere nothing is found and only the process group itself is ended.
 */

/** Name of the environment variable that carries the mark. */
export const MARK_VARIABLE = "WAVRY_TEST_MARK";

/** A process that still runs. */
export interface MarkedProcess {
  readonly pid: number;
  /** Its command line with blanks between the arguments, at most 200 characters. */
  readonly command: string;
}

/** Living processes of session `sessionId` or with `mark` in their environment. */
export function findMarkedProcesses(mark: string, sessionId: number): MarkedProcess[] {
  const found: MarkedProcess[] = [];
  for (const pid of processIds()) {
    if (pid === Deno.pid) continue;
    const status = readProc(pid, "stat");
    if (status === undefined) continue;
    // The second field is a name in parentheses that may hold blanks; state, parent, group, session.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") continue;
    const marked = fields[3] === String(sessionId) ||
      (readProc(pid, "environ") ?? "").split("\0").some((entry) =>
        entry.startsWith(`${MARK_VARIABLE}=${mark}`)
      );
    if (!marked) continue;
    const command = (readProc(pid, "cmdline") ?? "").replaceAll("\0", " ").trim();
    found.push({ pid, command: (command || fields[1] || "?").slice(0, 200) });
  }
  return found;
}

/** Ends the process group `groupId` and every marked process at once. */
export function killMarkedProcesses(mark: string, groupId: number): void {
  kill(-groupId);
  for (const { pid } of findMarkedProcesses(mark, groupId)) kill(pid);
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    // It ended by itself in the meantime.
    if (!(error instanceof Deno.errors.NotFound)) console.error(`# kill ${pid}: ${error}`);
  }
}

function processIds(): number[] {
  try {
    return [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name))
      .filter((pid) => Number.isInteger(pid) && pid > 0);
  } catch {
    return [];
  }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    // The process ended between the listing and the read, or belongs to another user.
    return undefined;
  }
}
