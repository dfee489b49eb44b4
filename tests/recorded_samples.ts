/**
 * Recorded samples: what is in an MP4 file, read by mediabunny's demuxer and by ffprobe, which share no
 * code with what writes it, and fingerprints of frames that do not depend on the container.
 */

import { ALL_FORMATS, BlobSource, EncodedPacketSink, Input } from "mediabunny";

/** One sample of a file. */
export interface RecordedSample {
  /** Microseconds of the file's own time; before the edit list's start it is negative. */
  readonly timeUs: number;
  readonly isKeyframe: boolean;
  /** SHA-256 over the units in it. */
  readonly print: string;
}

/** SHA-256 over the units of a frame with start codes. */
export async function framePrint(frame: Uint8Array): Promise<string> {
  const text = Array.from(frame, (byte) => String.fromCharCode(byte)).join("");
  const zero = String.fromCharCode(0);
  const units = text.split(`${zero}${zero}${String.fromCharCode(1)}`).slice(1).map((unit) => {
    // Zeros at the end belong to the start code that follows.
    while (unit.endsWith(zero)) unit = unit.slice(0, -1);
    return unit;
  });
  return await print(units.map((unit) => Uint8Array.from(unit, (letter) => letter.charCodeAt(0))));
}

/** SHA-256 over the units of a sample with lengths. */
export async function samplePrint(sample: Uint8Array): Promise<string> {
  const units: Uint8Array[] = [];
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  for (let at = 0; at < sample.byteLength;) {
    const bytes = view.getUint32(at);
    units.push(sample.subarray(at + 4, at + 4 + bytes));
    at += 4 + bytes;
  }
  return await print(units);
}

/** Every video sample of a file. */
export async function readSamples(file: Uint8Array): Promise<RecordedSample[]> {
  const input = new Input({
    source: new BlobSource(new Blob([file as BlobPart])),
    formats: ALL_FORMATS,
  });
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw new Error("Cannot find video in the file");
  const samples: RecordedSample[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) {
    samples.push({
      timeUs: Math.round(packet.timestamp * 1e6),
      isKeyframe: packet.type === "key",
      print: await samplePrint(packet.data),
    });
  }
  return samples;
}

/** What ffprobe counts in a file, and what it complains about. */
export async function probe(
  path: string,
): Promise<{ frames: number; seconds: number; complaints: string }> {
  const { stdout, stderr } = await new Deno.Command("ffprobe", {
    args: [
      ...["-v", "error", "-count_frames", "-of", "json"],
      ...["-show_entries", "format=duration:stream=nb_read_frames", path],
    ],
  }).output();
  const text = new TextDecoder();
  const { streams = [], format = {} } = JSON.parse(text.decode(stdout) || "{}");
  return {
    frames: Number(streams[0]?.nb_read_frames ?? 0),
    seconds: Number(format.duration ?? 0),
    complaints: text.decode(stderr).trim(),
  };
}

async function print(units: readonly Uint8Array[]): Promise<string> {
  const bytes = new Uint8Array(units.reduce((sum, { byteLength }) => sum + byteLength + 1, 0));
  let at = 0;
  for (const unit of units) {
    bytes.set(unit, at);
    // A mark between units, so that bytes cannot move from one to the next unseen.
    bytes[at + unit.byteLength] = 0xff;
    at += unit.byteLength + 1;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
