/** process_group: output, waiting, and that nothing stays behind. */

import t from "tap";
import { ProcessGroup } from "../../../../bench/measure/process_group.ts";
import { readProcess } from "../../../../bench/measure/process_usage.ts";

const options = { timeoutMs: 5000, signal: new AbortController().signal };

t.test("ProcessGroup ends its programs, stubborn ones too", async (t) => {
  const pids: number[] = [];
  {
    await using group = new ProcessGroup();
    const polite = group.start({ name: "polite", command: "sleep", args: ["60"] });
    const stubborn = group.start({
      name: "stubborn",
      command: "sh",
      args: ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"],
    });
    await stubborn.waitForLine(/ready/, options);
    pids.push(polite.pid, stubborn.pid);
  }
  t.same(pids.map((pid) => readProcess(pid)?.cpuSeconds), [undefined, undefined]);
});

t.test("Program.waitForLine finds lines that came before and gives the match", async (t) => {
  await using group = new ProcessGroup();
  const program = group.start({
    name: "printer",
    command: "sh",
    args: ["-c", "echo one; echo port 42; sleep 60"],
  });
  await program.waitForLine(/one/, options);
  const [, port] = await program.waitForLine(/port (\d+)/, options);
  t.equal(port, "42");
});

t.test("Program.waitForLine rejects with the output when the program ends", async (t) => {
  await using group = new ProcessGroup();
  const program = group.start({
    name: "quitter",
    command: "sh",
    args: ["-c", "echo why >&2; exit 3"],
  });
  await t.rejects(program.waitForLine(/never/, options), {
    message: /quitter ended with code 3\nwhy/,
  });
});

t.test("Program.waitForLine rejects after its time and when aborted", async (t) => {
  await using group = new ProcessGroup();
  const program = group.start({ name: "silent", command: "sleep", args: ["60"] });
  await t.rejects(program.waitForLine(/x/, { ...options, timeoutMs: 20 }), {
    message: /silent did not print \/x\/ within 20 ms/,
  });
  const abort = new AbortController();
  const waiting = program.waitForLine(/x/, { ...options, signal: abort.signal });
  abort.abort(new Error("stop"));
  await t.rejects(waiting, { message: "stop" });
});
