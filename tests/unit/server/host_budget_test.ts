import t from "tap";
import { defaultConfig } from "../../../src/server/config.ts";
import { hostBudget } from "../../../src/server/host_budget.ts";

t.test("hostBudget grows with the picture and with the viewers, each where it should", (t) => {
  const small = hostBudget(defaultConfig({ maxViewers: 1 }));
  const viewers = hostBudget(defaultConfig({ maxViewers: 11 }));
  const picture = hostBudget(defaultConfig({ maxViewers: 1, size: { width: 3840, height: 2160 } }));
  t.equal(viewers.totalBytes("media"), small.totalBytes("media"), "a viewer costs no encoder");
  t.equal(picture.totalBytes("server"), small.totalBytes("server"), "pixels stay in one process");
  t.equal(viewers.limitBytesOf("send_queue"), 11 * small.limitBytesOf("send_queue")!);
  t.equal(picture.limitBytesOf("staging"), 3 * 3840 * 2160 * 1.5);
  t.equal(picture.limitBytesOf("encoder"), 4 * small.limitBytesOf("encoder")!);
  t.end();
});
