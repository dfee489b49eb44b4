/** Parameter sets and slices of a real encoder, cut short and changed. */

import t from "tap";
import { forEachUnit } from "../../../src/wire/access_unit.ts";
import { isBidirectional, parsePictureParameters } from "../../../src/wire/h264_parameters.ts";
import { seededRandom } from "../../seeded.ts";
import { encodeVideo } from "../../whip/encoded_video.ts";

/** Units of some frames. */
async function unitsOf(options: Parameters<typeof encodeVideo>[0]): Promise<Uint8Array[]> {
  const units: Uint8Array[] = [];
  for (const frame of await encodeVideo(options)) {
    forEachUnit(frame, (start, end) => units.push(frame.subarray(start, end)));
  }
  return units;
}

const isSet = (unit: Uint8Array) => (unit[0]! & 0x1f) === 7;

t.test("Size, profile and reordering are those of the encoder", async (t) => {
  for (const [size, width, height] of [["1366x768", 1366, 768], ["854x480", 854, 480]] as const) {
    const units = await unitsOf({ size, frames: 1, parameters: "keyint=1:bframes=0" });
    const parameters = parsePictureParameters(units.find(isSet)!);
    t.match(parameters, { width, height, isUsual: true, reorderDepth: 0 });
    t.match(parameters?.codec, /^avc1\.42c0[12]/);
  }
});

t.test("Slices of both sides are known, and so is what a decoder holds back for them", async (t) => {
  const plain = await unitsOf({ size: "320x180", frames: 10 });
  t.notOk(plain.some(isBidirectional));
  const parameters = "bframes=2:b-adapt=0:keyint=30:rc-lookahead=10";
  const units = await unitsOf({ size: "320x180", frames: 10, parameters, profile: "high" });
  t.ok(units.some(isBidirectional));
  t.ok((parsePictureParameters(units.find(isSet)!)?.reorderDepth ?? 0) > 0);
});

t.test("Nothing that is cut or changed does harm", async (t) => {
  const [set] = (await unitsOf({ size: "320x180", frames: 1, profile: "high" })).filter(isSet);
  for (let size = 0; size < set!.byteLength; size++) {
    const cut = parsePictureParameters(set!.subarray(0, size));
    // Its end says how pictures are to be read; all that matters here comes before.
    if (cut !== undefined) t.match(cut, { width: 320, height: 180 });
  }
  const random = seededRandom("h264 parameters");
  let read = 0;
  for (let run = 0; run < 20_000; run++) {
    const bytes = random.next() < 0.5 ? random.bytes(random.int(64)) : set!.slice();
    if (bytes.byteLength === 0) continue;
    for (let change = random.int(4); change > 0; change--) {
      bytes[random.int(bytes.byteLength)] = random.int(256);
    }
    bytes[0] = 0x67;
    const parameters = parsePictureParameters(bytes);
    if (parameters !== undefined && parameters.width > 0 && parameters.height > 0) read++;
    isBidirectional(bytes);
  }
  t.ok(read > 1000, `${read} were read`);
});
