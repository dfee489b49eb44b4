/** A short run of bench/micro/ipc_hop.ts: both ways work and give every frame. */

import t from "tap";
import { DEFAULT_HOP_OPTIONS, HOP_MODES, measureIpcHop } from "../../../bench/micro/ipc_hop.ts";

t.test("measureIpcHop measures both ways from the media process", async (t) => {
  const size = { width: 640, height: 360 };
  const result = await measureIpcHop({ ...DEFAULT_HOP_OPTIONS, ...size, seconds: 0.5 });
  for (const mode of HOP_MODES) {
    const { hop, captureToParsed, frameBytes } = result[mode];
    t.ok(hop.count >= 5, `${mode}: ${hop.count} frames`);
    t.ok((hop.min ?? -1) >= 0, "nothing is read before it was written");
    t.ok((hop.p50 ?? Infinity) < (captureToParsed.p50 ?? 0), `hop ${hop.p50} us`);
    t.ok((frameBytes.min ?? 0) > 0);
  }
});
