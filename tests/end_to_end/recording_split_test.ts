/** A recording that was split: a clip goes on from one file to the next, and no frame is missing. */

import t from "tap";
import { readSamples } from "../recorded_samples.ts";
import { HostProcess, until } from "./host_process.ts";

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "1280x720", "--fps", "60", "--replay", "0"],
  ...["--record", "--record-split-size", "1MB"],
]);
t.teardown(() => host.stop());
const { cookie } = await host.join("player");

interface Row {
  readonly id: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly frames: number;
  readonly state: string;
}

async function rows(): Promise<Row[]> {
  const { recordings } = await (await host.call("GET", "/api/recordings", { cookie })).json();
  return recordings.toSorted((a: Row, b: Row) => a.startUs - b.startUs);
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const response = await host.call("GET", path, { cookie });
  if (response.status !== 200) throw new Error(`${path}: ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

t.test("A clip goes through the files of a recording that was split", async (t) => {
  await until(async () => ((await rows())[1]?.frames ?? 0) > 60, "a second file", 60_000);
  await host.call("POST", "/api/recordings/stop", { cookie, body: {} });
  await until(async () => (await rows()).every(({ state }) => state === "complete"), "the end");
  const [first, second] = await rows() as [Row, Row];
  const parts = await Promise.all([first, second].map(async (row) => {
    const samples = await readSamples(await bytesOf(`/recordings/${row.id}.mp4`));
    return samples.map(({ timeUs, print }) => ({ captureUs: row.startUs + timeUs, print }));
  }));
  const all = parts.flat();
  t.equal(all.length, first.frames + second.frames);
  const from = first.startUs + (first.endUs - first.startUs) / 2;
  const to = second.endUs - 100_000;
  const wanted = all.filter(({ captureUs }) => captureUs >= from && captureUs <= to);
  const ofSecond = wanted.filter(({ captureUs }) => captureUs >= second.startUs).length;
  t.ok(
    ofSecond > 30 && wanted.length - ofSecond > 30,
    `${wanted.length}, ${ofSecond} of the second`,
  );
  for (const source of ["stream=0", `recording=${first.id}`]) {
    const query = `from=${Math.round(from)}&to=${Math.round(to)}&${source}`;
    const shown = (await readSamples(await bytesOf(`/api/clips?${query}`)))
      .filter(({ timeUs }) => timeUs >= 0);
    t.strictSame(shown.map(({ print }) => print), wanted.map(({ print }) => print), source);
  }
});
