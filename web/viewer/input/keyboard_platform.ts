/**
 * keyboardPlatform: whose ways a keyboard has, from what the browser calls itself.
 */

import type { KeyboardPlatform } from "./keyboard.ts";

/** The platform of a user agent. */
export function keyboardPlatform(userAgent: string): KeyboardPlatform {
  if (/Mac|iPhone|iPad/.test(userAgent)) return "apple";
  return userAgent.includes("Windows") ? "windows" : "other";
}
