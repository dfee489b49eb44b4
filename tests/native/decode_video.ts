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
  const folder = await Deno.makeTempDir({ prefix: "wavry_decode_" });
  try {
    const path = `${folder}/video.h264`;
    const file = await Deno.open(path, { write: true, create: true });
    for (const unit of units) await file.write(unit);
    file.close();
    const result = await new Deno.Command("ffmpeg", {
      args: [
        ...[
          "-v",
          "warning",
          "-flags",
          "+low_delay+output_corrupt",
          "-threads",
          "1",
          "-f",
          "h264",
          "-i",
          path,
        ],
        ...["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"],
      ],
      stdin: "null",
    }).output();
    const bytes = result.stdout;
    const pictureBytes = size.width * size.height * 3 / 2;
    const pictures: Uint8Array[] = [];
    for (let at = 0; at + pictureBytes <= bytes.length; at += pictureBytes) {
      pictures.push(bytes.subarray(at, at + pictureBytes));
    }
    return { pictures, complaints: new TextDecoder().decode(result.stderr) };
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
