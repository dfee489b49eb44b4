/** Tests of src/core/relay_lines.ts. */

import t from "tap";
import { relayLines } from "../../../src/core/relay_lines.ts";

async function relayed(...pieces: string[]): Promise<string[]> {
  const lines: string[] = [];
  const readable = ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));
  await relayLines(readable.getReader(), (line) => lines.push(line));
  return lines;
}

t.test("relayLines joins pieces and leaves out what is empty", async (t) => {
  t.same(await relayed("one\ntw", "o\n\n  \nthree\nnever ended"), ["one", "two", "three"]);
});

t.test("relayLines hands on a bounded part of a flood", async (t) => {
  const lines = await relayed(`${"x".repeat(2_000)}\n`.repeat(500));
  t.ok(lines.length >= 20 && lines.length < 200, `${lines.length} lines of 500`);
  t.ok(lines.every(({ length }) => length === 500), "each is cut");
});

t.test("relayLines ends with a stream that breaks", async (t) => {
  const readable = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new Error("broken")),
  });
  await relayLines(readable.getReader(), () => t.fail("a line"));
  t.pass("it ended");
});
