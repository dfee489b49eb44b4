/** Tests of web/viewer/receive/source_size.ts. */

import t from "tap";
import type { StreamDescription } from "../../../../src/wire/codec.ts";
import { SourceSize } from "../../../../web/viewer/receive/source_size.ts";

const FULL = { width: 1280, height: 720 };

function started(): SourceSize {
  const source = new SourceSize();
  source.picture(1280, 720);
  source.report(1);
  return source;
}

t.test("SourceSize is the size of the pictures while they are sent whole", (t) => {
  const source = new SourceSize();
  t.same(source.size, { width: 0, height: 0 });
  t.notOk(source.report(1), "nothing is known before the first picture");
  t.ok(source.picture(1280, 720));
  t.notOk(source.picture(1280, 720));
  t.same(source.size, FULL);
  t.end();
});

t.test("SourceSize does not follow pictures that are sent smaller", (t) => {
  const source = started();
  source.report(0.75);
  t.notOk(source.picture(960, 540));
  for (let report = 0; report < 20; report++) t.notOk(source.report(0.75));
  t.notOk(source.picture(640, 360), "ahead of its report");
  for (let report = 0; report < 20; report++) t.notOk(source.report(0.5));
  t.notOk(source.picture(1280, 720));
  t.same(source.size, FULL);

  const odd = new SourceSize();
  odd.picture(1366, 768);
  t.notOk(odd.picture(1024, 576), "sizes are made even");
  t.notOk(odd.picture(682, 384));
  t.end();
});

t.test("SourceSize follows a screen that changes its own size", (t) => {
  const source = started();
  t.ok(source.picture(1920, 1080));
  t.same(source.size, { width: 1920, height: 1080 });
  t.notOk(source.picture(960, 540), "which could as well be a smaller picture");
  const changes = Array.from({ length: 6 }, () => source.report(1));
  t.same(changes, [false, false, false, true, false, false], "until reports say otherwise");
  t.same(source.size, { width: 960, height: 540 });
  t.end();
});

t.test("SourceSize of a viewer that joins while pictures are smaller", (t) => {
  const source = new SourceSize();
  source.report(0.5);
  t.ok(source.picture(640, 360));
  t.same(source.size, FULL, "the report came first");

  const late = new SourceSize();
  late.picture(640, 360);
  t.same(late.size, { width: 640, height: 360 });
  t.ok(late.report(0.5), "the picture came first");
  t.same(late.size, FULL);
  t.end();
});

t.test("SourceSize waits for a still screen to send the smaller picture", (t) => {
  const source = started();
  for (let report = 0; report < 100; report++) t.notOk(source.report(0.5));
  t.same(source.size, FULL);
  t.notOk(source.picture(640, 360));
  t.end();
});

t.test("SourceSize ignores a share that is none", (t) => {
  const source = started();
  t.notOk(source.report(0));
  t.ok(source.picture(800, 600));
  t.same(source.size, { width: 800, height: 600 });
  t.end();
});

/** What the host says of a screen, of which it sends pictures of that size. */
function description(
  [width, height]: readonly [number, number],
  [codedWidth, codedHeight]: readonly [number, number] = [width, height],
): StreamDescription {
  const isWhole = width === codedWidth && height === codedHeight;
  return {
    ...{ id: 0, name: "Desktop", kind: "video", codec: "avc1.42c028", codedWidth, codedHeight },
    ...isWhole ? {} : { sourceWidth: width, sourceHeight: height },
    colorSpace: { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false },
    ...{ optimizeForLatency: true, framerate: 60, bitrateBps: 1, encoder: "x264" },
  };
}

t.test("SourceSize believes the host's description, ahead of its pictures or behind them", (t) => {
  const source = new SourceSize();
  t.notOk(source.describe(description([1280, 720])), "no picture was drawn");
  t.ok(source.picture(1280, 720));
  t.notOk(source.describe(description([640, 360])), "the picture is still the large one");
  t.same(source.size, FULL);
  t.ok(source.picture(640, 360), "half of the screen before, and a whole one of this");
  t.same(source.size, { width: 640, height: 360 });

  t.notOk(source.picture(800, 600), "ahead of its description");
  t.ok(source.describe(description([800, 600])));
  t.same(source.size, { width: 800, height: 600 });
  t.notOk(source.report(0.5), "reports are not asked");

  t.notOk(source.describe(description([800, 600], [400, 300])), "pictures become smaller");
  t.notOk(source.picture(400, 300));
  t.same(source.size, { width: 800, height: 600 });
  t.end();
});

t.test("SourceSize of a viewer that joins while pictures are smaller, as it is described", (t) => {
  const source = new SourceSize();
  source.describe(description([1280, 720], [640, 360]));
  t.ok(source.picture(640, 360));
  t.same(source.size, FULL);
  t.end();
});
