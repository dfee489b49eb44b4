/** Tests of web/viewer/input/input_sender.ts. */

import t from "tap";
import { parseInputEvent, parsePointerMotion } from "../../../../src/wire/input.ts";
import type { InputEvent, PointerMotion } from "../../../../src/wire/input.ts";
import { InputReceiver } from "../../../../src/session/input_receiver.ts";
import { SessionRights } from "../../../../src/session/session_rights.ts";
import { InputSender } from "../../../../web/viewer/input/input_sender.ts";

function setUp() {
  const records: InputEvent[] = [];
  const motions: PointerMotion[] = [];
  const sender = new InputSender((record, datagram) => {
    if (record !== undefined) records.push(parseInputEvent(record));
    if (datagram !== undefined) motions.push(parsePointerMotion(datagram));
  });
  return { sender, records, motions };
}

t.test("InputSender sends nothing before a connection takes input and after it", (t) => {
  const { sender, records, motions } = setUp();
  sender.key(0x1e, true);
  sender.begin(0);
  sender.end();
  sender.key(0x1e, true);
  sender.button(1, true, { x: 1, y: 1 });
  sender.moveTo({ x: 1, y: 1 });
  sender.moveBy(1, 1);
  sender.beat();
  sender.release();
  t.same([records, motions], [[], []]);
  t.end();
});

t.test("InputSender numbers records from 1 for each connection", (t) => {
  const { sender, records } = setUp();
  sender.begin(0);
  sender.key(0x1e, true);
  sender.beat();
  sender.begin(0);
  sender.key(0x1e, true);
  t.same(records.map(({ kind, sequence }) => [kind, sequence]), [["key", 1], ["beat", 2], [
    "key",
    1,
  ]]);
  t.end();
});

t.test("InputSender holds back while another stream is on its way, then names it", (t) => {
  const { sender, records, motions } = setUp();
  sender.begin(0);
  sender.key(0x1e, true);
  sender.pause();
  t.notOk(sender.isEnabled);
  sender.key(0x1f, true);
  sender.button(1, true, { x: 1, y: 1 });
  sender.wheel(0, 120);
  sender.moveTo({ x: 1, y: 1 });
  sender.settle(false);
  sender.beat();
  sender.resume(2);
  sender.key(0x20, true);
  sender.moveTo({ x: 1, y: 1 });
  sender.pause();
  sender.resume(2);
  t.same(records.map(({ kind, code, sequence }) => `${sequence} ${kind} ${code}`), [
    ...["1 key 30", "2 release 0", "3 beat 0", "4 target 2", "5 key 32", "6 release 0"],
  ]);
  t.same(motions.map(({ streamId }) => streamId), [2]);
  sender.begin(0);
  sender.moveTo({ x: 1, y: 1 });
  t.equal(motions.at(-1)!.streamId, 0, "a new connection begins with its own");
  t.end();
});

t.test("InputSender drops repeats and ends of keys that are not down", (t) => {
  const { sender, records } = setUp();
  sender.begin(0);
  sender.key(0x1e, true);
  sender.key(0x1e, true);
  sender.key(0x30, false);
  sender.key(0x1e, false);
  t.same(records.map(({ code, down }) => [code, down]), [[0x1e, true], [0x1e, false]]);
  t.equal(sender.heldCount, 0);
  t.end();
});

t.test("InputSender lets go of everything with one record", (t) => {
  const { sender, records } = setUp();
  sender.begin(0);
  sender.key(0x1e, true);
  sender.button(1, true, { x: 5, y: 6 });
  t.equal(sender.heldCount, 2);
  sender.release();
  t.equal(sender.heldCount, 0);
  t.equal(records.at(-1)?.kind, "release");
  sender.key(0x1e, false);
  t.equal(records.length, 3, "the end of a released key is not sent");
  t.end();
});

t.test("InputSender gives clicks their position and the motion that they follow", (t) => {
  const { sender, records, motions } = setUp();
  sender.begin(3);
  sender.moveTo({ x: 100, y: 200 });
  sender.button(1, true, { x: 101, y: 201 });
  sender.button(1, false, undefined);
  t.match(motions[0], { relative: false, streamId: 3, sequence: 1, x: 100, y: 200 });
  t.match(records[0], { pointerSequence: 1, x: 101, y: 201 });
  t.match(records[1], { pointerSequence: 1, x: 101, y: 201 });
  t.end();
});

t.test("InputSender sends relative motion as running sums", (t) => {
  const { sender, motions } = setUp();
  sender.begin(0);
  sender.moveBy(10, -5);
  sender.moveBy(-3, 1);
  sender.settle(true);
  t.same(motions.map(({ sequence, x, y }) => [sequence, x, y]), [[1, 10, -5], [2, 7, -4], [
    3,
    7,
    -4,
  ]]);
  t.end();
});

t.test("InputSender says the last position again, reliably, when the pointer rests", (t) => {
  const { sender, records } = setUp();
  sender.begin(0);
  sender.moveTo({ x: 9, y: 8 });
  sender.settle(false);
  t.match(records[0], { kind: "absolute", x: 9, y: 8, pointerSequence: 1 });
  t.end();
});

t.test("InputSender keeps the wheel within the wire's bounds", (t) => {
  const { sender, records } = setUp();
  sender.begin(0);
  sender.wheel(0, 0);
  sender.wheel(-120, 1e9);
  t.same(records.map(({ x, y }) => [x, y]), [[-120, 12_000]]);
  t.end();
});

t.test("InputSender and InputReceiver agree, with datagrams lost on the way", (t) => {
  const applied: InputEvent[] = [];
  const receiver = new InputReceiver(
    new SessionRights("player"),
    (record) => applied.push(parseInputEvent(record)),
  );
  receiver.push(Uint8Array.of(0x49), 0);
  let datagrams = 0;
  const sender = new InputSender((record, datagram) => {
    if (record !== undefined) receiver.push(record, 0);
    if (datagram !== undefined && ++datagrams % 2 === 0) receiver.motion(datagram, 0);
  });
  sender.begin(0);
  for (let step = 0; step < 5; step++) sender.moveBy(4, -2);
  sender.settle(true);
  const relative = applied.filter(({ kind }) => kind === "relative");
  t.equal(relative.reduce((sum, { x }) => sum + x, 0), 20);
  t.equal(relative.reduce((sum, { y }) => sum + y, 0), -10);
  sender.key(0x2a, true);
  sender.release();
  t.same(applied.slice(-2).map(({ kind, code, down }) => [kind, code, down]), [
    ["key", 0x2a, true],
    ["key", 0x2a, false],
  ]);
  t.end();
});

t.test("InputSender sends what its hands may, and lets go when one may no longer", (t) => {
  const { sender, records, motions } = setUp();
  sender.begin(0);
  sender.key(0x1e, true);
  sender.setHands({ keyboard: false, pointer: true, pad: true });
  sender.key(0x1f, true);
  sender.text(0x41);
  sender.wheel(0, 120);
  sender.moveTo({ x: 1, y: 1 });
  sender.pad(0, 1);
  sender.setHands({ keyboard: false, pointer: false, pad: false });
  sender.button(1, true, { x: 1, y: 1 });
  sender.moveBy(1, 1);
  sender.pad(0, 2);
  sender.movePad(0, [1, 1, 1, 1, 1, 1]);
  sender.beat();
  sender.setHands({ keyboard: true, pointer: true, pad: true });
  sender.key(0x20, true);
  t.same(records.map(({ kind, code, sequence }) => `${sequence} ${kind} ${code}`), [
    ...["1 key 30", "2 release 0", "3 wheel 0", "4 pad 0", "5 release 0", "6 beat 0", "7 key 32"],
  ], "numbers have no gap, which a host would refuse");
  t.equal(motions.length, 1);
  t.end();
});
