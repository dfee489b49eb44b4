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
] as const;
/** One of `PERMISSIONS`. */
export type Permission = (typeof PERMISSIONS)[number];
