/** Tests of src/pipeline/media_sender.ts with its path, repairs and reports. */

import t from "tap";
import { KeyframePulse } from "../../../src/pipeline/keyframe_pulse.ts";
import { FLIGHT_BYTES_MAX } from "../../../src/pipeline/sender_path.ts";
import { encodeServerMessage, parseServerMessage } from "../../../src/wire/control.ts";
import { parseSourcePacket } from "../../../src/wire/packet.ts";
import { isRepairPacket } from "../../../src/wire/repair.ts";
import { seededRandom } from "../../seeded.ts";
import { FRAME_US, frameOf, SenderRig } from "./sender_rig.ts";

const ids = (from: number, to: number) => {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
};
const isReactive = (packet: Uint8Array) => (packet[0]! & 0x30) === 0x30;

/** Loses the source packet `index` of frame `frameId`. */
function losing(frameId: number, ...indices: number[]): (packet: Uint8Array) => boolean {
  return (packet) => {
    if (isRepairPacket(packet)) return false;
    const source = parseSourcePacket(packet);
    return source.frameId === frameId && indices.includes(source.packetIndex);
  };
}

t.test("MediaSender lets redundancy fall to nothing on a clean path", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ videoBpsMax: 20e6 });
  rig.play(1, 700, 5000);
  const late = viewer.sent.length;
  for (let id = 701; id <= 900; id++) rig.push(frameOf(id, 1, { bytes: 5000 }));
  t.equal(viewer.sent.slice(late).filter(isRepairPacket).length, 0);
  t.same(viewer.yielded, ids(1, 900).slice(0, viewer.yielded.length));
  const { sender } = viewer;
  t.match(sender.stats, { framesSent: 900, framesSkipped: 0, silences: 0, packetsDropped: 0 });
  t.match(sender.stats.ladder, { reactive: 0, reference: 0, keyframe: 0 });
  t.ok(Math.abs(sender.stats.rttUs - 40_000) < 3000, `round trip ${sender.stats.rttUs} us`);
  t.end();
});

t.test("MediaSender answers a gap with as many repairs as are wanting, once", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ fixedRedundancy: 0 });
  viewer.isLost = losing(5, 3);
  rig.play(1, 12);
  rig.run(60_000);
  t.same(viewer.yielded, ids(1, 12));
  const reactive = viewer.sent.filter(isReactive);
  t.equal(reactive.length, 3, "one packet, one repair, and two more in case of a burst");
  t.equal(viewer.receiver.stats.recovered, 1);
  t.same(viewer.asked, [], "the encoder hears nothing of it");
  t.end();
});

t.test("MediaSender repairs a tail that nobody heard of", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ fixedRedundancy: 0 });
  rig.play(1, 5);
  viewer.isLost = losing(6, 8);
  rig.push(frameOf(6, 1));
  t.notOk(viewer.yielded.includes(6));
  rig.run(150_000);
  t.same(viewer.yielded, ids(1, 6), "without another frame");
  viewer.isLost = losing(7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  rig.push(frameOf(7, 1, { bytes: 2000 }));
  rig.run(200_000);
  t.same(viewer.yielded, ids(1, 7), "nor with any packet of the last one");
  t.equal(viewer.sender.stats.silences, 0);
  t.end();
});

t.test("MediaSender asks for another reference when repairs cannot be in time", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ fixedRedundancy: 0 });
  rig.play(1, 5);
  // 64 packets: more than a few frame intervals of repairs bring back.
  viewer.isLost = losing(6, ...ids(0, 100));
  const large = (id: number, distance: number) => frameOf(id, distance, { bytes: 70_000 });
  for (let id = 6; id <= 10; id++) rig.push(large(id, 1));
  t.equal(viewer.asked[0], "invalidate 6", "all after the last frame it has");
  t.ok(viewer.sent.some(isReactive), "while repairs go on");
  rig.push(large(11, 6));
  for (let id = 12; id <= 16; id++) rig.push(large(id, 1));
  rig.run(60_000);
  t.ok(viewer.yielded.includes(16));
  t.equal(viewer.sender.stats.ladder.keyframe, 0);
  t.ok(viewer.asked.length <= 2, viewer.asked.join());
  t.end();
});

t.test("MediaSender stops for a silent viewer, probes, and asks for a picture when it is back", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join();
  rig.play(1, 30);
  viewer.isLost = () => true;
  viewer.isMute = true;
  for (let id = 31; id <= 90; id++) rig.push(frameOf(id, 1));
  const { sender } = viewer;
  t.equal(sender.stats.silences, 1);
  t.ok(sender.stats.probesSent >= 15 && sender.stats.probesSent <= 25, "one each 40 ms");
  t.ok(sender.stats.framesSkipped > 45);
  t.ok(sender.stats.bytesInFlight < 150_000, "what was sent before it was noticed");
  t.same(viewer.asked, [], "no picture that nobody would see");
  const targetBps = sender.stats.targetBps;
  t.ok(targetBps <= 12.5e6, "the rate is halved");
  viewer.isLost = () => false;
  viewer.isMute = false;
  const backUs = rig.nowUs;
  let keyframeUs = 0;
  for (let id = 91; id <= 110; id++) {
    const isAnswer = keyframeUs === 0 && viewer.asked.includes("keyframe");
    if (isAnswer) keyframeUs = rig.nowUs;
    rig.push(frameOf(id, isAnswer ? 0 : 1));
  }
  t.ok(keyframeUs > 0 && keyframeUs - backUs < 150_000, `${keyframeUs - backUs} us`);
  t.equal(viewer.asked.filter((asked) => asked === "keyframe").length, 1);
  t.ok(viewer.yielded.at(-1)! >= 107, "the picture moves");
  t.end();
});

t.test("MediaSender begins no frame while too much is in flight, and goes on when it is not", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ limits: { startBps: 4e6, minBps: 4e6, maxBps: 4e6 } });
  rig.play(1, 10, 5000);
  viewer.oneWayUs = 400_000;
  for (let id = 11; id <= 60; id++) rig.push(frameOf(id, 1, { bytes: 12_000 }));
  const { sender } = viewer;
  t.ok(sender.stats.flightStops >= 1 && sender.stats.framesSkipped > 10);
  t.ok(sender.stats.bytesInFlight < 140_000, `${sender.stats.bytesInFlight} bytes`);
  viewer.oneWayUs = 20_000;
  let answered = 0;
  for (let id = 61; id <= 140; id++) {
    const wants = viewer.asked.length > answered;
    answered = viewer.asked.length;
    rig.push(frameOf(id, wants ? 0 : 1, { bytes: 2000 }));
  }
  t.ok(viewer.yielded.at(-1)! >= 138, `${viewer.yielded.at(-1)} of 140`);
  t.end();
});

t.test("MediaSender stays below what QUIC holds back, whatever the rate and the frames", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ limits: { startBps: 900e6, minBps: 900e6, maxBps: 900e6 } });
  viewer.isMute = true;
  for (let id = 1; id <= 12; id++) {
    rig.push(frameOf(id, id === 1 ? 0 : 1, { bytes: 200_000 }));
  }
  t.ok(viewer.sender.stats.bytesInFlight < FLIGHT_BYTES_MAX + 250_000);
  t.ok(viewer.sender.stats.framesSkipped > 6);
  t.end();
});

t.test("MediaSender keeps the rate of the picture within its share of the target", (t) => {
  const rig = new SenderRig();
  const limits = { startBps: 12e6, minBps: 12e6, maxBps: 12e6 };
  const viewer = rig.join({ limits, fixedRedundancy: 0.2 });
  t.equal(viewer.sender.videoBps, 10e6);
  t.equal(viewer.sender.frameRateShare, 1);
  rig.play(1, 60);
  const repairs = viewer.sent.filter(isRepairPacket).length;
  const share = repairs / (viewer.sent.length - repairs);
  t.ok(Math.abs(share - 0.2) < 0.02, `${share}`);
  t.end();
});

t.test("MediaSender asks for keyframes where keyframes are all that a viewer gets", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ limits: { startBps: 500e3, minBps: 500e3, maxBps: 500e3 } });
  rig.play(1, 1);
  viewer.sender.layers = "keyframes";
  for (let id = 2; id <= 240; id++) {
    const isWished = viewer.asked.length > 0;
    if (isWished) viewer.asked.length = 0;
    rig.push(frameOf(id, isWished ? 0 : 1, { bytes: isWished ? 20_000 : 2000 }));
  }
  const { framesSent, ladder } = viewer.sender.stats;
  t.equal(framesSent, 4, "the first, and one a second");
  t.equal(ladder.keyframe, 0, "by their own pace, not as damage");
  t.equal(viewer.sender.stats.framesSkipped, 0);
  t.end();
});

t.test("KeyframePulse is as slow as the path", (t) => {
  const pulse = new KeyframePulse();
  t.ok(pulse.take(0), "at once");
  t.notOk(pulse.take(999_999));
  t.ok(pulse.take(1_000_000));
  pulse.note(100_000, 400_000, 1_200_000);
  t.notOk(pulse.take(3_199_999));
  t.ok(pulse.take(3_200_000), "two seconds for 100 kB at 400 kbit/s");
  t.end();
});

t.test("MediaSender does not repair what its pacer has yet to send", (t) => {
  const rig = new SenderRig();
  const limits = { startBps: 800e3, minBps: 800e3, maxBps: 800e3 };
  const viewer = rig.join({ limits, fixedRedundancy: 0 });
  // At twice the target, 24 packets after the micro-burst take 150 ms; the viewer waits for 10 ms.
  rig.push(frameOf(1, 0, { bytes: 45_000 }));
  t.ok(viewer.sender.isPacing);
  t.equal(viewer.yielded.length, 0);
  rig.run(300_000);
  t.same(viewer.yielded, [1]);
  t.equal(viewer.sender.stats.reactiveRepairsSent, 0);
  t.end();
});

t.test("MediaSender gives a slow viewer whole keyframes, however long they take", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ limits: { startBps: 600e3, minBps: 600e3, maxBps: 600e3 } });
  viewer.sender.layers = "keyframes";
  let keyframes = 0;
  for (let id = 1; id <= 600; id++) {
    const isWished = id === 1 || viewer.asked.length > 0;
    if (isWished) keyframes++;
    viewer.asked.length = 0;
    // 100 kB at twice the target, after the micro-burst: 0.6 s and more.
    rig.push(frameOf(id, isWished ? 0 : 1, { bytes: isWished ? 100_000 : 2000 }));
  }
  t.ok(keyframes >= 4 && keyframes <= 8, `${keyframes} in ten seconds`);
  t.ok(viewer.yielded.length >= keyframes - 1, `${viewer.yielded.length} of them came`);
  t.equal(viewer.sender.stats.packetsDropped, 0);
  t.end();
});

t.test("MediaSender makes frames fewer for a while when keyframes do not help", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join();
  rig.play(1, 3);
  viewer.isLost = (packet) => isRepairPacket(packet) || parseSourcePacket(packet).packetIndex < 8;
  let keyframes = 0;
  for (let id = 4; id <= 100; id++) {
    const isKey = viewer.asked.filter((asked) => asked === "keyframe").length > keyframes;
    if (isKey) keyframes++;
    rig.push(frameOf(id, isKey ? 0 : 1));
  }
  t.ok(keyframes >= 4, `${keyframes} keyframes`);
  t.equal(viewer.sender.stats.ladder.rate, 1);
  t.equal(viewer.sender.frameRateShare, 0.75);
  viewer.isLost = () => false;
  rig.push(frameOf(101, 0));
  for (let id = 102; id <= 900; id++) rig.push(frameOf(id, 1, { bytes: 1000 }));
  t.equal(viewer.sender.frameRateShare, 1, "twelve seconds later");
  t.end();
});

t.test("MediaSender reports its path in values that the message takes", (t) => {
  const rig = new SenderRig();
  const random = seededRandom("path report");
  const viewer = rig.join();
  viewer.isLost = () => random.next() < 0.05;
  for (let round = 0; round < 10; round++) {
    const report = viewer.sender.pathReport(rig.nowUs);
    const { fps, scale, streamId } = { fps: 60, scale: 1, streamId: 0 };
    const message = { type: "path_report", ...report, fps, scale, streamId } as const;
    t.same(parseServerMessage(encodeServerMessage(message).subarray(4)), message);
    rig.play(round * 20 + 1, round * 20 + 20);
  }
  const report = viewer.sender.pathReport(rig.nowUs);
  t.ok(report.sentBps > 3e6 && report.sentBps < 9e6, `${report.sentBps} bit/s`);
  t.ok(report.loss > 0.01 && report.redundancy > 0.03);
  t.not(report.rung, "none");
  t.equal(viewer.sender.pathReport(rig.nowUs + 1).rung, "none", "since the last one");
  t.end();
});

t.test("MediaSender sends nothing once it is closed", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join();
  rig.play(1, 3);
  viewer.sender.close();
  const { length } = viewer.sent;
  rig.play(4, 6);
  viewer.sender.pull(rig.nowUs + 1e6);
  t.equal(viewer.sent.length, length);
  t.equal(viewer.sender.deadline, undefined);
  t.equal(viewer.sender.group, undefined);
  t.end();
});

t.test("MediaSender survives any loss: the picture moves again once the path does", (t) => {
  const random = seededRandom("any loss");
  for (const rate of [0.3, 0.7, 0.95]) {
    const rig = new SenderRig();
    const viewer = rig.join();
    let asked = 0;
    let id = 0;
    const push = () => {
      const wishes = viewer.asked.slice(asked);
      asked = viewer.asked.length;
      const first = wishes.find((wish) => wish.startsWith("invalidate"));
      id++;
      const reference = first === undefined ? id - 1 : Number(first.slice(11)) - 1;
      const isKey = id === 1 || wishes.includes("keyframe");
      rig.push(frameOf(id, isKey ? 0 : id - reference, { bytes: 4000 }));
    };
    viewer.isLost = () => random.next() < rate;
    for (let frame = 0; frame < 120; frame++) push();
    viewer.isLost = () => false;
    for (let frame = 0; frame < 200; frame++) push();
    rig.run(4 * FRAME_US);
    t.ok(viewer.yielded.at(-1)! >= id - 2, `${viewer.yielded.at(-1)} of ${id} after ${rate}`);
    t.same(rig.faults, []);
  }
  t.end();
});

t.test("MediaSender survives hostile reports, and asks for little because of them", (t) => {
  const random = seededRandom("hostile feedback");
  const rig = new SenderRig();
  const viewer = rig.join();
  const { sender } = viewer;
  const any = (limit: number) => random.next() < 0.3 ? random.int(limit) : random.int(64);
  for (let id = 1; id <= 600; id++) {
    rig.push(frameOf(id, id === 1 ? 0 : 1, { bytes: 3000 }));
    for (let report = 0; report < 10; report++) {
      sender.onFeedback({
        streamId: random.int(2) === 0 ? 0 : random.int(16),
        epoch: random.int(2) === 0 ? 0 : random.int(16),
        sequence: (id * 10 + report + any(65_536)) & 0xffff,
        newestSequence: random.int(2) === 0 ? viewer.sent.length & 0xffff : any(65_536),
        newestArrivalUs: any(2 ** 32),
        sentUs: any(2 ** 32),
        packetsReceived: any(2 ** 32),
        firstMissingId: any(2 ** 32),
        missingLength: any(65_536),
        deficit: any(65_536),
        ...{ loss: random.next(), burstLength: 1 + any(255) },
        lastCompleteFrameId: random.int(2) === 0 ? id : any(2 ** 32),
        damagedFrameId: any(2 ** 32),
        ...{ presentedFrameId: any(2 ** 32), presentedUs: any(2 ** 32), recovered: any(65_536) },
        decodeQueue: any(256),
        bitmap: random.bytes(random.int(65)),
        arrivals: [{ transportSequence: any(65_536), arrivalUs: any(2 ** 32) }],
      }, rig.nowUs);
    }
    sender.pull(rig.nowUs);
  }
  t.same(rig.faults, []);
  const seconds = rig.nowUs / 1e6;
  t.ok(viewer.asked.length <= 50 * seconds + 10, `${viewer.asked.length} in ${seconds} s`);
  const keyframes = viewer.asked.filter((asked) => asked === "keyframe").length;
  t.ok(keyframes <= seconds / 2 + 6, `${keyframes} keyframes in ${seconds} s`);
  t.ok(sender.stats.reactiveRepairsSent <= 21 * 60 * seconds);
  t.ok(sender.stats.bytesInFlight >= 0 && sender.stats.targetBps >= 300e3);
  t.end();
});
