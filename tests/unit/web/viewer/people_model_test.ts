import t from "tap";
import { initials, tintOf, TINTS } from "../../../../web/viewer/people/avatar.ts";
import { codePath } from "../../../../web/viewer/people/code_path.ts";
import type { ControlState, PeopleEvent } from "../../../../web/viewer/people/people_messages.ts";
import { PeopleModel } from "../../../../web/viewer/people/people_model.ts";
import type { PeopleNews } from "../../../../web/viewer/people/people_model.ts";
import {
  handsOf,
  mayControl,
  mayDecide,
  mayInput,
  rightsOf,
} from "../../../../web/viewer/people/people_rights.ts";
import { newsText, standText } from "../../../../web/viewer/people/people_texts.ts";
import { PERMISSIONS } from "../../../../src/wire/permission.ts";
import type { Permission } from "../../../../src/wire/permission.ts";
import type { Role } from "../../../../src/wire/people_messages.ts";

const ALL = [...PERMISSIONS];

/** The model of `me`, who is told of everybody in `roles`. */
function modelOf(me: string, roles: Record<string, Role>): PeopleModel {
  const model = new PeopleModel();
  model.take(rights(me, roles[me]!));
  model.take(people(roles));
  return model;
}

function permissionsOf(role: Role): Permission[] {
  return role === "viewer" ? [] : ALL;
}

function rights(personId: string, role: Role, permissions = permissionsOf(role)): PeopleEvent {
  return { type: "rights", personId, role, permissions };
}

function people(roles: Record<string, Role>): PeopleEvent {
  return {
    type: "people",
    people: Object.entries(roles).map(([id, role]) => ({
      ...{ id, name: id.toUpperCase(), role, permissions: permissionsOf(role), streamIds: [0] },
    })),
  };
}

function control(holderId: string | undefined, askerIds: string[] = [], isIdle = false) {
  const state: ControlState = {
    ...{ type: "control_state", streamId: 0, mode: "exclusive" },
    ...holderId === undefined ? {} : { holderId },
    ...{ askerIds, isIdle, idleMs: 0 },
  };
  return state;
}

t.test("PeopleModel knows of each display by itself, and forgets all with its connection", (t) => {
  const model = modelOf("ana", { ana: "player", ben: "player" });
  model.take(control("ben"));
  t.equal(model.stand().kind, "watching");
  model.setStream(1);
  t.equal(model.stand().kind, "none", "nothing is known of that one");
  model.take({ ...control(undefined), streamId: 1, mode: "shared" });
  t.equal(model.stand().kind, "none", "everybody's hands count");
  model.setStream(0);
  t.equal(model.stand().kind, "watching");
  t.equal(model.myName, "ANA");
  model.reset();
  t.equal(model.myName, "");
  t.same([model.rows(), model.stand()], [[], { kind: "none" }]);
  t.end();
});

t.test("PeopleModel lists this viewer first, then by role", (t) => {
  const model = modelOf("carl", {
    ...{ ana: "viewer", ben: "player", carl: "player", dora: "admin" },
  });
  model.take(control("ben", ["carl"]));
  model.take({
    type: "slot_state",
    slots: [
      { slot: 2, personId: "ben", name: "BEN", pad: 0, isReserved: false },
      { slot: 0, personId: "ben", name: "BEN", pad: 1, isReserved: true },
    ],
  });
  const rows = model.rows();
  t.same(rows.map(({ id }) => id), ["carl", "dora", "ben", "ana"]);
  t.match(rows[0], { isMe: true, asks: true, hasControl: false, mayControl: true });
  t.match(rows[2], { isMe: false, hasControl: true, players: [3] });
  t.equal(rows[3]?.mayControl, false);
  t.end();
});

t.test("PeopleModel knows what can be done about control", (t) => {
  const both = { ana: "player", ben: "player" } as const;
  const model = modelOf("ana", both);
  t.same(model.stand(), { kind: "none" });
  model.take(control("ana"));
  t.match(model.stand(), { kind: "holding", askers: [] });
  model.take(control("ana", ["ben"]));
  t.equal(standText(model.stand()), "BEN asks for control");
  model.take(control("ben"));
  t.match(model.stand(), { kind: "watching", mayTake: false });
  t.equal(standText(model.stand()), "BEN has control");
  model.take(control("ben", [], true));
  t.equal(standText(model.stand()), "BEN has control and rests");
  model.take(control("ben", ["x", "ana"]));
  t.match(model.stand(), { kind: "waiting", ahead: 1 });
  t.equal(standText(model.stand()), "Waiting for control, 1 before you");
  model.take(control("ben", ["ana"]));
  t.equal(standText(model.stand()), "Waiting for BEN");
  model.take(rights("ana", "admin"));
  t.match(model.stand(), { mayTake: true });
  model.take(rights("ana", "player", ["pad"]));
  t.same(model.stand(), { kind: "none" }, "who may not has nothing to decide");
  const alone = modelOf("ana", { ana: "admin", eve: "viewer" });
  alone.take(control("ana"));
  t.same(alone.stand(), { kind: "none" }, "nobody else could have it");
  const crowd = modelOf("ana", { ...both, carl: "player" });
  crowd.take(control("ana", ["ben", "carl"]));
  t.equal(standText(crowd.stand()), "BEN and 1 more ask for control");
  t.end();
});

t.test("PeopleModel tells news and not what was there before", (t) => {
  const model = new PeopleModel();
  const told = (event: PeopleEvent): PeopleNews[] => model.take(event);
  t.same(told(rights("ana", "player")), []);
  t.same(told(people({ ana: "player", ben: "player" })), [], "who comes in meets all at once");
  t.same(told(control("ben")), []);
  t.same(told(control("ana")), [{ kind: "gained", name: "BEN" }]);
  t.same(told(control("ana", ["ben"])), []);
  t.same(told(control("ben")), [{ kind: "lost", name: "BEN" }]);
  t.same(told(people({ ana: "player", ben: "player", eve: "viewer" })), [
    { kind: "came", name: "EVE" },
  ]);
  t.same(told(people({ ana: "player", eve: "viewer" })), [{ kind: "left", name: "BEN" }]);
  t.same(told(rights("ana", "player", ["pointer", "files"])), [{
    kind: "denied",
    permissions: ALL.filter((bit) => bit !== "pointer" && bit !== "files"),
  }]);
  t.same(told(rights("ana", "player", ["pointer", "pad"])), [
    { kind: "allowed", permissions: ["pad"] },
    { kind: "denied", permissions: ["files"] },
  ]);
  t.equal(
    newsText({ kind: "denied", permissions: ["files", "pointer"] }),
    "An admin took away: files, mouse and touch",
  );
  const slot = { personId: "ana", name: "ANA", pad: 1, isReserved: false };
  t.same(told({ type: "slot_state", slots: [{ ...slot, slot: 2 }] }), [
    { kind: "plays", player: 3 },
  ]);
  t.same(told({ type: "slot_state", slots: [{ ...slot, slot: 2 }] }), [], "no news");
  t.same(told({ type: "slot_state", slots: [{ ...slot, slot: 2, isReserved: true }] }), []);
  t.equal(newsText({ kind: "lost", name: "" }), "Control went on");
  t.end();
});

t.test("rights become hands", (t) => {
  t.same(
    rightsOf("player", undefined).permissions,
    ["keyboard", "pointer", "pad"],
    "an older host",
  );
  t.same(rightsOf("viewer", undefined).permissions, []);
  const pad = rightsOf("viewer", ["pad"]);
  t.ok(mayInput(pad));
  t.notOk(mayControl(pad));
  t.notOk(mayDecide(pad));
  t.notOk(mayDecide(undefined));
  t.ok(mayDecide(rightsOf("admin", [])));
  t.same(handsOf(rightsOf("player", ["keyboard", "pad"]), true), {
    ...{ keyboard: true, pointer: false, pad: true },
  });
  t.same(handsOf(rightsOf("player", ALL), false), { keyboard: false, pointer: false, pad: true });
  t.end();
});

t.test("a person has letters and a tint, a code has squares", (t) => {
  t.equal(initials("Ana Maria de Silva"), "AS");
  t.equal(initials("ana"), "A");
  t.equal(initials("😀 x"), "😀X");
  t.equal(initials(""), "");
  const tints = new Set(Array.from({ length: 200 }, (_, index) => tintOf(`person-${index}`)));
  t.equal(tints.size, TINTS, "all are in use");
  t.equal(codePath(["101", "011"]), "M4 4h1v1h-1zM6 4h1v1h-1zM5 5h2v1h-2z");
  t.end();
});
