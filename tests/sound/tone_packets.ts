/** Opus packets of the first channel of the test tone, made by the host's own encoder. */

import { MediaOutput, NativeSound } from "../../ffi/mod.ts";
import { KIND, RecordReader } from "../native/record_reader.ts";

/** `count` frames of 10 ms in a row. */
export async function tonePackets(count: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const output = MediaOutput.open({ ringBytes: 1 << 20 });
  const sound = await NativeSound.open(output, {
    ...{ soundId: 0, source: "tone", channels: 1, frameUs: 10_000, bitrateBps: 64_000 },
  });
  const reader = new RecordReader(output);
  const packets: Uint8Array<ArrayBuffer>[] = [];
  while (packets.length < count) packets.push((await reader.nextOf(KIND.sound)).payload);
  await sound.close();
  output[Symbol.dispose]();
  return packets;
}
