/** Tests of src/ipc/media_command_line.ts. */

import t from "tap";
import { mediaCommandLine } from "../../../src/ipc/media_command_line.ts";

t.test("mediaCommandLine grants one library and nothing else", async (t) => {
  const { executable, args } = mediaCommandLine({ root: "/opt/wavry" });
  t.equal(executable, Deno.execPath());
  t.strictSame(args.filter((arg) => arg.startsWith("--allow") || arg === "-A"), [
    "--allow-ffi=/opt/wavry/build/native/libwavry_media.so",
  ]);
  t.ok(args.includes("--no-prompt"));
  t.equal(args.at(-1), "/opt/wavry/src/media/main.ts");
});

t.test("mediaCommandLine lets a developer's folder be written to, and only that", async (t) => {
  const { args } = mediaCommandLine({ root: "/opt/wavry", writableFolder: "/tmp/a,b" });
  const rights = args.filter((arg) => arg.startsWith("--allow"));
  t.strictSame(rights.slice(1), ["--allow-write=/tmp/a,,b"]);
});

t.test("mediaCommandLine keeps the process small", (t) => {
  const { args, env } = mediaCommandLine({ root: "/" });
  t.match(args.join(" "), /--v8-flags=\S*--optimize-for-size/);
  t.ok(args.includes("--no-code-cache"));
  t.ok(Number(env["MALLOC_MMAP_THRESHOLD_"]) <= 1e6, "a frame gets a mapping of its own");
  t.equal(env["MALLOC_ARENA_MAX"], "2");
  t.end();
});

t.test("mediaCommandLine passes only what X and the runtime need of the environment", async (t) => {
  Deno.env.set("WAVRY_TEST_SECRET", "x");
  const { env } = mediaCommandLine({ root: "/", env: { XAUTHORITY: "/run/cookie" } });
  Deno.env.delete("WAVRY_TEST_SECRET");
  t.notOk("WAVRY_TEST_SECRET" in env);
  t.equal(env.XAUTHORITY, "/run/cookie");
  t.equal(env.PATH, Deno.env.get("PATH"));
});
