/** What src/encode/rate_control.ts relies on: every encoder obeys the quantiser of each frame. */

import t from "tap";
import { MediaOutput, MediaStream, nativeCandidates } from "../../../ffi/mod.ts";
import type { EncoderName } from "../../../ffi/mod.ts";
import { type MediaRecordHeader, parseRecordHeader } from "../../../src/ipc/media_record.ts";
import { FrameBufferPool } from "../../../src/staging/frame_buffer_pool.ts";

const BUFFER_BYTES = 2 * 1024 * 1024;
const SIZE = { width: 640, height: 360 };
const STREAM = { streamId: 0, source: { kind: "pattern" } as const, fpsMax: 60, ...SIZE };

const candidates = await nativeCandidates();

/** An encoder may derive the range that it takes from the quantiser that it was opened with. */
const CASES: readonly [EncoderName, number][] = [
  ["x264", 18],
  ["x264", 24],
  ["x264", 44],
  ["openh264", 24],
];

for (const [encoder, first] of CASES) {
  const found = candidates.find(({ kind, name }) => kind === "encode" && name === encoder);
  const skip = found?.usable ? false : found?.detail ?? "not built in";
  t.test(
    `Encoder ${encoder}, opened with ${first}, obeys the quantiser of each frame`,
    { skip },
    async (t) => {
      using output = MediaOutput.open({ ringBytes: 2 * BUFFER_BYTES });
      using pool = new FrameBufferPool(SIZE);
      using stream = await MediaStream.open(output, pool.native, { ...STREAM, encoder, qp: first });
      const buffer = new Uint8Array(BUFFER_BYTES);
      const keyframe = async (qp: number): Promise<MediaRecordHeader> => {
        stream.setQp(qp);
        stream.requestKeyframe();
        while (true) {
          if (!await output.next(buffer, 5000)) throw new Error("Cannot see a frame");
          const header = parseRecordHeader(buffer);
          if (header.kind === "video" && header.isKeyframe && header.qp === qp) return header;
        }
      };
      stream.start();
      const sizes: number[] = [];
      for (const qp of [12, 18, 24, 30, 36, 42, 48, 51]) {
        sizes.push((await keyframe(qp)).payloadBytes);
      }
      const shown = sizes.join(", ");
      t.ok(sizes.every((bytes, index) => bytes < (sizes[index - 1] ?? Infinity)), shown);
      t.ok((sizes[0] ?? 0) > 2.5 * (sizes.at(-1) ?? Infinity), "over the whole range");
      t.ok((await keyframe(12)).payloadBytes > 2 * (sizes.at(-1) ?? Infinity), "and back at once");
      await stream.stop();
    },
  );
}
