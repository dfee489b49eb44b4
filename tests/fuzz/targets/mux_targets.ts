/**
 * Fuzz targets of src/transport/mux and src/gateway: whatever a peer or a gateway process says, a
 * connection ends cleanly or goes on and holds no more than its windows, and what comes in pieces
 * means the same as in one.
 */

import { ProtocolError } from "../../../src/core/errors.ts";
import { encodeGatewayControl, parseGatewayControl } from "../../../src/gateway/gateway_control.ts";
import {
  GATEWAY_HEADER_BYTES,
  type GatewayKindName,
  writeGatewayHeader,
} from "../../../src/gateway/gateway_message.ts";
import { GatewaySplitter } from "../../../src/gateway/gateway_splitter.ts";
import type { MuxHandlers } from "../../../src/transport/mux/mux_channel.ts";
import { MuxConnection } from "../../../src/transport/mux/mux_connection.ts";
import { fromHex } from "../../vectors/read_vectors.ts";
import type { SeededRandom } from "../../seeded.ts";
import { expectProtocolErrorsOnly, type FuzzTarget, mutate } from "./wire_targets.ts";

const conversation: { from: string; bytes: string }[] = JSON.parse(
  await Deno.readTextFile(new URL("../../vectors/mux.json", import.meta.url)),
);
const SAID = ["client", "server"].map((from) =>
  conversation.filter((message) => message.from === from).map(({ bytes }) => fromHex(bytes))
);

/** Small windows, so that cases reach them. */
const LIMITS = {
  ...{ streamWindowBytes: 64, streamShareBytes: 16, connectionWindowBytes: 96 },
  ...{ bidirectionalMax: 2, unidirectionalMax: 2, unreadDatagramsMax: 4 },
  unreadDatagramBytesMax: 64,
};
const CASES_A_TURN = 64;
/** Four streams that bring bytes, and datagrams, of which the newest may be a whole message. */
const HELD_BYTES_MAX = 4 * 16 + 96 + 64 + 16_384;

const CONTROL = [
  encodeGatewayControl({ type: "pong", rssBytes: 7, heapBytes: 9 }),
  encodeGatewayControl({ type: "close_peer", reason: "gone" }),
  encodeGatewayControl({ type: "open_echo", remoteAddress: "192.0.2.1:9" }),
];
const MESSAGES = [
  gatewayMessage("control", 0, CONTROL[0]!),
  concat(gatewayMessage("mux", 1, new Uint8Array(40)), gatewayMessage("datagram", 1, SAID[0]![0]!)),
  concat(
    gatewayMessage("credit", 2, Uint8Array.of(9, 0, 0, 0)),
    gatewayMessage("raw", 2, CONTROL[1]!),
  ),
];

/** Every target of these folders. */
export const muxTargets: readonly FuzzTarget[] = [
  { name: "mux", run: fuzzMux },
  { name: "gateway messages", run: fuzzSplitter },
  {
    name: "gateway control",
    run: (random) => expectProtocolErrorsOnly(() => parseGatewayControl(mutate(random, CONTROL))),
  },
];

let turns = 0;

/** A promise now and then: what connections leave to the runtime needs a turn to end. */
function fuzzMux(random: SeededRandom): Promise<void> | undefined {
  const side = random.int(2);
  let handlers: MuxHandlers | undefined;
  let isClosed = false;
  const connection = new MuxConnection({
    ...{ remoteAddress: "fuzz", maxDatagramSize: 1_000, bufferedBytes: 0 },
    send: (message) => expect(message.length <= 16_384, "message of a connection"),
    start: (given) => handlers = given,
    close: () => isClosed = true,
  }, { side: side === 0 ? "server" : "client", transport: "loopback", ...LIMITS });
  const theirs = SAID[side]!;
  for (let step = 0; step < 12 && !isClosed; step++) {
    if (random.int(4) === 0) useConnection(connection, random);
    // In order most of the time, so that conversations get far.
    const bytes = random.int(3) === 0 ? mutate(random, theirs) : theirs[step % theirs.length]!;
    handlers!.message(bytes.slice());
    expect(connection.heldBytes <= HELD_BYTES_MAX, `${connection.heldBytes} bytes are held`);
    expect(connection.openStreams <= 8, "open streams");
  }
  // Ends the timer of a close as well.
  handlers!.closed("over");
  expect(connection.heldBytes === 0 && connection.openStreams === 0, "an ended one holds nothing");
  return ++turns % CASES_A_TURN === 0 ? Promise.resolve() : undefined;
}

function useConnection(connection: MuxConnection, random: SeededRandom): void {
  const never = () => {};
  const use = random.int(4);
  if (use === 0) connection.openUnidirectional().then((writable) => writable.abort()).catch(never);
  else if (use === 1) connection.openBidirectional().catch(never);
  else if (use === 2) connection.sendDatagram(random.bytes(random.int(40)));
  else connection.close(random.int(9), "enough");
}

function fuzzSplitter(random: SeededRandom): void {
  const bytes = mutate(random, MESSAGES);
  const read = (pieces: readonly Uint8Array[]): string => {
    const seen: string[] = [];
    const splitter = new GatewaySplitter(({ kind, peerId }, payload) =>
      seen.push(`${kind} ${peerId} ${payload}`)
    );
    let outcome = "";
    try {
      for (const piece of pieces) splitter.push(piece);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      outcome = error.message;
    }
    return `${seen.join()} ${outcome}`;
  };
  const cut = random.int(bytes.length + 1);
  const again = random.int(cut + 1);
  const pieces = [bytes.subarray(0, again), bytes.subarray(again, cut), bytes.subarray(cut)];
  expect(read([bytes]) === read(pieces), "gateway messages do not depend on the pieces");
}

function gatewayMessage(kind: GatewayKindName, peerId: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(GATEWAY_HEADER_BYTES + payload.length);
  writeGatewayHeader(bytes, 0, { kind, peerId, payloadBytes: payload.length });
  bytes.set(payload, GATEWAY_HEADER_BYTES);
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Broken: ${what}`);
}
