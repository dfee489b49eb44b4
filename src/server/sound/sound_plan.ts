/**
 * SoundPlan: where the sound of a host comes from, by its options and by what it shows. Plain
 * functions.
 */

import type { ServerConfig } from "../config/config.ts";
import { planDisplays } from "../displays/displays.ts";

/** What is to be heard. */
export type SoundPlan =
  | { readonly kind: "off" }
  | { readonly kind: "tone"; readonly why: string }
  /** The PulseAudio server of the user who runs the host. */
  | { readonly kind: "user" }
  /** One of its own, for the programs of a virtual screen; `orTone` when that cannot be had. */
  | { readonly kind: "private"; readonly orTone: boolean };

/** What a plan follows from. */
export type SoundChoice = Pick<ServerConfig, "audio"> & Parameters<typeof planDisplays>[0];

/** Where sound comes from. */
export function planSound(choice: SoundChoice): SoundPlan {
  const { audio } = choice;
  if (audio === "off") return { kind: "off" };
  if (audio === "tone") return { kind: "tone", why: "it was asked for" };
  const kinds = planDisplays(choice).map(({ kind }) => kind);
  // Whoever shows the real desktop hears what it plays, whatever virtual screens there are besides.
  if (kinds.includes("display")) return { kind: "user" };
  if (kinds.includes("virtual")) return { kind: "private", orTone: audio === "auto" };
  return audio === "pulse" ? { kind: "user" } : { kind: "tone", why: "a test pattern is shown" };
}

/** Variables by which programs find the user's sound server. */
const USER_VARIABLES = ["PULSE_SERVER", "PULSE_COOKIE", "PULSE_RUNTIME_PATH", "XDG_RUNTIME_DIR"];

/** Those of them that `environment` has. */
export function userSoundVariables(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(USER_VARIABLES.flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === "" ? [] : [[name, value]];
  }));
}
