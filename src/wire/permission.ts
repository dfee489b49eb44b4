/**
 * Permissions: what of a host a session may use beside looking at it, one bit each. A role is a usual
 * set of them; who may change them is `src/session/permissions.ts`.
 */

/** Every permission there is. */
export const PERMISSIONS = [
  "keyboard",
  "pointer",
  "pad",
  /** The host's clipboard comes to the viewer. */
  "clipboard_read",
  /** The viewer's clipboard goes to the host. */
  "clipboard_write",
  "files",
  "microphone",
  /** The session may have a stream of its own, which others watch. */
  "publish",
] as const;
/** One of `PERMISSIONS`. */
export type Permission = (typeof PERMISSIONS)[number];

/** What playing usually permits: to show others something of one's own is given by hand. */
export const PLAYER_PERMISSIONS: readonly Permission[] = PERMISSIONS.filter((permission) => {
  return permission !== "publish";
});
