import t from "tap";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { HeldSound, heldSoundBytes } from "../../../src/replay/held_sound.ts";
import { SoundCursor } from "../../../src/replay/sound_cursor.ts";
import { seededRandom } from "../../seeded.ts";

const LIMITS = { seconds: 2, bitrateBps: 128_000, frameUs: 10_000 };

function setUp(limits = LIMITS) {
  const account = new MemoryLedger().account("replay");
  return { account, sound: new HeldSound(limits, account) };
}

/** Bytes that say which packet they are. */
function payloadOf(index: number, bytes = 160): Uint8Array {
  return new Uint8Array(bytes).fill(1 + index % 255);
}

function push(sound: HeldSound, index: number, bytes?: number): void {
  const times = { captureTimeUs: index * 10_000, durationUs: 10_000, channels: 2 };
  sound.push(times, payloadOf(index, bytes));
}

function readAll(sound: HeldSound, fromUs: number, beforeUs = Infinity) {
  const cursor = new SoundCursor(sound, fromUs);
  const read: { index: number; first: number; bytes: number }[] = [];
  for (let next = cursor.pull(beforeUs); next !== undefined; next = cursor.pull(beforeUs)) {
    const { packet, payload } = next;
    read.push({
      index: packet.captureTimeUs / 10_000,
      first: payload[0]!,
      bytes: payload.byteLength,
    });
  }
  return read;
}

t.test("HeldSound holds its seconds and gives packets as they were", (t) => {
  const { account, sound } = setUp();
  t.equal(account.reading.currentBytes, heldSoundBytes(LIMITS));
  for (let i = 0; i < 500; i++) push(sound, i);
  t.equal(sound.size, 201, "two seconds, and one");
  const read = readAll(sound, 3_500_000, 3_600_000);
  t.same(read.map(({ index }) => index), [350, 351, 352, 353, 354, 355, 356, 357, 358, 359]);
  t.ok(read.every(({ index, first, bytes }) => first === 1 + index % 255 && bytes === 160));
  t.equal(readAll(sound, 0)[0]!.index, 299, "who asks for more gets the oldest");
  push(sound, 100);
  t.equal(sound.size, 201, "what is older than the newest is left out");
  sound[Symbol.dispose]();
  sound[Symbol.dispose]();
  t.equal(account.reading.currentBytes, 0);
  t.equal(readAll(sound, 0).length, 0);
  t.end();
});

t.test("HeldSound is bounded by bytes as well, whatever the sizes", (t) => {
  const random = seededRandom("held sound");
  const { sound } = setUp({ ...LIMITS, seconds: 60 });
  const sizes = new Map<number, number>();
  for (let i = 0; i < 3000; i++) {
    sizes.set(i, 1 + random.int(1200));
    push(sound, i, sizes.get(i));
    if (i % 97 !== 0) continue;
    const read = readAll(sound, 0);
    t.equal(read.at(-1)!.index, i);
    const wrong = read.filter(({ index, first, bytes }) => {
      return bytes !== sizes.get(index) || first !== 1 + index % 255;
    });
    t.same(wrong, []);
  }
  t.ok(sound.size < 3000, `${sound.size} packets`);
  t.end();
});

t.test("HeldSound overwrites what is blanked, and goes on", (t) => {
  const { sound } = setUp();
  for (let i = 0; i < 150; i++) push(sound, i);
  sound.blank(505_000, 700_000);
  const gone = new Set(Array.from({ length: 21 }, (_, i) => 50 + i));
  t.same(
    readAll(sound, 0).map(({ index }) => index),
    Array.from({ length: 150 }, (_, i) => i).filter((i) => !gone.has(i)),
    "all that touches the span",
  );
  t.equal(sound.packet(55), undefined);
  for (let i = 150; i < 600; i++) push(sound, i);
  t.equal(readAll(sound, 0).length, 201, "the room of what was blanked comes back");
  const cursor = new SoundCursor(sound, 4_500_000);
  for (let i = 600; i < 1000; i++) push(sound, i);
  t.equal(cursor.pull(Infinity)!.packet.captureTimeUs, 7_990_000, "a slow reader goes on later");
  t.end();
});
