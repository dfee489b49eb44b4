/**
 * A stream that changes its size, decoded and drawn by the viewer's picture path in a real Chromium:
 * every frame of both sizes comes out, whether the catalog is ahead of its keyframe or behind it, and
 * the canvas is never black in between. Chromium's own encoder makes the frames.
 */

import * as esbuild from "esbuild";
import t from "tap";
import { TestBrowser } from "./harness.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
/** Sizes one after the other, and how many frames before (or after) its keyframe a catalog comes. */
const PARTS = [
  { width: 640, height: 360, codec: "avc1.42e01e", catalogAhead: 0 },
  { width: 320, height: 180, codec: "avc1.42e00d", catalogAhead: 3 },
  { width: 640, height: 360, codec: "avc1.42e01e", catalogAhead: -3 },
  { width: 480, height: 270, codec: "avc1.42e015", catalogAhead: 0 },
];
const FRAMES_PER_PART = 20;

/** What the page saw. */
interface Seen {
  /** Width by frame id, of the pictures that came out of the decoder. */
  readonly decoded: readonly (readonly [number, number])[];
  /** Widths of the pictures that were drawn, in order. */
  readonly drawn: readonly number[];
  /** Green of the canvas at each tick of the display since the first picture. */
  readonly greens: readonly number[];
  readonly problems: readonly string[];
}

/** Encodes the parts, plays them at 60 a second and watches the canvas. */
const PLAY = `async (parts, framesPerPart, renderer) => {
  const problems = [];
  const encoded = [];
  for (const { width, height, codec } of parts) {
    const encoder = new VideoEncoder({
      output: (chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        encoded.push({ bytes, isKey: chunk.type === "key" });
      },
      error: (error) => problems.push("encoder: " + error),
    });
    encoder.configure({
      ...{ codec, width, height, framerate: 60, bitrate: 1e6, latencyMode: "realtime" },
      avc: { format: "annexb" },
    });
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    for (let index = 0; index < framesPerPart; index++) {
      context.fillStyle = "rgb(0, 200, " + index * 5 + ")";
      context.fillRect(0, 0, width, height);
      const frame = new VideoFrame(canvas, { timestamp: index * 16_667 });
      encoder.encode(frame, { keyFrame: index === 0 });
      frame.close();
    }
    await encoder.flush();
    encoder.close();
  }

  const shown = document.body.appendChild(document.createElement("canvas"));
  const seen = { decoded: [], drawn: [], greens: [], problems };
  const path = new viewer.PicturePath(viewer.pageClock, new viewer.FrameLog(), {
    decoded: (record) => seen.decoded.push([record.frameId, record.width]),
    presented: (_record, width) => seen.drawn.push(width),
    damage: (first) => problems.push("damage from " + first),
    canvasLost: () => problems.push("canvas lost"),
    cannotPlay: (message) => problems.push(message),
  });
  path.openCanvas(shown.transferControlToOffscreen(), renderer);
  const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const watch = () => {
    if (seen.drawn.length > 2) {
      copy.drawImage(shown, 0, 0, 1, 1);
      seen.greens.push(copy.getImageData(0, 0, 1, 1).data[1]);
    }
    requestAnimationFrame(watch);
  };
  watch();

  const configure = ({ width, height, codec }) => path.decoder.configure({
    ...{ id: 0, name: "test", kind: "video", codec, codedWidth: width, codedHeight: height },
    colorSpace: { primaries: "smpte170m", transfer: "smpte170m", matrix: "smpte170m" },
    ...{ optimizeForLatency: true, framerate: 60, bitrateBps: 1e6, encoder: "test" },
  });
  await configure(parts[0]);
  for (const [index, { bytes, isKey }] of encoded.entries()) {
    const part = parts.findIndex(({ catalogAhead }, number) =>
      number > 0 && index === number * framesPerPart - catalogAhead
    );
    if (part > 0) configure(parts[part]);
    const nowUs = viewer.pageClock.nowUs();
    path.decoder.push({
      ...{ frameId: index + 1, captureTimeUs: nowUs, bytes: bytes.length, keyframe: isKey },
      ...{ firstDatagramUs: nowUs, lastDatagramUs: nowUs, readyUs: nowUs, decodeSubmitUs: 0 },
      ...{ decodedUs: 0, drawUs: 0, presentedUs: 0, outcome: "pending" },
      width: parts[Math.floor(index / framesPerPart)].width,
    }, isKey ? 0 : 1, bytes);
    await new Promise((resolve) => setTimeout(resolve, 16));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  return seen;
}`;

const { outputFiles: [bundle] } = await esbuild.build({
  stdin: {
    contents: `export { PicturePath } from "./web/viewer/picture_path.ts";
      export { FrameLog } from "./web/viewer/receive/frame_log.ts";
      export { pageClock } from "./web/shared/page_clock.ts";`,
    resolveDir: ROOT,
  },
  ...{ bundle: true, write: false, format: "iife", globalName: "viewer", logLevel: "silent" },
});
await esbuild.stop();
const browser = await TestBrowser.start();
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
  return new Response("<!DOCTYPE html><title>Resize</title>", {
    headers: { "content-type": "text/html" },
  });
});
t.teardown(async () => {
  await browser.close();
  await server.shutdown();
});

for (const renderer of ["canvas2d", "webgl"]) {
  t.test(`${renderer}: all frames of all sizes are decoded, and no canvas is black`, async (t) => {
    const { page } = await browser.open(`http://127.0.0.1:${server.addr.port}/`);
    await page.evaluate(`globalThis.viewer = (() => { ${bundle!.text}; return viewer; })()`);
    const seen = await page.evaluate(
      `(${PLAY})(${JSON.stringify(PARTS)}, ${FRAMES_PER_PART}, "${renderer}")`,
    ) as Seen;
    t.same(seen.problems, []);
    const expected = PARTS.flatMap(({ width }, part) =>
      Array.from({ length: FRAMES_PER_PART }, (_, index) => [
        part * FRAMES_PER_PART + index + 1,
        width,
      ])
    );
    t.same(seen.decoded, expected, "in order, and none missing");
    const widths = seen.drawn.filter((width, index) => width !== seen.drawn[index - 1]);
    t.same(widths, PARTS.map(({ width }) => width), "the canvas follows");
    t.ok(seen.greens.length > 20, `${seen.greens.length} looks at the canvas`);
    t.ok(Math.min(...seen.greens) > 150, `green is at least ${Math.min(...seen.greens)}`);
    await page.close();
  });
}
