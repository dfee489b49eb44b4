/** Access units of a real encoder through RTP payloads, whole, damaged and hostile. */

import t from "tap";
import { packetizeH264 } from "../../../../src/transport/webrtc/h264_packetizer.ts";
import { WhipAccessUnits } from "../../../../src/transport/webrtc/whip_access_units.ts";
import type { AccessUnit } from "../../../../src/transport/webrtc/whip_access_units.ts";
import { forEachUnit, parameterSets } from "../../../../src/wire/access_unit.ts";
import { writeFrameSei } from "../../../../src/wire/frame_sei.ts";
import { seededRandom } from "../../../seeded.ts";
import { encodeVideo } from "../../../whip/encoded_video.ts";

const video = await encodeVideo({ size: "640x360", frames: 90 });

/** Types of the units of an access unit. */
function typesOf(frame: Uint8Array): number[] {
  const types: number[] = [];
  forEachUnit(frame, (start) => types.push(frame[start]! & 0x1f));
  return types;
}

/** The slices of an access unit: what comes out has the same. */
function slicesOf(frame: Uint8Array): string {
  const slices: string[] = [];
  forEachUnit(frame, (start, end) => {
    const type = frame[start]! & 0x1f;
    if (type === 1 || type === 5) slices.push(frame.subarray(start, end).toHex());
  });
  return slices.join(" ");
}

/** What came out, read while it was valid. */
interface Came {
  readonly index: number;
  readonly unit: AccessUnit;
  readonly slices: string;
  readonly types: readonly number[];
}

/** Sends frames; `isLost` says which packets do not come. */
function send(
  units: WhipAccessUnits,
  frames: readonly Uint8Array[],
  isLost: (frame: number, packet: number, count: number) => boolean = () => false,
): Came[] {
  const out: Came[] = [];
  let isAfterHole = false;
  frames.forEach((frame, index) => {
    const payloads = packetizeH264(frame);
    payloads.forEach((payload, packet) => {
      if (isLost(index, packet, payloads.length)) {
        isAfterHole = true;
        return;
      }
      const isLast = packet === payloads.length - 1;
      const unit = units.push({ payload, timestamp: index * 3000, isLast, isAfterHole });
      isAfterHole = false;
      if (unit !== undefined) {
        const { bytes, timestamp } = unit;
        out.push({
          ...{ index: timestamp / 3000, unit },
          ...{ slices: slicesOf(bytes), types: typesOf(bytes) },
        });
      }
    });
  });
  return out;
}

t.test("A whole stream comes through whole", (t) => {
  const units = new WhipAccessUnits();
  const out = send(units, video);
  t.equal(out.length, video.length);
  t.ok(out.every(({ index, slices }) => slices === slicesOf(video[index]!)), "each slice");
  t.same(out.filter(({ unit }) => unit.isKeyframe).map(({ index }) => index), [0, 30, 60]);
  t.equal(units.fault, undefined);
  t.match(units.stats, { units: 90, keyframes: 3, damaged: 0, skipped: 0 });
  t.same(out[0]!.types.slice(0, 2), [7, 8], "no delimiter");
  t.end();
});

t.test("Nothing that refers to what is lost comes out", (t) => {
  const random = seededRandom("whip access unit losses");
  const lost = new Set<number>();
  const units = new WhipAccessUnits();
  const out = send(units, video, (frame) => {
    const isLost = random.next() < 0.03;
    if (isLost) lost.add(frame);
    return isLost;
  });
  let isBroken = true;
  const expected: number[] = [];
  video.forEach((_, index) => {
    isBroken = lost.has(index) || (isBroken && index % 30 !== 0);
    if (!isBroken) expected.push(index);
  });
  t.ok(lost.size > 5, `${lost.size} frames lost packets`);
  const indices = out.map(({ index }) => index);
  t.ok(indices.every((index) => expected.includes(index)), "none that cannot be decoded");
  t.ok(indices.length >= expected.length - lost.size, "and no others are missing");
  t.ok(out.every(({ index, slices }) => slices === slicesOf(video[index]!)), "each is whole");
  t.end();
});

t.test("A keyframe whose front is lost is not taken for a whole one", async (t) => {
  const sliced = await encodeVideo({
    ...{ size: "640x360", frames: 3 },
    parameters: "bframes=0:keyint=1:slices=4:sliced-threads=1",
  });
  const units = new WhipAccessUnits();
  // The first payload has the parameter sets, the next ones the first slice.
  const out = send(units, sliced, (frame, packet) => frame === 1 && packet < 3);
  t.same(out.map(({ index }) => index), [0, 2]);
  t.equal(units.stats.damaged, 1);
  t.end();
});

t.test("What a publisher says of frames is not taken over, and sets are kept for later", (t) => {
  const [first] = video;
  const mark = {
    streamId: 1,
    frameId: 77,
    captureTimeUs: 1,
    referenceDistance: 0,
    layer: 0 as const,
  };
  const spoof = new Uint8Array(256);
  const size = writeFrameSei(spoof, mark);
  const withMark = new Uint8Array([...spoof.subarray(0, size), ...first!]);
  const units = new WhipAccessUnits();
  const bare = video.map((frame, index) => index === 30 ? withoutSets(frame) : frame);
  const out = send(units, [withMark, ...bare.slice(1, 40)]);
  t.same(out[0]!.types.filter((type) => type === 6), [], "no supplement");
  const again = out.find(({ index }) => index === 30)!;
  t.ok(again.unit.isKeyframe);
  t.same(again.types.slice(0, 2), [7, 8]);
  t.equal(out.length, 40);
  t.end();
});

t.test("Sets of the offer serve a publisher that sends none", (t) => {
  const bare = withoutSets(video[0]!);
  const units = new WhipAccessUnits();
  t.same(send(units, [bare, video[1]!]), [], "nobody could decode it");
  const { sequence, picture } = parameterSets(video[0]!)!;
  for (const unit of [sequence, picture, new Uint8Array(0), new Uint8Array(600)]) units.offer(unit);
  const out = send(units, [bare, video[1]!]);
  t.same(out.map(({ types }) => types.slice(0, 2)).slice(0, 1), [[7, 8]]);
  t.equal(out.length, 2);
  t.end();
});

t.test("B pictures end it, and so do pictures that no browser shows", async (t) => {
  const parameters = "bframes=2:b-adapt=0:keyint=30:rc-lookahead=10";
  const bidirectional = await encodeVideo({
    ...{ size: "320x180", frames: 20, parameters, profile: "main" },
  });
  const units = new WhipAccessUnits();
  const out = send(units, bidirectional);
  t.equal(units.fault, "b_pictures");
  t.ok(out.length < 5, "at the first of them");
  const wide = new WhipAccessUnits();
  // Of the high profile for 4:2:2: profile 122 in a set whose fields are read alike.
  const set = [0x67, 122, 0, 30, 0b1010_0110, 0b1100_1011, 0xff, 0xff, 0x80];
  const picture = [0x68, 0xce, 0x38, 0x80];
  for (const unit of [set, picture]) {
    wide.push({
      ...{ payload: Uint8Array.from(unit), timestamp: 0, isLast: false, isAfterHole: false },
    });
  }
  const slice = Uint8Array.from([0x65, 0x88, 0x84]);
  wide.push({ payload: slice, timestamp: 0, isLast: true, isAfterHole: false });
  t.equal(wide.fault, "bad_parameters");
  t.end();
});

t.test("Without a marker the next time ends what is not whole", (t) => {
  const units = new WhipAccessUnits();
  const out = send(units, video.slice(0, 40), (frame, packet, count) => {
    return frame === 10 && packet === count - 1;
  });
  t.same(out.map(({ index }) => index).slice(9, 13), [9, 30, 31, 32]);
  t.equal(units.stats.damaged, 1);
  t.equal(units.stats.skipped, 19);
  t.end();
});

function withoutSets(frame: Uint8Array): Uint8Array {
  const parts: number[] = [];
  forEachUnit(frame, (start, end) => {
    const type = frame[start]! & 0x1f;
    if (type !== 7 && type !== 8) parts.push(0, 0, 0, 1, ...frame.subarray(start, end));
  });
  return Uint8Array.from(parts);
}
