import t from "tap";
import { IdleCollection } from "../../../../src/server/memory/idle_collection.ts";

t.test("IdleCollection collects many at once, few after a while, none for nothing", (t) => {
  let ended = 0;
  let collected = 0;
  let isIdle = true;
  const collection = new IdleCollection({
    ended: () => ended,
    isIdle: () => isIdle,
    collect: () => collected++,
  });
  t.teardown(() => collection.close());
  for (let i = 0; i < 10; i++) collection.check();
  t.equal(collected, 1, "once for the start");
  collected = 0;
  ended = 32;
  collection.check();
  t.equal(collected, 1);
  collection.check();
  t.equal(collected, 1, "once for each");
  ended = 33;
  for (let i = 0; i < 4; i++) collection.check();
  t.equal(collected, 1);
  collection.check();
  t.equal(collected, 2, "one connection, ten seconds later");
  t.equal(collection.collections, 3, "with that of the start");
  ended = 33 + 255;
  isIdle = false;
  for (let i = 0; i < 10; i++) collection.check();
  t.equal(collected, 2, "not while somebody watches");
  isIdle = true;
  collection.check();
  t.equal(collected, 3);
  for (let i = 0; i < 149; i++) collection.check();
  t.equal(collected, 3);
  collection.check();
  t.equal(collected, 4, "what an idle host leaves, after five minutes");
  isIdle = false;
  ended += 255;
  for (let i = 0; i < 10; i++) collection.check();
  t.equal(collected, 4);
  ended++;
  for (let i = 0; i < 10; i++) collection.check();
  t.equal(collected, 5, "so many are collected whoever watches, once");
  t.end();
});

t.test("IdleCollection frees what only V8 holds", async (t) => {
  let ended = 32;
  let isFreed = false;
  const registry = new FinalizationRegistry(() => isFreed = true);
  (() => registry.register({ big: new Array(1000).fill(0) }, undefined))();
  const collection = new IdleCollection({ ended: () => ended, isIdle: () => true });
  t.teardown(() => collection.close());
  for (let i = 0; i < 50 && !isFreed; i++) {
    collection.check();
    ended += 32;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.ok(isFreed);
});
