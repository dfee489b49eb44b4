import t from "tap";
import {
  isSecret,
  LinkStore,
  MAX_LINKS,
  newSecret,
  SECRET_CHARACTERS,
} from "../../../src/session/access_token.ts";

t.test("newSecret makes 256 bits that never repeat", (t) => {
  const secrets = new Set(Array.from({ length: 1000 }, newSecret));
  t.equal(secrets.size, 1000);
  t.ok([...secrets].every((secret) => isSecret(secret) && secret.length === SECRET_CHARACTERS));
  t.end();
});

t.test("isSecret takes nothing else", (t) => {
  const bad = ["", "a", "a".repeat(42), "a".repeat(44), `${"a".repeat(42)}=`, `${"a".repeat(42)}/`];
  for (const text of bad) t.notOk(isSecret(text), JSON.stringify(text));
  t.end();
});

t.test("LinkStore redeems each link once", (t) => {
  const links = new LinkStore();
  const player = links.open("player", { origin: "terminal" });
  const viewer = links.open("viewer", { origin: "api" });
  t.same(links.redeem(player, 0), { role: "player", origin: "terminal" });
  t.equal(links.redeem(player, 0), undefined, "used");
  t.same(links.redeem(viewer, 0), { role: "viewer", origin: "api" });
  t.equal(links.size, 0);
  t.equal(links.redeem(newSecret(), 0), undefined, "never opened");
  t.equal(links.redeem("", 0), undefined);
  t.end();
});

t.test("LinkStore forgets links that expired", (t) => {
  const links = new LinkStore();
  const secret = links.open("player", { origin: "api", expiresUs: 1000 });
  const lasting = links.open("viewer", { origin: "terminal" });
  t.equal(links.redeem(secret, 1000), undefined);
  t.equal(links.size, 1);
  t.same(links.redeem(lasting, 1e15), { role: "viewer", origin: "terminal" });
  t.end();
});

t.test("LinkStore is bounded and never pushes out a link of the terminal", (t) => {
  const links = new LinkStore();
  const terminal = links.open("player", { origin: "terminal" });
  const first = links.open("viewer", { origin: "api" });
  for (let i = 0; i < 3 * MAX_LINKS; i++) links.open("viewer", { origin: "api" });
  t.equal(links.size, MAX_LINKS);
  t.equal(links.redeem(first, 0), undefined, "the oldest invitation went");
  t.ok(links.redeem(terminal, 0));
  t.end();
});

t.test("LinkStore keeps what a link permits", (t) => {
  const links = new LinkStore();
  const secret = links.open("viewer", { origin: "api", permissions: ["pad"] });
  t.same(links.redeem(secret, 0), { role: "viewer", permissions: ["pad"], origin: "api" });
  const none = links.open("player", { origin: "api", permissions: [] });
  t.same(links.redeem(none, 0)?.permissions, [], "nothing is a choice too");
  t.end();
});
