/** Tests of web/viewer/render/presenter.ts. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { Presenter } from "../../../../web/viewer/render/presenter.ts";
import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";
import { frameRecord } from "./frame_record_fixture.ts";

interface TestPicture {
  readonly id: number;
  closed: number;
  close(): void;
}

function setUp(draw: (picture: TestPicture) => Promise<boolean> | boolean = () => true) {
  const clock = new ManualClock(1000);
  const drawn: number[] = [];
  const ticks: (() => void)[] = [];
  const pictures: TestPicture[] = [];
  const records: FrameRecord[] = [];
  const presenter = new Presenter<TestPicture>({
    clock,
    nextTick: (run) => ticks.push(run),
    presented: (record) => drawn.push(record.frameId),
  });
  const push = (id: number) => {
    const picture = {
      id,
      closed: 0,
      close() {
        this.closed++;
      },
    };
    const record = frameRecord(id);
    pictures.push(picture);
    records.push(record);
    presenter.push(picture, record);
  };
  const tick = () => ticks.splice(0).forEach((run) => run());
  const start = () => presenter.use({ draw, close() {} });
  return { clock, presenter, drawn, pictures, records, push, tick, start };
}

t.test("Presenter draws at once when nothing was drawn since the last tick", (t) => {
  const { push, tick, start, drawn, pictures, records } = setUp();
  start();
  push(1);
  t.same(drawn, [1]);
  t.equal(records[0]?.presentedUs, 1000);
  tick();
  push(2);
  t.same(drawn, [1, 2]);
  t.same(pictures.map(({ closed }) => closed), [1, 1]);
  t.end();
});

t.test("Presenter draws only the newest of what comes before the tick", (t) => {
  const { push, tick, start, drawn, pictures, records, presenter } = setUp();
  start();
  for (let id = 1; id <= 4; id++) push(id);
  t.same(drawn, [1]);
  t.same(records.map(({ outcome }) => outcome), [
    "presented",
    "superseded",
    "superseded",
    "pending",
  ]);
  tick();
  t.same(drawn, [1, 4]);
  t.same(pictures.map(({ closed }) => closed), [1, 1, 1, 1], "each closed exactly once");
  t.same(presenter.stats, { presented: 2, superseded: 2 });
  t.end();
});

t.test("Presenter gives the interval after a drawing tick to the next picture", (t) => {
  const { push, tick, start, drawn } = setUp();
  start();
  push(1);
  push(2);
  tick();
  push(3);
  t.same(drawn, [1, 2, 3], "the third does not wait for yet another tick");
  t.end();
});

t.test("Presenter waits for a renderer and for a drawing that takes time", async (t) => {
  const finish = Promise.withResolvers<boolean>();
  const { push, tick, start, drawn, pictures } = setUp((picture) =>
    picture.id === 1 ? finish.promise : true
  );
  push(1);
  t.same(drawn, []);
  start();
  push(2);
  t.equal(pictures[0]?.closed, 0, "in use until the drawing ends");
  finish.resolve(true);
  await finish.promise;
  await Promise.resolve();
  t.same(drawn, [1]);
  t.equal(pictures[0]?.closed, 1);
  tick();
  t.same(drawn, [1, 2]);
});

t.test("Presenter closes pictures that could not be drawn and goes on", async (t) => {
  const { push, tick, start, drawn, pictures, records } = setUp((picture) => {
    if (picture.id === 1) throw new Error("context lost");
    return picture.id === 2 ? Promise.reject(new Error("copy failed")) : picture.id !== 3;
  });
  start();
  push(1);
  push(2);
  await new Promise((resolve) => setTimeout(resolve, 0));
  push(3);
  push(4);
  tick();
  t.same(drawn, [4]);
  t.same(pictures.map(({ closed }) => closed), [1, 1, 1, 1]);
  t.same(records.map(({ outcome }) => outcome), ["lost", "lost", "lost", "presented"]);
});
