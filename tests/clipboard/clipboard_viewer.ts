/**
 * ClipboardViewer: the clipboard of a viewer without a browser, for tests: asks for what the host
 * copied, offers, and gives or refuses what the host asks for. Written against docs/WIRE.md alone.
 */

import { createHash } from "node:crypto";
import type { ClientMessage, ServerMessage } from "../../src/wire/control.ts";
import { until } from "../end_to_end/host_process.ts";
import type { PlainViewer } from "../end_to_end/host_process.ts";
import type { SeededRandom } from "../seeded.ts";

const TYPES = ["text", "png", "html"] as const;
type Type = (typeof TYPES)[number];

/** A PNG's first bytes. */
export const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Bytes that say that they are a picture, and are different each time. */
export function pictureOf(bytes: number, random: SeededRandom): Uint8Array<ArrayBuffer> {
  const picture = random.bytes(bytes);
  picture.set(PNG_SIGNATURE);
  return picture;
}

/** A content's header, as section 11 of the wire format has it. */
export function contentHeader(
  header: { first: number; type: Type; serial: number; bytes: number; hash: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(44);
  const view = new DataView(target.buffer);
  view.setUint8(0, header.first);
  view.setUint8(1, TYPES.indexOf(header.type) + 1);
  view.setUint32(4, header.serial, true);
  view.setUint32(8, header.bytes, true);
  target.set(header.hash, 12);
  return target;
}

/** SHA-256. */
export function hashOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** A viewer's clipboard. */
export class ClipboardViewer {
  readonly viewer: PlainViewer;
  #serial = 0;
  #offered = new Map<number, ReadonlyMap<Type, Uint8Array>>();

  constructor(viewer: PlainViewer) {
    this.viewer = viewer;
  }

  /** The newest message of a type that `accept` takes. */
  heard<T extends ServerMessage["type"]>(
    type: T,
    accept?: (message: Extract<ServerMessage, { type: T }>) => boolean,
    limitMs?: number,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    return this.viewer.heard(type, accept, limitMs);
  }

  async send(message: ClientMessage): Promise<void> {
    await this.viewer.send(message);
  }

  /** Content of the host's offer: its bytes, or the code of why there is none. */
  async fetch(serial: number, type: Type): Promise<Uint8Array | number> {
    const stream = await this.viewer.client.openBidirectional();
    const request = new Uint8Array([0x63, TYPES.indexOf(type) + 1, 0, 0, 0, 0, 0, 0]);
    new DataView(request.buffer).setUint32(4, serial, true);
    const writer = stream.writable.getWriter();
    await writer.write(request);
    await writer.close();
    const parts: Uint8Array[] = [];
    for await (const part of stream.readable) parts.push(part.slice());
    const answer = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    if (answer[0] !== 0) return answer[0] ?? -1;
    const content = answer.subarray(44);
    const view = new DataView(answer.buffer);
    if (view.getUint32(8, true) !== content.byteLength) throw new Error("Not as long as it says");
    if (String(answer.subarray(12, 44)) !== String(hashOf(content))) throw new Error("Wrong hash");
    return content;
  }

  /** Offers contents; resolves with what came of it. */
  async offer(contents: ReadonlyMap<Type, Uint8Array>): Promise<string> {
    const serial = ++this.#serial;
    this.#offered.set(serial, contents);
    const items = [...contents].map(([type, { byteLength }]) => ({ type, bytes: byteLength }));
    await this.send({ type: "clipboard_offer", serial, items });
    const isIt = (message: { serial: number }) => message.serial === serial;
    return (await this.heard("clipboard_outcome", isIt)).outcome;
  }

  /** Waits until the host asks for content of the newest offer, and gives it. */
  async giveWhenAsked(type: Type): Promise<void> {
    const serial = this.#serial;
    await this.heard("clipboard_request", (message) => {
      return message.serial === serial && message.content === type;
    });
    const bytes = this.#offered.get(serial)!.get(type)!;
    await this.give(serial, type, bytes);
  }

  /** Gives content on a stream of its own. */
  async give(serial: number, type: Type, bytes: Uint8Array, hash = hashOf(bytes)): Promise<void> {
    const stream = await this.viewer.client.openUnidirectional();
    const writer = stream.getWriter();
    writer.closed.catch(() => {});
    const header = { first: 0x43, type, serial, bytes: bytes.byteLength, hash };
    await writer.write(contentHeader(header));
    await writer.write(bytes);
    await writer.close();
  }

  /** The newest serial that it offered under. */
  get serial(): number {
    return this.#serial;
  }

  /** How often the host asked for content. */
  get requests(): number {
    return this.viewer.said.filter(({ type }) => type === "clipboard_request").length;
  }

  /** Waits until the session has ended; resolves with why. */
  async ended(): Promise<string> {
    return await until(
      () => this.viewer.said.find((message) => message.type === "ended")?.reason,
      "the end of the session",
    );
  }
}
