/**
 * Decodes H.264 access units by ffmpeg, a decoder that shares no code with the encoders under test.
 */

/** Decoded pictures of one size. */
export interface DecodedVideo {
  /** I420 bytes of each picture, in order. */
  readonly pictures: Uint8Array[];
  /** What ffmpeg complained about. */
  readonly complaints: string;
}

/** Decodes `units` (Annex B) of `width` x `height`; rejects when ffmpeg cannot run. */
export async function decodeVideo(
  units: readonly Uint8Array[],
  size: { readonly width: number; readonly height: number },
): Promise<DecodedVideo> {
  const { bytes, complaints } = await runDecoder(units, []);
  const pictureBytes = size.width * size.height * 3 / 2;
  const pictures: Uint8Array[] = [];
  for (let at = 0; at + pictureBytes <= bytes.length; at += pictureBytes) {
    pictures.push(bytes.subarray(at, at + pictureBytes));
  }
  return { pictures, complaints };
}

/** An access unit with the size of its picture. */
export interface SizedUnit {
  readonly payload: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** As `decodeVideo`, with one decoder for pictures of several sizes; each unit gives one picture. */
export async function decodeSizes(units: readonly SizedUnit[]): Promise<DecodedVideo> {
  const payloads = units.map(({ payload }) => payload);
  const { bytes, complaints } = await runDecoder(payloads, ["-autoscale", "0"]);
  const pictures: Uint8Array[] = [];
  let at = 0;
  for (const { width, height } of units) {
    const end = at + width * height * 3 / 2;
    if (end <= bytes.length) pictures.push(bytes.subarray(at, end));
    at = end;
  }
  const rest = at === bytes.length ? "" : `${bytes.length} bytes of pictures instead of ${at}`;
  return { pictures, complaints: complaints + rest };
}

async function runDecoder(
  units: readonly Uint8Array[],
  options: readonly string[],
): Promise<{ bytes: Uint8Array; complaints: string }> {
  const folder = await Deno.makeTempDir({ prefix: "wavry_decode_" });
  try {
    const path = `${folder}/video.h264`;
    const file = await Deno.open(path, { write: true, create: true });
    for (const unit of units) await file.write(unit);
    file.close();
    const input = ["-flags", "+low_delay+output_corrupt", "-threads", "1", "-f", "h264"];
    const output = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p"];
    const { stdout, stderr } = await new Deno.Command("ffmpeg", {
      args: ["-v", "warning", ...input, "-i", path, ...output, ...options, "pipe:1"],
      stdin: "null",
    }).output();
    return { bytes: stdout, complaints: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Peak signal-to-noise ratio of luma between two pictures, in dB; Infinity when equal. */
export function lumaPsnr(a: Uint8Array, b: Uint8Array, lumaBytes: number): number {
  let sum = 0;
  for (let at = 0; at < lumaBytes; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    sum += difference * difference;
  }
  return sum === 0 ? Infinity : 10 * Math.log10(255 * 255 * lumaBytes / sum);
}
