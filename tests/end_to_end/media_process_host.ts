/**
 * A server process for tests that has nothing but a supervised media process with the pattern: prints
 * the media process's id with its first frame, and then does nothing until it is killed.
 */

import { monotonicClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { mediaCommandLine } from "../../src/ipc/media_command_line.ts";
import { MediaSupervisor } from "../../src/ipc/media_supervisor.ts";

let isPrinted = false;
const supervisor = new MediaSupervisor({
  command: () => mediaCommandLine({ root: Deno.cwd() }),
  log: silentLogger,
  clock: monotonicClock,
  handlers: {
    frame() {
      if (!isPrinted) console.log(`media ${supervisor.stats.pid}`);
      isPrinted = true;
    },
    cursor() {},
    started() {},
    failed() {},
    stateChanged() {},
    stats() {},
  },
});
supervisor.startStream({
  streamId: 0,
  source: "pattern",
  display: "",
  width: 320,
  height: 240,
  fps: 30,
  encoder: "auto",
  bitrateBps: 1_000_000,
  framebufferShmId: -1,
});
supervisor.start();
