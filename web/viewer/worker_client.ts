/**
 * WorkerClient: the page's end of the receive worker: typed messages out, typed callbacks in, and the
 * requests for measurements that are open. It starts the worker, hands it the canvas, and gives it a
 * new one when drawing was lost.
 */

import type { MeasurementReport } from "./receive/frame_log.ts";
import { RtcPageGate } from "./rtc_page_gate.ts";
import type { PageMessage, RendererChoice, WorkerMessage } from "./worker_messages.ts";

/** Requests for measurements that may be open at once. */
const OPEN_REQUESTS_MAX = 8;

/** Talks to the receive worker. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #rtc: RtcPageGate;
  readonly #reports = new Map<number, (report: MeasurementReport) => void>();
  #requestId = 0;

  /** Starts the worker; `onMessage` hears everything but measurements and wishes for WebRTC. */
  constructor(
    url: URL,
    onMessage: (message: Exclude<WorkerMessage, { type: "measurements" | "rtc" }>) => void,
    onFailed: (reason: string) => void,
  ) {
    this.#worker = new Worker(url, { name: "wavry-receive" });
    this.#rtc = new RtcPageGate(this.#worker, (event, transfer) => {
      this.send({ type: "rtc", event }, transfer);
    });
    this.#worker.onmessage = (event: MessageEvent<WorkerMessage>) => {
      const message = event.data;
      if (message.type === "rtc") return void this.#rtc.handle(message.request);
      if (message.type !== "measurements") return onMessage(message);
      this.#reports.get(message.requestId)?.(message.report);
      this.#reports.delete(message.requestId);
    };
    this.#worker.onerror = (event) => onFailed(event.message);
  }

  /** Gives the worker a canvas to draw on; the page cannot draw on it any more. */
  useCanvas(canvas: HTMLCanvasElement, renderer: RendererChoice): void {
    const offscreen = canvas.transferControlToOffscreen();
    this.#worker.postMessage(
      { type: "canvas", canvas: offscreen, renderer } satisfies PageMessage,
      [offscreen],
    );
  }

  /** Sends a message; `transfer` hands buffers over. */
  send(message: PageMessage, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Sends encoded input and hands its bytes over. */
  sendInput(
    record: Uint8Array<ArrayBuffer> | undefined,
    datagram: Uint8Array<ArrayBuffer> | undefined,
  ): void {
    const transfer = [record, datagram].flatMap((bytes) => bytes === undefined ? [] : bytes.buffer);
    this.#worker.postMessage(
      { type: "input", record, datagram } satisfies PageMessage,
      transfer,
    );
  }

  /** What was measured since the last time. Rejects with RangeError when too many ask at once. */
  async takeMeasurements(): Promise<MeasurementReport> {
    if (this.#reports.size >= OPEN_REQUESTS_MAX) {
      throw new RangeError(`Cannot ask for measurements ${OPEN_REQUESTS_MAX + 1} times at once`);
    }
    const requestId = ++this.#requestId;
    const { promise, resolve } = Promise.withResolvers<MeasurementReport>();
    this.#reports.set(requestId, resolve);
    this.send({ type: "take_measurements", requestId });
    return await promise;
  }

  /** Ends the worker and with it the connection. */
  close(): void {
    this.#rtc.close();
    this.#worker.terminate();
  }
}
