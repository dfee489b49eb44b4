/** x_screen: a real X server with content, gone without a trace afterwards. */

import t from "tap";
import { ProcessGroup } from "../../../../bench/measure/process_group.ts";
import { readProcess } from "../../../../bench/measure/process_usage.ts";
import { startXScreen } from "../../../../bench/measure/x_screen.ts";

const signal = new AbortController().signal;
const size = { width: 640, height: 360 };

t.test("startXScreen shows content that logs input and leaves nothing behind", async (t) => {
  const lines: string[] = [];
  let pids: number[] = [];
  {
    await using group = new ProcessGroup();
    const screen = await startXScreen(group, {
      ...size,
      content: "scroll",
      fps: 60,
      seed: 1,
      onInput: (line) => lines.push(line),
    }, signal);
    t.match(screen.display, /^:\d+$/);
    pids = [screen.server.pid, screen.scene.pid];
    t.ok(await ownsSegment(screen.server.pid), "the framebuffer is shared");
  }
  t.same(pids.map((pid) => readProcess(pid)?.command), [undefined, undefined]);
  t.notOk(await ownsSegment(pids[0] ?? 0), "and gone with the server");
  const [first, last] = [lines[0], lines.at(-1)].map((line) => JSON.parse(line ?? "{}"));
  t.match(first, { type: "ready", ...size });
  t.match(last, { type: "end" });
  t.ok(last.frames >= 1);
});

t.test("startXScreen can hide the framebuffer", async (t) => {
  await using group = new ProcessGroup();
  const options = { ...size, content: "still", fps: 60, seed: 1, hideFramebuffer: true } as const;
  const screen = await startXScreen(group, options, signal);
  t.notOk(await ownsSegment(screen.server.pid));
});

async function ownsSegment(pid: number): Promise<boolean> {
  const rows = (await Deno.readTextFile("/proc/sysvipc/shm")).split("\n").slice(1);
  return rows.some((row) => Number(row.trim().split(/\s+/)[4]) === pid);
}
