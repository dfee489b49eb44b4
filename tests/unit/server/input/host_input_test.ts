/** Tests of src/server/input/host_input.ts: what viewers hear of input devices. */

import t from "tap";
import type { MediaMessage } from "../../../../src/ipc/media_message.ts";
import type { HostFeatureContext } from "../../../../src/server/host_feature.ts";
import { HostInput } from "../../../../src/server/input/host_input.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/wire/framing.ts";

const XTEST: MediaMessage = {
  type: "input_device",
  streamId: 1,
  device: "xtest",
  abilities: [
    { name: "keyboard", state: "full", reason: "" },
    { name: "pads", state: "none", reason: "uinput: /dev/uinput: Permission denied" },
  ],
};

t.test("HostInput tells each change of a device to all, and everything to who comes", (t) => {
  const told: Uint8Array[] = [];
  const lines: unknown[] = [];
  const input = new HostInput({
    broadcast: (framed: Uint8Array) => told.push(framed),
    log: { info: (message: string, fields: object) => lines.push({ message, ...fields }) },
  } as unknown as HostFeatureContext);
  t.strictSame(input.greeting(), []);
  input.onMediaMessage(XTEST);
  input.onMediaMessage(structuredClone(XTEST));
  input.onMediaMessage({ type: "log", level: "info", message: "other" });
  t.equal(told.length, 1, "a media process that starts anew tells nothing new");
  t.strictSame(lines, [{
    message: "Input",
    stream: 1,
    device: "xtest",
    lacking: "pads none (uinput: /dev/uinput: Permission denied)",
  }]);
  const [framed] = input.greeting();
  t.strictSame(parseServerMessage(framed!.subarray(LENGTH_PREFIX_BYTES)), {
    type: "input_capabilities",
    streamId: 1,
    device: "xtest",
    abilities: XTEST.abilities,
  });
  input.onMediaMessage({ ...XTEST, device: "uinput+xtest" });
  t.equal(told.length, 2);
  t.equal(input.greeting().length, 1, "one description a stream");
  t.strictSame(input.report(), {
    devices: [{
      streamId: 1,
      device: "uinput+xtest",
      abilities: { keyboard: "full", pads: "none" },
    }],
  });
  t.end();
});
