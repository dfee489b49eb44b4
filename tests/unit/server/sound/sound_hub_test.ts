/** Tests of src/server/sound/sound_hub.ts. */

import t from "tap";
import type { MediaSound } from "../../../../src/ipc/sound_record.ts";
import { SOUND_FRAME_BYTES_MAX, SoundHub } from "../../../../src/server/sound/sound_hub.ts";
import { type AudioDatagram, parseAudioDatagram } from "../../../../src/wire/audio.ts";

function sound(frameId: number, change: Partial<MediaSound> = {}): MediaSound {
  return {
    ...{ frameId, epoch: 1, channels: 2, frameUs: 10_000, encodeUs: 50 },
    captureTimeUs: frameId * 10_000,
    payload: new Uint8Array(100).fill(frameId),
    ...change,
  };
}

function listener(depth: number, maxDatagramSize = 1200) {
  const heard: AudioDatagram[] = [];
  return {
    ...{ depth, maxDatagramSize, heard },
    send(datagram: Uint8Array): boolean {
      heard.push(parseAudioDatagram(datagram.slice()));
      return true;
    },
  };
}

function hub() {
  const listening: boolean[] = [];
  return { listening, hub: new SoundHub({ onListening: (is) => listening.push(is) }) };
}

/** First bytes of the frames of the newest datagram. */
const newest = ({ heard }: { heard: AudioDatagram[] }) => heard.at(-1)!.frames.map((f) => f[0]);

t.test("it tells of the first listener and of the last", (t) => {
  const { hub: made, listening } = hub();
  const [a, b] = [listener(0), listener(0)];
  made.add(a);
  made.add(a);
  made.add(b);
  made.remove(a);
  t.same([listening, made.listeners], [[true], 1]);
  made.remove(b);
  made.remove(b);
  t.same(listening, [true, false]);
  t.end();
});

t.test("each listener gets as many older frames as it is due and its path takes", (t) => {
  const { hub: made } = hub();
  const all = [listener(0), listener(1), listener(2), listener(2, 250), listener(1, 100)];
  for (const one of all) made.add(one);
  for (let frame = 1; frame <= 4; frame++) made.push(sound(frame), frame * 10_000 + 5000);
  t.same(all.slice(0, 4).map(newest), [[4], [4, 3], [4, 3, 2], [4, 3]]);
  t.same(all[4]!.heard, [], "a path that is too narrow gets none");
  t.same(all[2]!.heard.map(({ sequence }) => sequence), [1, 2, 3, 4]);
  t.same(all[2]!.heard.map(({ frames }) => frames.length), [1, 2, 3, 3]);
  t.match(made.stats, { frames: 4, bytes: 400, datagrams: 16, datagramsRefused: 4 });
  t.match(all[0]!.heard[3], { captureTimeUs: 40_000, channels: 2, frameUs: 10_000, streamId: 0 });
  t.end();
});

t.test("what is not the neighbour goes with no frame", (t) => {
  const { hub: made } = hub();
  const one = listener(2);
  made.add(one);
  made.push(sound(1), undefined);
  made.push(sound(2), undefined);
  made.push(sound(5), undefined);
  t.same([one.heard.at(-1)!.sequence, newest(one)], [5, [5]], "frames that were lost on the way");
  made.push(sound(6), 6 * 10_000 + 600_000);
  t.equal(one.heard.at(-1)!.sequence, 5, "too old");
  made.push(sound(7), undefined);
  t.same([one.heard.at(-1)!.sequence, newest(one)], [7, [7]]);
  made.push(sound(8, { payload: new Uint8Array(SOUND_FRAME_BYTES_MAX + 1) }), undefined);
  made.push(sound(9), undefined);
  t.same([one.heard.at(-1)!.sequence, newest(one)], [9, [9]], "one that is too long");
  t.equal(made.stats.framesDropped, 2);
  t.end();
});

t.test("a source or a capture that begins anew begins an epoch, and sequences go on", (t) => {
  const { hub: made } = hub();
  const one = listener(2);
  made.add(one);
  made.push(sound(1), undefined);
  made.push(sound(2), undefined);
  const { epoch } = one.heard.at(-1)!;
  made.push(sound(3, { epoch: 2, channels: 6 }), undefined);
  t.match(one.heard.at(-1), { sequence: 3, epoch: epoch + 1, channels: 6 });
  t.same(newest(one), [3]);
  made.restart();
  made.push(sound(1, { epoch: 1 }), undefined);
  t.match(one.heard.at(-1), { sequence: 4, epoch: epoch + 2, channels: 2 });
  t.end();
});

t.test("a transport that takes nothing is counted and harms nobody", (t) => {
  const { hub: made } = hub();
  const deaf = { depth: 0, maxDatagramSize: 1200, send: () => false };
  const one = listener(0);
  made.add(deaf);
  made.add(one);
  made.push(sound(1), undefined);
  t.equal(one.heard.length, 1);
  t.match(made.stats, { datagrams: 1, datagramsRefused: 1 });
  t.end();
});
