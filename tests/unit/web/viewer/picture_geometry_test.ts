/** Tests of web/viewer/input/picture_geometry.ts. */

import t from "tap";
import {
  containPicture,
  positionInPicture,
} from "../../../../web/viewer/input/picture_geometry.ts";

const PICTURE = { width: 1920, height: 1080 };

t.test("containPicture puts bars where the shapes differ", (t) => {
  t.same(containPicture({ left: 0, top: 0, width: 1920, height: 1200 }, PICTURE), {
    left: 0,
    top: 60,
    width: 1920,
    height: 1080,
  });
  t.same(containPicture({ left: 10, top: 20, width: 1280, height: 360 }, PICTURE), {
    left: 330,
    top: 20,
    width: 640,
    height: 360,
  });
  t.match(containPicture({ left: 0, top: 0, width: 100, height: 100 }, { width: 0, height: 0 }), {
    width: 0,
    height: 0,
  });
  t.end();
});

t.test("positionInPicture names the pixel under the point and never one outside", (t) => {
  const area = { left: 100, top: 50, width: 960, height: 540 };
  t.same(positionInPicture(100, 50, area, PICTURE), { x: 0, y: 0 });
  t.same(positionInPicture(0, 0, area, PICTURE), { x: 0, y: 0 });
  t.same(positionInPicture(1059.9, 589.9, area, PICTURE), { x: 65_535, y: 65_535 });
  t.same(positionInPicture(5000, 5000, area, PICTURE), { x: 65_535, y: 65_535 });
  t.same(positionInPicture(50, 50, { ...area, width: 0 }, PICTURE).x, 0);
  t.end();
});

t.test("positionInPicture survives the way to the host's pixel for every column", (t) => {
  for (const width of [2, 640, 1366, 1920, 8192]) {
    const area = { left: 0, top: 0, width, height: 10 };
    for (let column = 0; column < width; column++) {
      const { x } = positionInPicture(column + 0.5, 0, area, { width, height: 10 });
      if (Math.round(x * (width - 1) / 65_535) !== column) t.fail(`column ${column} of ${width}`);
    }
    t.pass(`${width} columns`);
  }
  t.end();
});

t.test("positionInPicture names every pixel of a picture that is shown as large as it is", (t) => {
  for (const [width, height] of [[1280, 720], [1920, 1080], [2560, 1440]] as const) {
    const picture = { width, height };
    const area = containPicture({ left: 0, top: 0, width, height }, picture);
    const wrong: number[] = [];
    for (let pixel = 0; pixel < width; pixel++) {
      const { x, y } = positionInPicture(pixel, Math.min(pixel, height - 1), area, picture);
      const row = Math.round(y * (height - 1) / 65_535);
      if (Math.round(x * (width - 1) / 65_535) !== pixel) wrong.push(pixel);
      else if (row !== Math.min(pixel, height - 1)) wrong.push(pixel);
    }
    t.strictSame(wrong, [], `${width}x${height}`);
  }
  t.end();
});
