/**
 * WhipVoice: the sound of a publisher: Opus packets in order, each with when it was captured, handed on
 * as they come. What is late by more than 60 ms is lost; nothing is asked for again.
 */

import type { RtpPacket } from "werift";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import { encodePublisherSound } from "../../gateway/publisher_media.ts";
import { SOUND_SAMPLE_RATE } from "../../wire/audio.ts";
import type { ReadSenderReport } from "./whip_reception.ts";
import type { WhipClock, WhipMediumClock } from "./whip_clock.ts";
import { readOpus } from "./whip_sound.ts";
import { WhipSource } from "./whip_source.ts";
import type { SourcePacket } from "./whip_source.ts";

const WAIT_US = 60_000;

/** What it is made of. */
export interface WhipVoiceOptions {
  readonly payloadType: number | undefined;
  readonly times: WhipClock;
}

/** Sound of one publisher. */
export class WhipVoice {
  readonly source: WhipSource;
  readonly #link: GatewayPeer;
  readonly #clock: WhipMediumClock;
  #frameId = 0;

  constructor(link: GatewayPeer, { payloadType, times }: WhipVoiceOptions) {
    this.#link = link;
    this.#clock = times.medium(SOUND_SAMPLE_RATE);
    this.source = new WhipSource({
      ...{ payloadType, repairPayloadType: undefined, rate: SOUND_SAMPLE_RATE, waitUs: WAIT_US },
    });
  }

  /** Takes a packet, and hands on what is in order now. */
  push(packet: RtpPacket, nowUs: number): void {
    if (this.source.push(packet, nowUs)) this.pull(nowUs);
  }

  /** Takes a report of its sender. */
  senderReport({ ssrc, timestamp, ntpTime }: ReadSenderReport, nowUs: number): void {
    if (ssrc !== this.source.ssrc) return;
    this.source.reception.senderReport(ntpTime, nowUs);
    this.#clock.report(timestamp, ntpTime);
  }

  /** Hands on what is in order. */
  pull(nowUs: number): void {
    const { reorder } = this.source;
    for (let next = reorder.pull(nowUs); next !== undefined; next = reorder.pull(nowUs)) {
      // A decoder has to hear of a hole.
      if (next.isAfterHole) this.#frameId++;
      this.#handOn(next.packet, nowUs);
    }
  }

  #handOn({ payload, timestamp }: SourcePacket, nowUs: number): void {
    const packet = readOpus(payload);
    this.#frameId++;
    if (packet === undefined) return;
    const captureUs = this.#clock.captureUs(timestamp, nowUs);
    const header = encodePublisherSound({
      ...packet,
      ...{ frameId: this.#frameId, captureUs, sentUs: nowUs },
    });
    this.#link.send("sound_in", payload, header);
  }
}
