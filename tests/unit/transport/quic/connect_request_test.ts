import t from "tap";
import { parseConnectRequest } from "../../../../src/transport/quic/connect_request.ts";
import type { FieldLine } from "../../../../src/transport/quic/qpack.ts";

const GOOD: readonly FieldLine[] = [
  [":method", "CONNECT"],
  [":protocol", "webtransport"],
  [":scheme", "https"],
  [":authority", "localhost:4433"],
  [":path", "/wt?x=1"],
  ["origin", "https://localhost:4433"],
];

/** GOOD with some fields replaced (undefined removes one). */
function change(fields: Record<string, string | undefined>): FieldLine[] {
  return GOOD.flatMap(([name, value]) => {
    const changed = name in fields ? fields[name] : value;
    return changed === undefined ? [] : [[name, changed] as const];
  });
}

t.test("parseConnectRequest gives what a gate judges", (t) => {
  t.same(parseConnectRequest(GOOD), {
    authority: "localhost:4433",
    path: "/wt?x=1",
    origin: "https://localhost:4433",
  });
  t.same(parseConnectRequest(change({ origin: undefined })), {
    authority: "localhost:4433",
    path: "/wt?x=1",
    origin: undefined,
  });
  t.equal(typeof parseConnectRequest(change({ ":protocol": "webtransport-h3" })), "object");
  t.end();
});

t.test("parseConnectRequest answers other requests with their status", (t) => {
  t.equal(parseConnectRequest(change({ ":method": "GET" })), 405);
  t.equal(parseConnectRequest(change({ ":protocol": "websocket" })), 501);
  t.equal(parseConnectRequest(change({ ":protocol": undefined })), 501);
  t.end();
});

t.test("parseConnectRequest refuses malformed requests", (t) => {
  const bad: Record<string, readonly FieldLine[]> = {
    "nothing": [],
    "no authority": change({ ":authority": undefined }),
    "empty authority": change({ ":authority": "" }),
    "no path": change({ ":path": undefined }),
    "relative path": change({ ":path": "wt" }),
    "http": change({ ":scheme": "http" }),
    "pseudo field twice": [GOOD[0]!, ...GOOD],
    "pseudo field behind others": [...GOOD, [":path", "/"]],
    "unknown pseudo field": [[":status", "200"], ...GOOD],
    "two origins": [...GOOD, ["origin", "https://elsewhere"]],
    "upper-case name": [...GOOD, ["Origin", "https://elsewhere"]],
    "empty name": [...GOOD, ["", "x"]],
    "line break in a value": [...GOOD, ["x", "a\r\nb"]],
    "NUL in a value": change({ ":path": "/\0" }),
  };
  for (const [what, lines] of Object.entries(bad)) t.equal(parseConnectRequest(lines), 400, what);
  t.end();
});
