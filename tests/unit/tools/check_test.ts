// timeout: 240 s
import t from "tap";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

t.test("check.ts finds nothing to repair in this repository", async (t) => {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tools/check.ts"],
    cwd: ROOT,
  }).output();
  const text = new TextDecoder().decode(output.stdout);
  const verdicts = [...text.matchAll(/^(ok {2}|FAIL) (.+) in [\d.]+ s$/gm)]
    .map(([, verdict, name]) => `${verdict} ${name}`);
  if (!output.success) console.error(text);
  t.strictSame(verdicts.sort(), [
    "ok   browser-safe types",
    "ok   format",
    "ok   lint",
    "ok   tidy",
    "ok   types",
    "ok   web types",
  ]);
  t.equal(output.code, 0);
});
