/**
 * WhepClient: a player of WHEP without a browser, for tests: it counts access units and keyframes of
 * what it gets, and asks for a keyframe when told to.
 */

import type { RTCPeerConnection, RTCRtpTransceiver } from "werift";
import { findFrameSei } from "../src/wire/frame_sei.ts";
import { H264Depacketizer } from "../src/transport/webrtc/h264_depacketizer.ts";
import { openWeriftPlayer } from "./werift_player.ts";

/** One player. */
export class WhepClient {
  readonly location: string;
  readonly #origin: string;
  readonly #token: string;
  readonly #connection: RTCPeerConnection;
  readonly #transceiver: RTCRtpTransceiver;
  readonly #depacketizer = new H264Depacketizer();
  #sequence: number | undefined;
  #ssrc = 0;
  #keyframes = 0;
  #marks = 0;

  /** Plays a stream. Rejects when it is refused. */
  static async open(url: string, token: string): Promise<WhepClient> {
    const connection = openWeriftPlayer();
    const transceiver = connection.addTransceiver("video", { direction: "recvonly" });
    await connection.setLocalDescription(await connection.createOffer());
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization: `Bearer ${token}` },
      body: connection.localDescription?.sdp ?? "",
    });
    const sdp = await answer.text();
    if (answer.status !== 201) {
      await connection.close();
      throw new Error(`WHEP answered ${answer.status}: ${sdp}`);
    }
    const location = answer.headers.get("location") ?? "";
    const client = new WhepClient({ connection, transceiver, location, url, token });
    await connection.setRemoteDescription({ type: "answer", sdp });
    return client;
  }

  private constructor(options: {
    connection: RTCPeerConnection;
    transceiver: RTCRtpTransceiver;
    location: string;
    url: string;
    token: string;
  }) {
    this.#connection = options.connection;
    this.#transceiver = options.transceiver;
    this.location = options.location;
    this.#origin = new URL(options.url).origin;
    this.#token = options.token;
    options.connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        this.#ssrc = header.ssrc;
        const expected = this.#sequence === undefined ? undefined : (this.#sequence + 1) & 0xffff;
        if (expected !== undefined && header.sequenceNumber !== expected) this.#depacketizer.lose();
        this.#sequence = header.sequenceNumber;
        const accessUnit = this.#depacketizer.push(payload, header.marker);
        const mark = accessUnit === undefined ? undefined : findFrameSei(accessUnit)?.mark;
        if (mark !== undefined) this.#marks++;
        if (mark?.referenceDistance === 0) this.#keyframes++;
      });
    });
  }

  /** Access units that came whole. */
  get accessUnits(): number {
    return this.#depacketizer.stats.accessUnits;
  }

  /** Those of them that are keyframes, and those that say which frame they are. */
  get keyframes(): number {
    return this.#keyframes;
  }

  get marks(): number {
    return this.#marks;
  }

  /** Asks for a keyframe. */
  losePicture(): void {
    void this.#transceiver.receiver.sendRtcpPLI(this.#ssrc);
  }

  /** Ends the session at the host; the status of the answer. */
  async delete(): Promise<number> {
    const answer = await fetch(`${this.#origin}${this.location}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${this.#token}` },
    });
    await answer.body?.cancel();
    return answer.status;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
