/** Tests of src/pipeline/viewer_frames.ts. */

import t from "tap";
import { REMEMBERED_FRAMES, ViewerFrames } from "../../../src/pipeline/viewer_frames.ts";
import { add32 } from "../../../src/core/sequence.ts";
import { frameOf } from "./sender_rig.ts";

/** Sends frames of three packets, ids from `firstId` on. */
function send(frames: ViewerFrames, list: readonly [number, number][], firstId = 0): number {
  let sourceId = firstId;
  for (const [frameId, distance] of list) {
    frames.push(frameOf(frameId, distance), sourceId, frameId * 1000);
    for (let packet = 0; packet < 3; packet++) frames.notePacket();
    sourceId = add32(sourceId, 3);
  }
  return sourceId;
}

t.test("ViewerFrames knows what a viewer can decode", (t) => {
  const frames = new ViewerFrames();
  t.ok(frames.canDecode(frameOf(1, 0), false), "a keyframe always");
  t.notOk(frames.canDecode(frameOf(2, 1), true), "nothing was sent");
  send(frames, [[1, 0], [2, 1], [3, 1]]);
  t.ok(frames.canDecode(frameOf(4, 1), true), "what was sent is under way");
  t.notOk(frames.canDecode(frameOf(4, 1), false), "but not known to have arrived");
  t.ok(frames.noteComplete(2));
  t.ok(frames.canDecode(frameOf(4, 2), false));
  t.notOk(frames.canDecode(frameOf(9, 1), true), "a frame that was never sent");
  t.equal(frames.lastCompleteId, 2);
  t.end();
});

t.test("ViewerFrames believes no report of what was never sent", (t) => {
  const frames = new ViewerFrames();
  t.notOk(frames.noteComplete(1), "before the first");
  t.ok(frames.noteComplete(0), "none is always possible");
  send(frames, [[5, 0]]);
  t.notOk(frames.noteComplete(6));
  t.notOk(frames.noteComplete(0x8000_0000));
  t.equal(frames.lastCompleteId, 0);
  t.ok(frames.noteComplete(5));
  t.end();
});

t.test("ViewerFrames forgets what a decoder says that it lost", (t) => {
  const frames = new ViewerFrames();
  send(frames, [[1, 0], [2, 1], [3, 1]]);
  for (const id of [1, 2, 3]) frames.noteComplete(id);
  frames.noteComplete(1);
  t.notOk(frames.canDecode(frameOf(4, 1), false), "3 is gone");
  t.ok(frames.canDecode(frameOf(4, 3), false), "1 is there");
  frames.noteComplete(0);
  t.notOk(frames.canDecode(frameOf(4, 3), false), "nothing is there");
  t.equal(frames.lastCompleteId, 0);
  t.end();
});

t.test("ViewerFrames tells which missing packets are still needed", (t) => {
  const frames = new ViewerFrames();
  t.equal(frames.neededFrom(0), undefined, "nothing was sent");
  send(frames, [[1, 0], [2, 1], [3, 1], [4, 1]]);
  frames.noteComplete(1);
  t.equal(frames.neededFrom(4), 4, "frame 2 is what the others refer to");
  frames.push(frameOf(5, 4), 12, 5000);
  frames.notePacket();
  t.equal(frames.neededFrom(4), 12, "frame 5 goes round it");
  t.equal(frames.neededFrom(12), 12, "unless it is itself missing");
  t.equal(frames.neededFrom(13), undefined, "beyond what was sent");
  frames.push(frameOf(6, 0), 13, 6000);
  frames.notePacket();
  t.equal(frames.neededFrom(4), 13, "a keyframe goes round everything");
  t.equal(frames.sentUsOf(4), 2000);
  t.equal(frames.sentUsOf(13), 6000);
  t.end();
});

t.test("ViewerFrames counts acknowledged ids within an epoch only", (t) => {
  const frames = new ViewerFrames();
  const next = send(frames, [[1, 0], [2, 1]], 0xffff_fffe);
  t.equal(next, 4, "ids wrap");
  t.equal(frames.acknowledgedSourceId, undefined);
  t.equal(frames.unacknowledgedFrom, 0xffff_fffe);
  frames.noteComplete(1);
  t.equal(frames.acknowledgedSourceId, 0);
  t.equal(frames.unacknowledgedFrom, 1);
  t.equal(frames.lastSourceId, 3);
  frames.startEpoch();
  t.equal(frames.acknowledgedSourceId, undefined, "of ids that are no more");
  t.equal(frames.lastSourceId, undefined);
  t.equal(frames.newestPackets, 0);
  t.equal(frames.neededFrom(2), undefined);
  t.ok(frames.canDecode(frameOf(3, 1), true), "frames are what they were");
  send(frames, [[3, 1]], 500);
  t.equal(frames.unacknowledgedFrom, 500);
  frames.noteComplete(3);
  t.equal(frames.acknowledgedSourceId, 502);
  t.equal(frames.newestPackets, 3);
  frames.clear();
  t.equal(frames.newestId, 0);
  t.end();
});

t.test("ViewerFrames remembers so many frames and no more", (t) => {
  const frames = new ViewerFrames();
  const ids = Array.from({ length: REMEMBERED_FRAMES + 1 }, (_, index) => index + 1);
  send(frames, ids.map((id) => [id, id === 1 ? 0 : 1]));
  const next = REMEMBERED_FRAMES + 2;
  t.ok(frames.canDecode(frameOf(next, next - 2), true));
  t.notOk(frames.canDecode(frameOf(next, next - 1), true), "the first is forgotten");
  t.equal(frames.neededFrom(0), undefined);
  t.end();
});
