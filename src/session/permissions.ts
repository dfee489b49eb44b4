/**
 * Permissions: the one table of who may do what, for every message, input record, datagram and
 * route that a peer can send. What has no row, or a row without the role, is refused.
 */

import type { ClientMessage, Role } from "../wire/control.ts";
import type { InputEvent, InputKind } from "../wire/input.ts";
import type { DatagramClass } from "../wire/packet.ts";

/**
 * Who may call a route: a role of a session, a page that showed the token of the dashboard, a program
 * with the token of the metrics, or anybody that passes the request guard.
 */
export type Caller = Role | "admin" | "scraper" | "anonymous";

const EVERYBODY: readonly Role[] = ["viewer", "player"];
const PLAYER: readonly Role[] = ["player"];
const NOBODY: readonly Role[] = [];
/** Who may watch may go back; who may play, or has the dashboard, decides what is held. */
const REPLAY_READERS: readonly Caller[] = ["viewer", "player", "admin"];
const REPLAY_MASTERS: readonly Caller[] = ["player", "admin"];

/** Control messages after the handshake; `hello` is only ever the first message. */
export const MESSAGE_ROLES: Readonly<Record<ClientMessage["type"], readonly Role[]>> = {
  hello: NOBODY,
  play: EVERYBODY,
  pause: EVERYBODY,
  select_stream: EVERYBODY,
  keyframe_request: EVERYBODY,
  timings_request: EVERYBODY,
  viewer_report: EVERYBODY,
  sound_play: EVERYBODY,
  sound_stop: EVERYBODY,
  quit: EVERYBODY,
};

/** Records of the input stream. */
export const INPUT_ROLES: Readonly<Record<InputKind, readonly Role[]>> = {
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
};

/** Datagrams by class; media and sound flow from the host only. */
export const DATAGRAM_ROLES: Readonly<Record<DatagramClass, readonly Role[]>> = {
  media: NOBODY,
  pointer: PLAYER,
  probe: EVERYBODY,
  audio: NOBODY,
  feedback: EVERYBODY,
};

/** Routes of the API, as method and path. */
export const ROUTE_CALLERS: Readonly<Record<string, readonly Caller[]>> = {
  "POST /api/session": ["anonymous", "viewer", "player"],
  "DELETE /api/session": EVERYBODY,
  "POST /api/ticket": EVERYBODY,
  "POST /api/links": PLAYER,
  "GET /api/stats": ["player", "admin"],
  "POST /api/admin/session": ["anonymous", "viewer", "player", "admin"],
  "DELETE /api/admin/session": ["admin"],
  "GET /api/dashboard/events": ["admin"],
  "POST /api/sessions/:id/kick": ["admin"],
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
  "GET /metrics": ["scraper"],
  "GET /api/health": ["anonymous", "viewer", "player"],
};

/** True when `role` may send control message `type`. */
export function maySendMessage(role: Role, type: string): boolean {
  return allowed(MESSAGE_ROLES, type, role);
}

/** True when `role` may send an input record of `kind`. */
export function maySendInput(role: Role, kind: string): boolean {
  return allowed(INPUT_ROLES, kind, role);
}

/** True when `role` may send datagrams of class `name`. */
export function maySendDatagram(role: Role, name: string): boolean {
  return allowed(DATAGRAM_ROLES, name, role);
}

/** True when `caller` may call `route`, such as `POST /api/links`. */
export function mayCallRoute(caller: Caller, route: string): boolean {
  return allowed(ROUTE_CALLERS, route, caller);
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

function allowed<C extends string>(
  table: Readonly<Record<string, readonly C[]>>,
  row: string,
  caller: C,
): boolean {
  return Object.hasOwn(table, row) && (table[row] ?? []).includes(caller);
}
