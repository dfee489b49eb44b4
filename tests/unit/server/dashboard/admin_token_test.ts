import t from "tap";
import {
  ADMIN_COOKIE_LIFETIME_MS,
  ADMIN_TOKEN_FILE,
  AdminAccess,
  readAdminToken,
} from "../../../../src/server/dashboard/admin_token.ts";
import { StateDirectory } from "../../../../src/server/state_directory.ts";
import { newSecret } from "../../../../src/session/access_token.ts";
import type { Test } from "tap";

async function openState(t: Test): Promise<StateDirectory> {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  return await StateDirectory.open(folder);
}

t.test("AdminAccess keeps its token in a file of the owner, across restarts", async (t) => {
  const state = await openState(t);
  const admin = await AdminAccess.open(state);
  t.equal(admin.path, `${state.path}/${ADMIN_TOKEN_FILE}`);
  t.equal((await Deno.stat(admin.path)).mode! & 0o777, 0o600, "nobody else reads it");
  const token = (await Deno.readTextFile(admin.path)).trim();
  t.equal(await readAdminToken(state), token);
  t.ok(admin.accepts(token));
  for (const wrong of ["", token.slice(1), `${token}x`, newSecret(), ` ${token}`]) {
    t.notOk(admin.accepts(wrong), wrong);
  }
  const again = await AdminAccess.open(state);
  t.ok(again.accepts(token), "the same one");
  t.ok(again.isAdmin(admin.signIn(0), 1), "and the cookies of before are good");
  await Deno.remove(admin.path);
  const other = await AdminAccess.open(state);
  t.notOk(other.accepts(token), "a token that was deleted is none any more");
  t.notOk(other.isAdmin(admin.signIn(0), 1), "nor is a cookie that came of it");
  await Deno.writeTextFile(admin.path, "damaged");
  t.notOk((await AdminAccess.open(state)).accepts("damaged"));
});

t.test("AdminAccess takes cookies as they were given, until they expire", async (t) => {
  const admin = await AdminAccess.open(await openState(t));
  const cookie = admin.signIn(1000);
  t.ok(admin.isAdmin(cookie, 1000));
  t.ok(admin.isAdmin(cookie, 1000 + ADMIN_COOKIE_LIFETIME_MS - 1));
  t.notOk(admin.isAdmin(cookie, 1000 + ADMIN_COOKIE_LIFETIME_MS));
  const [expires, nonce, signature] = cookie.split(".") as [string, string, string];
  const flipped = (signature[0] === "A" ? "B" : "A") + signature.slice(1);
  const forged = [
    ...[undefined, "", "..", cookie.slice(1), `${cookie}x`, `${expires}.${nonce}`],
    ...[`${Number(expires) + 1}.${nonce}.${signature}`, `${expires}.${newSecret()}.${signature}`],
    ...[`${expires}.${nonce}.${flipped}`, `0${cookie}`, cookie.replace(".", "")],
  ];
  for (const bad of forged) t.notOk(admin.isAdmin(bad, 1000), bad ?? "none");
  t.not(admin.signIn(1000), cookie, "each is its own");
});

t.test("AdminAccess signs one cookie out and leaves the others", async (t) => {
  const admin = await AdminAccess.open(await openState(t));
  const [first, second] = [admin.signIn(0), admin.signIn(0)];
  admin.signOut("nonsense", 0);
  admin.signOut(first, 0);
  t.notOk(admin.isAdmin(first, 0));
  t.ok(admin.isAdmin(second, 0));
  for (let count = 0; count < 63; count++) admin.signOut(admin.signIn(0), 0);
  t.notOk(admin.isAdmin(first, 0), "64 are remembered");
  t.ok(admin.isAdmin(second, 0));
});
