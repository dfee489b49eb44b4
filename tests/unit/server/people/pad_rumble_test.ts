/** Tests of src/server/people/people_hub.ts: rumble on its way back, and pads that lose their slot. */

import t from "tap";
import { PeopleHub } from "../../../../src/server/people/people_hub.ts";
import type { FeatureSession } from "../../../../src/session/session_feature.ts";
import { SessionRegistry } from "../../../../src/session/session_registry.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/wire/framing.ts";

/** A hub with people who have one tab each, and what it pulled out. */
function makeHub() {
  let ids = 0;
  const registry = new SessionRegistry({ maxLive: 8, newId: () => `p${++ids}` });
  const unplugged: number[] = [];
  const hub = new PeopleHub({
    ...{ mode: "shared", registry, nowMs: () => 0 },
    streamIds: () => [0],
    unplugSlot: (slot) => unplugged.push(slot),
    onDirty: () => {},
  });
  const come = () => {
    const { id } = registry.create("player", 0).session;
    const rights = registry.rights(id)!;
    const rumbles: ServerMessage[] = [];
    const session = {
      ...{ id, browserSessionId: id, rights, role: rights.role, streamId: 0 },
      send: (framed: Uint8Array) => {
        const message = parseServerMessage(framed.subarray(LENGTH_PREFIX_BYTES));
        if (message.type === "rumble") rumbles.push(message);
      },
      isWatching: () => true,
      may: rights.may.bind(rights),
      releaseInput: () => {},
      nowUs: () => 0,
      end: () => {},
    } as unknown as FeatureSession;
    hub.join(session);
    return { session, rumbles, rights };
  };
  return { hub, come, unplugged };
}

t.test("PeopleHub lets a pad shake at whoever has its slot, by its own number there", (t) => {
  const { hub, come } = makeHub();
  const first = come();
  const second = come();
  t.equal(hub.slotOf(first.session, 0, 0), 0);
  t.equal(hub.slotOf(second.session, 0, 0), 1);
  t.equal(hub.slotOf(second.session, 3, 0), 2);
  const rumble = { streamId: 0, strong: 5, weak: 6, durationMs: 70 };
  hub.rumble({ ...rumble, slot: 2 });
  t.strictSame(second.rumbles, [{ type: "rumble", ...rumble, slot: 3 }]);
  hub.rumble({ ...rumble, slot: 0 });
  t.strictSame(first.rumbles, [{ type: "rumble", ...rumble, slot: 0 }]);
  hub.rumble({ ...rumble, slot: 3 });
  hub.leave(second.session);
  hub.rumble({ ...rumble, slot: 1 });
  t.equal(first.rumbles.length + second.rumbles.length, 2, "nobody's slot shakes nobody");
  t.end();
});

t.test("PeopleHub pulls a pad out where it loses its slot", (t) => {
  const { hub, come, unplugged } = makeHub();
  const first = come();
  hub.slotOf(first.session, 0, 0);
  hub.moveSlot(0, 3);
  t.strictSame(unplugged.splice(0), [0]);
  t.equal(hub.slotOf(first.session, 0, 0), 3);
  hub.slotOf(first.session, 1, 0);
  first.rights.change({ permissions: ["keyboard", "pointer"] });
  t.strictSame(unplugged, [0, 3], "with the right to play");
  t.equal(hub.slotOf(first.session, 0, 0), undefined);
  t.end();
});
