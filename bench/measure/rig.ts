/**
 * Rig: everything real that a scenario measures between: an X server with content, the host that
 * streams it, and a browser to watch it with.
 */

import type { Browser } from "playwright-core";
import { startBrowser } from "./browser.ts";
import { type Host, startHost } from "./host.ts";
import type { ProcessGroup } from "./process_group.ts";
import { startXScreen, type XScreen, type XScreenOptions } from "./x_screen.ts";

/** What to build. */
export interface RigOptions extends XScreenOptions {
  /** Flags of the host beside display and rate. */
  readonly hostArgs?: readonly string[];
}

/** The parts; they end with the group. */
export interface Rig {
  readonly screen: XScreen;
  readonly host: Host;
  readonly browser: Browser;
  /** The host's directory for certificates and sessions. */
  readonly stateDirectory: string;
}

/** Starts the parts one after another. */
export async function startRig(
  group: ProcessGroup,
  options: RigOptions,
  signal: AbortSignal,
): Promise<Rig> {
  const stateDirectory = await Deno.makeTempDir({ prefix: "wavry-bench-" });
  group.defer(() => Deno.remove(stateDirectory, { recursive: true }));
  const screen = await startXScreen(group, options, signal);
  const args = ["--display", screen.display, "--fps", String(options.fps)];
  const host = await startHost(
    group,
    { args: [...args, ...(options.hostArgs ?? [])], stateDirectory },
    signal,
  );
  const browser = await startBrowser(group);
  return { screen, host, browser, stateDirectory };
}
