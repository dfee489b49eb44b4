// timeout: 240 s
/**
 * Test programs in C: what only native code can check, such as pixels of a capture and torn records
 * at a slow reader. All of them run under valgrind in tests/native/valgrind_test.ts too.
 */

import t, { type Test } from "tap";
import { buildTestProgram } from "../../../ffi/build.ts";
import { Xvfb } from "../../native/xvfb.ts";

const PROGRAM_TIMEOUT_MS = 100_000;

interface Result {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

async function run(command: string, args: string[] = []): Promise<Result> {
  const child = new Deno.Command(command, { args, stdout: "piped", stderr: "piped" }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), PROGRAM_TIMEOUT_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  return { code, output: text.decode(stdout), errors: text.decode(stderr) };
}

/** Turns the program's TAP lines into assertions. */
function take(t: Test, result: Result): void {
  for (const [, not, name = ""] of result.output.matchAll(/^(not )?ok \d+ - (.*)$/gm)) {
    t.ok(not === undefined, name);
  }
  t.match(result.output, /^1\.\.\d+$/m, "the program came to its end");
  t.equal(result.code, 0, `exit code; ${result.errors.slice(-2000)}`);
}

t.test("output ring and descriptor under slow, absent and gone readers", {
  timeout: PROGRAM_TIMEOUT_MS,
}, async (t) => {
  take(t, await run(await buildTestProgram("output_ring")));
});

t.test(
  "converters follow BT.601, in one band or two",
  { timeout: PROGRAM_TIMEOUT_MS },
  async (t) => {
    take(t, await run(await buildTestProgram("convert_frames")));
  },
);

t.test("frame numbers are widened for every place of a slice header", {
  timeout: PROGRAM_TIMEOUT_MS,
}, async (t) => {
  take(t, await run(await buildTestProgram("frame_numbers")));
});

t.test("slices are written anew for two layers, and refused when they are not as x264's", {
  timeout: PROGRAM_TIMEOUT_MS,
}, async (t) => {
  take(t, await run(await buildTestProgram("slice_headers")));
});

t.test("scalers give the mean of what each pixel covers", {
  timeout: PROGRAM_TIMEOUT_MS,
}, async (t) => {
  take(t, await run(await buildTestProgram("scale_frames")));
});

t.test("displays can be opened and closed by many threads at once", {
  timeout: PROGRAM_TIMEOUT_MS,
}, async (t) => {
  const program = await buildTestProgram("display_threads");
  await using first = await Xvfb.start({ width: 320, height: 240 });
  await using second = await Xvfb.start({ width: 320, height: 240 });
  take(t, await run(program, ["150", first.display, second.display]));
});

t.test("captures see the pixels that were drawn, damage and pointer", {
  timeout: PROGRAM_TIMEOUT_MS,
}, async (t) => {
  const program = await buildTestProgram("capture_pixels");
  await using server = await Xvfb.start({ width: 800, height: 600, shmem: true });
  take(t, await run(program, [server.display, String(server.shmId)]));
});
