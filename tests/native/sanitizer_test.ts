/**
 * The native library and its test programs, built with checks of every memory access and of undefined
 * behaviour: the first of either ends a program, and so does memory that nothing names at its end.
 */

// timeout: 240 s
import t from "tap";
import { checkResult, runCommand, runPrograms } from "./program_runs.ts";

t.setTimeout(230_000);

t.test("programs of the native library with sanitizers", async (t) => {
  await runPrograms({ isSanitized: true }, async (path, run) => {
    checkResult(t, run, await runCommand(path, run.args));
  });
});

t.test("the sanitizers are on", async (t) => {
  const folder = await Deno.makeTempDir();
  const source = `${folder}/wrong.c`;
  await Deno.writeTextFile(
    source,
    `#include <stdlib.h>
     int main(int count, char **words)
     {
         int *numbers = calloc(4, sizeof(int));
         if (count == 2) numbers[atoi(words[1])] = 1;
         if (count == 3) numbers[0] = 0x7fffffff + atoi(words[1]);
         if (count < 4) free(numbers);
         return 0;
     }`,
  );
  const flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
  const built = await runCommand("cc", [...flags, source, "-o", `${folder}/wrong`]);
  t.equal(built.code, 0, built.errors);
  const fails = async (...args: string[]) => (await runCommand(`${folder}/wrong`, args)).code !== 0;
  t.notOk(await fails("3"), "what is right goes through");
  t.ok(await fails("4"), "an access beyond the end");
  t.ok(await fails("1", "overflow"), "an overflow");
  t.ok(await fails("1", "a", "leak"), "a leak");
  await Deno.remove(folder, { recursive: true });
});
