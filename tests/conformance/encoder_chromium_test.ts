/**
 * Encoder conformance in the decoder that viewers have: Chromium's WebCodecs shows every frame of a
 * native stream at once, each frame after a repair, wherever the lost frames were, the base layer
 * alone, and pictures of other sizes without being set up again.
 */

import { chromium } from "playwright-core";
import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import { nativeCandidates, NativeEncoderPool } from "../../ffi/mod.ts";
import { isDisposable, keepMore, openEncoderRig, RIG_SIZE } from "../native/encoder_rig.ts";
import type { MediaRecord } from "../native/record_reader.ts";
import { readMarker } from "../../web/viewer/decode/marker_reader.ts";

const { width: WIDTH } = RIG_SIZE;
const MARKER_ROWS = 48;
const CODEC = "avc1.42c01f";

/** One access unit for the page. */
interface Unit {
  readonly keyframe: boolean;
  readonly base64: string;
}

/** What the page saw: the rows of each picture that hold the marker, and errors. */
interface Shown {
  readonly lumas: string[];
  /** Widths of the pictures. */
  readonly widths: number[];
  readonly errors: string[];
}

await buildNative();
const usable = (await nativeCandidates()).filter((one) => one.kind === "encode" && one.usable);
const pages = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
t.teardown(async () => {
  await browser.close();
  await pages.shutdown();
});

/** Frames before a loss, lost ones and later ones, with a repair in between. */
async function record(
  encoder: "x264" | "openh264",
  counts: { arrived: number; lost: number; later: number },
): Promise<MediaRecord[]> {
  using rig = await openEncoderRig(encoder);
  const { stream, reader } = rig;
  stream.start();
  if (counts.lost === 0) return await reader.frames(counts.arrived);
  const arrived = [await keepMore(rig), ...await reader.frames(counts.arrived - 1)];
  const [first] = await reader.frames(counts.lost);
  stream.invalidate(first?.frameId ?? 0);
  const later = await reader.frames(counts.later);
  const repair = later.findIndex((frame) => frame.referenceDistance !== 1);
  return [...arrived, ...later.slice(repair)];
}

/** Decodes in a page as the viewer does: low latency, Annex B, one chunk for each access unit. */
async function decodeInChromium(units: Unit[]): Promise<Shown> {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${pages.addr.port}/`);
  const shown = await page.evaluate(async ({ units, codec, width, rows }) => {
    const lumas: string[] = [];
    const widths: number[] = [];
    const errors: string[] = [];
    const copies: Promise<void>[] = [];
    const scope = globalThis as unknown as Record<string, new (init: unknown) => never>;
    const Decoder = scope["VideoDecoder"] as unknown as new (init: unknown) => {
      configure(config: unknown): void;
      decode(chunk: unknown): void;
      flush(): Promise<void>;
    };
    const Chunk = scope["EncodedVideoChunk"] as new (init: unknown) => unknown;
    const decoder = new Decoder({
      output: (
        frame: {
          readonly displayWidth: number;
          copyTo(to: Uint8Array, o: unknown): Promise<unknown>;
          close(): void;
        },
      ) => {
        const at = lumas.push("") - 1;
        widths.push(frame.displayWidth);
        if (frame.displayWidth < width) return frame.close();
        const bytes = new Uint8Array(width * rows * 2);
        const rect = { x: 0, y: 0, width, height: rows };
        copies.push(
          frame.copyTo(bytes, { rect }).then(() => {
            let text = "";
            for (const value of bytes.subarray(0, width * rows)) text += String.fromCharCode(value);
            lumas[at] = btoa(text);
            frame.close();
          }),
        );
      },
      error: (error: Error) => errors.push(error.message),
    });
    decoder.configure({ codec, optimizeForLatency: true, hardwareAcceleration: "prefer-software" });
    units.forEach((unit, at) => {
      const data = Uint8Array.from(atob(unit.base64), (char) => char.charCodeAt(0));
      const type = unit.keyframe ? "key" : "delta";
      decoder.decode(new Chunk({ type, timestamp: at * 16_667, data }));
    });
    const deadline = performance.now() + 5000;
    while (lumas.length < units.length && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Promise.all(copies);
    return { lumas, widths, errors };
  }, { units, codec: CODEC, width: WIDTH, rows: MARKER_ROWS });
  await page.close();
  return shown;
}

function toUnit(frame: MediaRecord): Unit {
  let text = "";
  for (const value of frame.payload) text += String.fromCharCode(value);
  return { keyframe: frame.referenceDistance === 0, base64: btoa(text) };
}

function markerNumbers(shown: Shown): (number | undefined)[] {
  return shown.lumas.map((base64) => {
    const luma = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return readMarker(luma, WIDTH)?.frame;
  });
}

for (const encoder of ["x264", "openh264"] as const) {
  const skip = usable.some((one) => one.name === encoder) ? false : `${encoder} is not usable here`;
  // Without a flush: whatever the decoder holds back would be missing.
  t.test(`Chromium shows every frame of ${encoder} without a flush`, { skip }, async (t) => {
    const frames = await record(encoder, { arrived: 40, lost: 0, later: 0 });
    const shown = await decodeInChromium(frames.map(toUnit));
    t.same(shown.errors, [], "no error");
    const numbers = markerNumbers(shown);
    t.same(numbers, frames.map((_, at) => (numbers[0] ?? 0) + at), "all, in order");
  });

  for (const arrived of [14, 30]) {
    t.test(`Chromium shows every frame of ${encoder} after a repair at ${arrived}`, {
      skip,
    }, async (t) => {
      const frames = await record(encoder, { arrived, lost: 4, later: 30 });
      const shown = await decodeInChromium(frames.map(toUnit));
      t.same(shown.errors, [], "no error");
      const numbers = markerNumbers(shown);
      t.equal(numbers.length, frames.length, "as many pictures as frames");
      const start = (numbers[0] ?? 0) - (frames[0]?.frameId ?? 0);
      const wanted = frames.map((frame) => start + frame.frameId);
      t.same(numbers, wanted, "the right ones");
    });
  }

  t.test(`Chromium shows both layers of ${encoder}, and the base alone`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.setShape(4, 2);
    rig.stream.start();
    const frames = await rig.reader.frames(60);
    await rig.stream.stop();
    for (const seen of [frames, frames.filter((frame) => !isDisposable(frame))]) {
      const shown = await decodeInChromium(seen.map(toUnit));
      t.same(shown.errors, [], "no error");
      const numbers = markerNumbers(shown);
      const first = numbers[0] ?? 0;
      t.same(numbers, seen.map(({ frameId }) => first + frameId - 1), `all ${seen.length}`);
    }
  });

  t.test(`Chromium plays on over streams that share ${encoder}s`, { skip }, async (t) => {
    using encoders = NativeEncoderPool.open({ encodersMax: 3, idleMax: 2 });
    const frames: MediaRecord[] = [];
    const numbers: number[] = [];
    for (let stream = 0; stream < 4; stream++) {
      using rig = await openEncoderRig(encoder, { encoders });
      rig.stream.start();
      const full = await rig.reader.frames(10);
      rig.stream.setShape(2 + stream % 2, 1);
      frames.push(...full, ...await rig.reader.frames(12));
      await rig.stream.stop();
      numbers.push(...full.map(({ frameId }) => frameId));
    }
    t.ok(encoders.stats.reused + encoders.stats.reconfigured >= 3, "encoders were used again");
    const shown = await decodeInChromium(frames.map(toUnit));
    t.same(shown.errors, [], "no error");
    t.same(shown.widths, frames.map(({ width }) => width), "each picture in its size");
    const read = markerNumbers(shown).filter((_, at) => at % 22 < 10);
    t.same(read, numbers, "and the right ones at full size");
  });

  t.test(`Chromium goes on when ${encoder} changes the size`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const frames = await rig.reader.frames(8);
    for (const quarters of [2, 3, 4]) {
      rig.stream.setShape(quarters, 1);
      frames.push(...await rig.reader.frames(14));
    }
    await rig.stream.stop();
    const shown = await decodeInChromium(frames.map(toUnit));
    t.same(shown.errors, [], "no error");
    t.same(shown.widths, frames.map(({ width }) => width), "each picture in its size");
    t.same([...new Set(shown.widths)], [640, 320, 480], "all sizes");
    const last = markerNumbers(shown).slice(-8);
    t.same(last, last.map((_, at) => (last[0] ?? 0) + at), "and full size as before");
  });
}
