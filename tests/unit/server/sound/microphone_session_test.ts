/** Tests of src/server/sound/microphone_session.ts. */

import t from "tap";
import type { MediaCommand } from "../../../../src/ipc/media_command.ts";
import { MicrophoneSession } from "../../../../src/server/sound/microphone_session.ts";
import { Microphones } from "../../../../src/server/sound/microphones.ts";
import type { FeatureSession } from "../../../../src/session/session_feature.ts";
import { SessionRights } from "../../../../src/session/session_rights.ts";
import { encodeAudioDatagram } from "../../../../src/wire/audio.ts";
import type { AudioKind } from "../../../../src/wire/audio.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";

const SECOND = 1_000_000;

function rig() {
  const rights = new SessionRights("player");
  const commands: MediaCommand[] = [];
  const said: ServerMessage[] = [];
  const microphones = new Microphones({
    place: () => ({ server: "", keepsSource: false }),
    command: (command) => void commands.push(command),
  });
  const session = {
    rights,
    may: (permission: Parameters<typeof rights.may>[0]) => rights.may(permission),
    send: (framed: Uint8Array) => void said.push(parseServerMessage(framed.subarray(4))),
  } as unknown as FeatureSession;
  const microphone = new MicrophoneSession(session, microphones);
  const packets = () => commands.splice(0).filter(({ type }) => type === "voice_frame").length;
  return { rights, microphones, microphone, said, packets };
}

function datagram(sequence: number, change: { kind?: AudioKind; channels?: number } = {}) {
  return encodeAudioDatagram({
    ...{ kind: "microphone", streamId: 0, epoch: 0, channels: 1, frameUs: 10_000, sequence },
    ...{ captureTimeUs: 0, frames: [Uint8Array.of(1, 2)] },
    ...change,
  });
}

t.test("datagrams are taken between start and stop, and only a microphone's", (t) => {
  const { microphone, said, packets } = rig();
  t.notOk(microphone.take(datagram(1), 0), "before it begins");
  microphone.start(0);
  t.match(said.at(-1), { type: "microphone_state", available: true, isOn: true, reason: "" });
  t.ok(microphone.take(datagram(1), 0));
  t.ok(microphone.take(datagram(2), 0));
  t.equal(packets(), 2);
  t.notOk(microphone.take(datagram(3, { kind: "sound" }), 0));
  t.notOk(microphone.take(datagram(3, { channels: 6 }), 0));
  t.notOk(microphone.take(datagram(3).subarray(0, 10), 0));
  microphone.stop();
  t.match(said.at(-1), { isOn: false, reason: "" });
  t.notOk(microphone.take(datagram(3), 0), "after it ended");
  t.equal(packets(), 0);
  microphone.close();
  t.end();
});

t.test("who loses the permission is silenced at once", (t) => {
  const { microphone, microphones, rights, said } = rig();
  microphone.start(0);
  rights.change({ permissions: ["microphone", "pad"] });
  t.equal(microphones.speakers, 1, "another change is none of its business");
  rights.change({ permissions: [] });
  t.equal(microphones.speakers, 0);
  t.match(said.at(-1), { isOn: false, reason: /may not/ });
  t.notOk(microphone.take(datagram(1), 0));
  microphone.close();
  t.end();
});

t.test("floods and starts without end are bounded", (t) => {
  const { microphone, said } = rig();
  microphone.start(0);
  let taken = 0;
  for (let i = 0; i < 5000; i++) if (microphone.take(datagram(i), SECOND)) taken++;
  t.equal(taken, 100, "a burst");
  for (let i = 0; i < 10; i++) {
    microphone.stop();
    microphone.start(SECOND);
  }
  t.match(said.at(-1), { isOn: false, reason: /too often/ });
  microphone.start(10 * SECOND);
  t.match(said.at(-1), { isOn: true });
  microphone.close();
  t.end();
});

t.test("a session that ends gives its voice back, and is told nothing more", (t) => {
  const { microphone, microphones, rights, said } = rig();
  microphone.start(0);
  const before = said.length;
  microphone.close();
  rights.change({ permissions: [] });
  t.same([microphones.speakers, said.length], [0, before]);
  t.end();
});

t.test("a voice that is lost is said so and can be had again", (t) => {
  const { microphone, microphones, said } = rig();
  microphone.start(0);
  microphones.loseAll("The sound server ended");
  t.match(said.at(-1), { isOn: false, reason: "The sound server ended" });
  microphone.start(SECOND);
  t.match(said.at(-1), { isOn: true, available: true, reason: "" });
  microphone.close();
  t.end();
});
