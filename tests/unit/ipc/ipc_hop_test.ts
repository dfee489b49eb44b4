/** A short run of bench/micro/ipc_hop.ts: both ways work and give every frame. */

import t from "tap";
import { DEFAULT_HOP_OPTIONS, HOP_MODES, measureIpcHop } from "../../../bench/micro/ipc_hop.ts";

t.test("measureIpcHop measures both ways from the media process", async (t) => {
  const short = { width: 640, height: 360, seconds: 1, warmFrames: 2 };
  const result = await measureIpcHop({ ...DEFAULT_HOP_OPTIONS, ...short });
  for (const mode of HOP_MODES) {
    const { hop, captureToParsed, frameBytes } = result[mode];
    t.ok(hop.count >= 1, `${mode}: ${hop.count} frames`);
    t.ok((hop.min ?? -1) >= 0, "nothing is read before it was written");
    t.ok((hop.p50 ?? Infinity) < (captureToParsed.p50 ?? 0), `hop ${hop.p50} us`);
    t.ok((frameBytes.min ?? 0) > 0);
  }
});
