/**
 * The statistics of the real host against what a viewer without a browser counts itself, on a path
 * that delays and then loses: what was sent is what arrived and what was lost, to the packet.
 */

import t from "tap";
import { FaultRelay } from "../../bench/relay/fault_relay.ts";
import { LinkModel, type LinkOptions } from "../../bench/simulator/link_model.ts";
import { parseFeedback } from "../../src/wire/feedback.ts";
import { datagramClass } from "../../src/wire/packet.ts";
import type { RtcStats, RtcStatsType } from "../../mod.ts";
import { WIRE_VERSION } from "../../src/wire/control.ts";
import { MediaReader } from "../media_reader.ts";
import { QuicClient } from "../quic_client.ts";
import { HostProcess, PlainViewer, until } from "./host_process.ts";

const DELAY_US = 10_000;
const LOST_MIN = 12;
/** Names that https://www.w3.org/TR/webrtc-stats/ gives to members of these objects. */
const W3C_NAMES: Record<RtcStatsType, string> = {
  "codec": "payloadType transportId mimeType clockRate channels sdpFmtpLine",
  "media-source": "trackIdentifier kind width height frames framesPerSecond",
  "outbound-rtp":
    "ssrc kind transportId codecId packetsSent bytesSent mid mediaSourceId remoteId " +
    "rid headerBytesSent targetBitrate frameWidth frameHeight framesPerSecond framesSent " +
    "framesEncoded keyFramesEncoded qpSum totalEncodeTime totalPacketSendDelay active nackCount " +
    "qualityLimitationReason qualityLimitationDurations qualityLimitationResolutionChanges " +
    "pliCount encoderImplementation scalabilityMode",
  "remote-inbound-rtp":
    "ssrc kind transportId codecId packetsReceived packetsLost jitter localId " +
    "roundTripTime totalRoundTripTime fractionLost roundTripTimeMeasurements",
  "transport": "packetsSent packetsReceived bytesSent bytesReceived selectedCandidatePairId",
  "candidate-pair": "transportId state nominated packetsSent packetsReceived bytesSent " +
    "bytesReceived totalRoundTripTime currentRoundTripTime availableOutgoingBitrate " +
    "packetsDiscardedOnSend bytesDiscardedOnSend",
};

function linksOf(down: Omit<LinkOptions, "delayUs"> = {}) {
  const link = (name: string, options: Omit<LinkOptions, "delayUs">) => {
    return new LinkModel({ ...options, delayUs: DELAY_US }, { seed: 20_261, name });
  };
  return { down: link("down", down), up: link("up", {}) };
}

const relay = FaultRelay.listen(linksOf());
const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "640x360", "--fps", "10", "--bitrate", "4000"],
  ...["--public-port", String(relay.port)],
]);
relay.forwardTo(host.port);
t.teardown(async () => {
  await host.stop();
  await relay.close();
});
const { cookie, info } = await host.join("player");
const client = await QuicClient.connect({
  port: relay.port,
  certChainPem: await host.certificate(),
  origin: host.origin,
  path: "/session",
});

/** What the viewer sees on its own side. */
const seen = {
  packets: 0,
  headerBytes: 0,
  payloadBytes: 0,
  frames: new Set<number>(),
  firstSequence: -1,
  lastSequence: -1,
  missingReports: 0,
};

function notePacket(datagram: Uint8Array): void {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const isRepair = (view.getUint8(0) & 0x10) !== 0;
  const headerBytes = isRepair ? 12 : 24;
  seen.packets++;
  seen.headerBytes += headerBytes;
  seen.payloadBytes += datagram.byteLength - headerBytes;
  if (!isRepair) seen.frames.add(view.getUint32(10, true));
  const low = view.getUint16(2, true);
  if (seen.firstSequence < 0) seen.firstSequence = seen.lastSequence = low;
  const step = (low - seen.lastSequence) << 16 >> 16;
  seen.lastSequence = Math.max(seen.lastSequence, seen.lastSequence + step);
}

const viewer = new PlainViewer(client);
await viewer.open();
await viewer.send({ type: "hello", version: WIRE_VERSION, ticket: info.ticket });
new MediaReader({
  readDatagram: () => client.readDatagram(),
  sendDatagram: (datagram) => {
    const isFeedback = datagramClass(datagram) === "feedback";
    if (isFeedback && parseFeedback(datagram).missingLength > 0) seen.missingReports++;
    return client.sendDatagram(datagram);
  },
}, { media: notePacket });
await viewer.send({ type: "play", streamId: 0 });

async function report(): Promise<RtcStats[]> {
  return (await (await host.call("GET", "/api/stats", { cookie })).json()).rtcStats;
}

function find<T extends RtcStatsType>(list: RtcStats[], type: T): Extract<RtcStats, { type: T }> {
  return list.find((entry): entry is Extract<RtcStats, { type: T }> => entry.type === type)!;
}

/** Waits for a moment of quiet in which everything that was sent has been heard of. */
async function settled(isEnough: () => boolean): Promise<RtcStats[]> {
  return await until(
    async () => {
      const before = seen.packets;
      const list = await report();
      const sent = find(list, "outbound-rtp");
      const heard = find(list, "remote-inbound-rtp");
      if (!isEnough() || sent === undefined || seen.packets !== before) return undefined;
      return sent.packetsSent === heard.packetsReceived + heard.packetsLost ? list : undefined;
    },
    "a quiet moment",
    25_000,
  );
}

t.test("without losses every figure is what the viewer counted", async (t) => {
  const list = await settled(() => seen.frames.size >= 20);
  const sent = find(list, "outbound-rtp");
  t.equal(sent.packetsSent, seen.packets);
  t.equal(sent.bytesSent, seen.payloadBytes);
  t.equal(sent.headerBytesSent, seen.headerBytes);
  t.equal(sent.framesSent, seen.frames.size);
  t.ok(sent.framesEncoded >= sent.framesSent && sent.keyFramesEncoded >= 1);
  t.ok(sent.totalEncodeTime > 0 && sent.qpSum >= sent.framesEncoded);
  t.same([sent.frameWidth, sent.frameHeight], [640, 360]);
  t.equal(sent.targetBitrate, 4_000_000);
  t.match(find(list, "codec"), { mimeType: "video/H264", sdpFmtpLine: /^profile-level-id=42/ });
  t.match(find(list, "media-source"), { width: 640, height: 360 });
  const heard = find(list, "remote-inbound-rtp");
  t.equal(heard.packetsLost, 0);
  t.ok(heard.roundTripTimeMeasurements > 0, `${heard.roundTripTimeMeasurements} round trips`);
  const meanS = heard.totalRoundTripTime / heard.roundTripTimeMeasurements;
  t.ok(meanS >= 2 * DELAY_US / 1e6, `a mean round trip of ${meanS} s`);
  const pair = find(list, "candidate-pair");
  t.ok(pair.packetsSent >= sent.packetsSent, "probes and other datagrams come on top");
  t.ok((pair.availableOutgoingBitrate ?? 0) > 100_000);
});

t.test("what was lost is what is missing from the viewer's sequences", async (t) => {
  relay.setLinks(linksOf({ losses: [{ kind: "independent", rate: 0.1 }] }));
  const missing = () => seen.lastSequence - seen.firstSequence + 1 - seen.packets;
  await until(() => missing() >= LOST_MIN, "losses", 20_000);
  relay.setLinks(linksOf());
  const framesBefore = seen.frames.size;
  const list = await settled(() => seen.frames.size > framesBefore + 5);
  const sent = find(list, "outbound-rtp");
  const heard = find(list, "remote-inbound-rtp");
  t.equal(heard.packetsLost, missing(), `${heard.packetsLost} lost`);
  t.equal(heard.packetsReceived, seen.packets);
  t.equal(sent.packetsSent, seen.packets + missing());
  t.ok(sent.nackCount > 0 && sent.nackCount <= seen.missingReports, `${sent.nackCount} reports`);
  t.ok(heard.fractionLost > 0 && heard.fractionLost < 1);
});

t.test("requests for keyframes are counted, each of them", async (t) => {
  t.equal(find(await report(), "outbound-rtp").pliCount, 0);
  for (let count = 0; count < 3; count++) {
    await viewer.send({ type: "keyframe_request", streamId: 0 });
  }
  await until(async () => find(await report(), "outbound-rtp").pliCount === 3, "three requests");
  await viewer.send({ type: "pause", streamId: 0 });
  await until(async () => !find(await report(), "outbound-rtp").active, "the pause");
  t.equal(find(await report(), "outbound-rtp").pliCount, 3);
});

t.test("every member has a name of the W3C and a value", async (t) => {
  const list = await report();
  t.equal(new Set(list.map(({ type }) => type)).size, Object.keys(W3C_NAMES).length);
  for (const { id, type, timestamp, ...members } of list) {
    const allowed = W3C_NAMES[type].split(" ");
    t.same(Object.keys(members).filter((name) => !allowed.includes(name)), [], `${type} ${id}`);
    t.ok(Math.abs(timestamp - Date.now()) < 60_000, "a wall clock in milliseconds");
    t.ok(Object.values(members).every((value) => value !== null), "nothing is null");
  }
});

t.test("who has no right to the statistics gets none", async (t) => {
  t.equal((await host.call("GET", "/api/stats")).status, 401);
  const watcher = await host.join("viewer");
  t.equal((await host.call("GET", "/api/stats", { cookie: watcher.cookie })).status, 403);
});
