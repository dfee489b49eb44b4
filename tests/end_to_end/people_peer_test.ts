/**
 * People without a browser: peers that say what is not theirs to say are closed, those whose rights
 * changed under way are not, and what a host stores of people is good for the next one, be it of
 * before there were permissions.
 */
// timeout: 120 s

import t from "tap";
import { encodeInputEvent, INPUT_STREAM_PREAMBLE } from "../../src/wire/input.ts";
import type { InputKind } from "../../src/wire/input.ts";
import type { ClientMessage } from "../../src/wire/control.ts";
import { PERMISSIONS } from "../../src/wire/permission.ts";
import type { Permission } from "../../src/wire/permission.ts";
import { HostProcess, until } from "./host_process.ts";
import type { PlainViewer } from "./host_process.ts";

const PATTERN = ["--source", "pattern", "--size", "640x360"];
const host = await HostProcess.start([...PATTERN, "--first-link", "admin"]);
t.teardown(() => host.stop());

/** Somebody with a session of their own, and what they send. */
class Peer {
  readonly cookie: string;
  readonly viewer: PlainViewer;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #sequence = 0;

  private constructor(cookie: string, viewer: PlainViewer) {
    this.cookie = cookie;
    this.viewer = viewer;
  }

  static async of(cookie: string, on = host): Promise<Peer> {
    const viewer = await on.view((await on.ticket(cookie)).ticket);
    await viewer.heard("welcome");
    return new Peer(cookie, viewer);
  }

  /** With a link that an admin makes. */
  static async invited(role: string, permissions?: Permission[]): Promise<Peer> {
    const body = { role, ...permissions === undefined ? {} : { permissions } };
    const made = await host.call("POST", "/api/links", { body, cookie: admin.cookie });
    const secret = (await made.json()).path.slice("/#s=".length);
    const joined = await host.call("POST", "/api/session", { body: { secret } });
    await joined.body?.cancel();
    return await Peer.of(joined.headers.get("set-cookie")!.split(";")[0]!);
  }

  get id(): string {
    return this.viewer.said.find((message) => message.type === "rights")!.personId;
  }

  say(message: ClientMessage): Promise<void> {
    return this.viewer.send(message);
  }

  async input(kind: InputKind, code = 0, down = false): Promise<void> {
    if (this.#input === undefined) {
      this.#input = (await this.viewer.client.openUnidirectional()).getWriter();
      this.#input.closed.catch(() => {});
      await this.#input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE));
    }
    const sequence = ++this.#sequence;
    const event = { kind, code, down, sequence, pointerSequence: 0, x: 0, y: 0 };
    await this.#input.write(encodeInputEvent(event)).catch(() => {});
  }

  leave(): void {
    this.viewer.client.close(0, "");
  }
}

/** What the host counts of the input of a person. */
async function inputOf(peer: Peer): Promise<Record<string, number>> {
  const stats = await (await host.call("GET", "/api/stats", { cookie: admin.cookie })).json();
  const viewers = stats.viewers as { sessionId: string; input: Record<string, number> }[];
  return viewers.find(({ sessionId }) => sessionId === peer.id)?.input ?? {};
}

const admin: Peer = await Peer.of((await host.join("player")).cookie);
const rightsOf = (peer: Peer, accept: (permissions: readonly string[]) => boolean) =>
  peer.viewer.heard("rights", ({ permissions }) => accept(permissions));

t.test("who says what is not theirs to say is closed, and changes nothing", async (t) => {
  const messages: (() => ClientMessage)[] = [
    () => ({ type: "kick", personId: admin.id }),
    () => ({ type: "set_rights", personId: admin.id, role: "viewer", permissions: [] }),
    () => ({ type: "take_control", streamId: 0 }),
    () => ({ type: "move_slot", slot: 0, toSlot: 1 }),
  ];
  for (const message of messages) {
    const player = await Peer.invited("player");
    await player.say(message());
    t.match(
      await player.viewer.heard("ended"),
      { reason: "protocol", retry: false },
      message().type,
    );
  }
  const ofHands: ClientMessage[] = [
    { type: "request_control", streamId: 0 },
    { type: "give_control", streamId: 0 },
  ];
  for (const message of ofHands) {
    const viewer = await Peer.invited("viewer");
    await viewer.say(message);
    t.match(await viewer.viewer.heard("ended"), { reason: "protocol" }, message.type);
  }
  const self = await Peer.invited("viewer");
  await self.say({ type: "set_rights", personId: self.id, role: "admin" });
  t.match(await self.viewer.heard("ended"), { reason: "protocol" }, "nobody makes themself admin");
  t.notOk(admin.viewer.said.some(({ type }) => type === "ended"));
  await until(async () => {
    return (await admin.viewer.heard("people")).people.length === 1;
  }, "the others to be gone");
});

t.test("a permission is the kind of input that may come", async (t) => {
  const pointer = await Peer.invited("player", ["pointer"]);
  await pointer.input("beat");
  await pointer.input("wheel");
  await pointer.input("key", 30, true);
  t.match(await pointer.viewer.heard("ended"), { reason: "protocol" }, "never a keyboard");
  const padded = await Peer.invited("viewer", ["pad"]);
  await padded.input("pad", 0, true);
  await admin.viewer.heard("slot_state", ({ slots }) => {
    return slots.some(({ slot, personId }) => slot === 0 && personId === padded.id);
  });
  t.pass("a viewer with a pad is a player of the host");
  await padded.input("button", 1, true);
  t.match(await padded.viewer.heard("ended"), { reason: "protocol" });
  await admin.viewer.heard("slot_state", ({ slots }) => slots[0]?.isReserved === true);
});

t.test("input of who has no control is dropped and counted", async (t) => {
  await admin.say({ type: "play", streamId: 0 });
  await admin.viewer.heard("control_state", ({ holderId }) => holderId === admin.id);
  const player = await Peer.invited("player");
  for (let key = 0; key < 3; key++) await player.input("key", 30, key % 2 === 0);
  await until(async () => (await inputOf(player))["recordsDropped"] === 3, "the count");
  await player.say({ type: "request_control", streamId: 0 });
  await admin.viewer.heard("control_state", ({ askerIds }) => askerIds.includes(player.id));
  await admin.say({ type: "give_control", streamId: 0, personId: player.id });
  await player.viewer.heard("control_state", ({ holderId }) => holderId === player.id);
  await player.input("key", 31, true);
  await until(async () => (await inputOf(player))["records"] === 4, "the record");
  t.match(await inputOf(player), { recordsDropped: 3 }, "and now it counts");
  await admin.say({ type: "take_control", streamId: 0 });
  await player.viewer.heard("control_state", ({ holderId }) => holderId === admin.id);
  player.leave();
});

t.test("what was under way when a right ended closes nobody", async (t) => {
  const player = await Peer.invited("player");
  await player.say({ type: "play", streamId: 0 });
  await admin.viewer.heard("people", ({ people }) => {
    return people.some(({ id, streamIds }) => id === player.id && streamIds.includes(0));
  });
  await admin.say({ type: "give_control", streamId: 0, personId: player.id });
  await player.viewer.heard("control_state", ({ holderId }) => holderId === player.id);
  await player.input("key", 30, true);
  await until(async () => (await inputOf(player))["records"] === 1, "the key that counts");
  await admin.say({ type: "set_rights", personId: player.id, permissions: ["pad"] });
  await rightsOf(player, (permissions) => permissions.length === 1);
  await player.input("key", 31, true);
  await player.input("wheel");
  await player.say({ type: "request_control", streamId: 0 });
  await until(async () => (await inputOf(player))["recordsDropped"] === 2, "the count");
  t.notOk(player.viewer.said.some(({ type }) => type === "ended"), "late, not hostile");
  await player.say({ type: "kick", personId: admin.id });
  t.match(await player.viewer.heard("ended"), { reason: "protocol" });
});

t.test("an admin makes a player of a viewer, and cannot lose the host", async (t) => {
  const viewer = await Peer.invited("viewer");
  await admin.say({ type: "set_rights", personId: viewer.id, role: "player" });
  await rightsOf(viewer, (permissions) => permissions.includes("keyboard"));
  await viewer.input("key", 30, true);
  await until(async () => (await inputOf(viewer))["records"] === 1, "input that is allowed now");
  await admin.say({ type: "set_rights", personId: admin.id, role: "viewer", permissions: [] });
  await admin.say({ type: "kick", personId: admin.id });
  await admin.say({ type: "set_rights", personId: "nobody", role: "admin" });
  await admin.say({ type: "kick", personId: "nobody" });
  const startedMs = performance.now();
  await admin.say({ type: "kick", personId: viewer.id });
  t.match(await viewer.viewer.heard("ended"), {
    ...{ reason: "kicked", message: "An admin ended your session", retry: false },
  });
  t.ok(performance.now() - startedMs < 8000);
  const after = await host.call("POST", "/api/ticket", { cookie: viewer.cookie });
  t.equal(after.status, 401, "for good");
  await after.body?.cancel();
  t.match(await admin.viewer.heard("rights"), { role: "admin" });
});

t.test("rights and names outlast a host, and sessions of before permissions are good", async (t) => {
  const player = await Peer.invited("player", ["pointer", "pad"]);
  await player.say({ type: "set_name", name: "Zoë" });
  await player.viewer.heard("people", ({ people }) => people.some(({ name }) => name === "Zoë"));
  const path = `${host.stateDir}/sessions.json`;
  await until(async () => (await Deno.readTextFile(path)).includes("Zoë"), "the stored name");
  const stored = JSON.parse(await Deno.readTextFile(path));
  const stateDir = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const old = stored.map(({ permissions, name, ...session }: Record<string, unknown>) => {
    return session["id"] === player.id ? { permissions, name, ...session } : session;
  });
  await Deno.writeTextFile(`${stateDir}/sessions.json`, JSON.stringify(old));
  const next = await HostProcess.start(
    [...PATTERN, "--player-permissions", "keyboard", "--control", "shared"],
    { stateDir },
  );
  t.teardown(() => next.stop());
  const cookie = (peer: Peer) => {
    return peer.cookie.replace(/^wavry_session_\d+/, `wavry_session_${next.port}`);
  };
  const again = await Peer.of(cookie(player), next);
  t.match(await again.viewer.heard("rights"), { role: "player", permissions: ["pointer", "pad"] });
  t.match((await again.viewer.heard("people")).people, [{ name: "Zoë" }]);
  const boss = await Peer.of(cookie(admin), next);
  t.match(await boss.viewer.heard("rights"), { role: "admin" });
  t.same((await boss.viewer.heard("rights")).permissions, [...PERMISSIONS]);
  const { info } = await next.join("player");
  t.equal(info.role, "player");
  const fresh = await next.view(info.ticket);
  t.same((await fresh.heard("welcome")).permissions, ["keyboard"], "as the option says");
  await boss.say({ type: "play", streamId: 0 });
  t.match(await boss.viewer.heard("control_state"), { mode: "shared" });
});
