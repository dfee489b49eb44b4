/**
 * Fuzz targets of files: what a viewer says of a file and the stream that carries it, with whatever a
 * hostile viewer mixes in. Bad bytes are ProtocolErrors, no name leaves its folder, no journal but the
 * right one is believed, and no byte is taken that was not granted.
 */

import { isPlainFileName, numberedFileName, safeFileName } from "../../../src/files/file_name.ts";
import { TransferShare } from "../../../src/files/transfer_share.ts";
import { UPLOAD_WINDOW_BYTES, UploadCredit } from "../../../src/files/upload_credit.ts";
import { encodeJournal, isJournalOf } from "../../../src/files/upload_journal.ts";
import { parseClientMessage } from "../../../src/wire/control.ts";
import {
  encodeFileStreamHeader,
  FILE_DIGEST_BYTES,
  FileStreamReader,
} from "../../../src/wire/file_transfer.ts";
import { encodeMessage, LENGTH_PREFIX_BYTES } from "../../../src/wire/framing.ts";
import type { SeededRandom } from "../../seeded.ts";
import { expectProtocolErrorsOnly, type FuzzTarget, mutate } from "./wire_targets.ts";

const LETTERS = [..."ab.. /\\:*\0\n\u202e\u2066\ud800\u0301😀ÄCON1nul"];
const MAX_LETTERS = 40;

function name(random: SeededRandom): string {
  const letters = random.int(100) === 0 ? 1100 : random.int(MAX_LETTERS);
  return Array.from({ length: letters }, () => random.pick(LETTERS)).join("");
}

function number(random: SeededRandom): number {
  return random.pick([0, 1, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, NaN, random.int(1e6)]);
}

const manifestTarget: FuzzTarget = {
  name: "file manifest",
  run(random) {
    const offer = {
      type: "file_offer",
      transferId: number(random),
      name: name(random),
      bytes: number(random),
      modifiedMs: number(random),
      isRepeat: random.next() < 0.5,
    };
    const bytes = encodeMessage(offer, 65_536).subarray(LENGTH_PREFIX_BYTES);
    const sent = random.next() < 0.5 ? bytes : mutate(random, [bytes]);
    expectProtocolErrorsOnly(() => {
      const message = parseClientMessage(sent);
      if (message.type !== "file_offer") return;
      const { name, bytes, modifiedMs } = message;
      const isWhole = [bytes, modifiedMs, message.transferId].every((value) => {
        return Number.isSafeInteger(value) && value >= 0;
      });
      if (!isWhole) throw new Error(`Took ${JSON.stringify(message)}`);
      const safe = safeFileName(name);
      const numbered = numberedFileName(safe, 1 + random.int(10_000));
      if (!isPlainFileName(safe) || !isPlainFileName(numbered)) throw new Error(`Made "${safe}"`);
      if (safeFileName(safe) !== safe) throw new Error(`"${safe}" is not safe yet`);
      const manifest = { owner: "a", name, bytes, modifiedMs };
      const journal = encodeJournal(manifest);
      if (!isJournalOf(journal, manifest)) throw new Error("A journal is not its own");
      if (isJournalOf(journal, { ...manifest, owner: "b" })) throw new Error("Anybody's journal");
    });
  },
};

const journalTarget: FuzzTarget = {
  name: "upload journal",
  run(random) {
    const manifest = { owner: "a", name: name(random), bytes: random.int(1e6), modifiedMs: 1 };
    const journal = encodeJournal(manifest);
    const bytes = mutate(random, [new TextEncoder().encode(journal)]);
    const text = new TextDecoder().decode(bytes);
    // Spaces are nothing to JSON, and the name is there for people.
    const isSame = (value: string) => {
      try {
        const { version, fingerprint, bytes } = JSON.parse(value);
        return JSON.stringify([version, fingerprint, bytes]);
      } catch {
        return "";
      }
    };
    if (isJournalOf(text, manifest) && isSame(text) !== isSame(journal)) {
      throw new Error(`Believed ${text}`);
    }
  },
};

const streamTarget: FuzzTarget = {
  name: "file stream",
  run(random) {
    const bytes = random.int(400);
    const credit = new UploadCredit(bytes, random.int(bytes + 1));
    const share = new TransferShare();
    if (random.next() < 0.5) share.setTarget(1 + random.int(1e9), 0);
    const stream = new Uint8Array([
      ...encodeFileStreamHeader({ transferId: 1, offset: credit.received }),
      ...random.bytes(bytes - credit.received + random.int(3)),
      ...random.bytes(FILE_DIGEST_BYTES),
    ]);
    const sent = random.next() < 0.7 ? stream : mutate(random, [stream]);
    const reader = new FileStreamReader();
    let nowUs = 0;
    expectProtocolErrorsOnly(() => {
      for (let at = 0; at < sent.byteLength;) {
        nowUs += random.int(100_000);
        credit.grant(share, nowUs);
        if (credit.granted > Math.min(bytes, credit.written + UPLOAD_WINDOW_BYTES)) {
          throw new Error(`Granted ${credit.granted} of ${bytes}`);
        }
        const piece = sent.subarray(at, at + 1 + random.int(100));
        at += piece.byteLength;
        for (const part of reader.push(piece)) {
          if (part.kind === "header") reader.expect(bytes - credit.received);
          else if (part.kind === "data") {
            credit.receive(part.bytes.byteLength);
            credit.write(part.bytes.byteLength);
          }
        }
      }
    });
    if (credit.received > credit.granted) throw new Error("Took what was not granted");
    if (reader.isComplete && credit.written !== bytes) {
      throw new Error("Complete without its bytes");
    }
  },
};

/** All targets of this folder. */
export const fileTargets: readonly FuzzTarget[] = [manifestTarget, journalTarget, streamTarget];
