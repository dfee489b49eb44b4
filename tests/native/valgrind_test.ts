/**
 * The native test programs under valgrind: no wild or uninitialised memory is read, and at the end no
 * byte and no descriptor is held that tests/native/valgrind.supp does not name, reachable ones
 * included. Two programs run at a time.
 */

// timeout: 240 s
import t, { type Test } from "tap";
import { buildTestProgram } from "../../ffi/build.ts";
import { Xvfb } from "./xvfb.ts";

t.setTimeout(230_000);

const PROGRAM_TIMEOUT_MS = 200_000;
const AT_ONCE = 2;
const SUPPRESSIONS = new URL("./valgrind.supp", import.meta.url).pathname;
const VALGRIND = [
  ...["--quiet", "--error-exitcode=9", "--num-callers=40", "--track-fds=yes"],
  ...["--leak-check=full", "--show-leak-kinds=all", "--errors-for-leak-kinds=all"],
  `--suppressions=${SUPPRESSIONS}`,
];
/** What valgrind says of a descriptor, up to where it came from. */
const DESCRIPTOR = /Open (?:file descriptor|AF_\w+ socket) \d+.*\n==\d+== +(.*)/g;

interface Run {
  readonly program: string;
  readonly args: readonly string[];
  /** False for a program that checks nothing itself. */
  readonly isTap?: boolean;
}

interface Result {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

async function underValgrind({ program, args }: Run): Promise<Result> {
  const path = await building(program);
  const child = new Deno.Command("valgrind", {
    args: [...VALGRIND, path, ...args],
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

/** One build at a time: all programs share the library's object file. */
let builds: Promise<unknown> = Promise.resolve();
function building(program: string): Promise<string> {
  const build = builds.then(() => buildTestProgram(program));
  builds = build.catch(() => {});
  return build;
}

/** Descriptors that the program opened and did not close. */
function heldDescriptors(errors: string): string[] {
  return [...errors.matchAll(DESCRIPTOR)].map(([, origin = ""]) => origin)
    .filter((origin) => origin !== "<inherited from parent>");
}

function check(t: Test, { program, isTap = true }: Run, result: Result): void {
  const { code, output, errors } = result;
  t.equal(code, 0, `${program}: no error, and nothing held`, { errors: errors.split("\n") });
  t.strictSame(heldDescriptors(errors), [], `${program}: no descriptor`);
  if (!isTap) return;
  t.strictSame(output.match(/^not ok .*$/gm) ?? [], [], `${program}: none of its checks failed`);
  t.match(output, /^1\.\.\d+$/m, `${program}: it came to its end`);
}

/** An X server that the program itself will kill. */
async function withDoomed(take: (display: string, pid: number) => Promise<void>): Promise<void> {
  await using doomed = await Xvfb.start({ width: 320, height: 240 });
  await take(doomed.display, doomed.pid);
}

t.test("programs of the native library under valgrind", async (t) => {
  await using small = await Xvfb.start({ width: 320, height: 240, shmem: true });
  await using large = await Xvfb.start({ width: 800, height: 600, shmem: true });
  await withDoomed(async (display, pid) => {
    // The longest first, so that two are busy until the end.
    const waiting: Run[] = [
      { program: "output_ring", args: [] },
      { program: "stream_endings", args: ["2", small.display] },
      { program: "short_stream", args: [small.display] },
      { program: "convert_frames", args: [] },
      { program: "frame_numbers", args: [] },
      { program: "slice_headers", args: [] },
      { program: "display_threads", args: ["2", small.display, large.display] },
      { program: "capture_pixels", args: [large.display, String(large.shmId)] },
      { program: "stream_endings", args: [display, "killed", String(pid)] },
      { program: "bare_loop", args: ["--display", large.display, "--seconds", "1"], isTap: false },
      { program: "scale_frames", args: ["short"] },
    ];
    const work = async () => {
      for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
        check(t, run, await underValgrind(run));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
});

t.test("the gate sees what a program loses", async (t) => {
  const folder = await Deno.makeTempDir();
  const source = `${folder}/loses.c`;
  await Deno.writeTextFile(
    source,
    `#include <fcntl.h>
     #include <stdlib.h>
     static void *kept;
     int main(int count, char **words)
     {
         (void)words;
         if (count == 2) kept = malloc(10);
         if (count == 3) return open("/dev/null", O_RDONLY) < 0 || kept != NULL;
         return 0;
     }`,
  );
  const built = await new Deno.Command("cc", { args: [source, "-o", `${folder}/loses`] }).output();
  t.ok(built.success, "the program is built");
  const run = async (...args: string[]) => {
    const { code, stderr } = await new Deno.Command("valgrind", {
      args: [...VALGRIND, `${folder}/loses`, ...args],
    }).output();
    return [code, heldDescriptors(new TextDecoder().decode(stderr)).length];
  };
  t.strictSame(await run(), [0, 0], "nothing");
  t.strictSame(await run("memory"), [9, 0], "memory that a pointer still names");
  t.strictSame(await run("a", "descriptor"), [0, 1], "a descriptor");
  await Deno.remove(folder, { recursive: true });
});
