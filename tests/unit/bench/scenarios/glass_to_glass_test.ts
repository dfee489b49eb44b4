/** glass_to_glass: a short run with everything real gives a whole report. Times are not judged here. */

import t from "tap";
import { fileURLToPath } from "node:url";
import { CHROMIUM_PATH } from "../../../../bench/measure/machine.ts";
import { STAGES } from "../../../../bench/measure/frame_statistics.ts";
import type { Report } from "../../../../bench/report/report.ts";

const MAIN = fileURLToPath(new URL("../../../../bench/main.ts", import.meta.url));

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

const skip = await isThere(CHROMIUM_PATH) ? false : `no Chromium at ${CHROMIUM_PATH}`;

t.test("bench glass_to_glass measures every stage", { skip, timeout: 90_000 }, async (t) => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--unstable-net", MAIN, "glass_to_glass", "--size", "640x360"],
      ...["--seconds", "2", "--warm-up", "1", "--fps", "30", "--json", "-"],
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  t.ok(text.startsWith("{"), new TextDecoder().decode(stderr));
  const { results, checks } = JSON.parse(text) as Report;
  for (const stage of STAGES) {
    const samples = results.distributions[stage];
    t.ok(samples !== undefined && samples.count > 10, `${stage}: ${samples?.count} samples`);
  }
  for (const stage of ["grab", "convert", "encode", "decode"]) {
    t.ok((results.distributions[`raw ${stage}`]?.count ?? 0) > 10, `raw ${stage}`);
  }
  const total = results.distributions["capture -> decoded"];
  t.ok((total?.min ?? 0) > 0 && (total?.p50 ?? Infinity) < 1000, `p50 ${total?.p50} ms`);
  t.ok((results.values["CPU media"]?.value ?? 0) > 0);
  t.ok((results.values["CPU server"]?.value ?? 0) > 0);
  t.match(checks.find(({ name }) => name === "markers misread"), { value: 0, pass: true });
  t.match(checks.find(({ name }) => name === "frames shown stale"), { value: 0, pass: true });
});
