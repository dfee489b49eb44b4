/** Tests of web/viewer/ui/path_words.ts. */

import t from "tap";
import { connectionWords, NOTICE_WORDS } from "../../../../web/viewer/ui/path_words.ts";
import { pathReport } from "./path_report_fixture.ts";

t.test("connectionWords says the worst of a path first", (t) => {
  const cases = [
    [{ loss: 0 }, true, "good"],
    [{ loss: 0.02 }, true, "losses, repaired as they come"],
    [{ loss: 0.02, queueDelayUs: 60_000 }, false, "busy, packets wait"],
    [{ rung: "reference", queueDelayUs: 60_000 }, false, "poor, the picture is being repaired"],
    [{ rung: "keyframe" }, false, "poor, the picture is being repaired"],
    [{ rung: "keyframe", layers: "base" }, false, "slow, fewer frames are sent"],
    [{ rung: "rate" }, false, "slow, fewer frames are sent"],
  ] as const;
  for (const [changes, isGood, text] of cases) {
    t.same(connectionWords(pathReport(changes), 0), { isGood, text });
  }
  t.same(connectionWords(pathReport(), 0.01), { isGood: false, text: "losses, not all repaired" });
  t.end();
});

t.test("NOTICE_WORDS say what is wrong and what is done", (t) => {
  t.same(NOTICE_WORDS, {
    repairing: "Poor network: picture is being repaired",
    slow: "Slow network: fewer frames",
  });
  t.end();
});
