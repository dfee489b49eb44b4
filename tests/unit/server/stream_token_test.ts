/** Tokens of programs that watch or publish: made once, kept, apart from each other. */

import t from "tap";
import { StateDirectory } from "../../../src/server/state_directory.ts";
import { StreamToken } from "../../../src/server/stream_token.ts";

t.test("A token is a file of the state directory that its owner alone can read", async (t) => {
  const path = await Deno.makeTempDir();
  const state = await StateDirectory.open(path);
  const publish = await StreamToken.open(state, "publish");
  const watch = await StreamToken.open(state, "watch");
  t.equal(publish.path, `${path}/publish-token`);
  const secret = (await Deno.readTextFile(publish.path)).trim();
  t.match(secret, /^[\w-]{43}$/);
  t.equal((await Deno.stat(publish.path)).mode! & 0o777, 0o600);
  t.ok(publish.accepts(`Bearer ${secret}`));
  t.ok(publish.accepts(`bearer ${secret}`), "schemes have no case");
  t.notOk(watch.accepts(`Bearer ${secret}`), "who may publish may not watch by it");
  for (const wrong of [undefined, "", secret, `Basic ${secret}`, `Bearer ${secret}x`, "Bearer "]) {
    t.notOk(publish.accepts(wrong), String(wrong?.replace(secret, "secret")));
  }
  const again = await StreamToken.open(state, "publish");
  t.ok(again.accepts(`Bearer ${secret}`), "it outlives a restart");
  await Deno.writeTextFile(publish.path, "broken");
  const renewed = await StreamToken.open(state, "publish");
  t.notOk(renewed.accepts(`Bearer ${secret}`), "a damaged one is made anew");
  await Deno.remove(path, { recursive: true });
});
