/** A viewer in virtual time, for tests of what receives: it keeps every deadline and all that came. */

import { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import type { ReceivedFrame } from "../../../src/pipeline/media_receiver.ts";
import { parseFeedback } from "../../../src/wire/feedback.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";

/** A receiver that is driven as a viewer drives it. */
export class ReceivingViewer {
  readonly receiver = new MediaReceiver({ streamId: 0 });
  readonly frames: ReceivedFrame[] = [];
  readonly feedback: Feedback[] = [];
  nowUs = 1_000_000;

  get frameIds(): number[] {
    return this.frames.map((frame) => frame.frameId);
  }

  receive(datagrams: readonly Uint8Array[]): void {
    for (const datagram of datagrams) {
      this.receiver.push(datagram, this.nowUs);
      this.#pump();
    }
  }

  /** Lets time pass, keeping every deadline. */
  wait(us: number): void {
    const untilUs = this.nowUs + us;
    for (let wakes = 0;; wakes++) {
      const deadline = this.receiver.deadline;
      if (deadline === undefined || deadline > untilUs) break;
      if (wakes > 1000) throw new Error("Deadlines without end");
      this.nowUs = Math.max(this.nowUs, deadline);
      this.#pump();
    }
    this.nowUs = untilUs;
  }

  #pump(): void {
    for (;;) {
      const frame = this.receiver.pull(this.nowUs);
      if (frame === undefined) break;
      this.frames.push({ ...frame, payload: frame.payload.slice() });
    }
    const datagram = this.receiver.pullFeedback(this.nowUs);
    if (datagram !== undefined) this.feedback.push(parseFeedback(datagram));
  }
}
