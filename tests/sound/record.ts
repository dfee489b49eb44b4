/** A program that records: mono samples of a source of a PulseAudio server. */

/** Records for `ms`. */
export async function record(server: string, source: string, ms: number): Promise<Float32Array> {
  const format = ["--raw", "--format=float32le", "--rate=48000", "--channels=1"];
  const child = new Deno.Command("parec", {
    args: [...format, "--latency-msec=20", `--device=${source}`],
    env: { PULSE_SERVER: server },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const wanted = ms * 48 * 4;
  const bytes = new Uint8Array(wanted);
  let size = 0;
  for await (const chunk of child.stdout) {
    const part = chunk.subarray(0, wanted - size);
    bytes.set(part, size);
    size += part.byteLength;
    if (size === wanted) break;
  }
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await child.status;
  return new Float32Array(bytes.buffer, 0, Math.floor(size / 4));
}
