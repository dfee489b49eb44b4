/** Tests of src/server/stats/stats_pictures.ts. */

import fc from "fast-check";
import t from "tap";
import { type PictureFrame, PictureStats } from "../../../../src/server/stats/stats_pictures.ts";

const FRAME: PictureFrame = {
  referenceDistance: 1,
  width: 1280,
  height: 720,
  encodeUs: 2000,
  qp: 30,
  isUnchanged: false,
  droppedFrames: 0,
};
const BEST = { fps: 60, fpsMax: 60, scale: 1, scaleMax: 1 };

t.test("PictureStats adds up what the encoder made", (t) => {
  const pictures = new PictureStats();
  pictures.push({ ...FRAME, referenceDistance: 0, qp: 20 }, BEST, 0);
  pictures.push({ ...FRAME, droppedFrames: 3 }, BEST, 16_000);
  pictures.push({ ...FRAME, isUnchanged: true, width: 640, height: 360 }, BEST, 32_000);
  t.match(pictures.figures(32_000), {
    framesEncoded: 3,
    keyFramesEncoded: 1,
    sourceFrames: 5,
    width: 640,
    height: 360,
    qpSum: 80,
    encodeUsTotal: 6000,
  });
  t.end();
});

t.test("PictureStats counts the frames of the last second, whatever came before", (t) => {
  const gapsUs = fc.array(fc.integer({ min: 4_200, max: 400_000 }), { maxLength: 400 });
  t.doesNotThrow(() =>
    fc.assert(fc.property(gapsUs, fc.nat(2_000_000), (gaps, waitUs) => {
      const pictures = new PictureStats();
      let nowUs = 0;
      const timesUs = gaps.map((gapUs) => nowUs += gapUs);
      for (const timeUs of timesUs) pictures.push(FRAME, BEST, timeUs);
      const askedUs = nowUs + waitUs;
      const expected = timesUs.filter((timeUs) => timeUs > askedUs - 1_000_000).length;
      const { encodedPerSecond, sourcePerSecond } = pictures.figures(askedUs);
      return encodedPerSecond === expected && sourcePerSecond === expected;
    }))
  );
  t.end();
});

t.test("PictureStats knows for how long the picture was limited, and by what", (t) => {
  const pictures = new PictureStats();
  const at = (seconds: number) => seconds * 1_000_000;
  t.equal(pictures.figures(at(100)).limitationUs.none, 0, "no time passes before the first frame");
  pictures.push(FRAME, BEST, at(100));
  pictures.push(FRAME, { ...BEST, fps: 30 }, at(101));
  t.equal(pictures.figures(at(101)).limitation, "bandwidth");
  pictures.push(FRAME, { ...BEST, scale: 0.75 }, at(103));
  pictures.push(FRAME, { ...BEST, scale: 0.5, scaleMax: 0.5 }, at(106));
  t.match(pictures.figures(at(110)), { limitation: "other", resolutionChanges: 2 });
  pictures.pause(at(111));
  t.same(pictures.figures(at(500)).limitationUs, {
    none: at(1),
    cpu: 0,
    bandwidth: at(5),
    other: at(5),
  }, "and none passes while nothing is captured");
  pictures.push(FRAME, BEST, at(600));
  t.equal(pictures.figures(at(601)).limitationUs.none, at(2));
  t.end();
});
