/** Tests of src/media/stream_input.ts: which device a stream gets, and what is said of it. */

import t from "tap";
import type { StreamInputChoice } from "../../../src/ipc/input_message.ts";
import type { MediaStreamConfig } from "../../../src/ipc/media_command.ts";
import type { MediaMessage } from "../../../src/ipc/media_message.ts";
import { openStreamInput } from "../../../src/media/stream_input.ts";
import { encodeInputEvent } from "../../../src/wire/input.ts";
import { INPUT_ABILITIES } from "../../../src/wire/input_messages.ts";
import { Xvfb } from "../../native/xvfb.ts";

const AREA = { x: 0, y: 0, width: 320, height: 240 };
const KEY = encodeInputEvent({
  ...{ kind: "key", down: true, code: 0x1e, sequence: 1, pointerSequence: 0, x: 0, y: 0 },
});
const hasUinput = await Deno.stat("/dev/uinput").then(() => true, () => false);

/** Opens input; what was said of it. */
async function open(source: "pattern" | "x11", display: string, input?: StreamInputChoice) {
  const said: MediaMessage[] = [];
  const complaints: string[] = [];
  const config = { streamId: 3, source, display, input } as unknown as MediaStreamConfig;
  const device = await openStreamInput(config, AREA, {
    post: (message) => said.push(message),
    unavailable: (why) => complaints.push(why),
  });
  device.push(KEY, 0);
  const { eventsRefused } = device.stats;
  device[Symbol.dispose]();
  const [first] = said;
  if (first?.type !== "input_device") throw new Error("Nothing was said of the device");
  return { ...first, complaints, eventsRefused };
}

t.test("openStreamInput opens what is chosen and says what it can do", async (t) => {
  await using server = await Xvfb.start({ width: 320, height: 240 });
  for (const choice of [undefined, "auto", "xtest"] as const) {
    const opened = await open("x11", server.display, choice);
    t.match(opened, { streamId: 3, eventsRefused: 0, complaints: [] }, String(choice));
    t.match(opened.device, choice === "xtest" ? /^xtest$/ : /xtest/);
    t.strictSame(opened.abilities.map(({ name }) => name), [...INPUT_ABILITIES]);
    t.match(opened.abilities[0], { name: "keyboard", state: "full", reason: "" });
  }
});

t.test("openStreamInput says why there is no device", async (t) => {
  await using server = await Xvfb.start({ width: 320, height: 240 });
  const pattern = await open("pattern", "");
  t.match(pattern, { device: "", eventsRefused: 1, complaints: [] });
  t.match(pattern.abilities[0], { state: "none", reason: /test pattern/ });
  const off = await open("x11", server.display, "off");
  t.match(off, { device: "", eventsRefused: 1, complaints: [] });
  t.match(off.abilities[5], { state: "none", reason: /off/ });
  const gone = await open("x11", ":59998");
  t.match(gone, { device: "", eventsRefused: 1, complaints: [/does not answer/] });
});

t.test("openStreamInput takes the kernel's devices alone where they are chosen", {
  skip: hasUinput ? "uinput is there" : false,
}, async (t) => {
  await using server = await Xvfb.start({ width: 320, height: 240 });
  const opened = await open("x11", server.display, "uinput");
  t.match(opened, { device: "", eventsRefused: 1, complaints: [/\/dev\/uinput/] });
});
