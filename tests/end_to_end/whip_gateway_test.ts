// timeout: 60 s
/**
 * Publishers of WHIP at the real gateway process, without a host: offers good and bad, a stream of a
 * real encoder through another stack of WebRTC, losses, and pictures that nobody can be shown.
 */

import t from "tap";
import { monotonicClock } from "../../src/core/clock.ts";
import type { GatewayControl } from "../../src/gateway/gateway_control.ts";
import { gatewayCommandLine } from "../../src/gateway/gateway_command_line.ts";
import type { GatewayLink } from "../../src/gateway/gateway_link.ts";
import type { GatewayPeer } from "../../src/gateway/gateway_peer.ts";
import { GatewayProcess } from "../../src/gateway/gateway_process.ts";
import {
  parsePublisherFrame,
  parsePublisherSound,
  PUBLISHER_HEADER_BYTES,
} from "../../src/gateway/publisher_media.ts";
import type { PublisherFrame, PublisherSound } from "../../src/gateway/publisher_media.ts";
import { forEachUnit } from "../../src/wire/access_unit.ts";
import { seededRandom } from "../seeded.ts";
import { encodeVideo } from "../whip/encoded_video.ts";
import { WhipSender } from "../whip/whip_sender.ts";

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const log = { debug() {}, info() {}, warn() {}, error() {} };
const video = await encodeVideo({ size: "640x360", frames: 60 });

const gateway = new GatewayProcess({
  name: "webrtc",
  command: () => gatewayCommandLine({ root, rung: "webrtc", rights: ["-A"] }),
  log,
  clock: monotonicClock,
  started: (link) => {
    link.root.sendControl({
      ...{ type: "rtc_setup", sockets: ["127.0.0.1"], told: [], portMin: 0, portMax: 0 },
    });
    return undefined;
  },
});
t.teardown(() => gateway.close());

/** What a gateway said of one publisher. */
class Heard {
  readonly frames: (PublisherFrame & { readonly slices: string })[] = [];
  readonly sounds: PublisherSound[] = [];
  readonly said: GatewayControl[] = [];
  ended: string | undefined;
  peer: GatewayPeer | undefined;

  open(link: GatewayLink, sdp: string): void {
    this.peer = link.openPeer({ type: "whip_offer", sdp, bitrateBps: 5_000_000 }, {
      message: (kind, bytes) => {
        if (kind === "frame_in") {
          const slices = slicesOf(bytes.subarray(PUBLISHER_HEADER_BYTES));
          this.frames.push({ ...parsePublisherFrame(bytes), slices });
        } else if (kind === "sound_in") this.sounds.push(parsePublisherSound(bytes));
        return true;
      },
      control: (message) => void this.said.push(message),
      ended: (reason) => this.ended = reason,
    });
  }

  async answer(): Promise<Extract<GatewayControl, { type: "whip_answer" | "whip_refusal" }>> {
    await until(() => this.said.some(({ type }) => /^whip_(answer|refusal)$/.test(type)));
    const [first] = this.said;
    if (first?.type === "whip_answer" || first?.type === "whip_refusal") return first;
    throw new Error(`Said ${first?.type}`);
  }
}

function slicesOf(frame: Uint8Array): string {
  const slices: string[] = [];
  forEachUnit(frame, (start, end) => {
    const type = frame[start]! & 0x1f;
    if (type === 1 || type === 5) slices.push(frame.subarray(start, end).toHex());
  });
  return slices.join(" ");
}

async function until(isThere: () => boolean): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!isThere()) {
    if (performance.now() > endMs) throw new Error(`Not in time: ${isThere}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What all sections have in common, said once for all of them, as OBS does. */
function likeObs(offer: string): string {
  const isShared = (line: string) => /^a=(ice-ufrag|ice-pwd|fingerprint|setup):/.test(line);
  const lines = offer.split("\r\n");
  const shared = new Set(lines.filter(isShared));
  const rest = lines.filter((line) => !isShared(line));
  const media = rest.findIndex((line) => line.startsWith("m="));
  return [...rest.slice(0, media), ...shared, ...rest.slice(media)].join("\r\n");
}

async function publish(
  options: Partial<ConstructorParameters<typeof WhipSender>[0]> = {},
  shape: (offer: string) => string = (offer) => offer,
): Promise<{ heard: Heard; sender: WhipSender; answer: string }> {
  const heard = new Heard();
  const link = await gateway.link();
  const sender = new WhipSender({ video, fps: 60, hasSound: true, ...options });
  let answer = "";
  await sender.open(async (offer) => {
    heard.open(link, shape(offer));
    const said = await heard.answer();
    if (said.type === "whip_refusal") throw new Error(said.reason);
    answer = said.sdp;
    return answer;
  });
  return { heard, sender, answer };
}

t.test("Pictures and sound of a publisher come through whole and in order", async (t) => {
  const { heard, sender, answer } = await publish();
  t.match(answer, /a=ice-lite\r\n/);
  t.match(answer, /b=TIAS:5000000/);
  t.match(answer, /m=video \d+ .* 96\r\n/);
  await until(() => heard.frames.length >= 60 && heard.sounds.length > 20);
  const slices = new Set(video.map(slicesOf));
  t.ok(heard.frames.every((frame) => slices.has(frame.slices)), "each as it was sent");
  t.ok(heard.frames[0]!.isKeyframe);
  const { frames, sounds } = heard;
  t.ok(frames.every(({ frameId }, index) => frameId === index + 1), "none is left out");
  const steps = frames.slice(1).map(({ captureUs }, index) => captureUs - frames[index]!.captureUs);
  t.ok(steps.every((step) => step > 0), "capture times grow");
  t.ok(sounds.every(({ channels, frameUs }) => channels === 2 && frameUs === 20_000));
  await until(() => heard.said.some((said) => said.type === "whip_state" && said.isConnected));
  await until(() => sender.arrivalReports > 3);
  t.ok(sender.arrivalReports > 3, "it hears how its packets arrive");
  // Not right before one that comes anyway.
  await until(() => heard.frames.length % 30 === 5);
  const requests = sender.keyframeRequests;
  heard.peer?.sendControl({ type: "whip_keyframe" });
  await until(() => sender.keyframeRequests > requests);
  t.ok(sender.keyframeRequests > requests, "a viewer's wish for a keyframe reaches it");
  await sender.close();
  heard.peer?.close("End");
});

t.test("What is lost is sent again, and what cannot be is not shown", async (t) => {
  const random = seededRandom("whip gateway losses");
  const { heard, sender } = await publish({
    ...{ hasSound: false, isLost: () => random.next() < 0.02 },
  });
  await until(() => heard.frames.length >= 90);
  const slices = new Set(video.map(slicesOf));
  t.ok(heard.frames.every((frame) => slices.has(frame.slices)), "whole ones only");
  await until(() => heard.said.some((said) => said.type === "whip_state" && said.packets > 100));
  const state = heard.said.findLast((said) => said.type === "whip_state");
  t.ok(state?.type === "whip_state" && state.packetsRecovered > 0, JSON.stringify(state));
  await sender.close();
  heard.peer?.close("End");
});

t.test("B pictures end a publisher with words", async (t) => {
  const bidirectional = await encodeVideo({
    ...{ size: "320x180", frames: 30, profile: "main" },
    parameters: "bframes=2:b-adapt=0:keyint=30:rc-lookahead=10",
  });
  const { heard, sender } = await publish({ video: bidirectional }, likeObs);
  await until(() => heard.ended !== undefined);
  t.match(heard.ended, /B-frames to 0/);
  await sender.close();
});

t.test("Offers that cannot be answered are refused with words", async (t) => {
  const link = await gateway.link();
  let good = "";
  const sender = new WhipSender({ video, fps: 30, hasSound: true });
  await sender.open((offer) => {
    good = offer;
    return Promise.reject(new Error("Not today"));
  }).catch(() => {});
  await sender.close();
  const bad: [number, string, RegExp][] = [
    [400, "", /no session description/],
    [400, "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", /identification/],
    [400, good.replace("v=0", "v=1"), /no session description/],
    [406, good.replace("H264", "VP8"), /not H.264/],
    [406, good.replace("opus", "PCMU"), /not Opus/],
    [400, good.replaceAll("a=sendonly", "a=recvonly"), /sends nothing/],
    [400, good.replace(/a=ssrc:.*\r\n/g, ""), /a=ssrc/],
    [400, good.replace(/a=fingerprint:.*\r\n/g, ""), /fingerprint/],
    [400, good + "a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n".repeat(100), /candidates/],
    [400, `v=0\r\n${"a=x\r\n".repeat(12_000)}`, /too many lines/],
  ];
  for (const [status, sdp, reason] of bad) {
    const heard = new Heard();
    heard.open(link, sdp);
    const said = await heard.answer();
    t.match(said, { type: "whip_refusal", status, reason });
    await until(() => heard.ended !== undefined);
  }
  t.equal(gateway.stats.crashes, 0, "and the gateway is as before");
  t.equal(link.peers, 0, "nothing is left");
});
