/**
 * Rig: everything real that a scenario measures between: an X server with content, the host that
 * streams it, and where it is wanted a browser to watch it with.
 */

import type { Browser } from "playwright-core";
import { startBrowser } from "./browser.ts";
import { type Host, type HostOptions, startHost } from "./host.ts";
import type { ProcessGroup } from "./process_group.ts";
import { startXScreen, type XScreen, type XScreenOptions } from "./x_screen.ts";

/** What to build. */
export interface RigOptions extends XScreenOptions {
  /** Flags of the host beside display and rate. */
  readonly hostArgs?: readonly string[];
}

/** A host and the screen that it streams; they end with the group. */
export interface HostRig {
  readonly screen: XScreen;
  readonly host: Host;
  /** The host's directory for certificates and sessions. */
  readonly stateDirectory: string;
}

/** The same with a browser. */
export interface Rig extends HostRig {
  readonly browser: Browser;
}

/** Starts the parts one after another. */
export async function startRig(
  group: ProcessGroup,
  options: RigOptions,
  signal: AbortSignal,
): Promise<Rig> {
  const rig = await startHostRig(group, options, signal);
  return { ...rig, browser: await startBrowser(group) };
}

/** Starts the screen and the host; `program` has what else the host is started with. */
export async function startHostRig(
  group: ProcessGroup,
  options: RigOptions & { readonly program?: Pick<HostOptions, "env" | "onLine"> },
  signal: AbortSignal,
): Promise<HostRig> {
  const { hostArgs = [], program = {}, ...content } = options;
  const stateDirectory = await Deno.makeTempDir({ prefix: "wavry-bench-" });
  group.defer(() => Deno.remove(stateDirectory, { recursive: true }));
  const screen = await startXScreen(group, content, signal);
  const args = ["--display", screen.display, "--fps", String(options.fps), ...hostArgs];
  const host = await startHost(group, { ...program, args, stateDirectory }, signal);
  return { screen, host, stateDirectory };
}
