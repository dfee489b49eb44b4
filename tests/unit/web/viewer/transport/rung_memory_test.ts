/** Tests of web/viewer/transport/rung_memory.ts: what is kept, for how long, and what never is. */

import t from "tap";
import {
  networkKind,
  NETWORKS_MAX,
  REMEMBERED_MS,
  rememberedRung,
  rememberRung,
} from "../../../../../web/viewer/transport/rung_memory.ts";
import type { MemoryPlace } from "../../../../../web/viewer/transport/rung_memory.ts";

function setup() {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  let nowMs = 0;
  const place = (effectiveType?: string): MemoryPlace => ({
    ...{ storage, nowMs: () => nowMs },
    connection: effectiveType === undefined ? undefined : { effectiveType },
  });
  return { kept, place, pass: (ms: number) => nowMs += ms };
}

t.test("rememberedRung gives what worked last on such a network, for a week", (t) => {
  const { place, pass } = setup();
  t.equal(rememberedRung(place()), undefined);
  rememberRung(place("4g"), "tcp");
  rememberRung(place("3g"), "webrtc");
  t.equal(rememberedRung(place("4g")), "tcp");
  t.equal(rememberedRung(place("3g")), "webrtc");
  t.equal(rememberedRung(place()), undefined);
  rememberRung(place("4g"), "quic");
  t.equal(rememberedRung(place("4g")), "quic");
  pass(REMEMBERED_MS);
  t.equal(rememberedRung(place("4g")), undefined);
  t.end();
});

t.test("networkKind tells kinds of networks and names none", (t) => {
  const { place } = setup();
  t.equal(networkKind(place()), " ");
  t.equal(networkKind(place("4g")), " 4g");
  t.equal(
    networkKind({ ...place(), connection: { type: "wifi", effectiveType: "4g" } }),
    "wifi 4g",
  );
  t.end();
});

t.test("rememberRung keeps little, and nothing where a browser keeps nothing", (t) => {
  const { kept, place } = setup();
  for (let kind = 0; kind < 3 * NETWORKS_MAX; kind++) {
    rememberRung(place(`${kind}g`), "tcp");
  }
  const [text = ""] = [...kept.values()];
  t.equal(JSON.parse(text).length, NETWORKS_MAX);
  const broken: MemoryPlace = {
    ...place(),
    storage: {
      getItem: () => {
        throw new Error("SecurityError");
      },
      setItem: () => {
        throw new Error("QuotaExceededError");
      },
    },
  };
  t.doesNotThrow(() => rememberRung(broken, "tcp"));
  t.equal(rememberedRung(broken), undefined);
  for (const text of ["{", "7", '[[" ","ftp",0]]', '[[" ","tcp","x"]]', "[1,[],null]"]) {
    kept.set("wavry:way", text);
    t.equal(rememberedRung(place()), undefined, text);
  }
  t.end();
});
