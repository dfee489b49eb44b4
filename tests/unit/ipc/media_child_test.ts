/** Tests of src/ipc/media_child.ts with real processes that misbehave. */

import t from "tap";
import { silentLogger } from "../../../src/core/log.ts";
import { MAX_PENDING_COMMAND_BYTES, MediaChild } from "../../../src/ipc/media_child.ts";
import type { MediaRecord } from "../../../src/ipc/media_record.ts";
import { recordBytes } from "./record_bytes.ts";

interface Ended {
  readonly reason: string;
  readonly frameIds: readonly number[];
  readonly lines: readonly string[];
}

/** Runs a shell script as the child; `use` may write and kill. */
async function run(script: string, use: (child: MediaChild) => void = () => {}): Promise<Ended> {
  const frameIds: number[] = [];
  const lines: string[] = [];
  const reasons: string[] = [];
  const child = new MediaChild({
    commandLine: { executable: "/bin/sh", args: ["-c", script], env: { PATH: "/usr/bin:/bin" } },
    log: { ...silentLogger, warn: (_message, fields) => void lines.push(String(fields?.line)) },
    onRecord: ({ header }: MediaRecord) => void frameIds.push(header.frameId),
    onEnd: (reason) => void reasons.push(reason),
  });
  use(child);
  await child.done;
  if (reasons.length !== 1) throw new Error(`It ended ${reasons.length} times`);
  child.write(new Uint8Array(1));
  child.kill("after its end");
  return { reason: reasons[0] ?? "", frameIds, lines };
}

/** Bytes as printf of a shell takes them. */
function escaped(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

t.test("MediaChild gives every record before it reports the end", async (t) => {
  const records = [1, 2, 3].map((frameId) => escaped(recordBytes({ frameId })));
  const { reason, frameIds } = await run(`printf '${records.join("")}'; exit 3`);
  t.strictSame(frameIds, [1, 2, 3]);
  t.equal(reason, "exit code 3");
});

t.test("MediaChild names the signal that ended it", async (t) => {
  const { reason } = await run("kill -SEGV $$");
  t.equal(reason, "signal SIGSEGV");
});

t.test("MediaChild ends a child that breaks the format", async (t) => {
  const { reason } = await run("head -c 100 /dev/zero; exec sleep 60");
  t.equal(reason, "Cannot accept record magic 0x0 (signal SIGKILL)");
});

t.test("MediaChild ends a child that closes its output", async (t) => {
  const { reason } = await run("exec >&-; exec sleep 60");
  t.equal(reason, "it closed its output (signal SIGKILL)");
});

t.test("MediaChild ends a child that does not read its commands", async (t) => {
  let written = 0;
  const { reason } = await run("exec sleep 60", (child) => {
    const command = new Uint8Array(1000);
    const timer = setInterval(() => {
      for (let index = 0; index < 50; index++) child.write(command);
      written += 50_000;
      if (written > 4 * MAX_PENDING_COMMAND_BYTES) clearInterval(timer);
    }, 5);
  });
  t.equal(reason, "it does not read its commands (signal SIGKILL)");
});

t.test("MediaChild writes commands in order, joined or not", async (t) => {
  const record = recordBytes({ frameId: 5 });
  const { frameIds } = await run("head -c 192 | cat", (child) => {
    child.write(record.subarray(0, 10));
    child.write(record.subarray(10));
    child.write(recordBytes({ frameId: 6 }));
    setTimeout(() => child.write(recordBytes({ frameId: 7 })), 20);
  });
  t.strictSame(frameIds, [5, 6, 7]);
});

t.test("MediaChild relays a bounded part of the error output", async (t) => {
  const long = "x".repeat(2000);
  const flood = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done";
  const { lines, reason } = await run(`exec >&2; { echo ${long}; ${flood}; }; sleep 0.05`);
  t.match(reason, /exit code 0|closed its output/);
  t.equal(lines[0]?.length, 500, "cut");
  t.ok(lines.length >= 20 && lines.length <= 60, `${lines.length} of 3001 lines`);
});
