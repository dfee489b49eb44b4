/**
 * Keyframes that only begin a segment: they come with a frame that is made anyway, in the quantiser and
 * size asked for, and the picture goes on through them.
 */

import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import { decodeVideo, lumaPsnr } from "../native/decode_video.ts";
import { isKeyframe, openEncoderRig, payloads, RIG_SIZE } from "../native/encoder_rig.ts";
import { FLAG, type MediaRecord } from "../native/record_reader.ts";

await buildNative();

const isUnchanged = (frame: MediaRecord) => (frame.flags & FLAG.unchanged) !== 0;

for (const encoder of ["x264", "openh264"] as const) {
  t.test(`A segment of ${encoder} begins with a frame that shows a change`, async (t) => {
    using rig = await openEncoderRig(encoder, { fpsMax: 2 });
    rig.stream.start();
    await rig.reader.frames(1);
    const ask = async () => {
      rig.stream.requestSegment(24, 0);
      rig.stream.requestRefresh();
      return await rig.reader.frames(4);
    };
    let frames = await ask();
    // On a busy machine the next change may be due by the time of the wish: then there is no refresh.
    for (let tries = 0; !frames.some(isUnchanged) && tries < 5; tries++) frames = await ask();
    await rig.stream.stop();
    const refresh = frames.findIndex(isUnchanged);
    t.not(refresh, -1, "the still picture was sent once more");
    t.notOk(isKeyframe(frames[refresh]!), "which is no place for a keyframe");
    const keyframes = frames.filter(isKeyframe);
    t.equal(keyframes.length, 1, "one for one request");
    t.notOk(isUnchanged(keyframes[0]!));
    t.equal(keyframes[0]!.qp, 24);
    t.equal(keyframes[0]!.referenceDistance, 0);
  });

  t.test(`A segment of ${encoder} needs no keyframe of its own beside another`, async (t) => {
    // Slow enough that no frame is made between the two wishes, however busy the machine is.
    using rig = await openEncoderRig(encoder, { fpsMax: 4 });
    rig.stream.start();
    await rig.reader.frames(2);
    rig.stream.requestKeyframe();
    rig.stream.requestSegment(24, 0);
    const frames = await rig.reader.frames(6);
    await rig.stream.stop();
    t.equal(frames.filter(isKeyframe).length, 1);
    t.throws(() => rig.stream.requestSegment(0, 0), { message: /quantiser 0/ });
    t.throws(() => rig.stream.requestSegment(52, 0), { message: /quantiser 52/ });
  });

  t.test(`A viewer of ${encoder} sees nothing of a segment that begins`, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const frames = await rig.reader.frames(20);
    for (let segment = 0; segment < 3; segment++) {
      rig.stream.requestSegment(24, 0);
      frames.push(...await rig.reader.frames(20));
    }
    await rig.stream.stop();
    const { pictures, complaints } = await decodeVideo(payloads(frames), RIG_SIZE);
    t.equal(complaints, "");
    t.equal(pictures.length, frames.length);
    const begins = frames.flatMap((frame, at) => at > 0 && isKeyframe(frame) ? at : []);
    t.equal(begins.length, 3);
    // What does not move: the lowest rows are a ramp of grey. It must not change its look.
    const { width, height } = RIG_SIZE;
    const still = (picture: Uint8Array) => picture.subarray(width * (height - 8), width * height);
    for (const at of begins) {
      const psnr = lumaPsnr(still(pictures[at]!), still(pictures[at - 1]!), width * 8);
      t.ok(psnr > 40, `${psnr.toFixed(1)} dB between the frames around it`);
    }
  });
}

t.test("A segment of x264 begins with a keyframe of at most the bytes asked for", async (t) => {
  using rig = await openEncoderRig("x264", { qp: 18 });
  rig.stream.start();
  const [first] = await rig.reader.frames(10);
  const bytesMax = Math.round(first!.payload.byteLength / 2);
  // Without limits of rate control the frames behind a coarse one stay as they are.
  rig.stream.setLimits({ keyframeQp: 18, frameBytesMax: 0, keyframeBytesMax: 0 });
  rig.stream.requestSegment(18, bytesMax);
  const frames = await rig.reader.frames(40);
  await rig.stream.stop();
  const at = frames.findIndex(isKeyframe);
  t.ok(frames[at]!.qp > 18, `quantiser ${frames[at]!.qp}`);
  t.ok(frames[at]!.payload.byteLength < first!.payload.byteLength);
  t.ok(frames.at(-1)!.qp < frames[at]!.qp, "and the frames behind it become finer");
});
