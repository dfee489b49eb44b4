/** Tests of src/session/clipboard_session.ts: streams in both directions, times, rates and rights. */

import t from "tap";
import type { ClipboardPort, IncomingContent } from "../../../src/session/clipboard_port.ts";
import { ClipboardSession } from "../../../src/session/clipboard_session.ts";
import type { FeatureSession, FeatureStream } from "../../../src/session/session_feature.ts";
import { SessionRights } from "../../../src/session/session_rights.ts";
import {
  CLIPBOARD_CONTENT_PREAMBLE,
  CLIPBOARD_FETCH_PREAMBLE,
  CLIPBOARD_HEADER_BYTES,
  encodeClipboardFetch,
  encodeClipboardHeader,
  parseClipboardAnswer,
} from "../../../src/wire/clipboard.ts";
import { parseServerMessage } from "../../../src/wire/control.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../src/wire/framing.ts";

const TIMES = { headerMs: 60, stepMs: 60, contentMs: 400 };
const BYTES = new Uint8Array(200_000).fill(7);
const HASH = new Uint8Array(32).fill(9);

/** A session whose host holds `BYTES`, and takes what comes. */
function rig() {
  const rights = new SessionRights("player");
  const told: ServerMessage[] = [];
  const calls: string[] = [];
  let nowUs = 0;
  const session = {
    ...{ id: "a", streamId: 0, rights },
    may: (permission: "clipboard_read" | "clipboard_write") => rights.may(permission),
    send: (framed: Uint8Array) => {
      told.push(parseServerMessage(framed.subarray(LENGTH_PREFIX_BYTES)));
    },
    nowUs: () => nowUs,
  } as unknown as FeatureSession;
  const content = {
    ...{ type: "text" as const, bytes: BYTES, hash: HASH, isStale: false },
    drop: () => void calls.push("drop"),
  };
  const taken: number[] = [];
  let rate: number | undefined;
  let wanted = 0;
  const incoming: IncomingContent = {
    push: (bytes) => {
      taken.push(...bytes);
      return taken.length <= wanted;
    },
    get isWhole() {
      return taken.length === wanted;
    },
    end: () => {
      calls.push("end");
      return taken.length === wanted;
    },
  };
  const port: ClipboardPort = {
    ...{ limits: new Map(), toViewer: true, toHost: true, reason: () => "" },
    join: () => void calls.push("join"),
    leave: () => void calls.push("leave"),
    greet: () => void calls.push("greet"),
    withdraw: () => void calls.push("withdraw"),
    offer: (_member, serial) => void calls.push(`offer ${serial}`),
    refuse: (_member, serial, type) => void calls.push(`refuse ${serial} ${type}`),
    rate: () => rate,
    fetch: (_member, serial) => Promise.resolve(serial === 1 ? content : "gone"),
    expect: (_member, { serial, bytes }) => {
      wanted = bytes;
      return serial === 1 ? incoming : undefined;
    },
  };
  const clipboard = new ClipboardSession(session, port, TIMES);
  const later = (us: number) => nowUs += us;
  const setRate = (bytesPerSecond: number) => rate = bytesPerSecond;
  return { clipboard, rights, told, calls, content, taken, later, setRate };
}

/** What a viewer opens: its end, and the stream as the session gets it. */
function streamOf(first: Uint8Array, isBidirectional: boolean) {
  const toHost = new TransformStream<Uint8Array, Uint8Array>();
  const toViewer = new TransformStream<Uint8Array, Uint8Array>();
  const stream: FeatureStream = {
    firstBytes: first.subarray(1),
    reader: toHost.readable.getReader(),
    writable: isBidirectional ? toViewer.writable : undefined,
  };
  const writer = toHost.writable.getWriter();
  writer.closed.catch(() => {});
  return { stream, writer, answer: toViewer.readable };
}

const fetchOf = (serial: number) => encodeClipboardFetch({ type: "text", serial });
const headerOf = (serial: number, bytes: number) => {
  return encodeClipboardHeader({ type: "text", serial, bytes, hash: HASH });
};

async function bytesOf(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

t.test("a request is answered with a header and the content behind it", async (t) => {
  const { clipboard, calls } = rig();
  const { stream, answer } = streamOf(fetchOf(1), true);
  const [bytes] = await Promise.all([
    bytesOf(answer),
    clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, stream),
  ]);
  t.match(parseClipboardAnswer(bytes), { type: "text", serial: 1, bytes: BYTES.byteLength });
  t.same(bytes.subarray(CLIPBOARD_HEADER_BYTES), BYTES);
  t.same(calls, ["drop"], "and given back");
});

t.test("beside a picture content goes in small pieces, with pauses between them", async (t) => {
  const { clipboard, setRate } = rig();
  setRate(4_000_000);
  const { stream, answer } = streamOf(fetchOf(1), true);
  const startMs = performance.now();
  const serving = clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, stream);
  const sizes: number[] = [];
  for await (const piece of answer) sizes.push(piece.byteLength);
  await serving;
  t.same(sizes, [CLIPBOARD_HEADER_BYTES, ...new Array(5).fill(40_000)]);
  t.ok(performance.now() - startMs >= 40, "200 kB at 4 MB/s take their time");
});

t.test("a request in pieces is one; one that is gone or not allowed is told so", async (t) => {
  const { clipboard, rights } = rig();
  const whole = fetchOf(2);
  const { stream, writer, answer } = streamOf(whole.subarray(0, 3), true);
  const serving = clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, stream);
  for (const byte of whole.subarray(3)) void writer.write(Uint8Array.of(byte));
  t.equal(parseClipboardAnswer(await bytesOf(answer)), "gone");
  await serving;
  rights.change({ permissions: [] });
  const refused = streamOf(fetchOf(1), true);
  const [bytes] = await Promise.all([
    bytesOf(refused.answer),
    clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, refused.stream),
  ]);
  t.equal(parseClipboardAnswer(bytes), "not_allowed");
});

t.test("content that was asked for is taken, whatever its pieces", async (t) => {
  const { clipboard, calls, taken } = rig();
  const header = headerOf(1, 5);
  const { stream, writer } = streamOf(header.subarray(0, 10), false);
  const receiving = clipboard.onStream(CLIPBOARD_CONTENT_PREAMBLE, stream);
  void writer.write(Uint8Array.of(...header.subarray(10), 1, 2));
  void writer.write(Uint8Array.of(3));
  void writer.write(Uint8Array.of(4, 5));
  await receiving;
  t.same(taken, [1, 2, 3, 4, 5]);
  t.same(calls, ["end"]);
});

t.test("content that nobody asked for, or that is longer than it says", async (t) => {
  const { clipboard, calls, taken } = rig();
  const late = streamOf(headerOf(2, 5), false);
  await clipboard.onStream(CLIPBOARD_CONTENT_PREAMBLE, late.stream);
  t.same([calls, taken], [[], []], "thrown away, and no reason to end the session");
  const long = streamOf(Uint8Array.of(...headerOf(1, 2), 1, 2, 3), false);
  await t.rejects(clipboard.onStream(CLIPBOARD_CONTENT_PREAMBLE, long.stream), {
    name: "ProtocolError",
    reason: "too_large",
  });
});

t.test("a stream that stalls is given up, at each of its steps", async (t) => {
  const { clipboard, calls } = rig();
  const noHeader = streamOf(headerOf(1, 5).subarray(0, 20), false);
  await clipboard.onStream(CLIPBOARD_CONTENT_PREAMBLE, noHeader.stream);
  t.same(calls, [], "before its header is whole");
  const noContent = streamOf(Uint8Array.of(...headerOf(1, 5), 1), false);
  await clipboard.onStream(CLIPBOARD_CONTENT_PREAMBLE, noContent.stream);
  t.same(calls, ["end", "refuse 1 text"], "who waits for the content is told");
  const noReader = streamOf(fetchOf(1), true);
  await clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, noReader.stream);
  t.same(calls.slice(2), ["drop"], "a viewer that does not read holds nothing");
});

t.test("a header or a request that breaks the format ends the session", async (t) => {
  const { clipboard } = rig();
  const broken = [
    [CLIPBOARD_CONTENT_PREAMBLE, streamOf(headerOf(1, 1).fill(0xff, 1), false).stream],
    [CLIPBOARD_FETCH_PREAMBLE, streamOf(Uint8Array.of(0x63, 9, 0, 0, 0, 0, 0, 0), true).stream],
    [CLIPBOARD_FETCH_PREAMBLE, streamOf(Uint8Array.of(...fetchOf(1), 1), true).stream],
    [CLIPBOARD_FETCH_PREAMBLE, streamOf(fetchOf(1), false).stream],
    [CLIPBOARD_CONTENT_PREAMBLE, streamOf(headerOf(1, 1), true).stream],
  ] as const;
  for (const [preamble, stream] of broken) {
    await t.rejects(clipboard.onStream(preamble, stream), { name: "ProtocolError" });
  }
  const short = streamOf(headerOf(1, 1).subarray(0, 9), false);
  const receiving = clipboard.onStream(CLIPBOARD_CONTENT_PREAMBLE, short.stream);
  await short.writer.close();
  await t.rejects(receiving, { name: "ProtocolError", reason: "truncated" });
});

t.test("what may not be done any more ends, also what is under way", async (t) => {
  const { clipboard, rights, calls, content } = rig();
  clipboard.onStart();
  t.same(calls.splice(0), ["join", "greet"]);
  for (const end of [() => rights.change({ permissions: [] }), () => content.isStale = true]) {
    rights.change({ permissions: ["clipboard_read", "clipboard_write"] });
    calls.length = 0;
    const { stream, answer } = streamOf(fetchOf(1), true);
    const serving = clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, stream);
    const reader = answer.getReader();
    await reader.read();
    end();
    await serving;
    await t.rejects(
      (async () => {
        while (!(await reader.read()).done);
      })(),
      "the rest does not come",
    );
    t.equal(calls.at(-1), "drop");
    content.isStale = false;
  }
  calls.length = 0;
  rights.change({ permissions: [] });
  t.same(calls, ["withdraw", "greet"], "and what it offered is taken back");
  clipboard.close();
  rights.change({ permissions: ["clipboard_read"] });
  t.same(calls.slice(2), ["leave"], "nothing is heard after the end");
});

t.test("who offers or asks too often is refused, not queued", async (t) => {
  const { clipboard, calls, told, later } = rig();
  for (let serial = 1; serial <= 12; serial++) {
    clipboard.onMessage({ type: "clipboard_offer", serial, items: [] }, 0);
  }
  t.equal(calls.length, 10);
  t.match(told, [{ serial: 11, outcome: "failed" }, { serial: 12, outcome: "failed" }]);
  clipboard.onMessage({ type: "clipboard_refuse", serial: 5, content: "png" }, 0);
  t.equal(calls.at(-1), "refuse 5 png");
  const streams = Array.from({ length: 8 }, () => streamOf(fetchOf(1).subarray(0, 3), true));
  const waiting = streams.map(({ stream }) => clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, stream));
  await Promise.all(waiting.slice(6));
  t.pass("the seventh that is open at once ends at once");
  await Promise.all(waiting);
  later(1e6);
  const { stream, answer } = streamOf(fetchOf(2), true);
  const [bytes] = await Promise.all([
    bytesOf(answer),
    clipboard.onStream(CLIPBOARD_FETCH_PREAMBLE, stream),
  ]);
  t.equal(parseClipboardAnswer(bytes), "gone", "and then all is well again");
});
