/**
 * AnswerProbe: how long a server takes to answer a request, asked once a second by a process that does
 * nothing else: over loopback that is the time until its event loop gets to it, pauses of the collector
 * included. Run as a program it prints one line of milliseconds for each answer, until it is ended.
 */

import { fileURLToPath } from "node:url";
import type { ProcessGroup } from "./process_group.ts";

const INTERVAL_MS = 1000;
/** An answer that takes longer is one of this. */
const TIMEOUT_MS = 10_000;

/** Starts the program; it ends with the group. `onAnswer` gets milliseconds. */
export function startAnswerProbe(
  group: ProcessGroup,
  url: string,
  onAnswer: (ms: number) => void,
): void {
  group.start({
    name: "answer probe",
    command: Deno.execPath(),
    args: ["run", "--quiet", "--no-check", "--allow-net", fileURLToPath(import.meta.url), url],
    onLine: (line) => {
      const ms = Number(line);
      if (line !== "" && Number.isFinite(ms)) onAnswer(ms);
    },
  });
}

async function probe(url: string): Promise<void> {
  for (;;) {
    const startMs = performance.now();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const isAnswered = await fetch(url, { signal }).then((response) => response.bytes())
      .then(() => true, () => false);
    const ms = performance.now() - startMs;
    console.log(isAnswered ? ms : TIMEOUT_MS);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, INTERVAL_MS - ms)));
  }
}

if (import.meta.main) await probe(Deno.args[0] ?? "");
