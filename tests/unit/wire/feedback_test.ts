/** Tests of src/wire/feedback.ts against the vectors, round trips and bad bytes. */

import fc from "fast-check";
import t from "tap";
import {
  ARRIVAL_AGE_UNIT_US,
  encodeFeedback,
  FEEDBACK_HEADER_BYTES,
  MAX_FEEDBACK_ARRIVALS,
  MAX_FEEDBACK_BITMAP_BYTES,
  MAX_FEEDBACK_BYTES,
  parseFeedback,
} from "../../../src/wire/feedback.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";
import { datagramClass } from "../../../src/wire/packet.ts";
import { seededRandom } from "../../seeded.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

type Fields = Omit<Feedback, "bitmap"> & { readonly bitmap: string };

const vectors = (await readVectors("feedback.json")).map(({ name, bytes, fields }) => {
  const { bitmap, ...rest } = fields as Fields;
  return { name, bytes, feedback: { ...rest, bitmap: fromHex(bitmap) } };
});
const GOOD = vectors[1]!;

t.test("encodeFeedback and parseFeedback agree with docs/WIRE.md's vectors", (t) => {
  for (const { name, bytes, feedback } of vectors) {
    t.equal(toHex(encodeFeedback(feedback)), bytes, name);
    t.same(parseFeedback(fromHex(bytes)), feedback, name);
    t.equal(datagramClass(fromHex(bytes)), "feedback");
  }
  t.end();
});

t.test("Feedback survives the way, to the resolution of its fields", (t) => {
  const u16 = fc.nat(0xffff);
  const u32 = fc.nat(0xffff_ffff);
  const clock = fc.nat(2 ** 50);
  const feedback = fc.record({
    streamId: fc.nat(15),
    epoch: fc.nat(15),
    sequence: u16,
    newestSequence: u16,
    newestArrivalUs: clock,
    sentUs: clock,
    packetsReceived: fc.nat(2 ** 40),
    firstMissingId: u32,
    missingLength: fc.nat(100_000),
    deficit: fc.nat(100_000),
    loss: fc.double({ min: 0, max: 1, noNaN: true }),
    burstLength: fc.double({ min: 1, max: 1000, noNaN: true }),
    lastCompleteFrameId: u32,
    damagedFrameId: u32,
    presentedFrameId: u32,
    presentedUs: clock,
    recovered: fc.nat(2 ** 40),
    decodeQueue: fc.nat(1000),
    bitmap: fc.uint8Array({ maxLength: MAX_FEEDBACK_BITMAP_BYTES }),
    ages: fc.array(fc.tuple(u16, fc.nat(1_040_000)), { maxLength: MAX_FEEDBACK_ARRIVALS }),
  });
  const check = fc.property(feedback, ({ ages, ...fields }) => {
    const arrivals = ages.map(([transportSequence, ageUs]) => ({
      transportSequence,
      arrivalUs: fields.newestArrivalUs + 2 ** 33 - ageUs,
    }));
    const parsed = parseFeedback(encodeFeedback({ ...fields, arrivals }));
    const { loss, burstLength, arrivals: marks, ...rest } = parsed;
    const { loss: _loss, burstLength: _burst, ...sent } = fields;
    if (Math.abs(loss - fields.loss) > 1 / 65_535) return false;
    if (Math.abs(burstLength - Math.min(fields.burstLength, 256)) > 1 / 128) return false;
    const areNear = marks.every((mark, index) => {
      const [sequence, ageUs] = ages[index]!;
      const parsedAgeUs = (parsed.newestArrivalUs - mark.arrivalUs + 2 ** 32) % 2 ** 32;
      return mark.transportSequence === sequence &&
        Math.abs(parsedAgeUs - ageUs) <= ARRIVAL_AGE_UNIT_US;
    });
    const expected = {
      ...sent,
      newestArrivalUs: sent.newestArrivalUs % 2 ** 32,
      sentUs: sent.sentUs % 2 ** 32,
      presentedUs: sent.presentedUs % 2 ** 32,
      packetsReceived: sent.packetsReceived % 2 ** 32,
      recovered: sent.recovered % 2 ** 16,
      missingLength: Math.min(sent.missingLength, 0xffff),
      deficit: Math.min(sent.deficit, 0xffff),
      decodeQueue: Math.min(sent.decodeQueue, 255),
    };
    return areNear && marks.length === ages.length && same(rest, expected);
  });
  fc.assert(check, { numRuns: 1000, seed: seededRandom("feedback").seed | 0 });
  t.pass("1,000 runs");
  t.end();
});

function same(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  return Object.keys(b).length === Object.keys(a).length &&
    Object.entries(b).every(([key, value]) => String(a[key]) === String(value));
}

t.test("encodeFeedback cuts what is too long: the newest marks, the first bits", (t) => {
  const arrivals = Array.from({ length: 20 }, (_, index) => ({
    transportSequence: index,
    arrivalUs: GOOD.feedback.newestArrivalUs,
  }));
  const bytes = encodeFeedback({ ...GOOD.feedback, arrivals, bitmap: new Uint8Array(100).fill(7) });
  t.equal(bytes.byteLength, MAX_FEEDBACK_BYTES);
  const parsed = parseFeedback(bytes);
  t.same(parsed.arrivals.map((mark) => mark.transportSequence), [
    ...Array.from({ length: 16 }, (_, index) => index + 4),
  ]);
  t.end();
});

t.test("parseFeedback refuses each value that the format does not allow", (t) => {
  const cases: [string, (bytes: Uint8Array) => Uint8Array | void][] = [
    ["another class", (bytes) => void (bytes[0] = 0x80)],
    ["another kind", (bytes) => void (bytes[0] = 0xc1)],
    ["a bitmap longer than there are bytes", (bytes) => void bytes[6]!++],
    ["a bitmap above the limit", (bytes) => void (bytes[6] = MAX_FEEDBACK_BITMAP_BYTES + 1)],
    ["more marks than there are bytes", (bytes) => void bytes[7]!++],
    ["marks above the limit", (bytes) => void (bytes[7] = MAX_FEEDBACK_ARRIVALS + 1)],
    ["a reserved byte", (bytes) => void (bytes[51] = 1)],
    ["a byte too many", (bytes) => Uint8Array.of(...bytes, 0)],
  ];
  for (const [name, change] of cases) {
    const bytes = fromHex(GOOD.bytes);
    t.throws(() => parseFeedback(change(bytes) ?? bytes), { name: "ProtocolError" }, name);
  }
  for (let length = 0; length < GOOD.bytes.length / 2; length++) {
    const bytes = fromHex(GOOD.bytes).subarray(0, length);
    const error = { name: "ProtocolError" };
    t.throws(() => parseFeedback(bytes), error, `${length} of ${FEEDBACK_HEADER_BYTES} bytes`);
  }
  t.end();
});

t.test("parseFeedback reads a datagram that lies within a larger buffer", (t) => {
  const outer = new Uint8Array(300).fill(0xee);
  const bytes = fromHex(GOOD.bytes);
  outer.set(bytes, 7);
  const parsed = parseFeedback(outer.subarray(7, 7 + bytes.byteLength));
  t.same(parsed.arrivals, GOOD.feedback.arrivals);
  t.equal(toHex(parsed.bitmap), toHex(GOOD.feedback.bitmap));
  t.end();
});
