/** Tests of src/server/stats/stats_rtc.ts. */

import t from "tap";
import { PictureStats } from "../../../../src/server/stats/stats_pictures.ts";
import { type FeedFigures, rtcStats } from "../../../../src/server/stats/stats_rtc.ts";
import type { RtcStats, RtcStatsType } from "../../../../src/server/stats/stats_rtc_objects.ts";

const SENT: FeedFigures["sent"] = {
  framesSent: 90,
  framesSkipped: 10,
  flightStops: 0,
  silences: 0,
  repairsSent: 40,
  probesSent: 0,
  feedbacks: 95,
  feedbacksRefused: 0,
  missingReports: 7,
  packetsSent: 500,
  bytesSent: 600_000,
  headerBytesSent: 11_520,
  packetsDropped: 2,
  packetsPaced: 30,
  waitedUs: 1_500_000,
  reactiveRepairsSent: 5,
  ladder: { repairs: 0, reactive: 5, reference: 1, keyframe: 1, rate: 0 },
  targetBps: 20_000_000,
  redundancy: 0.1,
  loss: 0.02,
  burstLength: 1.5,
  rttUs: 21_000,
  rttLatestUs: 20_000,
  rttTotalUs: 1_900_000,
  rttSamples: 95,
  jitterUs: 250,
  packetsArrived: 480,
  packetsLost: 12,
  queueDelayUs: 0,
  bytesInFlight: 9_600,
  queuedBytes: 0,
  queuedUs: 0,
  rateCuts: 0,
};

const CONNECTION = {
  datagramsSent: 505,
  datagramsReceived: 120,
  datagramsDropped: 3,
  datagramsDroppedUnread: 0,
  bytesSent: 600_100,
  bytesReceived: 8_000,
};

const FACTS = {
  width: 1280,
  height: 720,
  screenWidth: 1280,
  screenHeight: 720,
  temporalLayersMax: 2,
  fps: 60,
  encoder: "x264",
  capture: "pattern",
  codec: "avc1.42C01F",
} as const;

const TARGET = { bitrateBps: 8_000_000, fps: 60, scale: 1, temporalLayers: 1 } as const;

function report(feeds: readonly FeedFigures[], facts: typeof FACTS | undefined = FACTS) {
  const pictures = new PictureStats().figures(0);
  return rtcStats({
    nowMs: 1_800_000_000_000,
    streams: [{ id: 0, name: "Desktop", facts, target: TARGET, pictures }],
    sessions: [{ id: "abc", connection: CONNECTION, feeds }],
  });
}

const FEED: FeedFigures = { streamId: 0, isPlaying: true, keyframeRequests: 4, sent: SENT };

function only<T extends RtcStatsType>(list: RtcStats[], type: T): Extract<RtcStats, { type: T }> {
  const found = list.filter((entry): entry is Extract<RtcStats, { type: T }> => {
    return entry.type === type;
  });
  t.equal(found.length, 1, `one ${type}`);
  return found[0]!;
}

t.test("rtcStats gives figures in the units of the W3C", (t) => {
  const list = report([FEED]);
  t.match(only(list, "outbound-rtp"), {
    packetsSent: 500,
    bytesSent: 588_480,
    headerBytesSent: 11_520,
    totalPacketSendDelay: 1.5,
    targetBitrate: 8_000_000,
    nackCount: 7,
    pliCount: 4,
    encoderImplementation: "x264",
    scalabilityMode: "L1T1",
    active: true,
  });
  t.match(only(list, "remote-inbound-rtp"), {
    packetsReceived: 480,
    packetsLost: 12,
    fractionLost: 0.02,
    jitter: 0.00025,
    roundTripTime: 0.02,
    totalRoundTripTime: 1.9,
    roundTripTimeMeasurements: 95,
  });
  t.match(only(list, "candidate-pair"), {
    availableOutgoingBitrate: 20_000_000,
    currentRoundTripTime: 0.02,
    packetsDiscardedOnSend: 3,
  });
  t.match(only(list, "transport"), { packetsSent: 505, bytesReceived: 8_000 });
  t.match(only(list, "codec"), {
    mimeType: "video/H264",
    sdpFmtpLine: "profile-level-id=42c01f",
  });
  t.match(only(list, "media-source"), { width: 1280, height: 720, trackIdentifier: "Desktop" });
  t.end();
});

t.test("rtcStats names objects so that they find each other", (t) => {
  const list = report([FEED]);
  const ids = new Set(list.map(({ id }) => id));
  t.equal(ids.size, list.length, "no two have the same id");
  let references = 0;
  for (const entry of list) {
    for (const [name, value] of Object.entries(entry)) {
      if (!/Id$/.test(name)) continue;
      references++;
      t.ok(ids.has(String(value)), `${entry.type}.${name} is there`);
    }
    t.equal(entry.timestamp, 1_800_000_000_000);
  }
  t.equal(references, 9);
  t.end();
});

t.test("rtcStats leaves out what is not known yet", (t) => {
  const silent = { ...FEED, sent: { ...SENT, rttSamples: 0 } };
  const list = rtcStats({
    nowMs: 0,
    streams: [{
      ...{ id: 0, name: "Desktop", facts: undefined, target: TARGET },
      pictures: new PictureStats().figures(0),
    }],
    sessions: [{ id: "abc", connection: CONNECTION, feeds: [silent] }],
  });
  t.notOk(list.some(({ type }) => type === "codec"));
  for (const name of ["roundTripTime", "currentRoundTripTime", "frameWidth", "codecId"]) {
    t.notOk(list.some((entry) => Object.hasOwn(entry, name)), name);
  }
  t.notOk(JSON.stringify(list).includes("null"));
  t.notOk(Object.hasOwn(only(report([]), "candidate-pair"), "availableOutgoingBitrate"));
  t.end();
});
