/**
 * Tests of src/server/clipboard: ways, displays, offers and what is held, with a media process that
 * the test plays.
 */

import t from "tap";
import { createHash } from "node:crypto";
import type { MediaCommand } from "../../../../src/ipc/media_command.ts";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import { HostClipboard } from "../../../../src/server/clipboard/host_clipboard.ts";
import { defaultConfig } from "../../../../src/server/config/config.ts";
import type { ServerConfig } from "../../../../src/server/config/config.ts";
import type { HostFeatureContext } from "../../../../src/server/host_feature.ts";
import type { ClipboardMember } from "../../../../src/session/clipboard_port.ts";
import type { ClipboardType } from "../../../../src/wire/clipboard.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";

const encoder = new TextEncoder();
const hashOf = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());

/** A viewer that keeps what it is told. */
class TestMember implements ClipboardMember {
  readonly told: ServerMessage[] = [];
  streamId: number | undefined = 0;
  mayRead = true;
  mayWrite = true;
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  tell(message: ServerMessage): void {
    this.told.push(message);
  }

  /** The newest message of a type. */
  last<T extends ServerMessage["type"]>(type: T) {
    return this.told.findLast((message): message is Extract<ServerMessage, { type: T }> => {
      return message.type === type;
    });
  }
}

/** A host with two displays of which two streams show the first. */
function rig(config: Partial<ServerConfig> = {}) {
  const commands: MediaCommand[] = [];
  const displays = [":1", ":2", ":1"];
  const ledger = new MemoryLedger();
  const context = {
    config: defaultConfig({ clipboard: "both", ...config }),
    ...{ ledger, log: { error() {}, warn() {}, info() {}, debug() {} } },
    command: (command: MediaCommand) => void commands.push(command),
    streams: () => {
      const all = displays.map((_display, id) => ({ id }));
      return { all, first: all[0] };
    },
    xDisplay: (id: number) => displays[id] ?? "",
  } as unknown as HostFeatureContext;
  const clipboard = new HostClipboard(context);
  const account = () => ledger.account("clipboard").reading;
  /** The newest command of a type. */
  const last = <T extends MediaCommand["type"]>(type: T) => {
    return commands.findLast((command): command is Extract<MediaCommand, { type: T }> => {
      return command.type === type;
    });
  };
  const open = () => {
    clipboard.onMediaState("running");
    for (const streamId of [0, 1]) {
      clipboard.onMediaMessage({ type: "clipboard_opened", streamId, isOpen: true, reason: "" });
    }
  };
  const join = (id: string, streamId: number | undefined = 0) => {
    const member = new TestMember(id);
    member.streamId = streamId;
    clipboard.join(member);
    clipboard.greet(member);
    return member;
  };
  const copied = (streamId: number, serial: number, types: ClipboardType[]) => {
    clipboard.onMediaMessage({ type: "clipboard_offered", streamId, serial, types, isNew: true });
  };
  /** The media process reads `bytes`, in pieces of 4. */
  const reads = (serial: number, content: ClipboardType, bytes: Uint8Array) => {
    const ended = { streamId: 0, serial, content, outcome: "ok", bytes: bytes.byteLength } as const;
    clipboard.onMediaMessage({ type: "clipboard_read_ended", ...ended });
    for (let offset = 0; offset < bytes.byteLength; offset += 4) {
      const piece = bytes.subarray(offset, offset + 4);
      clipboard.onMediaMessage({
        type: "clipboard_piece",
        ...{ streamId: 0, serial, offset, bytes: piece },
      });
    }
  };
  const gives = (member: TestMember, type: ClipboardType, bytes: Uint8Array) => {
    const serial = member.last("clipboard_request")!.serial;
    const header = { type, serial, bytes: bytes.byteLength, hash: hashOf(bytes) };
    const coming = clipboard.expect(member, header);
    coming?.push(bytes);
    return coming?.end();
  };
  t.teardown(() => clipboard.close());
  return { clipboard, commands, last, open, join, copied, reads, gives, account, displays };
}

t.test("off is the default, and each way is its own", (t) => {
  const off = rig({ clipboard: "off" });
  t.equal(off.clipboard.makeSession, undefined, "sessions have none");
  off.open();
  t.same(off.commands, [], "nothing is opened");
  t.equal(off.clipboard.report(), undefined);
  const ways = ["host-to-viewer", "viewer-to-host", "both"] as const;
  t.same(
    ways.map((clipboard) => rig({ clipboard }).clipboard)
      .map(({ toViewer, toHost }) => [toViewer, toHost]),
    [[true, false], [false, true], [true, true]],
  );
  t.same([...rig().clipboard.limits], [["text", 1_000_000], ["png", 16_000_000]], "no html");
  const types = ["html"] as string[];
  t.same([...rig({ clipboardTypes: types }).clipboard.limits], [["html", 1_000_000]]);
  t.end();
});

t.test("each X display has one clipboard, whatever streams show it", (t) => {
  const { clipboard, commands, open, join, copied } = rig();
  open();
  const opened = commands.filter(({ type }) => type === "clipboard_open");
  t.match(opened, [{ streamId: 0, display: ":1" }, { streamId: 1, display: ":2" }]);
  const [left, right, both] = [join("a", 0), join("b", 1), join("c", 2)];
  copied(1, 5, ["text"]);
  t.same(right.last("clipboard_offer")?.types, ["text"]);
  t.ok(right.last("clipboard_offer")?.isNew);
  t.same(left.last("clipboard_offer")?.types, []);
  copied(0, 5, ["png"]);
  t.same([left, both].map((member) => member.last("clipboard_offer")?.types), [["png"], ["png"]]);
  left.streamId = 1;
  clipboard.greet(left);
  t.match(
    left.last("clipboard_offer"),
    { types: ["text"], isNew: false },
    "after another is chosen",
  );
  t.end();
});

t.test("content is read once for all who ask, and given back when something newer comes", async (t) => {
  const { clipboard, commands, last, open, join, copied, reads, account } = rig();
  open();
  const [first, second] = [join("a"), join("b")];
  copied(0, 7, ["text"]);
  const { serial } = first.last("clipboard_offer")!;
  const fetches = [first, second].map((member) => clipboard.fetch(member, serial, "text"));
  t.match(last("clipboard_read"), { serial: 7, content: "text", bytesMax: 1_000_000 });
  reads(7, "text", encoder.encode("hello world"));
  for (const content of await Promise.all(fetches)) {
    if (typeof content === "string") throw new Error(content);
    t.equal(new TextDecoder().decode(content.bytes), "hello world");
    t.same(content.hash, hashOf(content.bytes));
    content.drop();
  }
  t.equal(commands.filter(({ type }) => type === "clipboard_read").length, 1);
  t.ok(last("clipboard_drop"), "the media process may forget it");
  t.equal(account().currentBytes, 11, "kept for who asks later");
  copied(0, 8, []);
  await Promise.resolve();
  t.equal(account().live, 0);
  t.equal(await clipboard.fetch(first, serial, "text"), "gone");
});

t.test("a read that ends badly says why, and may be tried again", async (t) => {
  const { clipboard, open, join, copied, account } = rig();
  open();
  const member = join("a");
  copied(0, 7, ["text", "png"]);
  const { serial } = member.last("clipboard_offer")!;
  for (const outcome of ["too_large", "refused", "timeout"] as const) {
    const fetching = clipboard.fetch(member, serial, "text");
    clipboard.onMediaMessage({
      type: "clipboard_read_ended",
      ...{ streamId: 0, serial: 7, content: "text", outcome, bytes: 0 },
    });
    t.equal(await fetching, outcome);
  }
  const lying = clipboard.fetch(member, serial, "png");
  const ended = { streamId: 0, serial: 7, content: "png", outcome: "ok", bytes: 3 } as const;
  clipboard.onMediaMessage({ type: "clipboard_read_ended", ...ended });
  const piece = { streamId: 0, serial: 7, offset: 0, bytes: encoder.encode("gif") };
  clipboard.onMediaMessage({ type: "clipboard_piece", ...piece });
  t.equal(await lying, "bad_content", "a picture that is none");
  const interrupted = clipboard.fetch(member, serial, "text");
  clipboard.onMediaState("restarting");
  t.equal(await interrupted, "gone");
  t.match(member.last("clipboard_state"), { reason: "The media process is restarting" });
  t.equal(account().live, 0);
});

t.test("what a viewer offers is owned, asked for once, and given in pieces", async (t) => {
  const { clipboard, commands, last, open, join, gives, account } = rig();
  open();
  const [owner, other] = [join("a"), join("b")];
  const bytes = new Uint8Array(20_000).fill(0x61);
  clipboard.offer(owner, 3, [{ type: "text", bytes: bytes.byteLength }]);
  const { serial } = last("clipboard_own")!;
  t.equal(owner.last("clipboard_outcome"), undefined, "not before the display has it");
  clipboard.onMediaMessage({ type: "clipboard_owned", streamId: 0, serial, isOwned: true });
  t.match(owner.last("clipboard_outcome"), { serial: 3, outcome: "owned" });
  t.match(other.last("clipboard_offer"), { serial, types: ["text"], isNew: true });
  clipboard.onMediaMessage({ type: "clipboard_wanted", streamId: 0, serial, types: ["text"] });
  clipboard.onMediaMessage({ type: "clipboard_wanted", streamId: 0, serial, types: ["text"] });
  const requests = owner.told.filter(({ type }) => type === "clipboard_request");
  t.match(requests, [{ serial: 3, content: "text" }]);
  t.equal(gives(owner, "text", bytes), true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const pieces = commands.filter((command) => command.type === "clipboard_give");
  t.same(pieces.map(({ offset, total }) => [offset, total]), [
    [0, 20_000],
    [7168, 20_000],
    [14_336, 20_000],
  ]);
  t.ok(pieces.every((piece) => piece.bytes.byteLength <= 7168));
  const fetched = await clipboard.fetch(other, serial, "text");
  t.ok(typeof fetched !== "string", "another viewer gets it from what is held");
  if (typeof fetched !== "string") fetched.drop();
  clipboard.leave(owner);
  t.equal(last("clipboard_own")?.serial, serial, "it stays when its owner goes");
  clipboard.close();
  await new Promise((resolve) => setTimeout(resolve, 0));
  t.equal(account().live, 0);
});

t.test("who leaves before giving leaves nothing, and nobody waits for it", async (t) => {
  const { clipboard, last, open, join } = rig();
  open();
  const [owner, other] = [join("a"), join("b")];
  clipboard.offer(owner, 1, [{ type: "text", bytes: 4 }]);
  const { serial } = last("clipboard_own")!;
  clipboard.onMediaMessage({ type: "clipboard_owned", streamId: 0, serial, isOwned: true });
  const fetching = clipboard.fetch(other, serial, "text");
  clipboard.leave(owner);
  t.equal(await fetching, "gone");
  t.same(last("clipboard_own")?.types, [], "given up");
  t.same(other.last("clipboard_offer")?.types, [], "and others know");
});

t.test("offers that do not fit are refused with a reason", (t) => {
  const { clipboard, last, open, join } = rig({ clipboardTypes: ["text"] });
  const member = join("a");
  const outcome = (bytes: number, type: ClipboardType = "text") => {
    clipboard.offer(member, 1, [{ type, bytes }]);
    return member.last("clipboard_outcome")?.outcome;
  };
  t.equal(outcome(4), "failed", "before there is a clipboard");
  open();
  t.equal(outcome(1_000_001), "too_large");
  t.equal(outcome(4, "png"), "not_allowed");
  member.mayWrite = false;
  t.equal(outcome(4), "not_allowed");
  member.mayWrite = true;
  clipboard.offer(member, 2, [{ type: "text", bytes: 1_000_000 }, { type: "png", bytes: 1 }]);
  t.same(last("clipboard_own")?.types, ["text"], "what fits of it is taken");
  t.end();
});

t.test("an offer that was not owned yet is newer than what programs copied before", (t) => {
  const { clipboard, last, open, join, copied } = rig();
  open();
  const member = join("a");
  clipboard.offer(member, 1, [{ type: "text", bytes: 4 }]);
  const { serial } = last("clipboard_own")!;
  copied(0, 3, ["png"]);
  clipboard.onMediaMessage({ type: "clipboard_owned", streamId: 0, serial, isOwned: true });
  clipboard.onMediaMessage({ type: "clipboard_wanted", streamId: 0, serial, types: ["text"] });
  t.match(member.last("clipboard_request"), { serial: 1 });
  copied(0, 4, ["png"]);
  t.same(member.last("clipboard_offer")?.types, ["png"], "and older than what comes later");
  clipboard.onMediaMessage({ type: "clipboard_wanted", streamId: 0, serial, types: ["text"] });
  t.match(last("clipboard_refuse"), { serial, types: ["text"] });
  t.end();
});

t.test("a display without a clipboard is tried again, and what viewers have is owned again", async (t) => {
  const { clipboard, commands, last, open, join } = rig();
  open();
  const member = join("a");
  clipboard.offer(member, 1, [{ type: "text", bytes: 4 }]);
  const { serial } = last("clipboard_own")!;
  commands.length = 0;
  const reason = "The display is gone";
  clipboard.onMediaMessage({ type: "clipboard_opened", streamId: 0, isOpen: false, reason });
  t.match(member.last("clipboard_state"), { reason });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  t.match(commands.filter(({ type }) => type === "clipboard_open"), [{ streamId: 0 }]);
  clipboard.onMediaMessage({ type: "clipboard_opened", streamId: 0, isOpen: true, reason: "" });
  t.match(last("clipboard_own"), { serial, types: ["text"] });
  t.match(member.last("clipboard_state"), { reason: "" });
});
