/**
 * XScreen: the X server and the content of a measurement: an Xvfb of its own, on a display number
 * that it picks itself, and the scene program on it.
 */

import { fileURLToPath } from "node:url";
import type { ProcessGroup, Program } from "./process_group.ts";

const START_TIMEOUT_MS = 10_000;
const SCENE_PATH = fileURLToPath(new URL("../../build/native/wavry_scene", import.meta.url));

/** Kinds of content that the scene program draws. */
export const CONTENTS = ["scroll", "game", "video", "grain", "still", "desktop"] as const;
/** One of `CONTENTS`. */
export type Content = (typeof CONTENTS)[number];

/** What to show. */
export interface XScreenOptions {
  readonly width: number;
  readonly height: number;
  readonly content: Content;
  readonly fps: number;
  readonly seed: number;
  /** Number of the first drawing, by which the marker tells screens apart; default 1. */
  readonly firstFrame?: number;
  /** Draw at once on a key or button press. */
  readonly respond?: boolean;
  /** Without it Xvfb shares its framebuffer, and capture reads that instead of asking for images. */
  readonly hideFramebuffer?: boolean;
  /** Gets each input event that reached the content, as the scene program logs it. */
  readonly onInput?: (line: string) => void;
}

/** A running X server with content. */
export interface XScreen {
  /** Such as ":101". */
  readonly display: string;
  readonly server: Program;
  readonly scene: Program;
}

/** Starts Xvfb and the content; both end with the group. */
export async function startXScreen(
  group: ProcessGroup,
  options: XScreenOptions,
  signal: AbortSignal,
): Promise<XScreen> {
  const { width, height, content, fps, seed } = options;
  const server = group.start({
    name: "Xvfb",
    command: "Xvfb",
    args: [
      ...["-displayfd", "1", "-screen", "0", `${width}x${height}x24`, "-noreset"],
      ...["-nolisten", "tcp"],
      ...(options.hideFramebuffer ? [] : ["-shmem"]),
    ],
  });
  const [, number] = await server.waitForLine(/^(\d+)$/, { timeoutMs: START_TIMEOUT_MS, signal });
  const display = `:${number}`;
  if (!options.hideFramebuffer) {
    const [, segment = ""] = await server.waitForLine(/^screen 0 shmid (\d+)$/, {
      timeoutMs: START_TIMEOUT_MS,
      signal,
    });
    // Xvfb leaves its framebuffer behind when it ends; marked now, it goes with its last user.
    await new Deno.Command("ipcrm", { args: ["-m", segment] }).output();
  }
  const scene = group.start({
    name: "scene",
    command: SCENE_PATH,
    args: [
      ...[content, "--display", display, "--fps", String(fps), "--seed", String(seed)],
      ...["--marker", "--log-input", "-"],
      ...(options.firstFrame === undefined ? [] : ["--first-frame", String(options.firstFrame)]),
      ...(options.respond ? ["--respond"] : []),
    ],
    ...(options.onInput === undefined ? {} : { onLine: options.onInput }),
  });
  await scene.waitForLine(/"type":"ready"/, { timeoutMs: START_TIMEOUT_MS, signal });
  return { display, server, scene };
}
