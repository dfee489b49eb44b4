/** Decodes Opus packets for tests, by a native program that uses the library of the machine. */

import { buildTestProgram } from "../../ffi/build.ts";

/** Samples of each channel, from packets in order; an empty packet is one that was lost. */
export async function decodeOpus(
  packets: readonly Uint8Array[],
  options: { readonly channels: number; readonly frameUs: number },
): Promise<Float32Array[]> {
  const { channels, frameUs } = options;
  const program = await buildTestProgram("opus_decode");
  const samples = frameUs * 48 / 1000;
  const child = new Deno.Command(program, {
    args: [String(channels), String(samples)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  for (const packet of packets) {
    await writer.write(Uint8Array.of(packet.byteLength & 0xff, packet.byteLength >> 8));
    await writer.write(packet);
  }
  await writer.close();
  const { code, stdout } = await output;
  if (code !== 0) throw new Error(`opus_decode ended with ${code}`);
  const all = new Float32Array(stdout.slice().buffer);
  return Array.from(
    { length: channels },
    (_, channel) =>
      Float32Array.from({ length: all.length / channels }, (_, i) => all[i * channels + channel]!),
  );
}
