import t from "tap";
import { silentLogger } from "../../../src/core/log.ts";
import { SessionStore } from "../../../src/server/session_store.ts";
import { StateDirectory } from "../../../src/server/state_directory.ts";
import { SessionRegistry } from "../../../src/session/session_registry.ts";

t.test("SessionStore brings sessions over a restart without their cookies", async (t) => {
  const path = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(path, { recursive: true }));
  const state = await StateDirectory.open(path);
  const log = silentLogger;
  let ids = 0;
  const registry: SessionRegistry = new SessionRegistry({
    maxLive: 1,
    newId: () => `s${++ids}`,
    onChange: () => store.touch(),
  });
  const store: SessionStore = new SessionStore(state, { read: () => registry.stored(), log });
  t.same(await store.load(), [], "nothing yet");
  const { cookie } = registry.create("player", Date.now());
  registry.grant("s1", { permissions: ["files"] });
  registry.rename("s1", "Ana");
  const gone = registry.create("viewer", Date.now());
  registry.revoke(gone.session.id);
  await store.flush();
  const text = await Deno.readTextFile(`${path}/sessions.json`);
  t.notOk(text.includes(cookie));
  t.equal(((await Deno.stat(`${path}/sessions.json`)).mode ?? 0) & 0o777, 0o600);
  const next = new SessionRegistry({ maxLive: 1, newId: () => "x" });
  next.restore(await store.load(), Date.now());
  t.match(next.find(cookie, Date.now()), { role: "player", name: "Ana", permissions: ["files"] });
  t.equal(next.find(gone.cookie, Date.now()), undefined, "revoked for good");
  const changed = (change: Record<string, unknown>) =>
    JSON.stringify(JSON.parse(text).map((one: Record<string, unknown>) => ({ ...one, ...change })));
  const strange = [
    ...[changed({ permissions: ["root"] }), changed({ permissions: "keyboard" })],
    ...[changed({ name: "" }), changed({ name: "x".repeat(33) }), changed({ isAdmin: true })],
  ];
  for (
    const bad of [
      ...["", "{", "[{}]", '[{"id":"a","role":"root"}]', "x".repeat(2_000_000)],
      ...strange,
    ]
  ) {
    await Deno.writeTextFile(`${path}/sessions.json`, bad);
    t.same(await store.load(), [], bad.slice(0, 30));
  }
});
