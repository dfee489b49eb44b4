/**
 * The test tone as a receiver hears it (ffi/native/audio/tone.c): sines whose phases tell the time
 * modulo 10 ms, and which frequency a channel has.
 */

/** Samples a second. */
export const RATE = 48_000;

/** Amplitude and phase (radians, at the first sample, of a sine) of `hz` in `samples`. */
export function sineIn(
  samples: Float32Array,
  hz: number,
): { readonly amplitude: number; readonly phase: number } {
  let real = 0;
  let imaginary = 0;
  for (let i = 0; i < samples.length; i++) {
    const angle = 2 * Math.PI * hz * i / RATE;
    real += samples[i]! * Math.cos(angle);
    imaginary += samples[i]! * Math.sin(angle);
  }
  const scale = 2 / samples.length;
  return {
    amplitude: Math.hypot(real, imaginary) * scale,
    phase: Math.atan2(real, imaginary),
  };
}

/** Share of the power of `samples` that is a sine of `hz`, 0 to 1; whole periods of 100 Hz. */
export function purity(samples: Float32Array, hz: number): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return power === 0 ? 0 : sineIn(samples, hz).amplitude ** 2 / 2 / power;
}

/** The same of the 50 ms of `samples` in which it is greatest: where nothing was lost or silent. */
export function bestPurity(samples: Float32Array, hz: number): number {
  const window = RATE / 20;
  let best = 0;
  for (let at = 0; at + window <= samples.length; at += window / 2) {
    best = Math.max(best, purity(samples.subarray(at, at + window), hz));
  }
  return best;
}

/** What the tone's frequency is in a channel. */
export function toneHz(channel: number): number {
  return 500 + 200 * channel;
}

/**
 * By how many microseconds the first sample is later than `claimedUs` says: -5,000 to 5,000, from the
 * phases of the first two channels. The lower one gives the fine value, the other which of its periods.
 */
export function lateness(channels: readonly Float32Array[], claimedUs: number): number {
  const phaseOf = (channel: number) => sineIn(channels[channel]!, toneHz(channel)).phase;
  const first = phaseOf(0);
  const second = phaseOf(1);
  let best = { late: 0, error: Infinity };
  for (let period = -3; period <= 3; period++) {
    const late = wrap(first / (2 * Math.PI) - toneHz(0) * (claimedUs / 1e6)) / toneHz(0) +
      period / toneHz(0);
    if (Math.abs(late) > 0.005) continue;
    const expected = toneHz(1) * (claimedUs / 1e6 + late);
    const error = Math.abs(wrap(second / (2 * Math.PI) - expected));
    if (error < best.error) best = { late, error };
  }
  return best.late * 1e6;
}

/** Turns to -0.5 to 0.5. */
function wrap(turns: number): number {
  return turns - Math.round(turns);
}

/** Index of the first sample after a gap of at least 20 ms, or undefined. */
export function endOfGap(samples: Float32Array): number | undefined {
  let quiet = 0;
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i]!) < 0.01) quiet++;
    else if (quiet > RATE / 50) return i;
    else quiet = 0;
  }
  return undefined;
}
