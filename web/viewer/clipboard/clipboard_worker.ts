/**
 * Clipboard worker: the worker's half of the clipboard: contents on streams of their own, both ways,
 * each within a size that the host named and a time. It keeps none of them.
 */

import {
  CLIPBOARD_HEADER_BYTES,
  encodeClipboardFetch,
  encodeClipboardHeader,
  parseClipboardAnswer,
} from "../../../src/wire/clipboard.ts";
import type { ClipboardFailure, ClipboardType } from "../../../src/wire/clipboard.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import type {
  FeatureLink,
  WorkerFeature,
  WorkerFeatureContext,
} from "../features/worker_feature.ts";
import type { PageMessage } from "../worker_messages.ts";
import type { ClipboardCommand, ClipboardNews, PageContent } from "./clipboard_messages.ts";

/** Programs of the host may take a minute to give what they copied, and a slow path some more. */
const FETCH_MS = 360_000;
/** Content goes out in such pieces. */
const PIECE_BYTES = 64 * 1024;

/** Streams of contents. */
export class ClipboardWorker implements WorkerFeature {
  readonly serverMessages = [
    "clipboard_state",
    "clipboard_offer",
    "clipboard_request",
    "clipboard_outcome",
  ] as const;
  readonly pageMessages = ["clipboard"] as const;
  readonly #context: WorkerFeatureContext;
  /** Most bytes of each type, as the host named them. */
  #limits = new Map<ClipboardType, number>();
  #link: FeatureLink | undefined;

  constructor(context: WorkerFeatureContext) {
    this.#context = context;
  }

  onConnected(link: FeatureLink): void {
    this.#link = link;
  }

  onDisconnected(): void {
    this.#link = undefined;
  }

  onServerMessage(message: ServerMessage): void {
    const news = message as ClipboardNews;
    if (news.type === "clipboard_state") {
      this.#limits = new Map(news.limits.map(({ type, bytes }) => [type, bytes]));
    }
    this.#context.post({ type: "clipboard", event: { kind: "news", news } });
  }

  onPageMessage(message: PageMessage): void {
    if (message.type === "clipboard") void this.#carryOut(message.command);
  }

  async #carryOut(command: ClipboardCommand): Promise<void> {
    const link = this.#link;
    const { serial } = command;
    switch (command.kind) {
      case "offer":
        return link?.send({ type: "clipboard_offer", serial, items: command.items });
      case "refuse":
        return link?.send({ type: "clipboard_refuse", serial, content: command.type });
      case "content":
        // A stream that fails is one that the host does not want any more, or the end of them all.
        return await this.#give(serial, command.content).catch(() => {});
      case "fetch": {
        const { type } = command;
        const content = await this.#fetch(serial, type).catch((): ClipboardFailure => "gone");
        const { post } = this.#context;
        if (typeof content === "string") {
          const event = { kind: "failed", serial, type, failure: content } as const;
          return post({ type: "clipboard", event });
        }
        const event = { kind: "content", serial, content } as const;
        return post({ type: "clipboard", event }, [content.bytes.buffer, content.hash.buffer]);
      }
    }
  }

  async #give(serial: number, { type, bytes, hash }: PageContent): Promise<void> {
    const stream = await this.#link?.openUnidirectional();
    const writer = stream?.getWriter();
    if (writer === undefined) return;
    writer.closed.catch(() => {});
    const header = { type, serial, bytes: bytes.byteLength, hash };
    await writer.write(encodeClipboardHeader(header));
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      await writer.write(bytes.subarray(at, at + PIECE_BYTES));
    }
    await writer.close();
  }

  async #fetch(serial: number, type: ClipboardType): Promise<PageContent | ClipboardFailure> {
    const stream = await this.#link?.openBidirectional();
    if (stream === undefined) return "gone";
    const writer = stream.writable.getWriter();
    writer.closed.catch(() => {});
    const reader = stream.readable.getReader();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reader.cancel().catch(() => {});
    }, FETCH_MS);
    try {
      await writer.write(encodeClipboardFetch({ type, serial }));
      writer.close().catch(() => {});
      const content = await readAnswer(reader, this.#limits.get(type) ?? 0);
      return isLate ? "timeout" : content;
    } finally {
      clearTimeout(timer);
      reader.cancel().catch(() => {});
    }
  }
}

/** Reads a header and as many bytes as it names, and compares their hash. */
async function readAnswer(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<PageContent | ClipboardFailure> {
  const header = new Uint8Array(CLIPBOARD_HEADER_BYTES);
  let filled = 0;
  let content: PageContent | undefined;
  for (;;) {
    const { value, done } = await reader.read();
    // The host gives up what is not its newest any more.
    if (done) return "gone";
    let rest = value;
    if (content === undefined) {
      const taken = rest.subarray(0, CLIPBOARD_HEADER_BYTES - filled);
      header.set(taken, filled);
      filled += taken.byteLength;
      if (filled < CLIPBOARD_HEADER_BYTES) continue;
      rest = rest.subarray(taken.byteLength);
      const answer = parseClipboardAnswer(header);
      if (typeof answer === "string") return answer;
      if (answer.bytes > limit) return "too_large";
      const { type, bytes, hash } = answer;
      content = { type, bytes: new Uint8Array(bytes), hash: new Uint8Array(hash) };
      filled = 0;
    }
    if (rest.byteLength > content.bytes.byteLength - filled) return "bad_content";
    content.bytes.set(rest, filled);
    filled += rest.byteLength;
    if (filled === content.bytes.byteLength) return await checked(content);
  }
}

async function checked(content: PageContent): Promise<PageContent | ClipboardFailure> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", content.bytes));
  return hash.every((byte, at) => byte === content.hash[at]) ? content : "bad_content";
}
