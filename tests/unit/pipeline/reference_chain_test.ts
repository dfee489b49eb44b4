/** Tests of src/pipeline/reference_chain.ts: what can be decoded, and what damage takes away. */

import t from "tap";
import { ReferenceChain } from "../../../src/pipeline/reference_chain.ts";

t.test("ReferenceChain knows the last 256 frames and no others", (t) => {
  const chain = new ReferenceChain();
  t.notOk(chain.isDecodable(1, 1), "nothing was yielded");
  t.ok(chain.isDecodable(1, 0));
  for (const frameId of [0xffff_ffff, 0, 1, 2, 5]) chain.noteYielded(frameId);
  t.ok(chain.isDecodable(6, 1));
  t.ok(chain.isDecodable(6, 7), "across the wrap");
  t.notOk(chain.isDecodable(6, 2), "frame 4 never came");
  t.notOk(chain.isDecodable(6 + 256, 1), "its slot held frame 5");
  chain.noteYielded(5 + 256);
  t.notOk(chain.isDecodable(6, 1), "forgotten");
  t.end();
});

t.test("ReferenceChain names the first damaged frame until one is yielded", (t) => {
  const chain = new ReferenceChain();
  t.same([chain.lastFrameId, chain.damagedFrameId], [0, 0]);
  chain.noteDamage();
  t.same([chain.lastFrameId, chain.damagedFrameId], [0, 1]);
  chain.noteYielded(7);
  t.same([chain.lastFrameId, chain.damagedFrameId], [7, 0]);
  chain.noteDamage();
  chain.noteDamage();
  t.equal(chain.damagedFrameId, 8);
  chain.noteYielded(0xffff_ffff);
  chain.noteDamage();
  t.equal(chain.damagedFrameId, 1, "0 would say that all is well");
  t.end();
});

t.test("ReferenceChain forgets what the decoder lost", (t) => {
  const chain = new ReferenceChain();
  for (let frameId = 1; frameId <= 10; frameId++) chain.noteYielded(frameId);
  chain.noteLost(9, 7);
  t.same([chain.lastFrameId, chain.damagedFrameId], [7, 9]);
  t.same([7, 8, 9, 10].map((id) => chain.isDecodable(11, 11 - id)), [true, false, false, false]);
  chain.noteLost(20, 15);
  t.equal(chain.lastFrameId, 7, "never forwards");
  chain.noteLost(0, 0);
  t.same([chain.lastFrameId, chain.damagedFrameId], [0, 8]);
  t.notOk(chain.isDecodable(11, 4));
  t.end();
});
