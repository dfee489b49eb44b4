/**
 * Encoder conformance: every native encoder, fed by the pattern source, must give a stream that an
 * independent decoder reads, with the declared references, keyframes on request and repairs that
 * decode to the same bits as the undamaged stream.
 */

import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import { type EncoderName, nativeCandidates } from "../../ffi/mod.ts";
import { readMarker } from "../../web/viewer/decode/marker_reader.ts";
import { decodeVideo } from "../native/decode_video.ts";
import {
  differences,
  isKeyframe,
  keepMore,
  nalTypes,
  openEncoderRig,
  payloads,
  RIG_SIZE,
} from "../native/encoder_rig.ts";

const { width: WIDTH, height: HEIGHT } = RIG_SIZE;
const ENCODERS: readonly EncoderName[] = ["x264", "openh264"];

await buildNative();
const candidates = await nativeCandidates();

for (const encoder of ENCODERS) {
  const found = candidates.find((one) => one.kind === "encode" && one.name === encoder);
  const skip = found?.usable === true ? false : found?.detail ?? "not in the list";

  t.test(`${encoder} gives one picture for each access unit, markers intact`, {
    skip,
  }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const frames = await rig.reader.frames(40);
    await rig.stream.stop();
    t.same(frames.map((f) => f.frameId), frames.map((_, at) => at + 1), "ids count from 1");
    t.same(
      frames.map((f) => f.referenceDistance),
      frames.map((_, at) => at === 0 ? 0 : 1),
      "each frame refers to the one before",
    );
    t.same(frames.map(isKeyframe), frames.map((_, at) => at === 0), "one keyframe, the first");
    const decoded = await decodeVideo(payloads(frames), { width: WIDTH, height: HEIGHT });
    t.equal(decoded.complaints, "", "the decoder does not complain");
    t.equal(decoded.pictures.length, frames.length, "nothing is held back");
    const numbers = decoded.pictures.map((picture) => readMarker(picture, WIDTH)?.frame);
    const first = numbers[0] ?? 0;
    t.same(numbers, numbers.map((_, at) => first + at), "every marker is read, in order");
  });

  t.test(`${encoder} makes a keyframe with parameter sets on request`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const before = await rig.reader.frames(5);
    rig.stream.requestKeyframe();
    const after = await rig.reader.frames(8);
    await rig.stream.stop();
    const keyframes = after.filter(isKeyframe);
    t.equal(keyframes.length, 1, "one keyframe for one request");
    const [keyframe] = keyframes;
    t.equal(keyframe?.referenceDistance, 0, "refers to nothing");
    const types = nalTypes(keyframe?.payload ?? new Uint8Array());
    t.ok(types.includes(7) && types.includes(8) && types.includes(5), `units ${types}`);
    const start = after.findIndex(isKeyframe);
    const whole = await decodeVideo(payloads([...before, ...after]), {
      width: WIDTH,
      height: HEIGHT,
    });
    const late = await decodeVideo(payloads(after.slice(start)), { width: WIDTH, height: HEIGHT });
    t.equal(late.pictures.length, after.length - start, "decodable from the keyframe on");
    t.same(
      differences(late.pictures, whole.pictures.slice(before.length + start)),
      [],
      "to the same bits",
    );
  });

  // 14 and 30 put the gap across a wrap of 4-bit frame numbers, which libavcodec would misplace.
  for (const arrivedCount of [14, 20, 30]) {
    t.test(
      `${encoder} recovers from frames lost after ${arrivedCount}`,
      { skip },
      async (t) => {
        using rig = await openEncoderRig(encoder);
        rig.stream.start();
        const first = await keepMore(rig);
        const arrived = [first, ...await rig.reader.frames(arrivedCount - 1)];
        const before = rig.stream.stats;
        const lost = await rig.reader.frames(4);
        rig.stream.invalidate(lost[0]?.frameId ?? 0);
        const later = await rig.reader.frames(30);
        await rig.stream.stop();
        const repair = later.findIndex((frame) => frame.referenceDistance !== 1);
        t.ok(repair >= 0, "a frame refers past the lost ones");
        const next = later[repair];
        const { repairs, repairKeyframes } = rig.stream.stats;
        if (encoder === "x264") {
          t.notOk(next !== undefined && isKeyframe(next), "without a keyframe");
          const target = (next?.frameId ?? 0) - (next?.referenceDistance ?? 0);
          t.equal(target, arrived.at(-1)?.frameId, "to the newest one that arrived");
          t.equal(repairs - before.repairs, 1, "counted as a repair");
        } else {
          t.ok(next !== undefined && isKeyframe(next), "by a keyframe, as this encoder cannot");
          t.equal(repairKeyframes - before.repairKeyframes, 1, "counted as a keyframe");
        }
        const size = { width: WIDTH, height: HEIGHT };
        const whole = await decodeVideo(payloads([...arrived, ...lost, ...later]), size);
        const kept = [...arrived, ...later.slice(repair)];
        const damaged = await decodeVideo(payloads(kept), size);
        const good = later.length - repair;
        t.ok(good > 10, `${good} frames to compare`);
        t.same(
          differences(damaged.pictures.slice(-good), whole.pictures.slice(-good)),
          [],
          "decoded to the same bits",
        );
      },
    );
  }

  t.test(`${encoder} makes a keyframe when the last keyframe itself was lost`, {
    skip,
  }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    await rig.reader.frames(3);
    rig.stream.invalidate(1);
    const later = await rig.reader.frames(8);
    await rig.stream.stop();
    t.equal(later.filter(isKeyframe).length, 1, "one keyframe");
  });

  t.test(`${encoder} follows the quantiser frame by frame`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder, { keyframeQpOffset: 6 });
    rig.stream.start();
    const start = await rig.reader.frames(2);
    t.same(start.map((frame) => frame.qp), [30, 24], "keyframes with the offset, others without");
    const bytes: number[] = [];
    for (const qp of [8, 24, 46]) {
      rig.stream.setQp(qp);
      const frames = (await rig.reader.frames(24)).filter((frame) => frame.qp === qp);
      t.ok(frames.length >= 15, `${frames.length} frames say ${qp}`);
      t.equal(frames.filter(isKeyframe).length, 0, "no keyframe for a new quantiser");
      bytes.push(frames.reduce((sum, frame) => sum + frame.payload.length, 0) / frames.length);
    }
    await rig.stream.stop();
    const [fine = 0, middle = 0, coarse = 0] = bytes;
    t.ok(fine > 1.5 * middle && middle > 1.5 * coarse, `${bytes.map(Math.round)} bytes a frame`);
  });

  t.test(`${encoder} declares BT.601 limited range and no reordering`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const frames = await rig.reader.frames(3);
    await rig.stream.stop();
    const path = await Deno.makeTempFile({ suffix: ".h264" });
    await Deno.writeFile(path, frames[0]?.payload ?? new Uint8Array());
    const { stdout } = await new Deno.Command("ffprobe", {
      args: [
        ...["-v", "error", "-of", "json", "-show_entries"],
        ...["stream=profile,color_space,color_range,has_b_frames,width,height", path],
      ],
    }).output();
    await Deno.remove(path);
    const probed = JSON.parse(new TextDecoder().decode(stdout)).streams[0];
    t.match(probed, { color_space: "smpte170m", color_range: "tv", has_b_frames: 0 });
    t.match(probed, { profile: /Baseline/, width: WIDTH, height: HEIGHT });
  });
}
