import t from "tap";
import { defaultConfig } from "../../../../src/server/config/config.ts";
import {
  CODING_RING_BYTES,
  hostBudget,
  SENDER_RING_BYTES,
} from "../../../../src/server/memory/host_budget.ts";
import { recordQueueBytes } from "../../../../src/server/timeline/host_recordings.ts";
import type { MemoryBudget } from "../../../../src/memory/memory_budget.ts";
import { IDLE_ENCODER_BYTES } from "../../../../src/memory/media_limits.ts";
import { SentPackets } from "../../../../src/congestion/sent_packets.ts";
import { MediaGroup } from "../../../../src/pipeline/media_group.ts";
import { FOLLOWERS_MAX } from "../../../../src/session/session_registry.ts";
import { PacketOutlet } from "../../../../src/pipeline/packet_outlet.ts";

t.test("hostBudget grows with the picture and with the viewers, each where it should", (t) => {
  const maxSize = { width: 1920, height: 1080 };
  const small = hostBudget(defaultConfig({ maxSize, maxViewers: 1 }));
  const viewers = hostBudget(defaultConfig({ maxSize, maxViewers: 11 }));
  const size = { width: 3840, height: 2160 };
  const picture = hostBudget(defaultConfig({ maxSize, maxViewers: 1, size }));
  t.equal(viewers.totalBytes("media"), small.totalBytes("media"), "a viewer costs no encoder");
  t.equal(picture.totalBytes("server"), small.totalBytes("server"), "pixels stay in one process");
  // Viewers that move to another connection have two for a moment.
  const oneBytes = small.limitBytesOf("send_queue")! / (1 + FOLLOWERS_MAX);
  t.equal(viewers.limitBytesOf("send_queue"), (11 + FOLLOWERS_MAX) * oneBytes);
  t.equal(picture.limitBytesOf("staging"), 3 * 3840 * 2160 * 1.5);
  const inUse = (budget: MemoryBudget) => budget.limitBytesOf("encoder")! - IDLE_ENCODER_BYTES;
  t.ok(inUse(picture) > 3.5 * inUse(small));
  t.end();
});

t.test("hostBudget counts what each display has of its own, and nothing else", (t) => {
  const maxSize = { width: 2560, height: 1600 };
  const one = hostBudget(defaultConfig({ maxSize, displays: 1 }));
  const two = hostBudget(defaultConfig({ maxSize, displays: 2 }));
  t.equal(two.limitBytesOf("staging"), 2 * one.limitBytesOf("staging")!);
  const encoders = [one, two].map((budget) => budget.limitBytesOf("encoder")! - IDLE_ENCODER_BYTES);
  t.equal(encoders[1], 2 * encoders[0]!, "idle ones are shared");
  const rings = two.limitBytesOf("fec")! - one.limitBytesOf("fec")!;
  t.equal(rings, 9 * CODING_RING_BYTES, "for the most that its viewers can differ");
  const replays = two.limitBytesOf("replay")! - one.limitBytesOf("replay")!;
  const recorders = two.limitBytesOf("recording_cache")! - one.limitBytesOf("recording_cache")!;
  t.equal(recorders, recordQueueBytes(20_000), "frames that wait for the disk");
  t.equal(two.totalBytes("server") - one.totalBytes("server"), rings + replays + recorders);
  const pixels = 2560 * 1600;
  t.equal(two.limitBytesOf("native")! - one.limitBytesOf("native")!, 4 * pixels, "captured pixels");
  t.end();
});

t.test("hostBudget has room for the monitors of a real display, and no more than its pixels", (t) => {
  const of = (maxMonitors: number) =>
    hostBudget(defaultConfig({ source: "display", display: [":0"], maxMonitors }));
  t.equal(of(4).limitBytesOf("staging"), 2 * of(0).limitBytesOf("staging")!, "the whole and parts");
  t.equal(of(12).limitBytesOf("staging"), of(4).limitBytesOf("staging"), "whatever their number");
  t.equal(of(0).limitBytesOf("staging"), 3 * 1920 * 1080 * 1.5, "--max-size is not for it");
  const rings = of(4).limitBytesOf("fec")! - of(0).limitBytesOf("fec")!;
  t.equal(rings, 4 * 9 * CODING_RING_BYTES);
  t.equal(of(4).limitBytesOf("replay"), of(0).limitBytesOf("replay"), "monitors have no replay");
  t.end();
});

t.test("hostBudget has a replay for each display, as long and as large as it is asked for", (t) => {
  const withReplay = (seconds: number, bytes = 0, displays = 1) =>
    hostBudget(defaultConfig({
      ...{ displays, bitrate: 10_000, replay: { ms: seconds * 1000 }, audio: "off" },
      replayBytes: { bytes },
    })).limitBytesOf("replay");
  t.equal(withReplay(0), undefined, "none");
  const readers = withReplay(30)! * 2 - withReplay(30, 0, 2)!;
  const held = withReplay(30)! - readers;
  t.ok(held > 37_500_000 && held < 1.01 * 37_500_000, `${held} bytes for 30 s at 10 Mbit/s`);
  t.ok(withReplay(30, 2_000_000)! - readers < 2_100_000, "a bound of bytes is one");
  t.end();
});

t.test("hostBudget has room for what viewers really hold", (t) => {
  const { bufferBytes } = new MediaGroup({ streamId: 0, datagramClass: 0, layers: "all" });
  t.ok(bufferBytes <= CODING_RING_BYTES && bufferBytes > 0.9 * CODING_RING_BYTES, `${bufferBytes}`);
  const connection = { maxDatagramSize: 1200, sendDatagram: () => true };
  const sent = new SentPackets();
  const outlet = new PacketOutlet({ connection, streamId: 0, sent, targetBps: 10_000_000 });
  // The queue is made when the first packet has to wait.
  const packet = new Uint8Array(1000);
  for (let count = 0; count < 300; count++) outlet.send(packet, 0);
  t.ok(outlet.queuedBytes > 0);
  const bytes = outlet.bufferBytes;
  t.ok(bytes <= SENDER_RING_BYTES && bytes > 0.9 * SENDER_RING_BYTES, `${bytes} bytes`);
  t.end();
});
