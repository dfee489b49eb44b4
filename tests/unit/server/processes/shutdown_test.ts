import t from "tap";
import type { Logger } from "../../../../src/core/log.ts";
import { runSteps } from "../../../../src/server/processes/shutdown.ts";

t.test("runSteps goes on past a step that fails and one that hangs", async (t) => {
  const done: string[] = [];
  const warnings: string[] = [];
  const log: Logger = {
    ...{ error() {}, info() {}, debug() {} },
    warn: (message, fields) => warnings.push(`${message}: ${fields?.["part"]}`),
  };
  await runSteps(
    [
      ["first", () => Promise.resolve(void done.push("first"))],
      ["fails", () => Promise.reject(new Error("no"))],
      ["throws", () => {
        throw new Error("no");
      }],
      ["hangs", () => new Promise(() => {})],
      ["last", () => Promise.resolve(void done.push("last"))],
    ],
    log,
    20,
  );
  t.same(done, ["first", "last"]);
  t.same(warnings, [
    "Cannot end a part: fails",
    "Cannot end a part: throws",
    "Shutdown goes on without a part: hangs",
  ]);
});
