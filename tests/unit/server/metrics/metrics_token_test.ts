import t from "tap";
import { METRICS_TOKEN_FILE, MetricsToken } from "../../../../src/server/metrics/metrics_token.ts";
import { StateDirectory } from "../../../../src/server/state_directory.ts";
import { newSecret } from "../../../../src/session/access_token.ts";

t.test("MetricsToken lives in the state directory and outlives a restart", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  const state = await StateDirectory.open(folder);
  const token = await MetricsToken.open(state);
  t.equal(token.path, `${folder}/${METRICS_TOKEN_FILE}`);
  const text = (await Deno.readTextFile(token.path)).trim();
  t.equal((await Deno.stat(token.path)).mode! & 0o777, 0o600, "nobody else reads it");
  t.ok(token.accepts(`Bearer ${text}`));
  t.ok(token.accepts(`bearer ${text}`), "the scheme is of any case");
  const again = await MetricsToken.open(state);
  t.ok(again.accepts(`Bearer ${text}`), "the same one");
  const wrong = [
    ...[undefined, "", "Bearer", "Bearer ", text, `Basic ${text}`, `Bearer ${text}x`],
    ...[`Bearer ${newSecret()}`, `Bearer ${text.slice(1)}`, `Bearer  ${text}`],
  ];
  for (const header of wrong) t.notOk(token.accepts(header), header ?? "none");
  await Deno.writeTextFile(token.path, "damaged");
  const fresh = await MetricsToken.open(state);
  t.notOk(fresh.accepts("Bearer damaged"));
  t.notOk(fresh.accepts(`Bearer ${text}`), "a damaged one is replaced");
});
