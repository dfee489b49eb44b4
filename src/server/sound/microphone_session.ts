/**
 * MicrophoneSession: one viewer's microphone: takes its datagrams while it speaks and may, puts them in
 * order and gives them to its voice. A datagram that breaks the format is refused and counted.
 */

import { ProtocolError } from "../../core/errors.ts";
import type { FeatureSession } from "../../session/session_feature.ts";
import { TokenBucket } from "../../session/token_bucket.ts";
import { parseAudioDatagram } from "../../wire/audio.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import { MicrophoneOrder } from "./microphone_order.ts";
import type { Microphones, Speaker } from "./microphones.ts";

/** Datagrams: 200 a second are the most that an honest viewer sends, in bursts after a pause. */
const DATAGRAM_LIMIT = { perSecond: 250, burst: 100 };
/** Starts: each makes a decoder. */
const START_LIMIT = { perSecond: 1, burst: 5 };
const CHANNELS_MAX = 2;
const MAX_REASON = 256;
const NOT_ALLOWED = "You may not use your microphone here any more";

/** The microphone of one session. */
export class MicrophoneSession implements Speaker {
  readonly #session: FeatureSession;
  readonly #microphones: Microphones;
  readonly #datagrams = new TokenBucket(DATAGRAM_LIMIT);
  readonly #starts = new TokenBucket(START_LIMIT);
  readonly #endRights: () => void;
  #order: MicrophoneOrder | undefined;
  #slot: number | undefined;

  constructor(session: FeatureSession, microphones: Microphones) {
    this.#session = session;
    this.#microphones = microphones;
    this.#endRights = session.rights.onChange(() => {
      if (this.#slot !== undefined && !session.may("microphone")) this.#end(NOT_ALLOWED);
    });
  }

  /** Its frames and losses, while it speaks. */
  get stats(): MicrophoneOrder["stats"] | undefined {
    return this.#order?.stats;
  }

  /** Begins, and says whether that went well. */
  start(nowUs: number): void {
    if (this.#slot !== undefined) return this.tell("");
    if (!this.#starts.take(nowUs)) return this.tell("The microphone was turned on too often");
    const slot = this.#microphones.begin(this);
    if (typeof slot === "string") return this.tell(slot);
    this.#slot = slot;
    this.#order = new MicrophoneOrder();
    this.tell("");
  }

  /** Ends it on the viewer's wish. */
  stop(): void {
    if (this.#slot !== undefined) this.#end("");
  }

  /** Takes a datagram; false when it is refused. */
  take(datagram: Uint8Array, nowUs: number): boolean {
    const slot = this.#slot;
    const order = this.#order;
    if (slot === undefined || order === undefined || !this.#datagrams.take(nowUs)) return false;
    try {
      const audio = parseAudioDatagram(datagram);
      if (audio.kind !== "microphone" || audio.channels > CHANNELS_MAX) return false;
      order.push(audio);
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
    for (let next = order.pull(); next !== undefined; next = order.pull()) {
      this.#microphones.frame(slot, next.packet, next.frameUs);
    }
    return true;
  }

  onLost(reason: string): void {
    this.#slot = undefined;
    this.#order = undefined;
    this.tell(reason);
  }

  /** Tells the viewer how it is with its microphone. */
  tell(reason = ""): void {
    const why = this.#microphones.reason;
    this.#session.send(
      encodeServerMessage({
        type: "microphone_state",
        available: why === "",
        isOn: this.#slot !== undefined,
        reason: (reason || why).slice(0, MAX_REASON),
      }),
      "microphone_state",
    );
  }

  /** The session is over. */
  close(): void {
    this.#endRights();
    if (this.#slot !== undefined) this.#microphones.end(this.#slot);
    this.#slot = undefined;
    this.#order = undefined;
  }

  #end(reason: string): void {
    if (this.#slot !== undefined) this.#microphones.end(this.#slot);
    this.onLost(reason);
  }
}
