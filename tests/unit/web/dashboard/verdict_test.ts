import t from "tap";
import type { DashboardSample } from "../../../../src/wire/dashboard.ts";
import type { LinkState } from "../../../../web/dashboard/event_link.ts";
import { verdictOf } from "../../../../web/dashboard/verdict.ts";
import { hello, MB, sample, session } from "./sample_bench.ts";

const LIVE: LinkState = { name: "live" };

function verdict(
  changes: Partial<DashboardSample> = {},
  { link = LIVE, overBudget = [] as string[] } = {},
) {
  const facts = { hello: hello(), sample: sample(0, changes), sampledMs: 0 };
  return verdictOf({ ...facts, link, overBudget });
}

t.test("verdictOf says in a word whether the host is well", (t) => {
  t.same(verdict(), {
    ...{ tone: "good", title: "Healthy" },
    text: "Nobody watches. Everything is ready.",
  });
  t.match(verdict({ sessions: [session(), session()] }), {
    ...{ tone: "good", text: "2 viewers, 59.9 frames/s." },
  });
  const still = sample().streams.map((stream) => ({ ...stream, framesPerSecond: 0 }));
  t.match(verdict({ sessions: [session()], streams: still }), {
    ...{ tone: "good", text: "1 viewer, the picture stands still." },
  });
  const poor = [session({ loss: 0.06 }), session({ state: "silent" }), session()];
  t.match(verdict({ sessions: poor }), {
    ...{ tone: "good", text: "The host is well; 2 viewers have a poor network." },
  }, "a viewer's network is no fault of the host");
  t.end();
});

t.test("verdictOf names the worst finding", (t) => {
  const failed = sample().streams.map((stream) => {
    return { ...stream, state: "failed" as const, reason: "no display" };
  });
  const memory = { ...sample().memory, rssBytes: 910 * MB };
  const all: Partial<DashboardSample> = {
    ...{ level: "critical", memory, media: { state: "failed", restarts: 6 }, streams: failed },
  };
  t.match(verdict(all), { tone: "bad", title: "Memory critical", text: /910 MB of 1.0 GB/ });
  t.match(verdict({ ...all, level: "high" }), { tone: "bad", title: "Media process down" });
  t.match(verdict({ level: "high", streams: failed }), {
    ...{ tone: "bad", title: "Capture failed", text: "Desktop has no picture: no display" },
  });
  const restarting: Partial<DashboardSample> = { media: { state: "restarting", restarts: 1 } };
  t.match(verdict({ ...restarting, level: "high" }), { tone: "warn", title: "Memory high" });
  t.match(verdict(restarting), { tone: "warn", title: "Media process restarts" });
  const owners = memory.owners.map((owner) => ({ ...owner, undisposed: 1 }));
  t.match(verdict({ memory: { ...memory, owners } }), { tone: "warn", title: "Memory leak" });
  t.match(verdict({}, { overBudget: ["encoder"] }), {
    ...{ tone: "warn", title: "Over budget" },
    text: "encoder holds 8.0 MB of a budget of 10.0 MB.",
  });
  t.end();
});

t.test("verdictOf says when frames are late, to those who watch", (t) => {
  const slow = sample().streams.map((stream) => ({
    ...stream,
    stages: [
      { stage: "encode" as const, p50Us: 2000, p99Us: 120_000 },
      { stage: "ipc" as const, p50Us: 200, p99Us: 99_000 },
    ],
  }));
  t.match(verdict({ streams: slow, sessions: [session()] }), {
    ...{ tone: "warn", title: "Frames are late" },
    text: "One frame in a hundred waits 120 ms or more for encode. The machine is busy.",
  });
  t.match(verdict({ streams: slow }), { tone: "good" }, "nobody sees it");
  const brisk = slow.map((stream) => ({ ...stream, stages: stream.stages.slice(1) }));
  t.match(verdict({ streams: brisk, sessions: [session()] }), { tone: "good" });
  t.end();
});

t.test("verdictOf never calls old figures well", (t) => {
  for (const why of ["network", "shutdown", "full"] as const) {
    for (const attempt of [1, 9]) {
      const link: LinkState = { name: "reconnecting", attempt, why };
      t.match(verdict({}, { link }), {
        tone: "unknown",
        title: "No contact",
        text: /Figures are of/,
      });
      const nothing = { hello: undefined, sample: undefined, sampledMs: 0, overBudget: [] };
      t.match(verdictOf({ ...nothing, link }), { tone: "unknown", title: "No contact" });
    }
  }
  const nothing = { hello: undefined, sample: undefined, sampledMs: 0, overBudget: [] };
  const link: LinkState = { name: "connecting" };
  t.match(verdictOf({ ...nothing, link }), { tone: "unknown", title: "Connecting" });
  t.match(verdict({ level: "critical" }, { link }), { tone: "unknown" });
  t.end();
});
