import t from "tap";

// In a process of its own: tap listens for the same faults.
const PROGRAM = `
  import { FaultGuard } from "${new URL(
  "../../../../src/server/processes/fault_guard.ts",
  import.meta.url,
)}";
  const lines = [];
  const error = (message, fields) => lines.push(message + " " + fields.message.split("\\n")[0]);
  const guard = new FaultGuard({ error, warn() {}, info() {}, debug() {} });
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  Promise.reject(new Error("forgotten"));
  await pause();
  setTimeout(() => { throw new Error("in a timer"); }, 0);
  await pause();
  const early = guard.faults;
  for (let i = 0; i < 200; i++) Promise.reject("number " + i);
  await pause();
  console.log(JSON.stringify({ early, faults: guard.faults, lines }));
  guard.close();
  Promise.reject(new Error("unguarded"));
`;

t.test("FaultGuard counts what nobody caught, and the process lives", async (t) => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", PROGRAM],
    stderr: "null",
  }).output();
  const { early, faults, lines } = JSON.parse(new TextDecoder().decode(stdout));
  t.equal(early, 2);
  t.same(lines.slice(0, 2), [
    "Unhandled rejection Error: forgotten",
    "Uncaught error Error: in a timer",
  ]);
  t.equal(faults, 202);
  t.equal(lines.length, 100, "and does not flood the log");
  t.equal(code, 1, "without the guard the process ends");
});
