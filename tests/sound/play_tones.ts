/** A program that plays: the tones of test_tone.ts to a PulseAudio server. */

import { RATE, toneHz } from "./test_tone.ts";

/** In the order of PulseAudio; a stereo output has the first two. */
const SIX = "front-left,front-right,front-center,lfe,rear-left,rear-right";

/** Silence at the end of each second that the test tone has. */
const GAP_SAMPLES = RATE / 20;

/** Plays until it is disposed, without gaps unless they are wanted. */
export function playTones(
  server: string,
  channels: 2 | 6,
  { hasGaps = false }: { readonly hasGaps?: boolean } = {},
): AsyncDisposable {
  const samples = new Float32Array(channels * RATE);
  for (let i = 0; i < samples.length; i++) {
    const angle = 2 * Math.PI * toneHz(i % channels) * Math.floor(i / channels) / RATE;
    samples[i] = 0.2 * Math.sin(angle);
  }
  if (hasGaps) samples.fill(0, (RATE - GAP_SAMPLES) * channels);
  const format = ["--raw", "--format=float32le", "--rate=48000", `--channels=${channels}`];
  const map = channels === 6 ? [`--channel-map=${SIX}`] : [];
  // So much may wait that a program which gets no processor for a moment is not heard to stop.
  const child = new Deno.Command("pacat", {
    args: ["--playback", ...format, ...map, "--latency-msec=200"],
    env: { PULSE_SERVER: server },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A second at a time, as fast as it is played; the end of the program ends it.
  const feed = async () => {
    for (;;) await writer.write(new Uint8Array(samples.buffer));
  };
  feed().catch(() => {});
  let isOver = false;
  return {
    async [Symbol.asyncDispose]() {
      if (isOver) return;
      isOver = true;
      child.kill("SIGKILL");
      await child.status;
    },
  };
}
