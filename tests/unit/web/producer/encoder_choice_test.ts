/** Tests of web/producer/encoder_choice.ts. */

import t from "tap";
import type { EncoderConfig } from "../../../../web/producer/encoder_choice.ts";
import {
  chooseEncoder,
  codecString,
  encoderConfig,
} from "../../../../web/producer/encoder_choice.ts";

const HD = { width: 1280, height: 720, fps: 30, bitrateBps: 3e6 };

t.test("codecString is constrained baseline of the level that fits", (t) => {
  t.equal(codecString({ width: 640, height: 360, fps: 30 }), "avc1.42e01e");
  t.equal(codecString(HD), "avc1.42e01f");
  t.equal(codecString({ ...HD, fps: 60 }), "avc1.42e020");
  t.equal(codecString({ width: 1920, height: 1080, fps: 30 }), "avc1.42e028");
  t.equal(codecString({ width: 1920, height: 1080, fps: 60 }), "avc1.42e02a");
  t.equal(codecString({ width: 3840, height: 2160, fps: 60 }), "avc1.42e034");
  t.equal(codecString({ width: 8192, height: 8192, fps: 240 }), "avc1.42e034", "the highest known");
  t.end();
});

t.test("chooseEncoder takes hardware first, then what there is", async (t) => {
  const asked: unknown[] = [];
  const only = (acceleration: string) => (config: EncoderConfig) => {
    asked.push(config.hardwareAcceleration);
    return Promise.resolve({ supported: config.hardwareAcceleration === acceleration });
  };
  t.match(await chooseEncoder(HD, only("prefer-hardware")), { acceleration: "prefer-hardware" });
  t.match(await chooseEncoder(HD, only("no-preference")), { acceleration: "no-preference" });
  t.same(asked, ["prefer-hardware", "prefer-hardware", "no-preference"]);
  t.equal(await chooseEncoder(HD, only("none")), undefined);
  const again = await chooseEncoder(HD, only("prefer-software"), "prefer-hardware");
  t.match(again, { acceleration: "prefer-software" }, "hardware that failed is left alone");
  t.equal(
    await chooseEncoder(HD, () => Promise.reject(new TypeError("unknown"))),
    undefined,
    "a browser that does not even know it",
  );
});

t.test("encoderConfig asks for real time and parameter sets in band", (t) => {
  const config = encoderConfig(HD, { codec: "avc1.42e01f", acceleration: "no-preference" });
  t.match(config, { latencyMode: "realtime", avc: { format: "annexb" }, bitrate: 3e6 });
  t.end();
});
