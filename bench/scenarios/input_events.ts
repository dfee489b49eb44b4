/**
 * Input events: random keys and buttons from a viewer of the real protocol through a relay that loses
 * packets, to a real X client, with a connection that breaks in the middle. What the client saw is
 * compared with what was sent, event by event.
 */

import { randomFromSeed, type SeededRandom } from "../../tests/seeded.ts";
import { INPUT_STREAM_PREAMBLE } from "../../src/wire/input.ts";
import { evdevCodeOf } from "../../src/input/key_map.ts";
import { InputSender } from "../../web/viewer/input/input_sender.ts";
import { InputLog, X_KEYCODE_OFFSET } from "../measure/input_log.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { RawViewer, readCertificate } from "../measure/raw_viewer.ts";
import { type HostRig, startHostRig } from "../measure/rig.ts";
import { wait } from "../measure/wait.ts";
import { FaultRelay } from "../relay/fault_relay.ts";
import { LinkModel } from "../simulator/link_model.ts";

const SIDE = 640;
const LOSS = 0.05;
const DELAY_US = 5000;
/** Pace: the host takes 2,000 records a second. */
const BATCH_MS = 10;
const BATCH_EVENTS = 16;
const BEAT_BATCHES = 25;
/** Sent in the moment of the break, so that it meets some on their way. */
const BREAK_EVENTS = 200;
/** Events that are on their way at most: a quarter of a second of them. */
const UNSEEN_MAX = 400;
/** What takes longer than this does not come any more. */
const STALL_MS = 5000;
const QUIET_MS = 1500;
const BRIEF_MS = 300;
const SETTLE_MS = 20_000;
/** Letters, digits, space, Shift and arrows: nothing that leaves the desktop. */
const KEYS = [0x1e, 0x1f, 0x20, 0x21, 0x02, 0x03, 0x39, 0x2a, 0xe04b, 0xe04d, 0xe048, 0xe050];
const BUTTONS = [1, 2, 3, 8, 9];

/** How much to send. */
export interface InputEventsOptions {
  readonly seed: number;
  readonly events: number;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface InputEventsResult {
  readonly sent: number;
  readonly seen: number;
  /** Events that came out of order, twice or from nowhere. */
  readonly misplaced: number;
  /** Events of the connection that ended in peace which never came. */
  readonly missing: number;
  /** Presses without an end. */
  readonly stuck: number;
  /** Events that were on their way when the connection broke. */
  readonly lostInBreak: number;
  readonly packetsLost: number;
  /** Ends that the host made, at the break and after silence. */
  readonly released: number;
}

/** Sends half of the events on each of two connections, of which the first breaks. */
export async function runInputEvents(options: InputEventsOptions): Promise<InputEventsResult> {
  const { seed, signal } = options;
  await using group = new ProcessGroup(signal);
  const log = new InputLog();
  const link = (name: string) =>
    new LinkModel({
      delayUs: DELAY_US,
      losses: [{ kind: "independent", rate: LOSS }],
    }, { seed, name });
  const relay = FaultRelay.listen({ down: link("down"), up: link("up") });
  group.defer(() => relay.close());
  const rig = await startHostRig(group, {
    ...{ width: SIDE, height: SIDE, content: "still", fps: 30, seed },
    onInput: log.note,
  }, signal);
  relay.forwardTo(Number(new URL(rig.host.origin).port));
  const random = randomFromSeed(seed);
  const judges: Judgement[] = [];
  for (const isBroken of [true, false]) {
    const from = log.seen.length;
    const sent = await sendOver(rig, random, { ...options, isBroken, log, port: relay.port });
    // The end of a broken one may be lost as well: then silence ends it.
    await log.settle(isBroken ? QUIET_MS : BRIEF_MS, SETTLE_MS, signal);
    judges.push(judge(sent, log.changes(from)));
  }
  const [broken, whole] = judges as [Judgement, Judgement];
  return {
    sent: broken.sent + whole.sent,
    seen: broken.seen + whole.seen,
    misplaced: broken.misplaced + whole.misplaced,
    missing: whole.sent - whole.matched,
    stuck: broken.stuck + whole.stuck,
    lostInBreak: broken.sent - broken.matched,
    released: broken.released + whole.released,
    packetsLost: relay.stats.up.lost + relay.stats.down.lost,
  };
}

/** One connection; gives what was sent, as the X client is to see it. */
async function sendOver(
  rig: HostRig,
  random: SeededRandom,
  { events, isBroken, log, port, signal }: InputEventsOptions & {
    readonly isBroken: boolean;
    readonly log: InputLog;
    readonly port: number;
  },
): Promise<string[]> {
  const certificate = await readCertificate(rig.stateDirectory);
  const viewer = await RawViewer.connect(rig.host, certificate, port);
  // A display that nobody watches has no capture after a while, and no input either.
  await viewer.play(0, 1);
  const writer = (await viewer.client.openUnidirectional()).getWriter();
  const sent: string[] = [];
  let batch: number[] = [INPUT_STREAM_PREAMBLE];
  const sender = new InputSender((record, datagram) => {
    if (record !== undefined) batch.push(...record);
    if (datagram !== undefined) viewer.client.sendDatagram(datagram);
  });
  sender.begin(0);
  const held = new Set<string>();
  const before = log.changeCount;
  const actOften = (times: number) => {
    for (let index = 0; index < times; index++) {
      const change = act(sender, random, held);
      if (change !== undefined) sent.push(change);
    }
  };
  for (let batches = 0; sent.length < events / 2; batches++) {
    actOften(BATCH_EVENTS);
    if (batches % BEAT_BATCHES === 0) sender.beat();
    writer.write(Uint8Array.from(batch)).catch(() => {});
    batch = [];
    await wait(BATCH_MS, signal);
    if (!await log.reach(before + sent.length - UNSEEN_MAX, STALL_MS, signal)) break;
  }
  if (isBroken) {
    actOften(BREAK_EVENTS);
    writer.write(Uint8Array.from(batch)).catch(() => {});
    viewer.vanish();
    return sent;
  }
  sender.release();
  await writer.write(Uint8Array.from(batch));
  await log.settle(QUIET_MS, SETTLE_MS, signal);
  await viewer.quit();
  return sent;
}

/** Presses what is up or releases what is down; what the X client is to see of it. */
function act(sender: InputSender, random: SeededRandom, held: Set<string>): string | undefined {
  if (random.int(10) === 0) {
    sender.moveTo({ x: random.int(65_536), y: random.int(65_536) });
    return undefined;
  }
  const isKey = random.int(4) > 0;
  const code = random.pick(isKey ? KEYS : BUTTONS);
  const name = isKey ? `key ${(evdevCodeOf(code) ?? 0) + X_KEYCODE_OFFSET}` : `button ${code}`;
  const down = !held.has(name);
  if (down) held.add(name);
  else held.delete(name);
  if (isKey) sender.key(code, down);
  else sender.button(code, down, { x: random.int(65_536), y: random.int(65_536) });
  return `${name} ${down}`;
}

interface Judgement {
  readonly sent: number;
  readonly seen: number;
  readonly matched: number;
  readonly misplaced: number;
  /** Ends that nobody sent. */
  readonly released: number;
  readonly stuck: number;
}

/**
 * What was seen must be a beginning of what was sent, and then the ends of what is held. In between the
 * host may let go of all, when the path is silent for a second; then the ends that follow are nothing.
 */
export function judge(sent: readonly string[], seen: readonly string[]): Judgement {
  const held = new Set<string>();
  let matched = 0;
  let misplaced = 0;
  let released = 0;
  for (const change of seen) {
    const name = nameOf(change);
    const down = isDown(change);
    matched = skipNothings(sent, matched, held);
    if (change === sent[matched]) matched++;
    else if (!down && held.has(name)) released++;
    else misplaced++;
    if (down) held.add(name);
    else held.delete(name);
  }
  matched = skipNothings(sent, matched, held);
  return { sent: sent.length, seen: seen.length, matched, misplaced, released, stuck: held.size };
}

/** The first from `at` on that changes what is held. */
function skipNothings(sent: readonly string[], at: number, held: ReadonlySet<string>): number {
  while (at < sent.length && !isDown(sent[at]!) && !held.has(nameOf(sent[at]!))) at++;
  return at;
}

function nameOf(change: string): string {
  return change.slice(0, change.lastIndexOf(" "));
}

function isDown(change: string): boolean {
  return change.endsWith("true");
}
