/**
 * The native test programs under valgrind: no wild or uninitialised memory is read, and at the end no
 * byte and no descriptor is held that tests/native/valgrind.supp does not name, reachable ones
 * included.
 */

// timeout: 240 s
import t from "tap";
import { checkResult, runCommand, runPrograms } from "./program_runs.ts";

t.setTimeout(230_000);

const SUPPRESSIONS = new URL("./valgrind.supp", import.meta.url).pathname;
const VALGRIND = [
  ...["--quiet", "--error-exitcode=9", "--num-callers=40", "--track-fds=yes"],
  ...["--leak-check=full", "--show-leak-kinds=all", "--errors-for-leak-kinds=all"],
  `--suppressions=${SUPPRESSIONS}`,
];
/** What valgrind says of a descriptor, up to where it came from. */
const DESCRIPTOR = /Open (?:file descriptor|AF_\w+ socket) \d+.*\n==\d+== +(.*)/g;

/** Descriptors that the program opened and did not close. */
function heldDescriptors(errors: string): string[] {
  return [...errors.matchAll(DESCRIPTOR)].map(([, origin = ""]) => origin)
    .filter((origin) => origin !== "<inherited from parent>");
}

t.test("programs of the native library under valgrind", async (t) => {
  await runPrograms({}, async (path, run) => {
    const result = await runCommand("valgrind", [...VALGRIND, path, ...run.args]);
    checkResult(t, run, result);
    t.strictSame(heldDescriptors(result.errors), [], `${run.program}: no descriptor`);
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
  const built = await runCommand("cc", [source, "-o", `${folder}/loses`]);
  t.equal(built.code, 0, built.errors);
  const run = async (...args: string[]) => {
    const { code, errors } = await runCommand("valgrind", [
      ...VALGRIND,
      `${folder}/loses`,
      ...args,
    ]);
    return [code, heldDescriptors(errors).length];
  };
  t.strictSame(await run(), [0, 0], "nothing");
  t.strictSame(await run("memory"), [9, 0], "memory that a pointer still names");
  t.strictSame(await run("a", "descriptor"), [0, 1], "a descriptor");
  await Deno.remove(folder, { recursive: true });
});
