/**
 * Encoder choice: which H.264 encoder of the browser is asked for: constrained baseline, so that every
 * decoder takes it and no frame waits for a later one; hardware first, then whatever there is.
 */

/** Levels of H.264: highest macroblocks a second and a frame, and the byte of the codec string. */
const LEVELS: readonly (readonly [perSecond: number, perFrame: number, level: number])[] = [
  [40_500, 1620, 30],
  [108_000, 3600, 31],
  [216_000, 5120, 32],
  [245_760, 8192, 40],
  [522_240, 8704, 42],
  [589_824, 22_080, 50],
  [983_040, 36_864, 51],
  [2_073_600, 36_864, 52],
];
const MACROBLOCK = 16;
const ACCELERATIONS = ["prefer-hardware", "no-preference"] as const;

/** What is to be encoded. */
export interface EncoderWish {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly bitrateBps: number;
}

/** Where a browser encodes. */
export type Acceleration = "prefer-hardware" | "prefer-software" | "no-preference";

/** A VideoEncoderConfig of WebCodecs. */
export interface EncoderConfig {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly bitrate: number;
  readonly framerate: number;
  readonly bitrateMode: "variable";
  readonly latencyMode: "realtime";
  readonly hardwareAcceleration: Acceleration;
  readonly avc: { readonly format: "annexb" };
}

/** `VideoEncoder.isConfigSupported`, or a test's own. */
export type SupportCheck = (config: EncoderConfig) => Promise<{ supported?: boolean }>;

/** The codec string of constrained baseline for a size and rate. */
export function codecString({ width, height, fps }: Omit<EncoderWish, "bitrateBps">): string {
  const perFrame = Math.ceil(width / MACROBLOCK) * Math.ceil(height / MACROBLOCK);
  const fitting = LEVELS.find(([perSecond, most]) =>
    perFrame <= most && perFrame * fps <= perSecond
  );
  const level = (fitting ?? LEVELS.at(-1)!)[2];
  return `avc1.42e0${level.toString(16).padStart(2, "0")}`;
}

/** The configuration for a wish. */
export function encoderConfig(
  wish: EncoderWish,
  choice: { readonly codec: string; readonly acceleration: Acceleration },
): EncoderConfig {
  return {
    codec: choice.codec,
    width: wish.width,
    height: wish.height,
    bitrate: wish.bitrateBps,
    framerate: wish.fps,
    bitrateMode: "variable",
    latencyMode: "realtime",
    hardwareAcceleration: choice.acceleration,
    // Parameter sets in band, before each keyframe, as the wire has it.
    avc: { format: "annexb" },
  };
}

/**
 * The first encoder that this browser has for a wish, hardware first; `except` leaves out one that
 * failed. Undefined when there is none.
 */
export async function chooseEncoder(
  wish: EncoderWish,
  isSupported: SupportCheck,
  except?: Acceleration,
): Promise<{ codec: string; acceleration: Acceleration } | undefined> {
  const codec = codecString(wish);
  const tried = except === "prefer-hardware" ? ["prefer-software"] as const : ACCELERATIONS;
  for (const acceleration of tried) {
    try {
      const config = encoderConfig(wish, { codec, acceleration });
      if ((await isSupported(config)).supported === true) return { codec, acceleration };
    } catch {
      // A configuration that the browser does not even know is one that it does not support.
    }
  }
  return undefined;
}
