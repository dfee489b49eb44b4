// timeout: 150 s
/**
 * Devices of the kernel: against a real one that has uinput, this machine's or a virtual one, where
 * programs read back what was sent. A kernel for the latter is any package of Debian with modules:
 * `apt-get download linux-image-amd64-version && dpkg -x *.deb kernel`, WAVRY_TEST_KERNEL=kernel.
 */

import t, { type Test } from "tap";
import { buildTestProgram } from "../../../ffi/build.ts";
import { findKernel, runInMachine } from "../../native/kernel_machine.ts";
import { runCommand } from "../../native/program_runs.ts";

const hasUinput = await Deno.stat("/dev/uinput").then(() => true, () => false);
const kernel = await findKernel(["evdev", "uinput"]);
const skip = !hasUinput && typeof kernel === "string" ? `no /dev/uinput, and ${kernel}` : false;

t.test("what is written to /dev/uinput is what the kernel is to read", {
  timeout: 140_000,
}, async (t) => {
  const result = await runCommand(await buildTestProgram("uinput_records"), []);
  take(t, result.output);
});

t.test("devices of the kernel report what was sent, and rumble comes back", {
  skip,
  timeout: 140_000,
}, async (t) => {
  const program = await buildTestProgram("uinput_devices");
  const output = hasUinput || typeof kernel === "string"
    ? (await runCommand(program, [])).output
    : await runInMachine(kernel, program);
  take(t, output);
});

/** Turns the program's TAP lines into assertions. */
function take(t: Test, output: string): void {
  for (const [, not, name = ""] of output.matchAll(/^(not )?ok \d+ - (.*)$/gm)) {
    t.ok(not === undefined, name);
  }
  t.match(output, /^1\.\.\d+$/m, `the program came to its end; ${output.slice(-2000)}`);
}
