/**
 * Program runs: all native test programs with the X servers that they need, for tests that run each
 * of them under a tool. The builder makes one program at a time, since all share one object file.
 */

import type { Test } from "tap";
import { buildTestProgram, type TestProgramOptions } from "../../ffi/build.ts";
import { Xvfb } from "./xvfb.ts";

const AT_ONCE = 2;
const PROGRAM_TIMEOUT_MS = 200_000;

/** One run of a program. */
export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  /** False for a program that checks nothing itself. */
  readonly isTap?: boolean;
}

/** What came of it. */
export interface ProgramResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs every program, two at a time; `run` takes the path of each. */
export async function runPrograms(
  options: TestProgramOptions,
  run: (path: string, run: ProgramRun) => Promise<void>,
): Promise<void> {
  await using small = await Xvfb.start({ width: 320, height: 240, shmem: true });
  await using large = await Xvfb.start({ width: 800, height: 600, shmem: true });
  // A program changes its size.
  await using changing = await Xvfb.start({ width: 640, height: 480, shmem: true });
  // A program kills it.
  await using doomed = await Xvfb.start({ width: 320, height: 240 });
  const killed = ["killed", String(doomed.pid)];
  // The longest first, so that two are busy until the end.
  const waiting: ProgramRun[] = [
    { program: "output_ring", args: [] },
    { program: "stream_endings", args: ["2", small.display] },
    { program: "short_stream", args: [small.display] },
    { program: "clipboard_pair", args: [small.display] },
    { program: "screen_changes", args: [changing.display] },
    { program: "convert_frames", args: [] },
    { program: "typed_text", args: [small.display] },
    { program: "uinput_records", args: [] },
    { program: "frame_numbers", args: [] },
    { program: "slice_headers", args: [] },
    { program: "display_threads", args: ["2", small.display, large.display] },
    { program: "capture_pixels", args: [large.display, String(large.shmId)] },
    { program: "stream_endings", args: [doomed.display, ...killed] },
    { program: "bare_loop", args: ["--display", large.display, "--seconds", "1"], isTap: false },
    { program: "scale_frames", args: ["short"] },
    { program: "sound_sources", args: [] },
  ];
  let builds: Promise<unknown> = Promise.resolve();
  const build = (program: string): Promise<string> => {
    const building = builds.then(() => buildTestProgram(program, options));
    builds = building.catch(() => {});
    return building;
  };
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await run(await build(next.program), next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Runs a command to its end, or kills it. */
export async function runCommand(
  command: string,
  args: readonly string[],
): Promise<ProgramResult> {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), PROGRAM_TIMEOUT_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  return { code, output: text.decode(stdout), errors: text.decode(stderr) };
}

/** Asserts that a program ended well, and that its own checks held. */
export function checkResult(
  t: Test,
  { program, isTap = true }: ProgramRun,
  { code, output, errors }: ProgramResult,
): void {
  t.equal(code, 0, `${program}: no error, and nothing held`, { errors: errors.split("\n") });
  if (!isTap) return;
  t.strictSame(output.match(/^not ok .*$/gm) ?? [], [], `${program}: none of its checks failed`);
  t.match(output, /^1\.\.\d+$/m, `${program}: it came to its end`);
}
