/**
 * Device class: what kind of machine publishes, and what follows from it: the size and rate that are
 * asked of a capture, how much of a frame's time encoding may take, and how good a picture is tried.
 * Told by what a browser offers, never by its name. Pure.
 */

import type { ProcessingPolicy } from "./adaptive_frame_processing.ts";

/** Kinds of machine. */
export type DeviceClass = "desktop" | "laptop_on_battery" | "phone";

/** What is known of the machine. */
export interface DeviceFacts {
  /** Its main pointer is a finger. */
  readonly isTouch: boolean;
  /** The shorter side of its screen, CSS pixels. */
  readonly screenSide: number;
  /** Undefined where the browser does not say. */
  readonly battery?: { readonly isCharging: boolean; readonly level: number } | undefined;
}

/** Sizes and rates that people can ask for. */
export const PICTURE_SIZES = {
  "1080p60": { width: 1920, height: 1080, fps: 60 },
  "1080p30": { width: 1920, height: 1080, fps: 30 },
  "720p30": { width: 1280, height: 720, fps: 30 },
  "480p30": { width: 854, height: 480, fps: 30 },
} as const;
/** One of `PICTURE_SIZES`, or what suits the device. */
export type PictureChoice = "auto" | keyof typeof PICTURE_SIZES;

/** Largest picture and highest rate. */
export interface PictureBounds {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

/** Screens above this shorter side are no phone's. */
const PHONE_SIDE_MAX = 600;
/** A battery below this is saved. */
const LOW_BATTERY = 0.2;

/** What suits each class. */
const PROFILES: Readonly<
  Record<DeviceClass, { readonly bounds: PictureBounds; readonly budgetShare: number }>
> = {
  desktop: { bounds: PICTURE_SIZES["1080p30"], budgetShare: 0.9 },
  laptop_on_battery: { bounds: PICTURE_SIZES["720p30"], budgetShare: 0.7 },
  // Less time for each frame: a phone that is warm becomes slow.
  phone: { bounds: { width: 960, height: 540, fps: 24 }, budgetShare: 0.5 },
};

/** The class of a machine. */
export function deviceClassOf({ isTouch, screenSide, battery }: DeviceFacts): DeviceClass {
  if (isTouch && screenSide < PHONE_SIDE_MAX) return "phone";
  return battery !== undefined && !battery.isCharging ? "laptop_on_battery" : "desktop";
}

/** What is captured: what people ask for, and never more than a phone can do. */
export function pictureBounds(facts: DeviceFacts, choice: PictureChoice): PictureBounds {
  const device = deviceClassOf(facts);
  const suits = PROFILES[device].bounds;
  if (choice === "auto") return suits;
  const wanted = PICTURE_SIZES[choice];
  if (device !== "phone") return wanted;
  return {
    width: Math.min(wanted.width, PICTURE_SIZES["720p30"].width),
    height: Math.min(wanted.height, PICTURE_SIZES["720p30"].height),
    fps: Math.min(wanted.fps, 30),
  };
}

/** How frames are processed: a battery that runs low halves the rate and takes a smaller picture. */
export function processingPolicy(
  facts: DeviceFacts,
  { fps, qualityMax }: { readonly fps: number; readonly qualityMax: number },
): ProcessingPolicy {
  const { battery } = facts;
  const isLow = battery !== undefined && !battery.isCharging && battery.level < LOW_BATTERY;
  return {
    targetFps: isLow ? Math.max(1, fps / 2) : fps,
    budgetShare: PROFILES[deviceClassOf(facts)].budgetShare,
    qualityMax: isLow ? Math.min(0.6, qualityMax) : qualityMax,
  };
}
