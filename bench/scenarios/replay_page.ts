/**
 * A page's own seek, as text for the browser: reads the frame stream of a time, decodes it with
 * WebCodecs, and resolves when exactly the frame asked for is on the page. It keeps one decoder and
 * nothing of a seek before, so that each is as slow as the first.
 */

import type { Browser, Page } from "playwright-core";
import { openPage } from "../measure/browser.ts";

/** What the page tells of a seek. */
export interface PageSeek {
  /** From the call to the first frame of the display that has the picture. */
  readonly ms: number;
  /** Until the last byte was there. */
  readonly readMs: number;
  readonly decodedFrames: number;
  readonly bytes: number;
  /** Capture time of what is shown. */
  readonly timeUs: number;
  /** The marker's 96 bits, most significant first, as they are on the page. */
  readonly bits: string;
}

/** Opens a page with a session of its own, in which `wavrySeek(atUs)` gives a `PageSeek`. */
export async function openSeekPage(
  browser: Browser,
  link: string,
  size: { readonly width: number; readonly height: number },
): Promise<Page> {
  const { origin, hash } = new URL(link);
  const page = await openPage(browser, size);
  // Any answer of the host will do as a page: what it shows live is not wanted here.
  await page.goto(`${origin}/api/health`);
  const body = JSON.stringify({ secret: new URLSearchParams(hash.slice(1)).get("s") });
  const isOpen = await page.evaluate(`fetch("/api/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: ${JSON.stringify(body)},
  }).then((response) => response.ok)`);
  if (isOpen !== true) throw new Error("Cannot open a session in the page");
  await page.evaluate(SEEK_SCRIPT);
  return page;
}

/** Defines `wavrySeek(atUs)`. */
const SEEK_SCRIPT = `(() => {
  const canvas = document.createElement("canvas");
  canvas.style = "position: fixed; inset: 0; width: 100vw; height: 100vh; z-index: 99";
  document.body.append(canvas);
  const context = canvas.getContext("2d", { willReadFrequently: false });
  let decoder, configured = "", seek;
  const output = (frame) => {
    seek.decodedFrames++;
    if (frame.timestamp !== seek.target) return frame.close();
    if (canvas.width !== frame.displayWidth) {
      canvas.width = frame.displayWidth;
      canvas.height = frame.displayHeight;
    }
    context.drawImage(frame, 0, 0);
    seek.timeUs = frame.timestamp;
    frame.close();
    requestAnimationFrame(() => seek.resolve(performance.now()));
  };
  const describe = (description) => {
    const text = JSON.stringify(description);
    if (text === configured && decoder.state === "configured") return;
    configured = text;
    decoder = new VideoDecoder({ output, error: (error) => seek.reject(error) });
    decoder.configure({
      codec: description.codec,
      codedWidth: description.codedWidth,
      codedHeight: description.codedHeight,
      optimizeForLatency: true,
      hardwareAcceleration: "prefer-software",
    });
  };
  const record = (bytes, view) => {
    const kind = view.getUint8(0);
    const payload = bytes.subarray(24);
    if (kind === 2) describe(JSON.parse(new TextDecoder().decode(payload)));
    if (kind !== 1) return;
    const timestamp = Number(view.getBigUint64(16, true));
    if ((view.getUint8(1) & 1) !== 0) seek.target = timestamp;
    const type = view.getUint8(2) === 0 ? "key" : "delta";
    decoder.decode(new EncodedVideoChunk({ type, timestamp, data: payload }));
  };
  globalThis.wavrySeek = async (atUs) => {
    const startMs = performance.now();
    seek = { decodedFrames: 0, target: undefined };
    const shown = new Promise((resolve, reject) => Object.assign(seek, { resolve, reject }));
    const response = await fetch("/api/replay/frames?atUs=" + atUs);
    if (!response.ok) throw new Error("Cannot seek: " + response.status);
    const reader = response.body.getReader();
    let pending = new Uint8Array(0), bytes = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      bytes += piece.value.byteLength;
      const joined = new Uint8Array(pending.byteLength + piece.value.byteLength);
      joined.set(pending);
      joined.set(piece.value, pending.byteLength);
      let at = 0;
      while (joined.byteLength - at >= 24) {
        const view = new DataView(joined.buffer, at);
        const end = at + 24 + view.getUint32(4, true);
        if (end > joined.byteLength) break;
        record(joined.subarray(at, end), view);
        at = end;
      }
      pending = joined.subarray(at);
    }
    const readMs = performance.now() - startMs;
    // A decoder may hold the last frame back until it is told that nothing follows.
    decoder.flush().catch(() => {});
    const shownMs = await shown;
    const { decodedFrames, timeUs } = seek;
    const { data } = context.getImageData(0, 0, 512, 48);
    let bits = "";
    for (let bit = 0; bit < 96; bit++) {
      const x = (bit % 32) * 16 + 8, y = Math.floor(bit / 32) * 16 + 8;
      bits += data[(y * 512 + x) * 4 + 1] >= 128 ? "1" : "0";
    }
    return { ms: shownMs - startMs, readMs, decodedFrames, bytes, timeUs, bits };
  };
})()`;
