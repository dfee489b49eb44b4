/**
 * WhipPublisher: one publisher in the gateway: answers its offer, takes its packets, hands on access
 * units and sound, and tells it what to send again and how its packets arrive. Whatever it sends, what
 * is held stays within the limits of its parts; it ends at what cannot be shown, when it floods, and
 * when the server process or the peer says so.
 */

import type { RtpPacket } from "werift";
import { monotonicClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import { encodePublisherFrame } from "../../gateway/publisher_media.ts";
import { RtcPeer, RTP_EXTENSIONS } from "./rtc_peer.ts";
import type { RtcPeerOptions } from "./rtc_peer.ts";
import { WhipAccessUnits } from "./whip_access_units.ts";
import type { AccessUnit, UnitFault } from "./whip_access_units.ts";
import { WhipClock } from "./whip_clock.ts";
import { ArrivalFeedback, MAX_ARRIVALS, writeAsk, writePictureLoss } from "./whip_feedback.ts";
import { checkOffer } from "./whip_offer.ts";
import type { CheckedOffer } from "./whip_offer.ts";
import { readSenderReports, writeReceiverReport } from "./whip_reception.ts";
import { WhipSource } from "./whip_source.ts";
import { WhipVoice } from "./whip_voice.ts";

const PICTURE_RATE = 90_000;
/** A repair that takes longer is of no use to somebody who watches. */
const PICTURE_WAIT_US = 200_000;
const ROUND_TRIP_US = 40_000;
const TICK_MS = 10;
const ARRIVALS_US = 50_000;
const REPORT_US = 1_000_000;
/** Between two requests of a keyframe. */
const PICTURE_LOSS_US = 300_000;
/** More than any stream has that could be shown: 200 Mbit/s. */
const MAX_PACKETS_PER_SECOND = 25_000;
const KILO = 1000;

/** Why it ends, for the person who publishes. */
const FAULTS: Readonly<Record<UnitFault, string>> = {
  b_pictures: "The publisher sends B pictures: set its B-frames to 0",
  bad_parameters: "The publisher's pictures are not progressive 4:2:0 of 8 bits",
};

type Offer = Extract<GatewayControl, { type: "whip_offer" }>;

/** What a publisher is made of. */
export interface WhipPublisherOptions {
  readonly peer: RtcPeerOptions;
  readonly clock: Clock;
  /** It has ended; called once. */
  readonly onEnded: () => void;
}

/** What a publisher needs of the gateway: where it is met. */
export interface WhipPlaces {
  readonly addresses: RtcPeerOptions["addresses"] | undefined;
  takePort(): number | undefined | "none";
  freePort(port: number | undefined): void;
}

/** Answers the offer of a publisher and goes on from there; the server hears of it by its peer. */
export async function openPublisher(
  places: WhipPlaces,
  link: GatewayPeer,
  message: Offer,
): Promise<void> {
  link.listen({});
  const checked = checkOffer(message.sdp);
  if ("status" in checked) return refuse(link, checked);
  const { addresses } = places;
  const port = places.takePort();
  if (addresses === undefined || port === "none") {
    if (port !== "none") places.freePort(port);
    return refuse(link, { status: 503, reason: "Cannot meet another publisher: no port is free" });
  }
  const publisher = new WhipPublisher(link, checked, {
    peer: { addresses, port, direction: "recvonly" },
    clock: monotonicClock,
    onEnded: () => places.freePort(port),
  });
  try {
    const answer = await publisher.answer();
    link.sendControl({ type: "whip_answer", sdp: limitRate(answer, message.bitrateBps) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    link.sendControl({ type: "whip_refusal", status: 400, reason: reason.slice(0, 256) });
    publisher.end("Cannot be answered");
  }
}

function refuse(
  link: GatewayPeer,
  why: { readonly status: number; readonly reason: string },
): void {
  link.sendControl({ type: "whip_refusal", ...why });
  link.close("Refused");
}

/** Says in the answer what the host takes at most (RFC 8866, section 5.8). */
export function limitRate(sdp: string, bitrateBps: number): string {
  if (bitrateBps === 0) return sdp;
  const lines = `b=AS:${Math.ceil(bitrateBps / KILO)}\r\nb=TIAS:${bitrateBps}\r\n`;
  // After the address of the section, which is the line that follows its own.
  return sdp.replace(/(m=video [^\r\n]*\r\n(?:c=[^\r\n]*\r\n)?)/, `$1${lines}`);
}

/** One publisher. */
export class WhipPublisher {
  readonly #link: GatewayPeer;
  readonly #checked: CheckedOffer;
  readonly #options: WhipPublisherOptions;
  readonly #peer: RtcPeer;
  readonly #times = new WhipClock();
  readonly #pictureClock = this.#times.medium(PICTURE_RATE);
  readonly #picture: WhipSource;
  readonly #units = new WhipAccessUnits();
  readonly #voice: WhipVoice | undefined;
  readonly #arrivals = new ArrivalFeedback();
  readonly #arrivalsId: number | undefined;
  readonly #ssrc = crypto.getRandomValues(new Uint32Array(1))[0]!;
  #timer: ReturnType<typeof setInterval> | undefined;
  #frameId = 0;
  #arrivalsUs = 0;
  #reportUs = 0;
  #pictureLossUs = -Infinity;
  #isKeyframeWanted = true;
  #secondPackets = 0;
  #isEnded = false;

  constructor(link: GatewayPeer, checked: CheckedOffer, options: WhipPublisherOptions) {
    this.#link = link;
    this.#checked = checked;
    this.#options = options;
    const { picture, sound, offer, parameterSets } = checked;
    for (const unit of parameterSets) this.#units.offer(unit);
    const { payloadType, repairPayloadType } = picture;
    this.#picture = new WhipSource({
      ...{ payloadType, repairPayloadType },
      ...{ rate: PICTURE_RATE, waitUs: PICTURE_WAIT_US },
    });
    this.#voice = sound === undefined ? undefined : new WhipVoice(link, {
      payloadType: sound.payloadType,
      times: this.#times,
    });
    this.#arrivalsId = picture.extensions.get(RTP_EXTENSIONS.transportSequence);
    this.#peer = new RtcPeer(offer, options.peer, {
      connected: () => this.#onConnected(),
      ended: (reason) => this.end(reason),
      rtp: (packet) => this.#onRtp(packet),
      rtcp: (bytes) => this.#onRtcp(bytes),
    });
    link.listen({
      control: (message) => {
        if (message.type === "whip_keyframe") this.#isKeyframeWanted = true;
      },
      ended: (reason) => this.end(reason),
    });
  }

  /** The answer to its offer. */
  answer(): Promise<string> {
    return this.#peer.answer(this.#options.peer);
  }

  /** Ends it here and at the peer; idempotent. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#timer);
    this.#peer.end(reason);
    this.#link.close(reason);
    this.#options.onEnded();
  }

  #onConnected(): void {
    if (this.#isEnded) return;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#reportUs = this.#options.clock.nowUs();
    this.#tell();
  }

  #onRtp(packet: RtpPacket): void {
    if (this.#isEnded) return;
    if (++this.#secondPackets > MAX_PACKETS_PER_SECOND) return this.end("The publisher floods");
    const nowUs = this.#options.clock.nowUs();
    this.#noteArrival(packet, nowUs);
    if (this.#picture.push(packet, nowUs)) this.#pullPicture(nowUs);
    else this.#voice?.push(packet, nowUs);
  }

  #onRtcp(bytes: Uint8Array): void {
    const nowUs = this.#options.clock.nowUs();
    for (const report of readSenderReports(bytes)) {
      if (report.ssrc !== this.#picture.ssrc) this.#voice?.senderReport(report, nowUs);
      else {
        this.#picture.reception.senderReport(report.ntpTime, nowUs);
        this.#pictureClock.report(report.timestamp, report.ntpTime);
      }
    }
  }

  #noteArrival({ header }: RtpPacket, nowUs: number): void {
    const id = this.#arrivalsId;
    const bytes = id === undefined
      ? undefined
      : header.extensions.find((extension) => extension.id === id)?.payload;
    if (bytes === undefined || bytes.byteLength < 2) return;
    const sequence = (bytes[0]! << 8) | bytes[1]!;
    if (!this.#arrivals.push(sequence, nowUs) || this.#arrivals.pending * 2 >= MAX_ARRIVALS) {
      this.#sendArrivals(nowUs);
    }
  }

  #pullPicture(nowUs: number): void {
    const { reorder } = this.#picture;
    for (let next = reorder.pull(nowUs); next !== undefined; next = reorder.pull(nowUs)) {
      const { payload, timestamp, isLast } = next.packet;
      const { isAfterHole } = next;
      const unit = this.#units.push({ payload, timestamp, isLast, isAfterHole });
      if (unit !== undefined) this.#handOn(unit, nowUs);
      const { fault } = this.#units;
      if (fault !== undefined) return this.end(FAULTS[fault]);
    }
  }

  #handOn({ bytes, timestamp, isKeyframe }: AccessUnit, nowUs: number): void {
    const captureUs = this.#pictureClock.captureUs(timestamp, nowUs);
    this.#frameId++;
    const header = encodePublisherFrame({
      ...{ frameId: this.#frameId, isKeyframe, captureUs, sentUs: nowUs },
    });
    if (isKeyframe) this.#isKeyframeWanted = false;
    // Who has no room for it has nothing that the next ones could refer to.
    if (!this.#link.send("frame_in", bytes, header)) this.#units.needKeyframe();
  }

  #tick(): void {
    const nowUs = this.#options.clock.nowUs();
    // What waits behind a hole goes on without a packet that pushes it.
    this.#pullPicture(nowUs);
    this.#voice?.pull(nowUs);
    if (this.#isEnded) return;
    const { ssrc, reorder } = this.#picture;
    if (ssrc === undefined) return this.#reportIfDue(nowUs);
    const sources = { sender: this.#ssrc, media: ssrc };
    const asks = reorder.asks(nowUs, ROUND_TRIP_US);
    if (asks.length > 0) this.#peer.sendRtcp(writeAsk(sources, asks));
    const needsKeyframe = this.#units.needsKeyframe || this.#isKeyframeWanted;
    if (needsKeyframe && nowUs - this.#pictureLossUs >= PICTURE_LOSS_US) {
      this.#pictureLossUs = nowUs;
      this.#peer.sendRtcp(writePictureLoss(sources));
    }
    if (nowUs - this.#arrivalsUs >= ARRIVALS_US) this.#sendArrivals(nowUs);
    this.#reportIfDue(nowUs);
  }

  #sendArrivals(nowUs: number): void {
    this.#arrivalsUs = nowUs;
    const media = this.#picture.ssrc ?? this.#voice?.source.ssrc ?? 0;
    const report = this.#arrivals.report({ sender: this.#ssrc, media });
    if (report !== undefined) this.#peer.sendRtcp(report);
  }

  #reportIfDue(nowUs: number): void {
    if (nowUs - this.#reportUs < REPORT_US) return;
    this.#reportUs = nowUs;
    this.#secondPackets = 0;
    const sources = [this.#picture, this.#voice?.source].flatMap((source) => {
      if (source?.ssrc === undefined) return [];
      return [{ media: source.ssrc, reception: source.reception }];
    });
    if (sources.length > 0) {
      this.#peer.sendRtcp(writeReceiverReport(this.#ssrc, { sources, nowUs }));
    }
    this.#tell();
  }

  #tell(): void {
    const { stats, heldBytes } = this.#picture.reorder;
    this.#link.sendControl({
      type: "whip_state",
      isConnected: this.#peer.isConnected,
      remoteAddress: this.#peer.remoteAddress,
      hasSound: this.#checked.sound !== undefined,
      packets: stats.packets,
      packetsLost: stats.lost,
      packetsRecovered: stats.recovered,
      unitsDamaged: this.#units.stats.damaged,
      heldBytes: heldBytes + this.#units.heldBytes,
    });
  }
}
