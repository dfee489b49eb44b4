/** Tests of web/viewer/ui/screen_texts.ts. */

import t from "tap";
import { screenTextOf } from "../../../../web/viewer/ui/screen_texts.ts";
import type { ViewerState } from "../../../../web/viewer/viewer_state.ts";

const END_REASONS = [
  "quit",
  "shutdown",
  "kicked",
  "bad_ticket",
  "version",
  "capacity",
  "forbidden",
  "protocol",
  "timeout",
  "unknown_stream",
] as const;

const isTold = (reason: string) => reason === "capacity" || reason === "unknown_stream";

const STATES: readonly ViewerState[] = [
  { name: "connecting", attempt: 1 },
  { name: "connecting", attempt: 9 },
  { name: "waiting", failure: "" },
  { name: "waiting", failure: "Cannot open display :9" },
  { name: "reconnecting", cause: "network", attempt: 1, failure: "" },
  { name: "reconnecting", cause: "network", attempt: 9, failure: "" },
  { name: "reconnecting", cause: "stream", attempt: 1, failure: "" },
  { name: "reconnecting", cause: "stream", attempt: 1, failure: "The display is gone" },
  { name: "refused", cause: "link" },
  { name: "refused", cause: "origin" },
  ...END_REASONS.map((reason) => ({
    name: "ended" as const,
    reason,
    // The reasons of which the host tells people more.
    message: isTold(reason) ? "All places are taken" : "code 7",
  })),
  ...(["secure_context", "transport", "webcodecs", "canvas", "codec"] as const).map(
    (missing) => ({ name: "unsupported" as const, missing, detail: "It fails" }),
  ),
];

t.test("screenTextOf says for every state what happens and what to do", (t) => {
  for (const state of STATES) {
    const text = screenTextOf(state, "studio");
    const label = JSON.stringify(state);
    t.ok(text !== undefined && text.title.length > 5 && text.text.length > 20, label);
    t.notMatch(text?.text ?? "", /code 7|undefined|Error/, `no bare error in ${label}`);
  }
  t.equal(screenTextOf({ name: "playing" }, "studio"), undefined);
  t.end();
});

t.test("screenTextOf offers what a host has instead of a display that is not there", (t) => {
  const streams = [{ id: 0, name: "Left" }, { id: 1, name: "Right" }];
  const message = 'There is no "Middle" here, only Left, Right';
  const state = { name: "ended", reason: "unknown_stream", message } as const;
  const text = screenTextOf({ ...state, streams }, "studio");
  t.match(text, { title: "That display is not there", choices: streams });
  t.match(text?.text, /: there is no "Middle" here, only Left, Right\.$/);
  t.equal(screenTextOf(state, "studio")?.choices, undefined);
  t.end();
});

t.test("screenTextOf says why a host lets nobody in", (t) => {
  const text = (message: string) => {
    return screenTextOf({ name: "ended", reason: "capacity", message }, "studio")?.text;
  };
  t.equal(
    text("The host is short of memory"),
    "No more viewers can join studio at the moment: the host is short of memory.",
  );
  t.equal(text(""), "No more viewers can join studio at the moment.");
  t.end();
});

t.test("screenTextOf offers a way on where there is one", (t) => {
  const action = (state: ViewerState) => screenTextOf(state, "studio")?.action?.name;
  t.equal(action({ name: "ended", reason: "quit", message: "" }), "rejoin");
  t.equal(action({ name: "ended", reason: "shutdown", message: "" }), "rejoin");
  t.equal(action({ name: "ended", reason: "version", message: "" }), "reload");
  t.equal(action({ name: "ended", reason: "kicked", message: "" }), undefined);
  t.equal(action({ name: "refused", cause: "link" }), undefined);
  t.equal(action({ name: "reconnecting", cause: "network", attempt: 9, failure: "" }), "leave");
  t.end();
});
