/** Micro benchmarks of encoders, once and small: both give figures that can be true. */

import t from "tap";
import { measureEncoder } from "../../../../bench/micro/encoder_memory.ts";
import { measureEncoderPool } from "../../../../bench/micro/encoder_pool.ts";
import { buildNative } from "../../../../ffi/build.ts";
import { nativeMemoryStats } from "../../../../ffi/mod.ts";
import { Xvfb } from "../../../native/xvfb.ts";

await buildNative();

t.test("encoder_pool times streams with kept encoders and without", async (t) => {
  const options = { width: 640, height: 360, runs: 2, encoder: "x264" } as const;
  const { kept, fresh, ledgerBytes } = await measureEncoderPool(options);
  for (const { open, resize } of [kept, fresh]) {
    t.match([open.count, resize.count], [2, 4], "each stream and each change of size");
    t.ok((open.min ?? 0) > 0 && (resize.min ?? 0) > 0);
  }
  t.ok(ledgerBytes > 1e6, "an idle encoder is in the ledger");
  t.equal(nativeMemoryStats().encoder_library.live, 0, "and is closed in the end");
});

t.test("encoder_memory sees what an encoder holds", async (t) => {
  await using screen = await Xvfb.start({ width: 640, height: 480 });
  const options = { display: screen.display, fps: 30, seconds: 1 };
  const figures = await measureEncoder({ encoder: "x264", threads: 2, framesKept: 5 }, options);
  t.ok(figures.heldBytes > 1e6 && figures.computedBytes > 1e6, JSON.stringify(figures));
});
