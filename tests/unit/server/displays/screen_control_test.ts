/** Tests of src/server/displays/screen_control.ts, with programs that answer as they are told. */

import t from "tap";
import { silentLogger } from "../../../../src/core/log.ts";
import { ScreenControl } from "../../../../src/server/displays/screen_control.ts";
import type { ScreenLayout } from "../../../../src/server/displays/screen_control.ts";
import { ChildReaper } from "../../../../src/server/processes/child_reaper.ts";

const folder = await Deno.makeTempDir({ prefix: "wavry-screen-" });
const reaper = new ChildReaper(folder);
// It takes its folder along.
t.teardown(() => reaper.close());

const LAYOUT = '{"type":"monitors","width":800,"height":600,"monitors":[{"name":"A","x":0,"y":0,' +
  '"width":800,"height":600,"primary":true,"refreshMilliHz":60000}]}';

let scripts = 0;

/** A control of a program that runs these lines of shell. */
async function control(lines: string, layouts: ScreenLayout[] = []): Promise<ScreenControl> {
  const program = `${folder}/program${scripts++}`;
  await Deno.writeTextFile(program, `#!/bin/sh\n${lines}\n`, { mode: 0o700 });
  return new ScreenControl({
    ...{ program, reaper, log: silentLogger },
    display: () => ":5",
    environment: () => ({ SCREEN_WORD: "there" }),
    onLayout: (layout) => layouts.push(layout),
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isTrue(); turn++) await pause(10);
}

t.test("ScreenControl tells layouts, and asks for sizes with what opens the screen", async (t) => {
  const layouts: ScreenLayout[] = [];
  const screen = await control(
    `echo '${LAYOUT}'
    read word width height dpi
    [ "$1 $SCREEN_WORD $word" = ":5 there size" ] || exit 1
    echo '{"type":"resized","width":'$width',"height":'$height',"isDone":true,"why":""}'
    read word width height dpi
    echo '{"type":"resized","width":1,"height":2,"isDone":false,"why":"'$dpi' is too many"}'
    read rest`,
    layouts,
  );
  t.match(await screen.resize({ width: 640, height: 480 }), {
    ...{ width: 640, height: 480, isDone: true, why: "" },
  });
  const [first, second] = await Promise.all([
    screen.resize({ width: 10, height: 10 }, 192),
    screen.resize({ width: 20, height: 20 }),
  ]);
  t.match(first, { isDone: false, why: "192 is too many" });
  t.match(second, { isDone: false, why: /under way/ }, "one after the other");
  t.same(layouts, [screen.layout]);
  t.match(screen.layout, { width: 800, height: 600, monitors: [{ name: "A", primary: true }] });
  await screen.close();
});

t.test("ScreenControl gives a screen that started anew the size of before", async (t) => {
  const log = `${folder}/sizes`;
  const screen = await control(
    `read line
    echo "$line" >> ${log}
    echo '{"type":"resized","width":640,"height":480,"isDone":true,"why":""}'
    sleep 0.05`,
  );
  t.match(await screen.resize({ width: 640, height: 480 }), { isDone: true });
  const sizes = () => {
    try {
      return Deno.readTextFileSync(log).trim().split("\n");
    } catch {
      return [];
    }
  };
  await until(() => sizes().length >= 2);
  t.same(sizes().slice(0, 2), ["size 640 480 96", "size 640 480 96"]);
  await screen.close();
});

t.test("ScreenControl outlives programs that are missing, talk nonsense or end", async (t) => {
  const missing = new ScreenControl({
    ...{ program: `${folder}/none`, reaper, log: silentLogger },
    ...{ display: () => ":5", environment: () => ({}), onLayout: () => {} },
  });
  const asked = missing.resize({ width: 640, height: 480 });
  await pause(50);
  await missing.close();
  t.match(await asked, { isDone: false, why: "the host ends" });

  for (
    const nonsense of [
      "echo nonsense",
      'echo \'{"type":"monitors"}\'',
      `echo '${LAYOUT.replace('"width":800', '"width":-1')}'`,
      "head -c 100000 /dev/zero",
    ]
  ) {
    const layouts: ScreenLayout[] = [];
    const screen = await control(`${nonsense}; read rest`, layouts);
    await pause(60);
    t.same(layouts, [], nonsense.slice(0, 40));
    t.equal(screen.layout, undefined);
    await screen.close();
  }
});
