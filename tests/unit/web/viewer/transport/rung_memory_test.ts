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
  const place = (hostname: string, effectiveType?: string): MemoryPlace => ({
    ...{ storage, hostname, nowMs: () => nowMs },
    connection: effectiveType === undefined ? undefined : { effectiveType },
  });
  return { kept, place, pass: (ms: number) => nowMs += ms };
}

t.test("rememberedRung gives what worked last on such a network, for a week", (t) => {
  const { place, pass } = setup();
  t.equal(rememberedRung(place("10.0.0.2")), undefined);
  rememberRung(place("10.0.0.2"), "tcp");
  rememberRung(place("10.0.0.2", "3g"), "webrtc");
  t.equal(rememberedRung(place("192.168.1.2")), "tcp", "another private address is the same kind");
  t.equal(rememberedRung(place("10.0.0.2", "3g")), "webrtc");
  t.equal(rememberedRung(place("desk.example")), undefined);
  rememberRung(place("10.0.0.2"), "quic");
  t.equal(rememberedRung(place("10.0.0.2")), "quic");
  pass(REMEMBERED_MS);
  t.equal(rememberedRung(place("10.0.0.2")), undefined);
  t.end();
});

t.test("networkKind tells kinds of networks and names none", (t) => {
  const { place } = setup();
  const kindOf = (hostname: string) => networkKind(place(hostname)).split(" ")[0];
  for (const here of ["localhost", "127.0.0.1", "[::1]"]) t.equal(kindOf(here), "here", here);
  for (const near of ["10.1.2.3", "192.168.0.9", "172.31.0.1", "desk.local", "[fd00::1]"]) {
    t.equal(kindOf(near), "near", near);
  }
  for (const far of ["172.32.0.1", "desk.example", "[2001:db8::1]", "8.8.8.8", "fe.example"]) {
    t.equal(kindOf(far), "far", far);
  }
  t.end();
});

t.test("rememberRung keeps little, and nothing where a browser keeps nothing", (t) => {
  const { kept, place } = setup();
  for (let kind = 0; kind < 3 * NETWORKS_MAX; kind++) {
    rememberRung(place("a.example", `${kind}g`), "tcp");
  }
  const [text = ""] = [...kept.values()];
  t.equal(JSON.parse(text).length, NETWORKS_MAX);
  t.notMatch(text, /example/, "no address");
  const broken: MemoryPlace = {
    ...place("a.example"),
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
  for (const text of ["{", "7", '[["far  ","ftp",0]]', '[["far  ","tcp","x"]]', "[1,[],null]"]) {
    kept.set("wavry:way", text);
    t.equal(rememberedRung(place("a.example")), undefined, text);
  }
  t.end();
});
