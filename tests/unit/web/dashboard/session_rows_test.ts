import t from "tap";
import {
  bytesText,
  clockText,
  countText,
  durationText,
  rateText,
  shareText,
  timeText,
} from "../../../../web/dashboard/figure_text.ts";
import { tokenOf } from "../../../../web/dashboard/screens.ts";
import { sessionRows, viewerText } from "../../../../web/dashboard/session_rows.ts";
import { MB, sample, session } from "./sample_bench.ts";

t.test("sessionRows puts players first, then who came first", (t) => {
  const sessions = [
    session({ id: "late", connectedSeconds: 1 }),
    session({ id: "early", connectedSeconds: 9 }),
    session({ id: "player", role: "player", connectedSeconds: 0 }),
    session({ id: "admin", role: "admin", connectedSeconds: 0 }),
  ];
  const ids = sessionRows(sample(0, { sessions })).map(({ id }) => id);
  t.same(ids, ["admin", "player", "early", "late"]);
  t.end();
});

t.test("sessionRows writes what a person reads, and marks what is poor", (t) => {
  const [good, poor] = sessionRows(sample(0, {
    sessions: [
      session({ reorderPackets: 12, reorderPacketsMax: 1024, rung: "reactive" }),
      session({
        ...{ connectedSeconds: 1, state: "silent", loss: 0.021, rttUs: 151_000, streamId: 7 },
        ...{ queuedBytes: 60_000, targetBps: 8 * MB },
      }),
    ],
  }));
  t.match(good, {
    ...{ role: "Viewer", address: "192.0.2.0/24", stream: "Desktop", connected: "1 min 15 s" },
    ...{ sent: "2.00 Mbit/s", target: "8.00 Mbit/s", rtt: { text: "4.00 ms", isPoor: false } },
    ...{ loss: { text: "0 %" }, queue: { text: "0 B, 0 ms" }, redundancy: "2.00 %" },
    ...{ repair: "Repairs on request", reorder: "12 of 1024", state: { text: "Playing" } },
    transport: "QUIC",
  });
  t.match(poor, {
    ...{ stream: "Stream 7", state: { text: "No answer", isPoor: true }, reorder: "–" },
    ...{ rtt: { isPoor: true }, loss: { text: "2.10 %", isPoor: true } },
    queue: { text: "60.0 kB, 60 ms", isPoor: true },
  });
  t.equal(viewerText(good!), "viewer from 192.0.2.0/24");
  t.match(good, { name: "", hasControl: false });
  const [named] = sessionRows(sample(0, {
    sessions: [session({ role: "admin", name: "Ana", controls: [0] })],
  }));
  t.match(named, { role: "Admin", name: "Ana", hasControl: true });
  t.equal(viewerText(named!), "admin Ana from 192.0.2.0/24");
  t.end();
});

t.test("figures are as long as people read them", (t) => {
  t.same([0, 999, 1500, 99_900, 234_567_890, null, undefined].map(bytesText), [
    ...["0 B", "999 B", "1.5 kB", "99.9 kB", "235 MB", "–", "–"],
  ]);
  t.same([0, 400, 999_499, 999_500, 12_345_678].map(rateText), [
    ...["0 kbit/s", "0.40 kbit/s", "999 kbit/s", "1.00 Mbit/s", "12.3 Mbit/s"],
  ]);
  t.same([0, 4, 40, 1234, 123_456].map(timeText), [
    ...["0 ms", "0 ms", "0.04 ms", "1.23 ms", "123 ms"],
  ]);
  t.same([0, 0.00004, 0.5, 1].map(shareText), ["0 %", "0 %", "50.0 %", "100 %"]);
  t.same([-1, 0, 59, 60, 3600, 3661, 90_000, 200_000].map(durationText), [
    ...["0 s", "0 s", "59 s", "1 min", "1 h", "1 h 1 min", "1 d 1 h", "2 d 7 h"],
  ]);
  t.match(clockText(0), /^\d\d:\d\d:00$/);
  t.same([countText(1, "viewer"), countText(2, "viewer")], ["1 viewer", "2 viewers"]);
  t.end();
});

t.test("tokenOf takes a token or the link with it", (t) => {
  t.equal(tokenOf("  abc-_1 \n"), "abc-_1");
  t.equal(tokenOf("http://127.0.0.1:47990/dashboard/#s=abc-_1"), "abc-_1");
  t.equal(tokenOf("  "), "");
  t.end();
});
