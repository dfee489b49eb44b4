/** Tests of src/files/transfer_share.ts and upload_credit.ts: what may go, and how far. */

import t from "tap";
import { FILE_SHARE, TransferShare } from "../../../src/files/transfer_share.ts";
import { UPLOAD_WINDOW_BYTES, UploadCredit } from "../../../src/files/upload_credit.ts";
import { seededRandom } from "../../seeded.ts";

const TARGET_BPS = 8_000_000;
const RATE = TARGET_BPS * FILE_SHARE / 8;

t.test("TransferShare limits nothing while no picture is sent", (t) => {
  const share = new TransferShare();
  t.equal(share.bytesPerSecond, undefined);
  t.equal(share.take(1e9, 0), 1e9);
  t.equal(share.waitUs(1e9, 0), 0);
  t.end();
});

t.test("TransferShare never gives more than its share, however it is asked", (t) => {
  const share = new TransferShare();
  const random = seededRandom("transfer share");
  share.setTarget(TARGET_BPS, 0);
  let [nowUs, taken, worst] = [0, 0, 0];
  while (nowUs < 20_000_000) {
    nowUs += random.int(30_000);
    if (random.int(3) === 0) share.setTarget(TARGET_BPS, nowUs);
    taken += share.take(random.int(100_000), nowUs);
    worst = Math.max(worst, taken - RATE * nowUs / 1e6);
  }
  t.ok(worst <= RATE * 0.05 + 1, `at most 50 ms ahead: ${worst} bytes`);
  t.ok(taken > RATE * nowUs / 1e6 * 0.95, "and hardly less");
  t.end();
});

t.test("TransferShare says when to come back", (t) => {
  const share = new TransferShare();
  share.setTarget(TARGET_BPS, 0);
  t.equal(share.take(1000, 0), 0, "nothing was saved up before");
  const waitUs = share.waitUs(3000, 0);
  t.equal(waitUs, 20_000);
  t.equal(share.take(3000, waitUs - 1000), 2850);
  t.equal(share.waitUs(150, waitUs - 1000), 1000);
  t.equal(share.take(1e6, 10e6), RATE * 0.05, "at once only 50 ms of it");
  t.end();
});

t.test("TransferShare follows the target, and lets go when the picture ends", (t) => {
  const share = new TransferShare();
  share.setTarget(TARGET_BPS, 0);
  share.setTarget(TARGET_BPS / 4, 0);
  t.equal(share.bytesPerSecond, RATE / 4);
  share.setTarget(20_000, 0);
  t.equal(share.waitUs(1e6, 0), Math.ceil(4096 / 375 * 1e6), "a piece of 4 KiB at the least");
  share.setTarget(undefined, 1);
  t.equal(share.take(5e6, 1), 5e6);
  share.setTarget(TARGET_BPS, 9e6);
  t.equal(share.take(5e6, 9e6), 0, "time without a limit earned nothing");
  t.end();
});

t.test("UploadCredit opens a window ahead of what is written", (t) => {
  const share = new TransferShare();
  const credit = new UploadCredit(10 * UPLOAD_WINDOW_BYTES, 5);
  t.ok(credit.grant(share, 0));
  t.equal(credit.granted, 5 + UPLOAD_WINDOW_BYTES);
  t.notOk(credit.grant(share, 0), "nothing more yet");
  credit.receive(1000);
  credit.write(1000);
  t.notOk(credit.grant(share, 0), "too little for a message");
  credit.receive(UPLOAD_WINDOW_BYTES - 1000);
  t.ok(credit.isIdle);
  credit.write(UPLOAD_WINDOW_BYTES - 1000);
  t.ok(credit.grant(share, 0));
  t.equal(credit.granted, 5 + 2 * UPLOAD_WINDOW_BYTES);
  t.end();
});

t.test("UploadCredit refuses what was not granted", (t) => {
  const credit = new UploadCredit(100, 0);
  t.throws(() => credit.receive(1), { name: "ProtocolError", reason: "too_large" });
  credit.grant(new TransferShare(), 0);
  t.equal(credit.granted, 100, "the last bytes, however few");
  credit.receive(100);
  t.throws(() => credit.receive(1), { name: "ProtocolError" });
  t.end();
});

t.test("UploadCredit gives small grants when the share is small", (t) => {
  const share = new TransferShare();
  share.setTarget(TARGET_BPS, 0);
  const credit = new UploadCredit(1e6, 0);
  t.notOk(credit.grant(share, 0));
  t.ok(credit.grant(share, 10_000));
  t.equal(credit.granted, 1500);
  t.end();
});
