/** GatewayProcess and GatewayLink with real processes that behave, and that do not. */

import { fileURLToPath } from "node:url";
import t from "tap";
import { monotonicClock } from "../../../src/core/clock.ts";
import type { LogFields, Logger } from "../../../src/core/log.ts";
import { GatewayChannel } from "../../../src/gateway/gateway_channel.ts";
import { programCommandLine } from "../../../src/gateway/gateway_command_line.ts";
import { GATEWAY_KINDS } from "../../../src/gateway/gateway_message.ts";
import {
  GATEWAY_SHARE_BYTES,
  GATEWAY_UNDER_WAY_BYTES_MAX,
  type GatewayLink,
} from "../../../src/gateway/gateway_link.ts";
import type { GatewayPeer, GatewayPeerHandlers } from "../../../src/gateway/gateway_peer.ts";
import {
  GatewayProcess,
  type GatewayProcessOptions,
  type GatewayState,
} from "../../../src/gateway/gateway_process.ts";
import { MuxConnection } from "../../../src/transport/mux/mux_connection.ts";

const PROGRAM = fileURLToPath(new URL("echo_gateway.ts", import.meta.url));
const LINE = programCommandLine(PROGRAM, { heapMegabytes: 128 });
/** A machine may be slow; a test waits for conditions. */
const PATIENCE_MS = 30_000;
const NO_BACK_OFF = {
  ...{ stableMs: 0, firstDelayMs: 1, delayMsMax: 1, failuresMax: 3, failedDelayMs: 60_000 },
};

const processes: GatewayProcess[] = [];
t.teardown(() => Promise.all(processes.map((process) => process.close())));

/** A process with what it logged and which states it had. */
function make(options: Partial<GatewayProcessOptions> = {}) {
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const states: GatewayState[] = [];
  const at = (level: string) => (message: string, fields: LogFields = {}) => {
    lines.push({ level, message, fields });
  };
  const log: Logger = {
    ...{ error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") },
  };
  const process = new GatewayProcess({
    name: "test",
    command: () => LINE,
    log,
    clock: monotonicClock,
    stateChanged: (state) => states.push(state),
    ...options,
    limits: { restart: NO_BACK_OFF, ...options.limits },
  });
  processes.push(process);
  return { process, lines, states };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`Missing: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function open(link: GatewayLink, remoteAddress: string, handlers: GatewayPeerHandlers = {}) {
  return link.openPeer({ type: "open_echo", remoteAddress }, handlers)!;
}

function connect(link: GatewayLink): MuxConnection {
  const channel = new GatewayChannel(open(link, "test"), { remoteAddress: "test" });
  return new MuxConnection(channel, { side: "server", transport: "loopback" });
}

/** The reason why a peer ended. */
function ending(link: GatewayLink, fault: string): { peer: GatewayPeer; ended: Promise<string> } {
  let ended!: (reason: string) => void;
  const promise = new Promise<string>((resolve) => ended = resolve);
  const peer = open(link, fault, { message: () => false, ended });
  return { peer, ended: promise };
}

t.test("GatewayProcess starts when it is needed, once, and says what it is", async (t) => {
  const { process, lines, states } = make({ limits: { pingMs: 20, silentPingsMax: 1_000 } });
  t.match(process.stats, { state: "idle", pid: undefined, starts: 0, peers: 0 });
  const [link, same] = await Promise.all([process.link(), process.link()]);
  t.equal(link, same);
  t.equal(await process.link(), link);
  t.match(process.stats, { state: "running", starts: 1, crashes: 0 });
  await until(() => process.stats.rssBytes > 10_000_000, "its memory");
  open(link, "print");
  await until(() => lines.length > 0, "what a library printed");
  t.match(lines[0], { level: "warn", message: "Gateway process" });
  t.match(lines[0], { fields: { name: "test", line: "A library prints" } });
  t.equal(link.peers, 1);
  await process.close();
  t.match(process.stats, { state: "idle", pid: undefined, rssBytes: 0, heldBytes: 0 });
  t.same(states, ["starting", "running", "idle"]);
  await t.rejects(process.link(), { name: "TransportError", reason: "unavailable" });
});

t.test("GatewayProcess goes on after each fault of its process, and peers hear of it", async (t) => {
  const { process, lines } = make();
  const faults: readonly (readonly [fault: string, reason: RegExp])[] = [
    ["crash", /Pipe is closed|exit code 1/],
    ["garbage", /Cannot use a gateway message of kind|bytes of/],
    ["flood", /sends more than there is room for/],
  ];
  for (const [index, [fault, reason]] of faults.entries()) {
    const link = await process.link();
    const connection = connect(link);
    const { ended } = ending(link, fault);
    t.match(await ended, reason, `${fault}: why`);
    const info = await connection.closed;
    t.equal(info.clean, false, `${fault}: a connection breaks`);
    t.equal(connection.sendDatagram(Uint8Array.of(1)), false);
    t.equal(link.peers, 0);
    await until(() => process.stats.crashes === index + 1, "the end of the process");
    t.equal(process.stats.heldBytes <= GATEWAY_UNDER_WAY_BYTES_MAX, true);
  }
  const [one, other] = [connect(await process.link()), connect(await process.link())];
  one.sendDatagram(Uint8Array.of(1, 2));
  t.same([...(await other.readDatagram())!], [1, 2], "the next process works");
  t.equal(process.stats.starts, 4);
  const ends = lines.filter(({ message }) => message === "Gateway ended by itself");
  t.equal(ends.length, 3);
  t.ok(lines.some(({ fields }) => String(fields.line).includes("A library's fault")), "its words");
});

t.test("GatewayProcess ends a process that hangs, and holds little meanwhile", async (t) => {
  const { process } = make({ limits: { pingMs: 100, silentPingsMax: 20 } });
  const link = await process.link();
  const { peer, ended } = ending(link, "hang");
  const raw = new Uint8Array(GATEWAY_KINDS.raw.bytesMax);
  let sent = 0;
  while (peer.send("raw", raw)) sent += raw.length;
  t.ok(sent <= GATEWAY_KINDS.raw.underWayBytesMax + raw.length, `${sent} bytes to a peer`);
  const frame = new Uint8Array(2_000_000);
  let frames = 0;
  while (link.root.send("frame_out", frame)) frames++;
  t.ok(frames * frame.length <= GATEWAY_KINDS.frame_out.underWayBytesMax, `${frames} frames`);
  const others = Array.from({ length: 100 }, () => open(link, "test"));
  t.ok(others.every((other) => other.send("raw", raw)), "each peer has its share");
  while (others.some((other) => other.send("raw", raw)));
  const bytesMax = GATEWAY_UNDER_WAY_BYTES_MAX + 102 * (GATEWAY_SHARE_BYTES + 200);
  t.ok(link.unacknowledgedBytes <= bytesMax, `${link.unacknowledgedBytes} under way`);
  t.ok(link.unacknowledgedBytes > GATEWAY_UNDER_WAY_BYTES_MAX, "as much as may be");
  t.ok(link.heldBytes <= 2 * bytesMax + 1_000_000, `${link.heldBytes} held`);
  await ended;
  await until(() => process.stats.kills >= 1 && process.stats.starts >= 2, "another process");
  t.equal(link.unacknowledgedBytes, 0);
});

t.test("GatewayPeer has room again when the other end took something", async (t) => {
  const { process } = make();
  const link = await process.link();
  let drained = 0;
  const deaf = open(link, "deaf", { drained: () => drained++ });
  const raw = new Uint8Array(GATEWAY_KINDS.raw.bytesMax);
  await until(() => drained === 1, "credit for the message that opened it");
  while (deaf.send("raw", raw));
  const stuck = deaf.unacknowledgedBytes;
  const { underWayBytesMax } = GATEWAY_KINDS.raw;
  t.ok(stuck <= underWayBytesMax && stuck > underWayBytesMax - raw.length, `${stuck} under way`);
  const lively = open(link, "test", { drained: () => drained++ });
  for (let index = 0; index < 50; index++) {
    await until(() => lively.send("raw", raw), `room for piece ${index} of another peer`);
  }
  t.equal(deaf.unacknowledgedBytes, stuck, "the deaf one keeps its");
  await until(() => lively.unacknowledgedBytes === 0, "credit");
  deaf.close("");
  t.equal(link.unacknowledgedBytes, 0);
  t.equal(deaf.send("raw", raw), false, "none after its end");
  t.throws(() => lively.send("raw", new Uint8Array(raw.length + 1)), RangeError);
});

t.test("GatewayProcess ends when it is idle, and starts again", async (t) => {
  const { process, lines } = make({ limits: { pingMs: 20, idleMs: 1, silentPingsMax: 1_000 } });
  const release = process.hold();
  const link = await process.link();
  const peer = open(link, "test");
  release();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.equal(process.state, "running", "not while it has a peer");
  peer.close("");
  await until(() => process.state === "idle", "the end");
  t.match(lines.at(-1), { level: "info", message: "Gateway ended", fields: { reason: "idle" } });
  t.equal(process.stats.crashes, 0);
  const again = await process.link();
  t.not(again, link);
  t.equal(process.stats.starts, 2);
});

t.test("GatewayProcess gives up on a program that cannot run", async (t) => {
  for (const executable of ["/bin/false", "/nowhere/at/all"]) {
    const { process, lines } = make({
      command: () => ({ executable, args: [], env: {} }),
      limits: { restart: { ...NO_BACK_OFF, stableMs: 60_000 } },
    });
    await t.rejects(process.link(), { name: "TransportError", reason: "unavailable" });
    t.equal(process.state, "failed");
    t.equal(process.stats.starts, 3);
    t.match(lines.at(-1), { level: "error", message: "Gateway does not run" });
    await t.rejects(process.link(), { name: "TransportError" });
    await process.close();
  }
});
