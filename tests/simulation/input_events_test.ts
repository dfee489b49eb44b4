/**
 * 100,000 random key and button events from the viewer's sender to the device, over a simulated path
 * that loses 5 % of all packets, is silent now and then and breaks several times: what arrives keeps
 * its order, every press has its end and nothing stays pressed.
 */

import t from "tap";
import type { InputSink } from "../../src/input/input_sink.ts";
import { evdevCodeOf } from "../../src/input/key_map.ts";
import { DeviceInput } from "../../src/media/device_input.ts";
import { InputReceiver } from "../../src/session/input_receiver.ts";
import { SessionRights } from "../../src/session/session_rights.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../../src/wire/control.ts";
import { INPUT_RECORD_BYTES, INPUT_STREAM_PREAMBLE } from "../../src/wire/input.ts";
import { InputSender } from "../../web/viewer/input/input_sender.ts";
import { seededRandom } from "../seeded.ts";

const EVENTS = 100_000;
const LOSS = 0.05;
const DELAY_US = 10_000;
/** A lost packet of the stream comes again this much later, and holds up all behind it. */
const REPEAT_US = 40_000;
const BEAT_US = 250_000;
/** Letters and digits, modifiers, arrows: nothing that a player may not press. */
const KEYS = [0x1e, 0x1f, 0x20, 0x02, 0x03, 0x2a, 0x1d, 0x38, 0xe04b, 0xe04d, 0xe01d, 0x39];
const BUTTONS = [1, 2, 3, 8, 9];
/** Kind of the record that lets go of everything. */
const RELEASE = 6;

/** A device that remembers what is down and what happened. */
class Device {
  readonly log: string[] = [];
  readonly held = new Set<string>();
  /** Presses of what was down, and ends of what was up. */
  wrong = 0;
  motions = 0;

  readonly sink = {
    key: (code, down) => this.#note(`key ${code}`, down),
    button: (code, down) => this.#note(`button ${code}`, down),
    pointerAbsolute: () => this.motions++,
    pointerRelative: () => this.motions++,
    releaseAll: () => 0,
    [Symbol.dispose]: () => {},
  } as Partial<InputSink> as InputSink;

  #note(name: string, down: boolean): void {
    if (this.held.has(name) === down) this.wrong++;
    if (down) this.held.add(name);
    else this.held.delete(name);
    this.log.push(`${name} ${down}`);
  }
}

/** The path of one connection: a stream in order, datagrams as they come. */
class Path {
  readonly stream: { readonly atUs: number; readonly bytes: Uint8Array }[] = [];
  readonly datagrams: { readonly atUs: number; readonly bytes: Uint8Array }[] = [];
  #lastUs = 0;

  constructor(readonly random: ReturnType<typeof seededRandom>) {}

  write(bytes: Uint8Array, nowUs: number): void {
    const isLost = this.random.next() < LOSS;
    this.#lastUs = Math.max(this.#lastUs, nowUs + DELAY_US + (isLost ? REPEAT_US : 0));
    this.stream.push({ atUs: this.#lastUs, bytes });
  }

  send(bytes: Uint8Array, nowUs: number): void {
    if (this.random.next() < LOSS) return;
    this.datagrams.push({ atUs: nowUs + DELAY_US + this.random.int(5000), bytes });
  }
}

/** Everything between the sender and the device, with what the receiver got written down. */
class Run {
  readonly device = new Device();
  readonly input = new DeviceInput(this.device.sink, { x: 0, y: 0, width: 1920, height: 1080 });
  readonly expected: string[] = [];
  readonly #expectedHeld = new Set<string>();
  readonly #random = seededRandom("input events");
  readonly #sender = new InputSender((record, datagram) => {
    if (record !== undefined) {
      if (isKeyOrButton(record)) this.#sent++;
      this.#path.write(record, this.nowUs);
    }
    if (datagram !== undefined) this.#path.send(datagram, this.nowUs);
  });
  nowUs = 0;
  cuts = 0;
  silences = 0;
  #path = new Path(this.#random);
  #receiver = this.#connect();
  #beatUs = 0;
  #isMute = false;
  #sent = 0;

  run(): void {
    while (this.#sent < EVENTS) {
      this.nowUs += this.#random.int(1500);
      const dice = this.#random.next();
      if (dice < 0.000_1) this.#cut();
      else if (dice < 0.000_2) this.#isMute = true;
      else if (dice < 0.001) this.#sender.release();
      else this.#act();
      if (this.nowUs >= this.#beatUs) this.#beat();
      this.#deliver();
    }
    this.nowUs += 10 * REPEAT_US;
    this.#deliver();
    this.#close();
  }

  #close(): void {
    this.#receiver.close();
    this.#expectRelease();
  }

  /** A key, a button or a motion. */
  #act(): void {
    const dice = this.#random.next();
    const down = this.#random.next() < 0.5;
    const position = { x: this.#random.int(65_536), y: this.#random.int(65_536) };
    if (dice < 0.2) this.#sender.moveTo(position);
    else if (dice < 0.8) this.#sender.key(this.#random.pick(KEYS), down);
    else this.#sender.button(this.#random.pick(BUTTONS), down, position);
  }

  #beat(): void {
    this.#beatUs = this.nowUs + BEAT_US;
    this.#sender.beat();
  }

  /** The page sleeps: nothing is sent until the host has let go. */
  #sleep(): void {
    this.#isMute = false;
    const before = this.#receiver.stats.silences;
    this.nowUs += (HEARTBEAT_TIMEOUT_MS + 1) * 1000 + 3 * REPEAT_US;
    this.#deliver();
    this.nowUs += (HEARTBEAT_TIMEOUT_MS + 1) * 1000;
    this.#receiver.expire(this.nowUs);
    this.#expectRelease();
    this.silences += this.#receiver.stats.silences - before;
  }

  /** The connection breaks: what is on its way is lost, in the middle of a record. */
  #cut(): void {
    const next = this.#path.stream.shift();
    if (next !== undefined) this.#receiver.push(next.bytes.subarray(0, 7), this.nowUs);
    this.#close();
    this.cuts++;
    this.#path = new Path(this.#random);
    this.#receiver = this.#connect();
  }

  #connect(): InputReceiver {
    const rights = new SessionRights("player");
    const receiver = new InputReceiver(rights, (records) => this.input.push(records, this.nowUs));
    this.#sender.begin(0);
    this.#path.write(Uint8Array.of(INPUT_STREAM_PREAMBLE), this.nowUs);
    return receiver;
  }

  /** Read by hand from what arrives: what the device is to see. */
  #expect(record: Uint8Array): void {
    if (record[0] === RELEASE) return this.#expectRelease();
    if (!isKeyOrButton(record)) return;
    const code = (record[2] ?? 0) | ((record[3] ?? 0) << 8);
    const name = record[0] === 1 ? `key ${evdevCodeOf(code)}` : `button ${code}`;
    const down = record[1] === 1;
    if (this.#expectedHeld.has(name) === down) return;
    if (down) this.#expectedHeld.add(name);
    else this.#expectedHeld.delete(name);
    this.expected.push(`${name} ${down}`);
  }

  #expectRelease(): void {
    for (const name of this.#expectedHeld) this.expected.push(`${name} false`);
    this.#expectedHeld.clear();
  }

  #deliver(): void {
    if (this.#isMute) return this.#sleep();
    const { stream, datagrams } = this.#path;
    while ((stream[0]?.atUs ?? Infinity) <= this.nowUs) {
      const bytes = stream.shift()?.bytes ?? new Uint8Array();
      this.#expect(bytes);
      const middle = this.#random.int(bytes.byteLength + 1);
      this.#receiver.push(bytes.subarray(0, middle), this.nowUs);
      this.#receiver.push(bytes.subarray(middle), this.nowUs);
    }
    while ((datagrams[0]?.atUs ?? Infinity) <= this.nowUs) {
      const bytes = datagrams.shift()?.bytes;
      if (bytes !== undefined) this.#receiver.motion(bytes, this.nowUs);
    }
  }
}

function isKeyOrButton(record: Uint8Array): boolean {
  return record.byteLength === INPUT_RECORD_BYTES && (record[0] === 1 || record[0] === 2);
}

t.test("100,000 events at 5 % loss with cuts and silences", (t) => {
  const run = new Run();
  run.run();
  const { device, input } = run;
  t.equal(device.wrong, 0, "no press of what is down, no end of what is up");
  t.equal(device.held.size, 0, "nothing stays pressed");
  t.strictSame(device.log.length, run.expected.length, `${device.log.length} changes`);
  t.ok(device.log.every((line, index) => line === run.expected[index]), "order kept");
  const presses = device.log.filter((line) => line.endsWith("true")).length;
  t.equal(device.log.length - presses, presses, "as many ends as presses");
  t.ok(presses > EVENTS * 0.45, `${presses} presses`);
  t.ok(run.cuts > 3 && run.silences > 3, `${run.cuts} cuts, ${run.silences} silences`);
  t.ok(device.motions > 10_000, `${device.motions} motions`);
  t.equal(input.stats.eventsRefused, 0);
  t.equal(input.stats.waitingMax, 0, "nothing waited at the device");
  t.end();
});
