/**
 * The media process of `ipc_hop`: one display at a fixed quantiser, with nothing around it that could
 * blur the measurement. `native`: native threads write the pipe, JavaScript looks at headers later,
 * as in the product. `javascript`: JavaScript awaits whole records and writes them itself.
 */

import {
  displayInfo,
  FramePool,
  MediaOutput,
  MediaStream,
  monotonicUs,
  stagingFrameBytes,
} from "../../ffi/mod.ts";
import { HeaderWatch } from "../../src/media/header_watch.ts";

const RING_BYTES = 8 * 1024 * 1024;
const RECORD_BYTES_MAX = 4 * 1024 * 1024;
const POOL_FRAMES = 3;
const NEXT_TIMEOUT_MS = 1000;

const [mode, display = ":0", fps = "60", qp = "24"] = Deno.args;
const { width, height } = await displayInfo(display);
const frameBytes = stagingFrameBytes(width, height);

const output = MediaOutput.open({ ringBytes: RING_BYTES });
const isNative = mode === "native";
if (isNative) output.attach(1);
const pool = FramePool.open({
  count: POOL_FRAMES,
  frameBytes,
  bytesMax: POOL_FRAMES * frameBytes,
});
const stream = await MediaStream.open(output, pool, {
  streamId: 0,
  source: { kind: "x11", display },
  cursor: false,
  fpsMax: Number(fps),
  qp: Number(qp),
});
stream.start();

// The end of standard input is the end of the measurement.
Deno.stdin.read(new Uint8Array(1)).then(() => output.close());

if (isNative) {
  await new HeaderWatch({
    source: output,
    onHeader: () => {},
    intervalUs: () => 1e6 / Number(fps),
    nowUs: monotonicUs,
  }).run();
} else {
  await writeRecords();
}
await stream.stop();
Deno.exit(0);

async function writeRecords(): Promise<void> {
  const buffer = new Uint8Array(RECORD_BYTES_MAX);
  while (true) {
    const bytes = await output.next(buffer, NEXT_TIMEOUT_MS);
    if (bytes === undefined) return;
    for (let written = 0; written < bytes;) {
      written += Deno.stdout.writeSync(buffer.subarray(written, bytes));
    }
  }
}
