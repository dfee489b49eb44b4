/** Tests of src/server/files/file_session.ts: offers, rights, places, shares, and peers that lie. */

import t, { type Test } from "tap";
import type { ServerMessage } from "../../../../src/wire/control.ts";
import { encodeFileStreamHeader } from "../../../../src/wire/file_transfer.ts";
import { digestOf } from "../../../end_to_end/file_sender.ts";
import { until } from "../../../end_to_end/host_process.ts";
import { FileRig, type RigSession } from "./file_rig.ts";

type Said<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

function heard<T extends ServerMessage["type"]>(session: RigSession, type: T): Promise<Said<T>> {
  return until(
    () => session.said.findLast((message): message is Said<T> => message.type === type),
    type,
  );
}

const openRig = (t: Test) => FileRig.open(`${t.testdir({})}/drop`);
const offer = (transferId: number, bytes = 100) => ({
  ...{
    type: "file_offer" as const,
    transferId,
    name: `f${transferId}`,
    bytes,
    modifiedMs: 1,
    isRepeat: false,
  },
});

t.test("FileSession tells rights once, and again when they change", async (t) => {
  const rig = await openRig(t);
  const session = rig.connect();
  t.same(session.said, [{ type: "file_rights", upload: true, download: true, maxBytes: 1e9 }]);
  session.files.refresh(1);
  t.equal(session.said.length, 1);
  session.permission = false;
  session.files.refresh(2);
  t.same(session.said[1], { type: "file_rights", upload: false, download: false, maxBytes: 0 });
  session.permission = true;
  session.files.refresh(3);
  t.equal(session.said.length, 3);
  rig.hasFolder = false;
  t.same(rig.connect().said, [], "nothing is offered without a folder");
  rig.hasFolder = true;
  rig.rights = { upload: false, download: false, maxBytes: 0 };
  t.same(rig.connect().said, [], "who may do nothing is told nothing");
});

t.test("FileSession refuses who may not, and ends what is under way when that changes", async (t) => {
  const rig = await openRig(t);
  const session = rig.connect();
  session.send(offer(1));
  await heard(session, "file_ready");
  session.permission = false;
  session.files.refresh(1);
  t.same(await heard(session, "file_failed"), {
    ...{ type: "file_failed", transferId: 1, reason: "not_allowed" },
  });
  session.send(offer(2));
  t.same(session.said.at(-1), { type: "file_failed", transferId: 2, reason: "not_allowed" });
  t.equal(session.files.openTransfers, 0);
  rig.rights = { upload: false, download: true, maxBytes: 1e9 };
  const reader = rig.connect();
  reader.send(offer(3));
  t.match(reader.said.at(-1), { type: "file_failed", reason: "not_allowed" });
});

t.test("FileSession has four places, and the host has some", async (t) => {
  const rig = await openRig(t);
  const session = rig.connect();
  for (let id = 1; id <= 5; id++) session.send(offer(id));
  t.match(session.said.at(-1), { type: "file_failed", transferId: 5, reason: "busy" });
  t.equal(session.files.openTransfers, 4);
  rig.places = 0;
  const other = rig.connect("b2");
  other.send(offer(1));
  t.match(other.said.at(-1), { type: "file_failed", reason: "busy" });
  session.send({ type: "file_cancel", transferId: 1 });
  rig.places = 1;
  session.send(offer(6));
  t.equal(session.files.openTransfers, 4);
  session.cut();
  t.equal(session.files.openTransfers, 0);
  await until(() => rig.folder.openUploads === 0, "parts to be let go of");
});

t.test("FileSession goes on with a part only for the browser that sent it", async (t) => {
  const rig = await openRig(t);
  const content = new Uint8Array(5000).fill(7);
  const session = rig.connect("mine");
  session.send(offer(1, content.byteLength));
  await heard(session, "file_credit");
  const writer = (await session.client.openUnidirectional()).getWriter();
  await writer.write(encodeFileStreamHeader({ transferId: 1, offset: 0 }));
  await writer.write(content.subarray(0, 3000));
  await until(() => session.files.transfer(1)?.progress.written === 3000, "bytes");
  session.cut();
  const stranger = rig.connect("theirs");
  stranger.send(offer(1, content.byteLength));
  t.equal((await heard(stranger, "file_ready")).offset, 0, "nothing is told of it");
  const back = rig.connect("mine");
  back.send(offer(1, content.byteLength));
  t.equal((await heard(back, "file_ready")).offset, 3000);
  const rest = (await back.client.openUnidirectional()).getWriter();
  await rest.write(encodeFileStreamHeader({ transferId: 1, offset: 3000 }));
  await rest.write(content.subarray(3000));
  await rest.write(digestOf(content));
  t.equal((await heard(back, "file_done")).name, "f1");
  t.same(await rig.names(), ["f1"]);
});

t.test("FileSession keeps all files of a session within its share", async (t) => {
  const rig = await openRig(t);
  rig.targetBps = 8_000_000;
  const session = rig.connect();
  for (let id = 1; id <= 3; id++) session.send(offer(id, 1e6));
  await until(() => session.said.filter(({ type }) => type === "file_ready").length === 3, "all");
  const granted = () =>
    [1, 2, 3].map((id) => {
      const credits = session.said.filter((message): message is Said<"file_credit"> => {
        return message.type === "file_credit" && message.transferId === id;
      });
      return credits.at(-1)?.until ?? 0;
    });
  for (let tick = 0; tick < 40; tick++) {
    rig.clock.advance(25_000);
    session.files.refresh(rig.clock.nowUs());
  }
  const sum = granted().reduce((all, bytes) => all + bytes, 0);
  t.ok(sum <= 150_000 * 1.06 && sum > 130_000, `15 % of 8 Mbit/s for a second: ${sum}`);
  t.ok(Math.min(...granted()) > 20_000, `each gets some: ${granted()}`);
  rig.targetBps = undefined;
  rig.clock.advance(500_000);
  session.files.refresh(rig.clock.nowUs());
  t.same(granted(), [1e6, 1e6, 1e6], "without a picture nothing limits");
  session.cut();
});

t.test("FileSession ends a session that breaks the protocol", async (t) => {
  const rig = await openRig(t);
  const twice = rig.connect();
  twice.send(offer(1));
  twice.send(offer(1));
  t.match(twice.fault, { name: "ProtocolError", message: /twice/ });
  rig.targetBps = 8_000_000;
  rig.clock.advance(1_000_000);
  const greedy = rig.connect();
  greedy.send(offer(1, 3_000_000));
  await heard(greedy, "file_ready");
  rig.clock.advance(1_000_000);
  greedy.files.refresh(rig.clock.nowUs());
  await heard(greedy, "file_credit");
  const writer = (await greedy.client.openUnidirectional()).getWriter();
  writer.closed.catch(() => {});
  writer.write(encodeFileStreamHeader({ transferId: 1, offset: 0 })).catch(() => {});
  writer.write(new Uint8Array(500_000)).catch(() => {});
  await until(() => greedy.fault !== undefined, "the end of the greedy");
  t.match(greedy.fault, { name: "ProtocolError" });
  const flood = rig.connect();
  for (let streams = 0; streams < 120 && flood.fault === undefined; streams++) {
    const stream = await flood.client.openUnidirectional().catch(() => undefined);
    const one = stream?.getWriter();
    one?.closed.catch(() => {});
    one?.write(encodeFileStreamHeader({ transferId: 9, offset: 0 })).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  t.match(flood.fault, { message: /that many files/ });
  t.same(await rig.names(), []);
});

t.test("FileSession lets what came too late go by", async (t) => {
  const rig = await openRig(t);
  const session = rig.connect();
  session.send({ type: "file_pause", transferId: 3, isPaused: true });
  session.send({ type: "file_cancel", transferId: 3 });
  const writer = (await session.client.openUnidirectional()).getWriter();
  writer.closed.catch(() => {});
  await writer.write(encodeFileStreamHeader({ transferId: 3, offset: 0 }));
  const half = (await session.client.openUnidirectional()).getWriter();
  await half.write(encodeFileStreamHeader({ transferId: 3, offset: 0 }).subarray(0, 4));
  await half.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(session.fault, undefined);
});
