/**
 * PeerSound: the sound of one player: packets of Opus as the host makes them, one RTP packet each. What
 * a player cannot take, more than two channels or times that no player knows, is not sent. Nothing
 * waits here: sound leaves at once.
 */

import type { GatewaySound } from "../../gateway/gateway_frame.ts";
import type { RtpStream } from "./rtp_stream.ts";

/** Opus over RTP is mono or stereo; more channels have a format of their own. */
const CHANNELS_MAX = 2;
/** A gap after which a player is told that a new spurt of sound begins. */
const SPURT_US = 100_000;

/** The sound of one player. */
export class PeerSound {
  readonly stream: RtpStream;
  #sent = 0;
  #endsUs = -Infinity;

  constructor(stream: RtpStream) {
    this.stream = stream;
  }

  /** Packets that were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Sends one packet; its bytes on the wire, 0 when it was not sent. */
  push(sound: GatewaySound, payload: Uint8Array<ArrayBuffer>): number {
    if (sound.channels > CHANNELS_MAX) return 0;
    const { captureTimeUs, durationUs } = sound;
    const marker = captureTimeUs - this.#endsUs > SPURT_US;
    const rtpTime = this.stream.rtpTime(captureTimeUs);
    const bytes = this.stream.send({ payload, rtpTime, marker }, Date.now());
    if (bytes > 0) {
      this.#sent++;
      this.#endsUs = captureTimeUs + durationUs;
    }
    return bytes;
  }

  close(): void {
    this.stream.clear();
  }
}
