/** Tests of sound in recordings: src/recording/{recording_part,part_sound,recorded_frames}.ts. */

import t from "tap";
import { RecordedFrames } from "../../../src/recording/recorded_frames.ts";
import { inspectRecording } from "../../../src/recording/recording_repair.ts";
import { encodedFrames, FRAME_US, makeRecorder, openFolder } from "./recording_bench.ts";

const frames = await encodedFrames(120);

t.test("Recorder goes on with sound while the screen stands still", async (t) => {
  const folder = await openFolder(t);
  const { recorder } = makeRecorder(folder);
  recorder.describeAudio({ channels: 2 });
  for (const frame of frames.slice(0, 3)) recorder.push(frame, frame.captureTimeUs);
  const startUs = frames[0]!.captureTimeUs;
  const packets = Array.from({ length: 150 }, (_, i) => ({
    captureTimeUs: startUs + i * 10_000,
    durationUs: 10_000,
    // One frame of 10 ms that says which it is.
    payload: Uint8Array.of(0xf4, i, 0xfe),
  }));
  // What is missing leaves a gap.
  packets.splice(40, 5);
  for (const packet of packets.slice(0, 100)) recorder.pushAudio(packet);
  // The part ends by itself; what follows has no picture.
  await new Promise((resolve) => setTimeout(resolve, 700));
  for (const packet of packets.slice(100)) recorder.pushAudio(packet);
  await recorder.stop("asked", startUs + 2_000_000);
  t.equal(recorder.stats.packets, packets.length);
  const entry = folder.list()[0]!;
  t.equal(entry.frames, 3);
  const recorded = new RecordedFrames();
  {
    using reader = (await recorded.open(entry, startUs, { withSound: true }))!;
    t.equal(reader.soundChannels, 2);
    const read: typeof packets = [];
    let frameCount = 0;
    let parts = 0;
    for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) {
      read.push(...batch.packets.map((packet) => ({ ...packet, payload: packet.payload.slice() })));
      frameCount += batch.frames.length;
      parts++;
    }
    t.equal(frameCount, 3);
    t.ok(parts > 1, `${parts} parts`);
    t.same(read.map(({ payload }) => [...payload]), packets.map(({ payload }) => [...payload]));
    const errorUs = read.map(({ captureTimeUs }, i) => captureTimeUs - packets[i]!.captureTimeUs);
    // A sample of 48 kHz is 21 us long.
    t.ok(errorUs.every((us) => Math.abs(us) <= 21), `${Math.max(...errorUs)} us`);
  }
  using silent = (await recorded.open(entry, startUs))!;
  const batches = [];
  for (let batch = await silent.next(); batch !== undefined; batch = await silent.next()) {
    batches.push(batch.frames.length);
  }
  t.same(batches, [3], "who wants the picture alone meets no part without one");
  await Deno.writeFile(`${entry.path}.cut`, (await Deno.readFile(entry.path)).subarray(0, -700));
  t.match(await inspectRecording(`${entry.path}.cut`, entry.id), {
    kind: "recording",
    row: { frames: 3 },
  }, "a kill within a part of sound leaves the rest");
});

t.test("Recorder begins a new file when sound has other channels", async (t) => {
  const folder = await openFolder(t);
  const { recorder } = makeRecorder(folder);
  const keyframes = frames.flatMap(({ referenceDistance }, i) => referenceDistance === 0 ? i : []);
  t.ok(keyframes.length > 1 && keyframes[1]! < 200, `keyframes ${keyframes}`);
  const payload = Uint8Array.of(0xf4, 1, 0xfe);
  recorder.describeAudio({ channels: 2 });
  for (const [i, frame] of frames.slice(0, keyframes[1]! + 30).entries()) {
    if (i === 10) recorder.describeAudio({ channels: 6 });
    recorder.push(frame, frame.captureTimeUs);
    recorder.pushAudio({ captureTimeUs: frame.captureTimeUs, durationUs: 10_000, payload });
  }
  await recorder.stop("asked", frames[keyframes[1]! + 29]!.captureTimeUs + FRAME_US);
  const entries = folder.list().toSorted((a, b) => a.startUs - b.startUs);
  const channels = await Promise.all(entries.map(async (entry) => {
    using reader = await new RecordedFrames().open(entry, entry.startUs, { withSound: true });
    return reader?.soundChannels;
  }));
  t.same(channels, [2, 6]);
});
