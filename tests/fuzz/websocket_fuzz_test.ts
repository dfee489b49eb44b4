/**
 * Runs the fuzz targets of src/transport/websocket, and the WebTransport library behind what stands
 * before it: whatever a browser sends, an exception ends its session and leaves nothing behind that
 * would end the process. WAVRY_FUZZ_CASES sets the cases of each.
 */

import t from "tap";
import { LibraryConnection } from "../../src/transport/library_connection.ts";
import {
  TCP_SESSION_PATH,
  WebTransportLibrary,
} from "../../src/transport/websocket/webtransport_library.ts";
import { seededRandom } from "../seeded.ts";
import type { SeededRandom } from "../seeded.ts";
import { websocketTargets } from "./targets/websocket_targets.ts";

const DEFAULT_CASES = 20_000;
const cases = Number(Deno.env.get("WAVRY_FUZZ_CASES") ?? DEFAULT_CASES);
/** A session of the library costs as much as a hundred of the others. */
const SESSIONS = Math.ceil(cases / 200);
const MESSAGES_PER_SESSION = 200;
const TYPES = [
  ...Array.from({ length: 13 }, (_, index) => 0x190b4d38 + index),
  ...[0x2843, 0x78ae, 0, 0x31],
];
const NUMBERS = [1, 1, 1, 3, 3, 3, 5, 5, 7, 7, 9, 11, 13, 15, 61, 63, 101, 127, 2];

for (const target of websocketTargets) {
  t.test(`Parser of ${target.name} survives ${cases} cases`, (t) => {
    const random = seededRandom(`fuzz ${target.name}`);
    for (let index = 0; index < cases; index++) target.run(random);
    t.ok(cases > 0, `${cases} cases`);
    t.end();
  });
}

t.test(`WebTransportLibrary survives ${SESSIONS} hostile browsers`, async (t) => {
  const uncaught: string[] = [];
  const listen = (event: Event) => {
    event.preventDefault();
    const { error, reason } = event as ErrorEvent & PromiseRejectionEvent;
    uncaught.push(String(error ?? reason));
  };
  globalThis.addEventListener("error", listen);
  globalThis.addEventListener("unhandledrejection", listen);
  const random = seededRandom("hostile browsers");
  const library = await WebTransportLibrary.load();
  let faults = 0;
  let messages = 0;
  for (let socketId = 1; socketId <= SESSIONS; socketId++) {
    const { socket, session } = library.accept({
      send: () => true,
      ended: (fault) => void (fault === undefined || faults++),
    }, { socketId, path: TCP_SESSION_PATH, protocol: "webtransport_kDraft2", remoteAddress: "x" });
    const made = await session;
    await made!.ready;
    const connection = new LibraryConnection(made!, {
      ...{ remoteAddress: "x", isBlocked: false, sendDatagram: () => true },
      get isBroken() {
        return socket.isBroken;
      },
      close: () => socket.abandon(),
    });
    await pause();
    for (let sent = 0; sent < MESSAGES_PER_SESSION && !socket.isEnded; sent++, messages++) {
      socket.push(hostileCapsule(random));
      if (random.int(20) === 0) connection.openBidirectional().catch(() => {});
      if (random.int(20) === 0) await pause();
    }
    socket.abandon();
    await connection.closed;
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  globalThis.removeEventListener("error", listen);
  globalThis.removeEventListener("unhandledrejection", listen);
  t.same(uncaught, []);
  t.ok(faults > 0, `${faults} of ${SESSIONS} sessions ended by a fault, in ${messages} messages`);
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function hostileCapsule(random: SeededRandom): Uint8Array {
  const bytes = integer(random.pick(TYPES));
  for (let left = random.int(4); left > 0; left--) bytes.push(...integer(random.pick(NUMBERS)));
  for (let left = random.int(5) === 0 ? random.int(300) : random.int(6); left > 0; left--) {
    bytes.push(random.int(256));
  }
  if (random.int(200) === 0) bytes.length = random.int(bytes.length + 1);
  return Uint8Array.from(bytes);
}

function integer(value: number): number[] {
  if (value < 64) return [value];
  if (value < 16_384) return [0x40 | value >> 8, value & 255];
  return [0x80 | (value >>> 24), value >>> 16 & 255, value >>> 8 & 255, value & 255];
}
