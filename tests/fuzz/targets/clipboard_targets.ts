/**
 * Fuzz targets of the clipboard: headers and requests of its streams, and the server's half while the
 * media process and viewers say whatever they like. Bad bytes are ProtocolErrors; whatever is said, no
 * content is larger than its limit and every byte that was booked is given back.
 */

import { createHash } from "node:crypto";
import type { MediaCommand } from "../../../src/ipc/media_command.ts";
import { MemoryAccount } from "../../../src/memory/memory_ledger.ts";
import { HeldContent } from "../../../src/server/clipboard/held_content.ts";
import { ScreenClipboard } from "../../../src/server/clipboard/screen_clipboard.ts";
import type { ClipboardMember } from "../../../src/session/clipboard_port.ts";
import {
  CLIPBOARD_TYPES,
  encodeClipboardAnswer,
  encodeClipboardFetch,
  encodeClipboardHeader,
  parseClipboardAnswer,
  parseClipboardFetch,
  parseClipboardHeader,
} from "../../../src/wire/clipboard.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import type { SeededRandom } from "../../seeded.ts";
import { expectProtocolErrorsOnly, type FuzzTarget, mutate } from "./wire_targets.ts";

const LIMIT = 64;
const STEPS = 60;
/** Few, so that what is said often means something. */
const SERIALS = 4;
/** Bytes of content of those who keep their word. */
const HONEST_BYTES = 20;

const headerTarget: FuzzTarget = {
  name: "clipboard header",
  run(random) {
    const type = random.pick(CLIPBOARD_TYPES);
    const serial = random.int(2 ** 32);
    const header = { type, serial, bytes: random.int(2 ** 26), hash: random.bytes(32) };
    const good = [
      encodeClipboardHeader(header),
      encodeClipboardAnswer(header),
      encodeClipboardAnswer({ failure: "refused", type, serial }),
      encodeClipboardFetch({ type, serial }),
    ];
    const bytes = mutate(random, good);
    const parsers = [parseClipboardHeader, parseClipboardAnswer, parseClipboardFetch];
    expectProtocolErrorsOnly(() => void random.pick(parsers)(bytes));
  },
};

/** Everything that can be said to a screen's clipboard, at random. */
function step(random: SeededRandom, screen: ScreenClipboard, members: ClipboardMember[]): void {
  const streamId = 0;
  const serial = random.int(SERIALS);
  const content = random.pick(CLIPBOARD_TYPES);
  const types = CLIPBOARD_TYPES.filter(() => random.next() < 0.5);
  const bytes = random.bytes(random.int(LIMIT));
  const member = random.pick(members);
  const steps: (() => void)[] = [
    () => screen.take({ type: "clipboard_opened", streamId, isOpen: true, reason: "" }),
    () => screen.take({ type: "clipboard_offered", streamId, serial, types, isNew: true }),
    () => {
      const outcome = random.pick(["ok", "ok", "refused", "too_large"] as const);
      const size = random.int(2 * LIMIT);
      screen.take({
        type: "clipboard_read_ended",
        ...{ streamId, serial, content, outcome, bytes: size },
      });
    },
    () => {
      const offset = random.pick([0, random.int(LIMIT)]);
      screen.take({ type: "clipboard_piece", streamId, serial, offset, bytes });
    },
    () => {
      const isOwned = random.next() < 0.8;
      screen.take({ type: "clipboard_owned", streamId, serial, isOwned });
    },
    () => screen.take({ type: "clipboard_wanted", streamId, serial, types }),
    () => {
      const outcome = random.pick(["more", "whole", "late"] as const);
      const offset = random.int(LIMIT);
      screen.take({ type: "clipboard_taken", streamId, serial, content, offset, outcome });
    },
    () => {
      const items = types.map((type) => ({
        type,
        bytes: random.pick([HONEST_BYTES, random.int(2 * LIMIT)]),
      }));
      screen.offer(member, serial, items);
    },
    () => screen.withdraw(member),
    () => screen.refuse(member, serial, content),
    () => {
      const coming = screen.expect(member, {
        ...{ type: content, serial, bytes: bytes.byteLength },
        hash: random.bytes(32),
      });
      if (coming === undefined) return;
      coming.push(bytes);
      coming.end();
    },
    () => {
      screen.fetch(serial, content).then((got) => {
        if (typeof got === "string") return;
        if (got.bytes.byteLength > LIMIT) throw new Error(`Took ${got.bytes.byteLength} bytes`);
        got.drop();
      });
    },
    () => screen.lost("The media process is restarting"),
  ];
  random.pick(steps)();
}

/** What the media process and viewers were asked and have not answered. */
interface Asked {
  readonly commands: MediaCommand[];
  readonly requests: { readonly member: ClipboardMember; readonly message: ServerMessage }[];
}

/** Answers something that was asked as it is meant to be. */
function answer(random: SeededRandom, screen: ScreenClipboard, asked: Asked): void {
  const request = asked.requests.shift();
  if (request?.message.type === "clipboard_request") {
    const { serial, content: type } = request.message;
    const bytes = new Uint8Array(HONEST_BYTES);
    const hash = new Uint8Array(createHash("sha256").update(bytes).digest());
    const header = { type, serial, bytes: HONEST_BYTES, hash };
    const coming = screen.expect(request.member, header);
    coming?.push(bytes);
    coming?.end();
  }
  const command = asked.commands.shift();
  if (command === undefined || !("streamId" in command)) return;
  const { streamId } = command;
  if (command.type === "clipboard_read") {
    const { serial, content } = command;
    const ended = { streamId, serial, content, outcome: "ok", bytes: HONEST_BYTES } as const;
    screen.take({ type: "clipboard_read_ended", ...ended });
  } else if (command.type === "clipboard_pull") {
    const { serial, offset } = command;
    const bytes = random.bytes(Math.min(7, HONEST_BYTES - offset));
    screen.take({ type: "clipboard_piece", streamId, serial, offset, bytes });
  } else if (command.type === "clipboard_own") {
    const { serial } = command;
    screen.take({ type: "clipboard_owned", streamId, serial, isOwned: true });
  } else if (command.type === "clipboard_give") {
    const { serial, content, offset } = command;
    screen.take({
      type: "clipboard_taken",
      ...{ streamId, serial, content, outcome: "whole" },
      offset: offset + command.bytes.byteLength,
    });
  }
}

/** Runs one case of a screen's clipboard; resolves with how many contents came when all is settled. */
export async function runScreenCase(random: SeededRandom): Promise<number> {
  const account = new MemoryAccount("clipboard", () => {});
  const asked: Asked = { commands: [], requests: [] };
  let serial = 0;
  const screen = new ScreenClipboard({
    ...{ streamId: 0, withPrimary: random.next() < 0.5, account },
    display: () => ":0",
    limits: new Map(CLIPBOARD_TYPES.map((type) => [type, LIMIT])),
    command: (command) => asked.commands.push(command),
    nextSerial: () => ++serial % SERIALS,
    changed: () => {},
    log: { error() {}, warn() {}, info() {}, debug() {} },
  });
  const members = [1, 2].map((id) => {
    const member: ClipboardMember = {
      ...{ id: String(id), streamId: 0, mayRead: true, mayWrite: true },
      tell: (message) => asked.requests.push({ member, message }),
    };
    return member;
  });
  screen.open();
  for (let count = random.int(STEPS); count >= 0; count--) {
    if (random.next() < 0.6) answer(random, screen, asked);
    else step(random, screen, members);
    if (random.next() < 0.3) await Promise.resolve();
    // Both ways, three types each, and what is under way.
    if (account.reading.currentBytes > 12 * LIMIT) throw new Error("It holds more than its limits");
  }
  screen.close();
  await new Promise((resolve) => setTimeout(resolve, 0));
  const { live, currentBytes } = account.reading;
  if (live !== 0 || currentBytes !== 0) throw new Error(`${live} contents are still booked`);
  return screen.stats.toViewers + screen.stats.toHost;
}

/** Content is never more than was announced, whatever comes. */
const contentTarget: FuzzTarget = {
  name: "clipboard content",
  run(random) {
    const account = new MemoryAccount("clipboard", () => {});
    const size = random.int(LIMIT);
    const content = new HeldContent("text", size, account);
    let taken = 0;
    for (let pieces = random.int(8); pieces > 0; pieces--) {
      const bytes = random.bytes(random.int(LIMIT));
      const fits = taken + bytes.byteLength <= size;
      if (content.push(bytes) !== fits) throw new Error(`A piece of ${bytes.byteLength} bytes`);
      if (fits) taken += bytes.byteLength;
    }
    if (content.isWhole !== (taken === size)) throw new Error("Whole, or not");
    content.drop();
    if (account.reading.live !== 0) throw new Error("It is still booked");
  },
};

/** All of them that need no time. */
export const clipboardTargets: readonly FuzzTarget[] = [headerTarget, contentTarget];
