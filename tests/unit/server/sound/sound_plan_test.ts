/** Tests of src/server/sound/sound_plan.ts. */

import t from "tap";
import { defaultConfig } from "../../../../src/server/config/config.ts";
import { planSound, userSoundVariables } from "../../../../src/server/sound/sound_plan.ts";

t.test("where sound comes from follows from what is shown and asked for", (t) => {
  const real = { environmentDisplay: ":0" };
  const virtual = { displays: 2 };
  const pattern = { source: "pattern" } as const;
  const kind = (change: Parameters<typeof defaultConfig>[0]) =>
    planSound(defaultConfig(change)).kind;
  t.equal(kind({ ...real }), "user");
  t.equal(kind({ ...real, audio: "pulse" }), "user");
  t.same(planSound(defaultConfig(virtual)), { kind: "private", orTone: true });
  t.same(planSound(defaultConfig({ ...virtual, audio: "pulse" })), {
    ...{ kind: "private", orTone: false },
  });
  t.equal(kind({ display: [":0"], displays: 1 }), "user", "the real desktop is heard");
  t.equal(kind(pattern), "tone");
  t.equal(kind({ ...pattern, audio: "pulse" }), "user");
  for (const shown of [real, virtual, pattern]) {
    t.equal(kind({ ...shown, audio: "off" }), "off");
    t.equal(kind({ ...shown, audio: "tone" }), "tone");
  }
  t.end();
});

t.test("the user's sound server is found by its variables, and no other passes", (t) => {
  const environment = {
    ...{ PULSE_SERVER: "unix:/run/x", XDG_RUNTIME_DIR: "/run/user/1", PULSE_COOKIE: "" },
    ...{ SECRET: "1", PULSE_SINK: "x", PULSE_RUNTIME_PATH: undefined },
  };
  t.same(userSoundVariables(environment), {
    ...{ PULSE_SERVER: "unix:/run/x", XDG_RUNTIME_DIR: "/run/user/1" },
  });
  t.end();
});
