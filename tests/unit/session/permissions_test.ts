import t from "tap";
import {
  DATAGRAM_NEEDS,
  INPUT_NEEDS,
  isForbiddenKey,
  judgeDatagram,
  judgeInput,
  judgeMessage,
  judgeProducerDatagram,
  judgeStream,
  mayCallRoute,
  MESSAGE_NEEDS,
  PRODUCER_DATAGRAM_NEEDS,
  PRODUCER_MESSAGES,
  ROUTE_CALLERS,
  STREAM_NEEDS,
} from "../../../src/session/permissions.ts";
import type { Verdict } from "../../../src/session/permissions.ts";
import { SessionRights } from "../../../src/session/session_rights.ts";
import { clientMessageSchema, ROLES } from "../../../src/wire/control.ts";
import { INPUT_RECORD_BYTES, parseInputEvent } from "../../../src/wire/input.ts";
import type { InputEvent } from "../../../src/wire/input.ts";
import { datagramClass } from "../../../src/wire/packet.ts";
import { PERMISSIONS } from "../../../src/wire/permission.ts";
import type { Permission } from "../../../src/wire/permission.ts";

const ALL = "viewer player admin";
const PLAYER = "player admin";
const NOBODY = "";
const CONTROL = "keyboard pointer";
const HANDS = "keyboard pointer pad";

/**
 * What is meant, written a second time: a change of a table must be meant twice. Roles that suffice by
 * themselves, and permissions each of which suffices.
 */
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
    microphone_start: "microphone",
    microphone_stop: "microphone",
    clipboard_offer: "clipboard_write",
    clipboard_refuse: "clipboard_write",
    file_offer: "files",
    file_pause: "files",
    file_cancel: "files",
    set_name: ALL,
    request_control: CONTROL,
    give_control: CONTROL,
    take_control: "admin",
    move_slot: "admin",
    set_rights: "admin",
    kick: "admin",
    resize_display: CONTROL,
    publish_start: "publish",
    publish_stop: "publish",
    publish_stats: "publish",
    take_over: ALL,
    quit: ALL,
  },
  input: {
    key: "keyboard",
    button: "pointer",
    wheel: "pointer",
    absolute: "pointer",
    relative: "pointer",
    release: HANDS,
    beat: HANDS,
    target: HANDS,
    pad: "pad",
    pad_axis: "pad",
    touch: "pointer",
    touch_cancel: "pointer",
    pen: "pointer",
    text: "keyboard",
    locks: "keyboard",
  },
  datagram: { media: NOBODY, pointer: HANDS, probe: ALL, audio: "microphone", feedback: ALL },
  producer: { media: "publish", pointer: NOBODY, probe: ALL, audio: "publish", feedback: NOBODY },
  stream: { "70": "files", "67": "clipboard_write", "73": HANDS, "99": "clipboard_read" },
  route: {
    "POST /api/session": `anonymous ${ALL}`,
    "DELETE /api/session": ALL,
    "POST /api/ticket": ALL,
    "POST /api/links": PLAYER,
    "GET /api/stats": `${PLAYER} dashboard`,
    "POST /api/admin/session": `anonymous ${ALL} dashboard`,
    "DELETE /api/admin/session": "dashboard",
    "GET /api/dashboard/events": "dashboard",
    "POST /api/sessions/:id/kick": "dashboard",
    "POST /api/sessions/:id/rights": "dashboard",
    "POST /api/published/:id/end": "admin dashboard",
    "GET /api/replay": `${ALL} dashboard`,
    "GET /api/replay/frames": `${ALL} dashboard`,
    "POST /api/replay/pause": `${PLAYER} dashboard`,
    "POST /api/replay/resume": `${PLAYER} dashboard`,
    "POST /api/replay/blank": `${PLAYER} dashboard`,
    "GET /api/recordings": `${ALL} dashboard`,
    "GET /api/recordings/:id/frames": `${ALL} dashboard`,
    "GET /api/clips": `${ALL} dashboard`,
    "DELETE /api/recordings/:id": `${PLAYER} dashboard`,
    "GET /recordings/:file": `${ALL} dashboard`,
    "POST /api/recordings/start": `${PLAYER} dashboard`,
    "POST /api/recordings/stop": `${PLAYER} dashboard`,
    "GET /api/files": "files",
    "GET /api/files/:name": "files",
    "GET /api/transfers": "admin dashboard",
    "POST /api/transfers/:id": "admin dashboard",
    "GET /metrics": "scraper",
    "GET /session/tcp": ALL,
    "POST /api/rtc": ALL,
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

/** Every set of permissions. */
function everySet(): Permission[][] {
  return Array.from({ length: 2 ** PERMISSIONS.length }, (_, bits) => {
    return PERMISSIONS.filter((_permission, index) => (bits >> index) % 2 === 1);
  });
}

t.test("permissions have a row for everything that a peer can send", (t) => {
  t.same(Object.keys(MESSAGE_NEEDS).sort(), [...clientMessageSchema().types].sort());
  t.same(Object.keys(INPUT_NEEDS).sort(), inputKinds().sort());
  const classes = [0x00, 0x40, 0x80, 0xa0, 0xc0].map((first) =>
    datagramClass(Uint8Array.of(first))
  );
  t.same(Object.keys(DATAGRAM_NEEDS).sort(), classes.sort());
  t.end();
});

t.test("permissions are as meant in every cell", (t) => {
  const check: Record<string, (rights: SessionRights, row: string) => Verdict> = {
    message: judgeMessage,
    input: judgeInput,
    datagram: judgeDatagram,
    producer: judgeProducerDatagram,
    stream: (rights, row) => judgeStream(rights, Number(row)),
  };
  const tables = {
    ...{ message: MESSAGE_NEEDS, input: INPUT_NEEDS, datagram: DATAGRAM_NEEDS },
    ...{ producer: PRODUCER_DATAGRAM_NEEDS, stream: STREAM_NEEDS },
  };
  const sets = everySet();
  for (const [table, rows] of Object.entries(tables)) {
    t.same(Object.keys(rows).sort(), Object.keys(EXPECTED[table]!).sort(), table);
    for (const row of Object.keys(rows)) {
      const sufficient = EXPECTED[table]![row]!.split(" ");
      const wrong: string[] = [];
      for (const role of ROLES) {
        for (const permissions of sets) {
          const rights = new SessionRights(role, permissions);
          const isMeant = sufficient.includes(role) ||
            permissions.some((permission) => sufficient.includes(permission));
          const verdict = check[table]!(rights, row);
          if (verdict !== (isMeant ? "allowed" : "refused")) wrong.push(`${role} ${permissions}`);
        }
      }
      t.same(wrong, [], `${table} ${row}: ${ROLES.length * sets.length} cells`);
    }
  }
  t.end();
});

t.test("permissions leave a producer its own messages and the farewell", (t) => {
  const own = [...clientMessageSchema().types].filter((type) => type.startsWith("publish_"));
  t.same([...PRODUCER_MESSAGES].sort(), [...own, "quit"].sort());
  t.notOk(new SessionRights("player").may("publish"), "is given by hand");
  t.ok(new SessionRights("admin").may("publish"));
  t.end();
});

t.test("permissions of routes are as meant in every cell", (t) => {
  t.same(Object.keys(ROUTE_CALLERS).sort(), Object.keys(EXPECTED["route"]!).sort());
  for (const route of Object.keys(ROUTE_CALLERS)) {
    for (const caller of ["anonymous", "scraper", "dashboard", ...ROLES, ...PERMISSIONS] as const) {
      const expected = EXPECTED["route"]![route]!.split(" ").includes(caller);
      t.equal(mayCallRoute(caller, route), expected, `${route} by ${caller}`);
    }
  }
  t.end();
});

t.test("permissions deny what has no row", (t) => {
  const admin = new SessionRights("admin");
  for (const row of ["", "toString", "__proto__", "constructor", "play ", "PLAY", "admin"]) {
    t.equal(judgeMessage(admin, row), "refused", row);
    t.equal(judgeInput(admin, row), "refused", row);
    t.equal(judgeDatagram(admin, row), "refused", row);
    t.notOk(mayCallRoute("admin", row), row);
    t.notOk(mayCallRoute("dashboard", row), row);
  }
  for (const preamble of [0, 0x48, 0xff, NaN]) t.equal(judgeStream(admin, preamble), "refused");
  t.notOk(mayCallRoute("player", "GET /api/links"));
  t.end();
});

t.test("what ended a moment ago is late, what never was is refused", (t) => {
  const rights = new SessionRights("player");
  rights.change({ permissions: ["pointer"] });
  t.equal(judgeInput(rights, "key"), "late");
  t.equal(judgeInput(rights, "button"), "allowed");
  t.equal(judgeStream(rights, 0x46), "late");
  rights.change({ permissions: [] });
  t.equal(judgeInput(rights, "beat"), "late", "of the permissions that suffice one was there");
  rights.change({ role: "viewer" });
  t.equal(judgeInput(rights, "key"), "late");
  rights.change({ permissions: ["keyboard"] });
  t.equal(judgeInput(rights, "key"), "allowed", "a viewer with a keyboard");
  const viewer = new SessionRights("viewer");
  viewer.change({ permissions: ["pad"] });
  t.equal(judgeInput(viewer, "pad"), "allowed");
  t.equal(judgeInput(viewer, "key"), "refused");
  t.end();
});

t.test("SessionRights tells of changes, and of nothing else", (t) => {
  const rights = new SessionRights("player", ["files", "keyboard"]);
  const heard: string[] = [];
  const end = rights.onChange(({ role, permissions }) => heard.push(`${role} ${[...permissions]}`));
  t.notOk(rights.change({ role: "player", permissions: ["keyboard", "files"] }), "the same");
  t.same(rights.permissions, ["keyboard", "files"]);
  t.ok(rights.change({ role: "viewer" }));
  t.same(rights.permissions, ["keyboard", "files"], "bits stay unless they are named");
  t.ok(rights.change({ permissions: [] }));
  t.same(heard, ["player files,keyboard", "viewer keyboard,files"], "with what was before");
  end();
  t.ok(rights.change({ role: "admin" }));
  t.equal(heard.length, 2);
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
