import t from "tap";
import { publishedRows } from "../../../../web/dashboard/published_panel.ts";
import type { DashboardStream } from "../../../../src/wire/dashboard.ts";
import { sample } from "./sample_bench.ts";

const [display] = sample().streams;
const published: NonNullable<DashboardStream["published"]> = {
  ...{ by: "Ada", kind: "screen", via: "quic", reason: "" },
  phase: "live",
  ...{ framesRefused: 0, framesWithoutKeyframe: 0 },
};
const of = (change: Record<string, unknown> = {}, stream: Record<string, unknown> = {}) => {
  const row = { ...display!, id: 1, name: "Ada's screen", ...stream };
  return publishedRows(sample(0, {
    streams: [display!, { ...row, published: { ...published, ...change } }],
  }))[0];
};

t.test("publishedRows shows what somebody publishes, and no display", (t) => {
  t.same(publishedRows(sample()), []);
  t.equal(of({ phase: "ended" }), undefined, "what is over is over");
  t.match(of({}, { width: 1280, height: 720, viewers: 2 }), {
    ...{ id: 1, by: "Ada, screen", state: "Live, quic", isPoor: false, viewers: "2" },
    ...{ picture: "1280×720, 60 a second", drops: "None", score: "–" },
  });
  const said = { framesDropped: 3, packetsLost: 1, framesRefused: 2, score: 87.6 };
  t.match(of(said), { drops: "3 not encoded, 1 packet lost, 2 refused", score: "88" });
  t.match(of({ phase: "waiting" }), { state: "Waits for its publisher", isPoor: true });
  t.match(of({ reason: "Too large" }), { state: "Too large", isPoor: true, picture: "None yet" });
  t.end();
});
