/**
 * shapedPipe: carries one direction of a TCP connection over a TcpLink: what is read is written when
 * the link says that it arrives. What is on its way is bounded like a socket's buffer, so that the
 * sender feels the path.
 */

import { monotonicClock } from "../../src/core/clock.ts";
import { SEGMENT_BYTES, type TcpLink } from "./tcp_link.ts";

/** Bytes on their way at most: more would be a queue that no path has. */
const IN_FLIGHT_BYTES_MAX = 128 * 1024;

/** Carries until the end of `readable`. Rejects when a side breaks off. */
export async function shapedPipe(
  readable: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  link: () => TcpLink,
): Promise<void> {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const onItsWay: { readonly atUs: number; readonly bytes: Uint8Array }[] = [];
  let inFlight = 0;
  let isAtEnd = false;
  let wake = Promise.withResolvers<void>();
  const notify = () => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  const read = async () => {
    try {
      for (;;) {
        const { value } = await reader.read();
        if (value === undefined) return;
        for (let at = 0; at < value.byteLength; at += SEGMENT_BYTES) {
          while (inFlight >= IN_FLIGHT_BYTES_MAX) await wake.promise;
          const bytes = value.slice(at, at + SEGMENT_BYTES);
          onItsWay.push({ atUs: link().push(bytes.byteLength, monotonicClock.nowUs()), bytes });
          inFlight += bytes.byteLength;
          notify();
        }
      }
    } finally {
      isAtEnd = true;
      notify();
    }
  };
  const write = async () => {
    for (;;) {
      const next = onItsWay[0];
      if (next === undefined) {
        if (isAtEnd) return await writer.close();
        await wake.promise;
        continue;
      }
      const waitMs = (next.atUs - monotonicClock.nowUs()) / 1000;
      if (waitMs >= 0.5) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // All that is due by now, in one: a timer has a grain of a millisecond.
      const dueUs = monotonicClock.nowUs() + 300;
      while (onItsWay[0] !== undefined && onItsWay[0].atUs <= dueUs) {
        const { bytes } = onItsWay.shift()!;
        await writer.write(bytes);
        inFlight -= bytes.byteLength;
      }
      notify();
    }
  };
  try {
    await Promise.all([read(), write()]);
  } catch (error) {
    reader.cancel().catch(() => {});
    writer.abort().catch(() => {});
    inFlight = 0;
    notify();
    throw error;
  }
}
