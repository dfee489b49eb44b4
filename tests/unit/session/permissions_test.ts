import t from "tap";
import {
  DATAGRAM_ROLES,
  INPUT_ROLES,
  isForbiddenKey,
  mayCallRoute,
  maySendDatagram,
  maySendInput,
  maySendMessage,
  MESSAGE_ROLES,
  ROUTE_CALLERS,
} from "../../../src/session/permissions.ts";
import { clientMessageSchema, ROLES } from "../../../src/wire/control.ts";
import type { Role } from "../../../src/wire/control.ts";
import { INPUT_RECORD_BYTES, parseInputEvent } from "../../../src/wire/input.ts";
import type { InputEvent } from "../../../src/wire/input.ts";
import { datagramClass } from "../../../src/wire/packet.ts";

const ALL = "viewer player";
const PLAYER = "player";
const NOBODY = "";

/** What is meant, written a second time: a change of the table must be meant twice. */
const EXPECTED: Record<string, Record<string, string>> = {
  message: {
    hello: NOBODY,
    play: ALL,
    pause: ALL,
    select_stream: ALL,
    keyframe_request: ALL,
    timings_request: ALL,
    viewer_report: ALL,
    sound_play: ALL,
    sound_stop: ALL,
    quit: ALL,
  },
  input: {
    key: PLAYER,
    button: PLAYER,
    wheel: PLAYER,
    absolute: PLAYER,
    relative: PLAYER,
    release: PLAYER,
    beat: PLAYER,
    target: PLAYER,
    pad: PLAYER,
    pad_axis: PLAYER,
    touch: PLAYER,
    touch_cancel: PLAYER,
    pen: PLAYER,
    text: PLAYER,
    locks: PLAYER,
  },
  datagram: { media: NOBODY, pointer: PLAYER, probe: ALL, audio: NOBODY, feedback: ALL },
  route: {
    "POST /api/session": `anonymous ${ALL}`,
    "DELETE /api/session": ALL,
    "POST /api/ticket": ALL,
    "POST /api/links": PLAYER,
    "GET /api/stats": `${PLAYER} admin`,
    "POST /api/admin/session": `anonymous ${ALL} admin`,
    "DELETE /api/admin/session": "admin",
    "GET /api/dashboard/events": "admin",
    "POST /api/sessions/:id/kick": "admin",
    "GET /api/replay": `${ALL} admin`,
    "GET /api/replay/frames": `${ALL} admin`,
    "POST /api/replay/pause": `${PLAYER} admin`,
    "POST /api/replay/resume": `${PLAYER} admin`,
    "POST /api/replay/blank": `${PLAYER} admin`,
    "GET /api/recordings": `${ALL} admin`,
    "GET /api/recordings/:id/frames": `${ALL} admin`,
    "GET /api/clips": `${ALL} admin`,
    "DELETE /api/recordings/:id": `${PLAYER} admin`,
    "GET /recordings/:file": `${ALL} admin`,
    "POST /api/recordings/start": `${PLAYER} admin`,
    "POST /api/recordings/stop": `${PLAYER} admin`,
    "GET /metrics": "scraper",
    "GET /api/health": `anonymous ${ALL}`,
  },
};

/** Input kinds that the parser knows, found by trying every byte. */
function inputKinds(): string[] {
  const kinds: string[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const record = new Uint8Array(INPUT_RECORD_BYTES);
    record[0] = byte;
    // The first letter: no text is without a character.
    for (const [code, x] of [[0, 0], [1, 0], [0, 0x41]] as const) {
      record[2] = code;
      record[12] = x;
      try {
        kinds.push(parseInputEvent(record).kind);
      } catch {
        // Not a kind, or not with this code.
      }
    }
  }
  return [...new Set(kinds)];
}

t.test("permissions have a row for everything that a peer can send", (t) => {
  t.same(Object.keys(MESSAGE_ROLES).sort(), [...clientMessageSchema.types].sort());
  t.same(Object.keys(INPUT_ROLES).sort(), inputKinds().sort());
  const classes = [0x00, 0x40, 0x80, 0xa0, 0xc0].map((first) =>
    datagramClass(Uint8Array.of(first))
  );
  t.same(Object.keys(DATAGRAM_ROLES).sort(), classes.sort());
  t.end();
});

t.test("permissions are as meant in every cell", (t) => {
  const check: Record<string, (role: Role, row: string) => boolean> = {
    message: maySendMessage,
    input: maySendInput,
    datagram: maySendDatagram,
  };
  const tables = { message: MESSAGE_ROLES, input: INPUT_ROLES, datagram: DATAGRAM_ROLES };
  for (const [table, rows] of Object.entries(tables)) {
    t.same(Object.keys(rows).sort(), Object.keys(EXPECTED[table]!).sort(), table);
    for (const row of Object.keys(rows)) {
      for (const role of ROLES) {
        const expected = EXPECTED[table]![row]!.split(" ").includes(role);
        t.equal(check[table]!(role, row), expected, `${table} ${row} by ${role}`);
      }
    }
  }
  t.same(Object.keys(ROUTE_CALLERS).sort(), Object.keys(EXPECTED["route"]!).sort());
  for (const route of Object.keys(ROUTE_CALLERS)) {
    for (const caller of ["anonymous", "scraper", "admin", ...ROLES] as const) {
      const expected = EXPECTED["route"]![route]!.split(" ").includes(caller);
      t.equal(mayCallRoute(caller, route), expected, `${route} by ${caller}`);
    }
  }
  t.end();
});

t.test("permissions deny what has no row", (t) => {
  for (const row of ["", "toString", "__proto__", "constructor", "play ", "PLAY", "admin"]) {
    t.notOk(maySendMessage("player", row), row);
    t.notOk(maySendInput("player", row), row);
    t.notOk(maySendDatagram("player", row), row);
    t.notOk(mayCallRoute("player", row), row);
    t.notOk(mayCallRoute("admin", row), row);
  }
  t.notOk(mayCallRoute("player", "GET /api/links"));
  t.notOk(maySendMessage("admin" as Role, "play"));
  t.end();
});

t.test("isForbiddenKey keeps a player on the shared desktop", (t) => {
  const press = (code: number, down = true): InputEvent => ({
    ...{ kind: "key", down, code, sequence: 1, pointerSequence: 0, x: 0, y: 0 },
  });
  const held = (...codes: number[]) => (code: number) => codes.includes(code);
  const [F1, F12, BACKSPACE, KEY_A] = [0x3b, 0x58, 0x0e, 0x1e] as const;
  t.ok(isForbiddenKey(press(F1), held(0x1d, 0x38)), "Ctrl+Alt+F1");
  t.ok(isForbiddenKey(press(F12), held(0xe01d, 0xe038)), "the right-hand keys too");
  t.ok(isForbiddenKey(press(BACKSPACE), held(0x1d, 0x38)), "Ctrl+Alt+Backspace");
  t.ok(isForbiddenKey(press(0x54), held()), "SysRq");
  t.notOk(isForbiddenKey(press(F1), held(0x38)), "Alt+F1");
  t.notOk(isForbiddenKey(press(F1), held(0x1d)), "Ctrl+F1");
  t.notOk(isForbiddenKey(press(F1, false), held(0x1d, 0x38)), "the end of a press");
  t.notOk(isForbiddenKey(press(KEY_A), held(0x1d, 0x38)), "Ctrl+Alt+A");
  t.end();
});
