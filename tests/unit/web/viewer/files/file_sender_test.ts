/**
 * Tests of web/viewer/files/file_sender.ts and sent_file.ts against the host's own side of files, over
 * connections in memory that are cut while files are on their way.
 */

import t, { type Test } from "tap";
import type { SentEvent } from "../../../../../web/viewer/files/sent_file.ts";
import type { TransferMessage } from "../../../../../web/viewer/files/sent_file.ts";
import { FileSender } from "../../../../../web/viewer/files/file_sender.ts";
import { until } from "../../../../end_to_end/host_process.ts";
import { digestOf } from "../../../../end_to_end/file_sender.ts";
import { seededRandom } from "../../../../seeded.ts";
import { FileRig, type RigSession } from "../../../server/files/file_rig.ts";

const random = seededRandom("file sender");

/** A viewer: its sender, and what it told the page. */
class Viewer {
  readonly events: SentEvent[] = [];
  readonly sender = new FileSender((event) => this.events.push(event));
  readonly rig: FileRig;
  session: RigSession | undefined;

  constructor(rig: FileRig) {
    this.rig = rig;
  }

  connect(): RigSession {
    const session = this.rig.connect();
    this.session = session;
    session.onSaid = (message) => {
      if (!("transferId" in message)) return;
      // As over a network: never within the call that caused it.
      queueMicrotask(() => {
        if (this.session === session) this.sender.take(message as TransferMessage);
      });
    };
    this.sender.connected({
      send: (message) => session.send(message),
      openUnidirectional: () => session.client.openUnidirectional(),
    }, true);
    return session;
  }

  cut(): void {
    this.session?.cut();
    this.session = undefined;
    this.sender.disconnected();
  }

  stateOf(id: number): SentEvent | undefined {
    return this.events.findLast((event) => event.id === id);
  }

  async waitFor(id: number, state: SentEvent["state"]): Promise<SentEvent> {
    return await until(
      () => {
        const event = this.stateOf(id);
        return event?.state === state && event;
      },
      `file ${id} to be ${state}, not ${this.stateOf(id)?.state}`,
      10_000,
    );
  }
}

const openRig = (t: Test) => FileRig.open(`${t.testdir({})}/drop`);
const fileOf = (bytes: Uint8Array, name = "a.bin") => {
  return new File([bytes as BlobPart], name, { lastModified: 1_700_000_000_000 });
};
const soon = (ms = 1) => new Promise((resolve) => setTimeout(resolve, ms));

t.test("files arrive whole over connections that are cut again and again", async (t) => {
  const rig = await openRig(t);
  const viewer = new Viewer(rig);
  const contents = Array.from({ length: 6 }, (_, index) => random.bytes(400_000 * index + 7));
  for (const [id, content] of contents.entries()) {
    viewer.sender.handle({ do: "send", id, file: fileOf(content, `f${id}`) });
  }
  for (let cuts = 0; cuts < 12; cuts++) {
    viewer.connect();
    await soon(random.int(25));
    viewer.cut();
    t.notOk(viewer.events.some(({ state }) => state === "failed"), "a cut is no failure");
    if (contents.every((_, id) => viewer.stateOf(id)?.state === "done")) break;
  }
  viewer.connect();
  for (const [id, content] of contents.entries()) {
    const { name, written } = await viewer.waitFor(id, "done");
    t.equal(written, content.byteLength);
    t.same(digestOf(await Deno.readFile(`${rig.folder.path}/${name}`)), digestOf(content));
  }
  // What was done when it was cut may have been sent again, under another name, but never half.
  for (const name of await rig.names()) {
    const { size } = await Deno.stat(`${rig.folder.path}/${name}`);
    t.ok(contents.some(({ byteLength }) => byteLength === size), name);
  }
  viewer.cut();
});

t.test("four files go at once, the others wait in line", async (t) => {
  const rig = await openRig(t);
  const viewer = new Viewer(rig);
  rig.targetBps = 1;
  viewer.connect();
  for (let id = 1; id <= 6; id++) {
    viewer.sender.handle({ do: "send", id, file: fileOf(new Uint8Array(1000), `f${id}`) });
  }
  await soon(150);
  const states = [1, 2, 3, 4, 5, 6].map((id) => viewer.stateOf(id)?.state);
  t.same(states, ["sending", "sending", "sending", "sending", "queued", "queued"]);
  viewer.sender.handle({ do: "cancel", id: 1 });
  await soon(150);
  t.equal(viewer.stateOf(1)?.reason, "cancelled");
  t.equal(viewer.stateOf(5)?.state, "sending");
  viewer.cut();
  t.equal(viewer.stateOf(5)?.state, "offline");
});

t.test("a pause stops a file and its end goes on, also over another connection", async (t) => {
  const rig = await openRig(t);
  const viewer = new Viewer(rig);
  const content = random.bytes(3_000_000);
  viewer.sender.handle({ do: "send", id: 1, file: fileOf(content) });
  viewer.sender.handle({ do: "pause", id: 1, isPaused: true });
  viewer.connect();
  await soon(20);
  t.equal(viewer.stateOf(1)?.state, "paused");
  viewer.cut();
  viewer.connect();
  await soon(20);
  t.same(await rig.names(), []);
  viewer.sender.handle({ do: "pause", id: 1, isPaused: false });
  await viewer.waitFor(1, "done");
  viewer.cut();
});

t.test("the host's user pauses, lets go on and cancels", async (t) => {
  const rig = await openRig(t);
  const viewer = new Viewer(rig);
  rig.targetBps = 1;
  const session = viewer.connect();
  viewer.sender.handle({ do: "send", id: 1, file: fileOf(random.bytes(5000)) });
  const transfer = await until(() => [...session.files.transfers][0], "a transfer");
  await until(() => transfer.progress.state === "sending", "its begin");
  transfer.hold(true);
  await viewer.waitFor(1, "held");
  transfer.hold(false);
  await viewer.waitFor(1, "sending");
  transfer.fail("cancelled");
  t.equal((await viewer.waitFor(1, "failed")).reason, "cancelled");
  rig.targetBps = undefined;
  rig.clock.advance(1_000_000);
  session.files.refresh(rig.clock.nowUs());
  viewer.sender.handle({ do: "retry", id: 1 });
  await viewer.waitFor(1, "done");
  viewer.cut();
});

t.test("a part of other bytes is found out, thrown away and sent once more", async (t) => {
  const rig = await openRig(t);
  const viewer = new Viewer(rig);
  const content = random.bytes(2_000_000);
  const file = fileOf(content);
  // Its end cannot be read before the cut, or a busy machine would see it done at its first look.
  const { promise: isCut, resolve: goOn } = Promise.withResolvers<void>();
  const whole = fileOf(content);
  file.slice = (from = 0, to) => {
    const part = whole.slice(from, to);
    if (from < 1_000_000) return part;
    return { arrayBuffer: () => isCut.then(() => part.arrayBuffer()) } as Blob;
  };
  viewer.sender.handle({ do: "send", id: 1, file });
  viewer.connect();
  await until(() => (rig.sessions[0]?.files.transfer(1)?.progress.written ?? 0) > 0, "bytes");
  viewer.cut();
  goOn();
  await until(() => rig.folder.openUploads === 0, "the part");
  const parts = `${rig.folder.path}/.wavry-parts`;
  for await (const { name } of Deno.readDir(parts)) {
    if (!name.endsWith(".part")) continue;
    using part = await Deno.open(`${parts}/${name}`, { write: true });
    await part.write(Uint8Array.of(content[0]! ^ 1));
  }
  viewer.connect();
  await viewer.waitFor(1, "done");
  t.same(rig.ends.filter((end) => end !== "cut"), ["mismatch", "done"]);
  t.same(await Deno.readFile(`${rig.folder.path}/a.bin`), content);
  viewer.cut();
});

t.test("a file that cannot be read is given up, and a busy host is asked again", async (t) => {
  const rig = await openRig(t);
  const viewer = new Viewer(rig);
  const broken = fileOf(new Uint8Array(1000), "gone.txt");
  broken.slice = () => {
    throw new DOMException("It changed", "NotReadableError");
  };
  viewer.connect();
  viewer.sender.handle({ do: "send", id: 1, file: broken });
  t.equal((await viewer.waitFor(1, "failed")).reason, "unreadable");
  await until(() => rig.folder.openUploads === 0, "the host hears of it");
  rig.places = 0;
  viewer.sender.handle({ do: "send", id: 2, file: fileOf(new Uint8Array(10), "later.txt") });
  await viewer.waitFor(2, "offline");
  rig.places = 1;
  await viewer.waitFor(2, "done");
  t.same(await rig.names(), ["later.txt"]);
  viewer.cut();
});
