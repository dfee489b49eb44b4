/** Tests of what a MediaSender makes of traffic that shares its path, such as sound. */

import t from "tap";
import { SenderRig } from "./sender_rig.ts";

/** 10 ms of sound at 320 kbit/s. */
const SOUND_BYTES = 400;

t.test("what goes beside the picture comes off the picture's rate, while it goes", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ fixedRedundancy: 0 });
  rig.play(1, 60);
  for (let frame = 61; frame <= 180; frame++) {
    rig.play(frame, frame);
    for (let packet = 0; packet < 2; packet++) viewer.sender.noteOther(SOUND_BYTES, rig.nowUs);
  }
  const { videoBps, stats } = viewer.sender;
  const taken = stats.targetBps - videoBps;
  t.ok(Math.abs(taken - 2 * SOUND_BYTES * 8 * 60) < 40_000, `${taken} bit/s were taken off`);
  rig.play(181, 240);
  t.equal(viewer.sender.videoBps, viewer.sender.stats.targetBps, "and given back");
  t.end();
});

t.test("a sender knows when its viewer is silent", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ fixedRedundancy: 0 });
  rig.play(1, 30);
  t.notOk(viewer.sender.isSilent);
  viewer.isMute = true;
  viewer.isLost = () => true;
  rig.play(31, 60);
  t.ok(viewer.sender.isSilent);
  viewer.isMute = false;
  viewer.isLost = () => false;
  rig.run(300_000);
  t.notOk(viewer.sender.isSilent, "the first report ends it");
  t.end();
});
