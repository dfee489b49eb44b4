/**
 * relayLines: reads what a child process writes to its error output to the end, whatever comes, and
 * hands on a bounded part of it: so many lines a second, each cut.
 */

/** A child that floods its error output fills the log with this much each second, no more. */
const LINES_PER_SECOND = 20;
const MAX_LINE_LENGTH = 500;

/** Gives lines that are not empty to `take`; resolves at the end, and never rejects. */
export async function relayLines(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  let second = 0;
  let lines = 0;
  while (true) {
    const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
    if (done || value === undefined) return;
    const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = (parts.pop() ?? "").slice(0, MAX_LINE_LENGTH);
    for (const part of parts) {
      const now = Math.floor(performance.now() / 1000);
      if (now !== second) lines = 0;
      second = now;
      if (part.trim() === "" || lines++ >= LINES_PER_SECOND) continue;
      take(part.slice(0, MAX_LINE_LENGTH));
    }
  }
}
