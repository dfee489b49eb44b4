/**
 * Permissions: the one table of who may do what, for every message, input record, datagram, stream and
 * route that a peer can send. What has no row, or a row that the session does not meet, is refused;
 * what it met a moment ago, before somebody changed its rights, is late and only dropped.
 */

import type { ClientMessage, Role } from "../wire/control.ts";
import { CLIPBOARD_CONTENT_PREAMBLE, CLIPBOARD_FETCH_PREAMBLE } from "../wire/clipboard.ts";
import { FILE_STREAM_PREAMBLE } from "../wire/file_transfer.ts";
import { INPUT_STREAM_PREAMBLE } from "../wire/input.ts";
import type { InputEvent, InputKind } from "../wire/input.ts";
import type { DatagramClass } from "../wire/packet.ts";
import type { Permission } from "../wire/permission.ts";
import { isAtLeast } from "./session_rights.ts";
import type { Grant, SessionRights } from "./session_rights.ts";

/** What a row asks of a session. */
export type Need =
  | "nobody"
  | "everybody"
  /** The role, or one above it. */
  | "player"
  | "admin"
  /** Some permission of hands: keyboard, pointer or pad. */
  | "hands"
  /** Keyboard or pointer. */
  | "control"
  | Permission;

/** What is said of something that a peer sent. */
export type Verdict =
  | "allowed"
  /** It was allowed some time before: what was under way when that ended is no lie. */
  | "late"
  | "refused";

/**
 * Who may call a route: a role of a session, or a session with a permission; a page that showed the
 * token of the dashboard, a program with the token of the metrics, or anybody that passes the request
 * guard.
 */
export type Caller = Role | Permission | "dashboard" | "scraper" | "anonymous";

const SESSIONS: readonly Role[] = ["viewer", "player", "admin"];
const PLAYERS: readonly Role[] = ["player", "admin"];
/** Who may watch may go back; who may play, or has the dashboard, decides what is held. */
const REPLAY_READERS: readonly Caller[] = [...SESSIONS, "dashboard"];
const REPLAY_MASTERS: readonly Caller[] = [...PLAYERS, "dashboard"];

/** Control messages after the handshake; `hello` is only ever the first message. */
export const MESSAGE_NEEDS: Readonly<Record<ClientMessage["type"], Need>> = {
  hello: "nobody",
  play: "everybody",
  pause: "everybody",
  select_stream: "everybody",
  keyframe_request: "everybody",
  timings_request: "everybody",
  viewer_report: "everybody",
  sound_play: "everybody",
  sound_stop: "everybody",
  microphone_start: "microphone",
  microphone_stop: "microphone",
  clipboard_offer: "clipboard_write",
  clipboard_refuse: "clipboard_write",
  file_offer: "files",
  file_pause: "files",
  file_cancel: "files",
  resize_display: "control",
  set_name: "everybody",
  request_control: "control",
  give_control: "control",
  take_control: "admin",
  move_slot: "admin",
  set_rights: "admin",
  kick: "admin",
  publish_start: "publish",
  publish_stop: "publish",
  publish_stats: "publish",
  take_over: "everybody",
  quit: "everybody",
};

/** Control messages of a producer after the handshake; all others are a viewer's. */
export const PRODUCER_MESSAGES: ReadonlySet<ClientMessage["type"]> = new Set(
  ["publish_start", "publish_stop", "publish_stats", "quit"] as const,
);

/** Datagrams of a producer by class: pictures and sound go up, and only probes are answered. */
export const PRODUCER_DATAGRAM_NEEDS: Readonly<Record<DatagramClass, Need>> = {
  media: "publish",
  pointer: "nobody",
  probe: "everybody",
  audio: "publish",
  feedback: "nobody",
};

/** Records of the input stream. */
export const INPUT_NEEDS: Readonly<Record<InputKind, Need>> = {
  key: "keyboard",
  button: "pointer",
  wheel: "pointer",
  absolute: "pointer",
  relative: "pointer",
  release: "hands",
  beat: "hands",
  target: "hands",
  pad: "pad",
  pad_axis: "pad",
  touch: "pointer",
  touch_cancel: "pointer",
  pen: "pointer",
  text: "keyboard",
  locks: "keyboard",
};

/** Datagrams by class; media flow from the host only, sound from a viewer is its microphone. Those of pads are pointer's as well. */
export const DATAGRAM_NEEDS: Readonly<Record<DatagramClass, Need>> = {
  media: "nobody",
  pointer: "hands",
  probe: "everybody",
  audio: "microphone",
  feedback: "everybody",
};

/** Streams that a viewer opens, by their first byte. */
export const STREAM_NEEDS: Readonly<Record<number, Need>> = {
  [INPUT_STREAM_PREAMBLE]: "hands",
  [FILE_STREAM_PREAMBLE]: "files",
  [CLIPBOARD_CONTENT_PREAMBLE]: "clipboard_write",
  [CLIPBOARD_FETCH_PREAMBLE]: "clipboard_read",
};

/** Routes of the API, as method and path. */
export const ROUTE_CALLERS: Readonly<Record<string, readonly Caller[]>> = {
  "POST /api/session": ["anonymous", ...SESSIONS],
  "DELETE /api/session": SESSIONS,
  "POST /api/ticket": SESSIONS,
  "POST /api/links": PLAYERS,
  "GET /api/stats": [...PLAYERS, "dashboard"],
  "POST /api/admin/session": ["anonymous", ...SESSIONS, "dashboard"],
  "DELETE /api/admin/session": ["dashboard"],
  "GET /api/dashboard/events": ["dashboard"],
  "POST /api/sessions/:id/kick": ["dashboard"],
  "POST /api/sessions/:id/rights": ["dashboard"],
  "POST /api/published/:id/end": ["admin", "dashboard"],
  "GET /api/replay": REPLAY_READERS,
  "GET /api/replay/frames": REPLAY_READERS,
  "POST /api/replay/pause": REPLAY_MASTERS,
  "POST /api/replay/resume": REPLAY_MASTERS,
  "POST /api/replay/blank": REPLAY_MASTERS,
  "POST /api/recordings/start": REPLAY_MASTERS,
  "POST /api/recordings/stop": REPLAY_MASTERS,
  "GET /api/recordings": REPLAY_READERS,
  "GET /api/recordings/:id/frames": REPLAY_READERS,
  "GET /api/clips": REPLAY_READERS,
  "DELETE /api/recordings/:id": REPLAY_MASTERS,
  "GET /recordings/:file": REPLAY_READERS,
  "GET /api/files": ["files"],
  "GET /api/files/:name": ["files"],
  "GET /api/transfers": ["admin", "dashboard"],
  "POST /api/transfers/:id": ["admin", "dashboard"],
  "GET /metrics": ["scraper"],
  "GET /session/tcp": SESSIONS,
  "POST /api/rtc": SESSIONS,
  "GET /api/health": ["anonymous", ...SESSIONS],
};

/** Whether a session may send control message `type`. */
export function judgeMessage(rights: SessionRights, type: string): Verdict {
  return judge(rights, needOf(MESSAGE_NEEDS, type));
}

/** Whether a session may send an input record of `kind`. */
export function judgeInput(rights: SessionRights, kind: string): Verdict {
  return judge(rights, needOf(INPUT_NEEDS, kind));
}

/** Whether a session may send datagrams of class `name`. */
export function judgeDatagram(rights: SessionRights, name: string): Verdict {
  return judge(rights, needOf(DATAGRAM_NEEDS, name));
}

/** Whether a producer may send datagrams of class `name`. */
export function judgeProducerDatagram(rights: SessionRights, name: string): Verdict {
  return judge(rights, needOf(PRODUCER_DATAGRAM_NEEDS, name));
}

/** Whether a session may open a stream whose first byte is `preamble`. */
export function judgeStream(rights: SessionRights, preamble: number): Verdict {
  return judge(rights, needOf(STREAM_NEEDS, String(preamble)));
}

/** True when `caller` may call `route`, such as `POST /api/links`. */
export function mayCallRoute(caller: Caller, route: string): boolean {
  return Object.hasOwn(ROUTE_CALLERS, route) && (ROUTE_CALLERS[route] ?? []).includes(caller);
}

/** True when what a session may do is enough for a row. */
export function meetsNeed({ role, permissions }: Grant, need: Need): boolean {
  switch (need) {
    case "nobody":
      return false;
    case "everybody":
      return true;
    case "player":
    case "admin":
      return isAtLeast(role, need);
    case "hands":
      return ["keyboard", "pointer", "pad"].some((hand) => permissions.has(hand as Permission));
    case "control":
      return permissions.has("keyboard") || permissions.has("pointer");
    default:
      return permissions.has(need);
  }
}

function judge(rights: SessionRights, need: Need): Verdict {
  if (meetsNeed(rights.now, need)) return "allowed";
  return meetsNeed(rights.ever, need) ? "late" : "refused";
}

function needOf(table: Readonly<Record<string, Need>>, row: string): Need {
  return Object.hasOwn(table, row) ? table[row] ?? "nobody" : "nobody";
}

// XT scancode set 1; 0xE0xx are the right-hand copies.
const CONTROL_KEYS = [0x1d, 0xe01d];
const ALT_KEYS = [0x38, 0xe038];
const BACKSPACE = 0x0e;
const SYSTEM_REQUEST = 0x54;
const FUNCTION_KEYS = new Set([
  ...[0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44],
  ...[0x57, 0x58],
]);

/**
 * True when pressing `event` would leave the desktop that is shared: SysRq, and with Ctrl and Alt
 * held the function keys (another console) and Backspace (the end of the X server).
 */
export function isForbiddenKey(event: InputEvent, isHeld: (code: number) => boolean): boolean {
  if (event.kind !== "key" || !event.down) return false;
  if (event.code === SYSTEM_REQUEST) return true;
  if (!FUNCTION_KEYS.has(event.code) && event.code !== BACKSPACE) return false;
  return CONTROL_KEYS.some(isHeld) && ALT_KEYS.some(isHeld);
}
