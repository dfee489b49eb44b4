/** Tests of web/producer/producer_view.ts and saved_choices.ts. */

import t from "tap";
import { captureProblem } from "../../../../web/producer/source_kind.ts";
import {
  bitrateText,
  missingPart,
  phaseOf,
  phaseText,
} from "../../../../web/producer/producer_view.ts";
import type { ProducerView } from "../../../../web/producer/producer_view.ts";
import { loadChoices, saveChoices } from "../../../../web/producer/saved_choices.ts";

const store = new Map<string, string>();
const storage = {
  getItem: (name: string) => store.get(name) ?? null,
  setItem: (name: string, text: string) => void store.set(name, text),
};
const choices = loadChoices(storage, { key: "k", kind: "screen" });
const VIEW: ProducerView = {
  ...{
    missing: undefined,
    isOpening: false,
    problem: undefined,
    failure: "",
    link: { name: "off" },
  },
  ...{ choices, stream: undefined, hasSourceSound: false, canSendSound: true, microphone: "off" },
  ...{
    cameras: [],
    microphones: [],
    kept: [],
    keptUnused: 0,
    host: undefined,
    figures: undefined,
    notice: "",
  },
};
const stream = {};

t.test("phaseOf says in one word what a page is doing", (t) => {
  t.equal(phaseOf(VIEW), "idle");
  t.equal(phaseOf({ ...VIEW, isOpening: true }), "asking");
  t.equal(phaseOf({ ...VIEW, problem: "denied" }), "denied");
  t.equal(phaseOf({ ...VIEW, problem: "busy" }), "error");
  t.equal(phaseOf({ ...VIEW, failure: "no encoder" }), "error");
  t.equal(phaseOf({ ...VIEW, stream }), "ready");
  t.equal(phaseOf({ ...VIEW, stream, link: { name: "live" } }), "live");
  const link = { name: "live" } as const;
  t.equal(phaseOf({ ...VIEW, stream, link, isOpening: true }), "live", "while another is chosen");
  t.equal(phaseOf({ ...VIEW, stream, link: { name: "refused", message: "" } }), "refused");
  t.equal(phaseOf({ ...VIEW, missing: "encoder", link: { name: "live" } }), "unsupported");
  t.end();
});

t.test("phaseText has a title for each state, and names what is missing", (t) => {
  t.match(phaseText({ ...VIEW, missing: "encoder" }).text, /WebCodecs/);
  t.match(phaseText({ ...VIEW, missing: "secure_context" }).text, /HTTPS/);
  t.match(phaseText({ ...VIEW, problem: "no_device" }).text, /device/);
  t.match(phaseText({ ...VIEW, choices: { ...choices, isLive: true } }).title, /were live/);
  t.match(phaseText({ ...VIEW, link: { name: "ended", message: "The host ended it" } }), {
    title: "Ended",
    text: "The host ended it",
  });
  t.end();
});

t.test("missingPart names the first part that a browser lacks", (t) => {
  const part = () => {};
  const media = { getUserMedia: part };
  const all = {
    ...{ isSecureContext: true, VideoEncoder: part, VideoFrame: part, Worker: part },
    WebSocket: part,
  };
  t.equal(missingPart(all, media), undefined);
  t.equal(missingPart({ ...all, isSecureContext: false }, media), "secure_context");
  t.equal(missingPart(all, undefined), "capture");
  t.equal(missingPart({ ...all, VideoEncoder: undefined }, media), "encoder");
  t.equal(missingPart({ ...all, WebSocket: undefined }, media), "transport");
  t.end();
});

t.test("captureProblem tells a refusal from a device that is not there", (t) => {
  const named = (name: string) => Object.assign(new Error("x"), { name });
  t.equal(captureProblem(named("NotAllowedError")), "denied");
  t.equal(captureProblem(named("NotFoundError")), "no_device");
  t.equal(captureProblem(named("NotReadableError")), "busy");
  t.equal(captureProblem("what"), "failed");
  t.end();
});

t.test("choices outlive a reload, and what is broken is not believed", (t) => {
  saveChoices(storage, { ...choices, name: "Ada", kind: "camera", isLive: true });
  t.match(loadChoices(storage, { key: "other", kind: "screen" }), {
    ...{ key: "k", name: "Ada", kind: "camera", isLive: true },
  });
  for (const text of ["", "{", `{"key":1}`, `{"key":"${"x".repeat(65)}"}`]) {
    store.set("wavry-publish", text);
    t.match(loadChoices(storage, { key: "new", kind: "screen" }), { key: "new", isLive: false });
  }
  t.equal(bitrateText(1_250_000), "1.3 Mbit/s");
  t.equal(bitrateText(96_400), "96 kbit/s");
  t.end();
});
