/** H.264 of a real encoder for tests of publishing: ffmpeg's x264, one access unit for each frame. */

import { forEachUnit } from "../../src/wire/access_unit.ts";

/** What is encoded. */
export interface EncodedVideoOptions {
  readonly size: string;
  readonly frames: number;
  /** Options of x264 beside `repeat-headers`. */
  readonly parameters?: string;
  readonly profile?: string;
}

/** Access units with start codes. */
export async function encodeVideo(options: EncodedVideoOptions): Promise<Uint8Array[]> {
  const { size, frames, parameters = "bframes=0:keyint=30", profile = "baseline" } = options;
  const output = await new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=30`],
      ...["-frames:v", String(frames), "-pix_fmt", "yuv420p", "-c:v", "libx264"],
      ...["-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", profile],
      ...["-x264-params", `aud=1:repeat-headers=1:scenecut=0:${parameters}`],
      ...["-f", "h264", "-"],
    ],
    stdin: "null",
  }).output();
  if (!output.success) throw new Error(new TextDecoder().decode(output.stderr));
  return splitFrames(output.stdout);
}

/** A delimiter begins each access unit. */
function splitFrames(stream: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  forEachUnit(stream, (start) => {
    if ((stream[start]! & 0x1f) === 9) starts.push(start);
  });
  return starts.map((start, index) => {
    const next = starts[index + 1];
    const end = next === undefined ? stream.byteLength : next - 4;
    const frame = new Uint8Array(4 + end - start);
    frame[3] = 1;
    frame.set(stream.subarray(start, end), 4);
    return frame;
  });
}
