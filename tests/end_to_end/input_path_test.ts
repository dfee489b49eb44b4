// timeout: 120 s
/**
 * The whole way back in a real host: keys and buttons of a viewer of the protocol through a relay that
 * loses packets and a break, and text, touches and lock keys, all as a real X client sees them.
 */

import t from "tap";
import { InputLog } from "../../bench/measure/input_log.ts";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { RawViewer, readCertificate } from "../../bench/measure/raw_viewer.ts";
import { startHostRig } from "../../bench/measure/rig.ts";
import { runInputEvents } from "../../bench/scenarios/input_events.ts";
import { encodeTouch, encodeTouchMotion } from "../../src/wire/contact.ts";
import { encodeInputEvent, INPUT_STREAM_PREAMBLE } from "../../src/wire/input.ts";
import type { InputEvent } from "../../src/wire/input.ts";
import { encodeLocks } from "../../src/wire/typing.ts";

const EVENTS = 2400;

t.setTimeout(100_000);

t.test("events on a path that loses 5 % and breaks", async (t) => {
  const { signal } = new AbortController();
  const result = await runInputEvents({ seed: 7, events: EVENTS, signal });
  t.ok(result.sent >= EVENTS, `${result.sent} sent, ${result.seen} seen`);
  t.ok(result.packetsLost > 0, `${result.packetsLost} packets lost`);
  t.match(result, { misplaced: 0, missing: 0, stuck: 0 });
  t.ok(result.seen > EVENTS * 0.9, "the break takes what was on its way, and no more");
});

t.test("text, touches and lock keys", async (t) => {
  const { signal } = new AbortController();
  await using group = new ProcessGroup(signal);
  const log = new InputLog();
  const { host, stateDirectory } = await startHostRig(group, {
    ...{ width: 640, height: 480, content: "still", fps: 30, seed: 1 },
    onInput: log.note,
  }, signal);
  const viewer = await RawViewer.connect(host, await readCertificate(stateDirectory));
  const capabilities = await viewer.waitFor("input_capabilities");
  const states = Object.fromEntries(capabilities.abilities.map(({ name, state }) => [name, state]));
  t.match(capabilities.device, /xtest/);
  t.match(states, { keyboard: "full", pointer: "full", text: "full", touch: "emulated" });
  const pads = capabilities.abilities.find(({ name }) => name === "pads");
  t.ok(pads?.state === "full" || pads?.reason.includes("/dev/uinput"), `pads: ${pads?.reason}`);

  const writer = (await viewer.client.openUnidirectional()).getWriter();
  let sequence = 0;
  const record = (event: Partial<InputEvent>) => {
    const rest = { kind: "beat", down: false, code: 0, pointerSequence: 0, x: 0, y: 0 } as const;
    return encodeInputEvent({ ...rest, ...event, sequence: ++sequence });
  };
  await writer.write(Uint8Array.of(INPUT_STREAM_PREAMBLE));
  const send = async (...events: Partial<InputEvent>[]) => {
    for (const event of events) await writer.write(record(event));
    await log.settle(300, 5000, signal);
  };

  const text = "Zoë €漢😀";
  await send(...Array.from(text, (character) => {
    return { kind: "text", x: character.codePointAt(0) ?? 0 } as const;
  }));
  t.equal(log.seen.map((line) => line.text ?? "").join(""), text, "text arrives as it is");

  const from = log.seen.length;
  const touch = { id: 3, x: 65_535, y: 0, pressure: 4095 };
  await send({ kind: "touch", down: true, ...encodeTouch(touch) });
  const moved = { ...touch, x: 0, y: 65_535, streamId: 0, sequence: 1 };
  viewer.client.sendDatagram(encodeTouchMotion(moved));
  await log.settle(300, 5000, signal);
  t.strictSame(log.changes(from), ["button 1 true"], "the first finger presses");
  t.match(log.seen.findLast(({ type }) => type === "motion"), { x: 0, y: 479 }, "and moves");
  // Nothing is heard of the viewer any more.
  await log.settle(1500, 5000, signal);
  t.strictSame(log.changes(from), ["button 1 true", "button 1 false"], "silence lifts it");

  await send(
    { kind: "locks", code: encodeLocks({ on: 1, known: 7 }) },
    { kind: "key", code: 0x1e, down: true },
    { kind: "key", code: 0x1e },
    { kind: "locks", code: encodeLocks({ on: 0, known: 7 }) },
    { kind: "key", code: 0x1e, down: true },
    { kind: "key", code: 0x1e },
  );
  t.match(log.seen.slice(-4).map((line) => line.text), ["A", "", "a", ""], "Caps Lock as said");
  await viewer.quit();
});
