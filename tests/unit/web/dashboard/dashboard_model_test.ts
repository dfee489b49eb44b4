import t from "tap";
import { HISTORY_SAMPLES } from "../../../../src/wire/dashboard.ts";
import { DashboardModel } from "../../../../web/dashboard/dashboard_model.ts";
import { ownerLayers, ownerRows } from "../../../../web/dashboard/owner_rows.ts";
import { hello, MB, sample, STARTED_MS } from "./sample_bench.ts";

function event(name: string, data: unknown) {
  return { name, data: JSON.stringify(data), id: undefined };
}

function greeted(changes = {}): DashboardModel {
  const model = new DashboardModel(() => 42);
  model.push(event("hello", hello(changes)));
  return model;
}

t.test("DashboardModel has the history, and each sample after it once", (t) => {
  const model = greeted();
  const times = [1, 2].map((second) => STARTED_MS + second * 1000);
  const values = [times, [1, 2], [null, 4], [0, 0], [0, 0]];
  model.push(event("history", { isWhole: true, values }));
  t.same(model.column("timeMs"), times);
  t.same(model.column("owner:encoder"), [null, 4], "what is not known is a gap");
  model.push(event("sample", sample(2)));
  t.equal(model.column("timeMs").length, 2, "the history had it already");
  model.push(event("sample", sample(3)));
  t.equal(model.column("rssBytes").at(-1), 200 * MB);
  t.equal(model.sample?.sequence, 3);
  t.equal(model.sampledMs, 42);
  t.same(model.column("none"), []);
  t.end();
});

t.test("DashboardModel goes on after a gap, and begins anew with another run", (t) => {
  const model = greeted();
  model.push(event("history", { isWhole: true, values: [[], [], [], [], []] }));
  for (const second of [0, 1]) model.push(event("sample", sample(second)));
  model.push(event("hello", hello()));
  const missed = [2, 3].map((second) => sample(second).row);
  const columns = missed[0]!.map((_, column) => missed.map((row) => row[column]));
  model.push(event("history", { isWhole: false, values: columns }));
  t.equal(model.column("timeMs").length, 4);
  model.push(event("hello", hello({ startedMs: STARTED_MS + 1 })));
  t.equal(model.column("timeMs").length, 0);
  model.push(event("sample", sample(9)));
  t.equal(model.column("timeMs").length, 1);
  t.end();
});

t.test("DashboardModel holds ten minutes", (t) => {
  const model = greeted();
  for (let second = 0; second < HISTORY_SAMPLES + 5; second++) {
    model.push(event("sample", sample(second)));
  }
  t.equal(model.column("timeMs").length, HISTORY_SAMPLES);
  t.equal(model.column("timeMs")[0], STARTED_MS + 5000);
  t.end();
});

t.test("DashboardModel refuses what is not of its version", (t) => {
  const model = greeted();
  for (
    const [name, data] of [
      ["sample", { ...sample(), surprise: 1 }],
      ["sample", { ...sample(), level: "fine" }],
      ["hello", {}],
      ["history", { isWhole: true, values: [["x"]] }],
      ["other", {}],
    ] as const
  ) t.throws(() => model.push(event(name, data)), { name: "ProtocolError" }, name);
  t.throws(() => model.push({ name: "sample", data: "{", id: undefined }), /JSON/);
  t.equal(model.sample, undefined);
  t.end();
});

t.test("DashboardModel calls an owner over its budget when it stays clearly above it", (t) => {
  const over = (bytes: number, samples: number) => {
    const model = greeted();
    for (let second = 0; second < 20; second++) {
      const held = second >= 20 - samples ? bytes : MB;
      const row = [STARTED_MS + second * 1000, 1, held, 0, 0];
      model.push(event("sample", sample(second, { row })));
    }
    return model.overBudget;
  };
  t.same(over(12 * MB, 10), ["encoder"]);
  t.same(over(12 * MB, 9), [], "not for a moment");
  t.same(over(10.9 * MB, 20), [], "not for a little");
  t.same(greeted().overBudget, []);
  t.end();
});

t.test("ownerRows and ownerLayers show the same owners, stacked", (t) => {
  const model = greeted();
  for (const second of [0, 1]) model.push(event("sample", sample(second)));
  t.match(ownerRows(hello(), sample()), [
    { owner: "encoder", name: "Encoder", bytes: 8 * MB, capBytes: 10 * MB, share: 0.8 },
    { owner: "pages", capBytes: undefined, share: undefined },
  ], "the largest first, without those that hold nothing");
  const layers = ownerLayers(model);
  t.match(layers, [{ name: "Others", tops: [9 * MB, 9 * MB] }, { name: "Encoder" }]);
  t.same(layers[1]!.tops, [8 * MB, 8 * MB], "the highest is drawn first");
  t.not(layers[0]!.colour, layers[1]!.colour);
  t.end();
});
