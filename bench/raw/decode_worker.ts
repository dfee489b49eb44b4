/**
 * Decode worker: the raw decoding stage, run inside the browser: one access unit at a time at a
 * steady rate into WebCodecs with the viewer's settings, and nothing else around it. Gives back the
 * time from decode() to output of every frame, in microseconds.
 */

/** What the worker is asked to decode. */
export interface DecodeRequest {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly units: readonly { readonly bytes: ArrayBuffer; readonly isKeyframe: boolean }[];
}

/** What it found. */
export type DecodeAnswer = { readonly decodeUs: number[] } | { readonly error: string };

interface Chunk {
  readonly timestamp: number;
}
interface Decoder {
  configure(config: Record<string, unknown>): void;
  decode(chunk: Chunk): void;
  close(): void;
}
interface DecoderCallbacks {
  output(frame: { timestamp: number; close(): void }): void;
  error(error: Error): void;
}
declare const VideoDecoder: new (callbacks: DecoderCallbacks) => Decoder;
declare const EncodedVideoChunk: new (init: {
  type: "key" | "delta";
  timestamp: number;
  data: ArrayBuffer;
}) => Chunk;

const scope = self as unknown as {
  onmessage: ((event: { data: DecodeRequest }) => void) | null;
  postMessage(answer: DecodeAnswer): void;
};

scope.onmessage = ({ data }) => {
  decodeAll(data).then(
    (decodeUs) => scope.postMessage({ decodeUs }),
    (error) => scope.postMessage({ error: String(error) }),
  );
};

async function decodeAll(request: DecodeRequest): Promise<number[]> {
  const submittedMs = new Map<number, number>();
  const decodeUs: number[] = [];
  const failed = Promise.withResolvers<never>();
  const decoder = new VideoDecoder({
    output: (frame) => {
      const nowMs = performance.now();
      const startMs = submittedMs.get(frame.timestamp);
      if (startMs !== undefined) decodeUs.push((nowMs - startMs) * 1000);
      submittedMs.delete(frame.timestamp);
      frame.close();
    },
    error: (error) => failed.reject(error),
  });
  decoder.configure({
    codec: request.codec,
    codedWidth: request.width,
    codedHeight: request.height,
    optimizeForLatency: true,
    hardwareAcceleration: "prefer-software",
  });
  const submitAll = async () => {
    const startMs = performance.now();
    for (const [index, unit] of request.units.entries()) {
      const dueMs = startMs + index * 1000 / request.fps;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      const chunk = new EncodedVideoChunk({
        type: unit.isKeyframe ? "key" : "delta",
        timestamp: index + 1,
        data: unit.bytes,
      });
      submittedMs.set(index + 1, performance.now());
      decoder.decode(chunk);
    }
    // The last frame comes out by itself: the decoder holds none back.
    await new Promise((resolve) => setTimeout(resolve, 200));
  };
  try {
    await Promise.race([submitAll(), failed.promise]);
  } finally {
    decoder.close();
  }
  return decodeUs;
}
