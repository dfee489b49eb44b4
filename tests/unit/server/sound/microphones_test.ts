/** Tests of src/server/sound/microphones.ts. */

import t from "tap";
import type { MediaCommand } from "../../../../src/ipc/media_command.ts";
import { Microphones, type VoicePlace } from "../../../../src/server/sound/microphones.ts";

const PLACE: VoicePlace = { server: "unix:/x", keepsSource: true };

function microphones(place: VoicePlace | string = PLACE) {
  const commands: MediaCommand[] = [];
  const made = new Microphones({
    place: () => place,
    command: (command) => void commands.push(command),
  });
  const said = () => commands.splice(0).map((c) => "slot" in c ? `${c.type} ${c.slot}` : c.type);
  return { made, said, commands };
}

function speaker() {
  const lost: string[] = [];
  return { lost, onLost: (reason: string) => void lost.push(reason) };
}

t.test("the first voice makes the source, the last one removes it", (t) => {
  const { made, said } = microphones();
  t.equal(made.begin(speaker()), 0);
  t.same(said(), ["open_voices", "begin_voice 0"]);
  t.equal(made.begin(speaker()), 1);
  t.same(said(), ["begin_voice 1"]);
  made.end(0);
  t.same(said(), ["end_voice 0"]);
  t.equal(made.begin(speaker()), 0, "its slot is free again");
  said();
  made.end(0);
  made.end(0);
  made.end(1);
  t.same(said(), ["end_voice 0", "close_voices"]);
  t.equal(made.speakers, 0);
  t.end();
});

t.test("four are heard at once, and nobody where there is no sound server", (t) => {
  const { made } = microphones();
  for (let slot = 0; slot < 4; slot++) t.equal(made.begin(speaker()), slot);
  t.equal(made.begin(speaker()), "4 viewers speak already");
  const none = microphones("There is no sound server");
  t.equal(none.made.begin(speaker()), "There is no sound server");
  t.equal(none.made.reason, "There is no sound server");
  t.same(none.said(), []);
  t.end();
});

t.test("a media process that starts anew is told of who speaks", (t) => {
  const { made, said } = microphones();
  made.onMediaRestarted();
  t.same(said(), []);
  made.begin(speaker());
  made.begin(speaker());
  made.end(0);
  said();
  made.onMediaRestarted();
  t.same(said(), ["open_voices", "begin_voice 1"]);
  t.end();
});

t.test("who can be heard no more is told why, and may try again", (t) => {
  const { made, said } = microphones();
  const one = speaker();
  made.begin(one);
  said();
  made.onMessage({ type: "voices_failed", message: "no library" });
  t.same([one.lost, said(), made.reason], [["no library"], ["close_voices"], "no library"]);
  t.equal(made.begin(one), 0);
  t.equal(made.reason, "");
  const counted = { isPlaying: true, frames: 5, concealed: 1 };
  const stats = { ...counted, underruns: 0, overruns: 0, restarts: 0, refused: 0 };
  made.onMessage({ type: "voice_stats", ...stats });
  t.same(made.stats, stats);
  made.end(0);
  t.equal(made.stats, undefined);
  t.end();
});

t.test("frames go to their voice, lost ones as empty packets", (t) => {
  const { made, commands } = microphones();
  const slot = made.begin(speaker()) as number;
  commands.length = 0;
  made.frame(slot, Uint8Array.of(1, 2), 10_000);
  made.frame(slot, undefined, 10_000);
  t.match(commands, [
    { type: "voice_frame", slot, frameUs: 10_000, packet: Uint8Array.of(1, 2) },
    { type: "voice_frame", slot, packet: new Uint8Array(0) },
  ]);
  t.end();
});
