/** Tests of src/session/watched_streams.ts: one stream, several side by side, and their bound. */

import t from "tap";
import { MediaSender } from "../../../src/pipeline/media_sender.ts";
import type { SessionHost } from "../../../src/session/session_host.ts";
import { WatchedStreams } from "../../../src/session/watched_streams.ts";

/** A host of eight streams, and who is attached to which. */
class Desk {
  readonly attached = new Map<number, MediaSender>();
  readonly sent: (string | undefined)[] = [];
  readonly host: SessionHost = {
    features: [],
    streamNames: Array.from({ length: 8 }, (_, id) => ({ id, name: `Stream ${id}` })),
    findStream: () => 0,
    greeting: () => [],
    senderSettings: () => ({
      controller: "trend",
      limits: { minBps: 300_000, maxBps: 8_000_000, startBps: 4_000_000 },
      frameIntervalUs: 16_667,
      videoBpsMax: 8_000_000,
    }),
    pictureRate: () => ({ fps: 60, scale: 1 }),
    attach: (id, sender) => {
      if (sender instanceof MediaSender) this.attached.set(id, sender);
      return () => void this.attached.delete(id);
    },
    cursor: () => new Uint8Array(1),
    requestKeyframe: () => {},
    invalidate: () => {},
    sendInput: () => {},
    hostTimeUs: (nowUs) => nowUs,
  };
  readonly watched = new WatchedStreams({
    connection: { maxDatagramSize: 1200, sendDatagram: () => true },
    host: this.host,
    nowUs: () => 0,
    send: (_framed, replaces) => void this.sent.push(replaces),
    sendIfFree: () => {},
  });

  get playing(): number[] {
    return [...this.attached.keys()].sort();
  }

  get shares(): number[] {
    return [...this.attached.values()].map(({ share }) => share);
  }
}

t.test("WatchedStreams divides the rate evenly among what plays", (t) => {
  const { watched, ...desk } = new Desk();
  const shares = () => [...desk.attached.values()].map(({ share }) => share);
  t.equal(watched.play(0), undefined);
  const alone = desk.attached.get(0)!.videoBps;
  t.same(shares(), [1]);
  watched.play(3);
  t.same(shares(), [0.5, 0.5]);
  t.equal(desk.attached.get(0)!.videoBps, alone / 2);
  watched.play(3);
  t.same(shares(), [0.5, 0.5], "once");
  watched.play(5);
  watched.play(6);
  t.same(shares(), [0.25, 0.25, 0.25, 0.25]);
  watched.pause(5);
  t.same(shares(), [1 / 3, 1 / 3, 1 / 3]);
  t.same(desk.sent, [0, 3, 3, 5, 6].map((id) => `cursor ${id}`), "no pointer replaces another's");
  watched.pause();
  t.equal(desk.attached.size, 0);
  t.end();
});

t.test("WatchedStreams takes four at once and any number one after the other", (t) => {
  const desk = new Desk();
  const { watched } = desk;
  for (const id of [0, 1, 2, 3]) t.equal(watched.play(id), undefined);
  t.match(watched.play(4), { reason: "capacity" });
  for (let turn = 0; turn < 20; turn++) {
    watched.pause(turn === 0 ? 3 : 4 + (turn - 1) % 4);
    t.equal(watched.play(4 + turn % 4), undefined, "in the place of a paused one");
  }
  t.same(desk.playing.slice(0, 3), [0, 1, 2]);
  t.ok([...watched.ids].length <= 4);
  t.match(watched.play(8), { reason: "unknown_stream" });
  watched.pause();
  t.end();
});

t.test("WatchedStreams selects one instead of all, of one and of several", (t) => {
  const desk = new Desk();
  const { watched } = desk;
  watched.play(0);
  watched.play(1);
  const senders = [desk.attached.get(0), desk.attached.get(1)];
  t.equal(watched.select(1), undefined);
  t.same(desk.playing, [1]);
  t.equal(desk.attached.get(1), senders[1], "with its own sender: its packets are under way");
  t.same(desk.shares, [1], "and all of the rate");
  watched.play(0);
  t.equal(desk.attached.get(0), senders[0], "as the other one");
  t.same(desk.shares, [0.5, 0.5], "what was controlled can be beside");
  t.equal(watched.playing?.streamId, 1, "and is not controlled any more");
  watched.pause(0);
  t.equal(watched.select(2), undefined);
  t.same(desk.playing, [2]);
  t.equal(desk.attached.get(2), senders[1], "from one to another the sender goes along");
  t.same([...watched.ids], [2]);
  watched.pause();
  t.end();
});
