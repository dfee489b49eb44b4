/**
 * Raw decode: serves the decode worker and a byte stream to a browser that is already running and
 * collects what decoding alone costs there. The page is cross-origin isolated, as the viewer's is,
 * so both have the same clock resolution.
 */

import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { openPage } from "../measure/browser.ts";
import { splitAccessUnits } from "./access_units.ts";
import type { DecodeAnswer } from "./decode_worker.ts";

const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};
/** Length prefix of each access unit: bytes in the lower 31 bits, keyframe in the highest. */
const KEYFRAME_BIT = 0x8000_0000;

/** What to decode. */
export interface RawDecodeOptions {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Annex B byte stream. */
  readonly stream: Uint8Array;
}

/** Time from decode() to output of each frame in microseconds, in order. */
export async function measureRawDecode(
  browser: Browser,
  options: RawDecodeOptions,
): Promise<number[]> {
  const worker = await bundleWorker();
  const units = packUnits(options.stream);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/worker.js") {
      return new Response(worker, { headers: { ...HEADERS, "content-type": "text/javascript" } });
    }
    if (pathname === "/units") return new Response(units, { headers: HEADERS });
    return new Response("<!doctype html><title>decode</title>", {
      headers: { ...HEADERS, "content-type": "text/html" },
    });
  });
  const page = await openPage(browser, options);
  try {
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    const { codec, width, height, fps } = options;
    const answer = await page.evaluate(
      `(${RUN_WORKER})(${JSON.stringify({ codec, width, height, fps })})`,
    ) as DecodeAnswer;
    if ("error" in answer) throw new Error(`Cannot decode the raw stream: ${answer.error}`);
    return answer.decodeUs;
  } finally {
    await page.context().close();
    await server.shutdown();
  }
}

/** Runs in the page, as text, since its types are the browser's. */
const RUN_WORKER = `async (request) => {
  const view = new DataView(await (await fetch("/units")).arrayBuffer());
  const units = [];
  for (let at = 0; at < view.byteLength;) {
    const head = view.getUint32(at);
    const end = at + 4 + (head & 0x7fffffff);
    units.push({ bytes: view.buffer.slice(at + 4, end), isKeyframe: head >= ${KEYFRAME_BIT} });
    at = end;
  }
  const worker = new Worker("/worker.js");
  return await new Promise((resolve) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => resolve({ error: event.message });
    worker.postMessage({ ...request, units }, units.map((unit) => unit.bytes));
  });
}`;

function packUnits(stream: Uint8Array): Uint8Array<ArrayBuffer> {
  const units = splitAccessUnits(stream);
  const packed = new Uint8Array(stream.byteLength + 4 * units.length);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { bytes, isKeyframe } of units) {
    view.setUint32(at, bytes.byteLength + (isKeyframe ? KEYFRAME_BIT : 0));
    packed.set(bytes, at + 4);
    at += 4 + bytes.byteLength;
  }
  return packed.subarray(0, at);
}

async function bundleWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("decode_worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2023",
  });
  return outputFiles[0]?.text ?? "";
}
