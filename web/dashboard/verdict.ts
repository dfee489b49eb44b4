/**
 * Verdict: whether the host is well, in a word and a sentence: the one thing that a person who was
 * woken up reads first. The worst finding wins; a colour never says more than the word.
 */

import type { DashboardHello, DashboardSample } from "../../src/wire/dashboard.ts";
import type { LinkState } from "./event_link.ts";
import { bytesText, clockText, countText, digits, timeText } from "./figure_text.ts";

/** How bad it is. */
export type Tone = "good" | "warn" | "bad" | "unknown";

/** The state of the host. */
export interface Verdict {
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
}

/** What a verdict is made of. */
export interface VerdictFacts {
  readonly link: LinkState;
  readonly hello: DashboardHello | undefined;
  readonly sample: DashboardSample | undefined;
  /** When the newest sample came, milliseconds of this page's wall clock. */
  readonly sampledMs: number;
  /** Owners that have held more than their budget for a while. */
  readonly overBudget: readonly string[];
}

/** Share of lost packets from which a viewer's network is worth a word. */
const POOR_LOSS = 0.05;
/** A stage of this length, in more than one frame of a hundred, is seen by everybody. */
const LATE_US = 100_000;

/** The worst that is known. */
export function verdictOf(facts: VerdictFacts): Verdict {
  const { link, hello, sample, sampledMs, overBudget } = facts;
  if (sample === undefined || hello === undefined) {
    return link.name === "reconnecting"
      ? { tone: "unknown", title: "No contact", text: lossText(link) }
      : { tone: "unknown", title: "Connecting", text: "Waiting for the first sample" };
  }
  if (link.name !== "live") {
    const why = link.name === "reconnecting" ? lossText(link) : "Asking the host again.";
    const text = `${why} Figures are of ${clockText(sampledMs)}.`;
    return { tone: "unknown", title: "No contact", text };
  }
  return faultOf(hello, sample) ?? concernOf(hello, sample, overBudget) ??
    { tone: "good", title: "Healthy", text: goodText(sample) };
}

function lossText(link: Extract<LinkState, { name: "reconnecting" }>): string {
  switch (link.why) {
    case "shutdown":
      return "The host was closed. This page comes back with it.";
    case "full":
      return "Too many dashboards are open. This page waits for a place.";
    case "network":
      return link.attempt < 4
        ? "The host does not answer. Trying again."
        : "The host still does not answer. This page keeps trying.";
  }
}

function faultOf(hello: DashboardHello, sample: DashboardSample): Verdict | undefined {
  if (sample.level === "critical") {
    const used = usedText(hello, sample);
    const text = `${used}. New viewers are turned away and pictures are smaller.`;
    return { tone: "bad", title: "Memory critical", text };
  }
  if (sample.media.state === "failed") {
    const text = "Capture and encoding cannot be started. They are tried again.";
    return { tone: "bad", title: "Media process down", text };
  }
  const failed = sample.streams.find(({ state }) => state === "failed");
  if (failed === undefined) return undefined;
  const why = failed.reason === "" ? "" : `: ${failed.reason}`;
  return { tone: "bad", title: "Capture failed", text: `${failed.name} has no picture${why}` };
}

function concernOf(
  hello: DashboardHello,
  sample: DashboardSample,
  overBudget: readonly string[],
): Verdict | undefined {
  if (sample.level === "high") {
    const text = `${usedText(hello, sample)}. Buffers that nobody uses are given back.`;
    return { tone: "warn", title: "Memory high", text };
  }
  if (sample.media.state === "restarting") {
    const text = "Capture and encoding come back in a moment. Viewers stay connected.";
    return { tone: "warn", title: "Media process restarts", text };
  }
  const lost = sample.memory.owners.find(({ undisposed }) => undisposed > 0);
  if (lost !== undefined) {
    const text = `${countText(lost.undisposed, "buffer")} of ${lost.owner} never came back.`;
    return { tone: "warn", title: "Memory leak", text };
  }
  const over = sample.memory.owners.find(({ owner }) => overBudget.includes(owner));
  if (over === undefined) return latenessOf(sample);
  const cap = bytesText(capOf(hello, over.owner));
  const text = `${over.owner} holds ${bytesText(over.currentBytes)} of a budget of ${cap}.`;
  return { tone: "warn", title: "Over budget", text };
}

/** A stage that takes long again and again: the machine is busy, and viewers see it. */
function latenessOf({ streams, sessions }: DashboardSample): Verdict | undefined {
  // The frames of before do not matter when nobody watches.
  if (sessions.length === 0) return undefined;
  const stages = streams.flatMap(({ stages }) => stages);
  const slowest = stages.toSorted((a, b) => b.p99Us - a.p99Us)[0];
  if (slowest === undefined || slowest.p99Us < LATE_US) return undefined;
  const stage = slowest.stage === "ipc" ? "pipe" : slowest.stage;
  const text = `One frame in a hundred waits ${timeText(slowest.p99Us)} or more for ${stage}.`;
  return { tone: "warn", title: "Frames are late", text: `${text} The machine is busy.` };
}

function goodText(sample: DashboardSample): string {
  const { sessions, streams } = sample;
  const poor = sessions.filter(({ state, loss }) => state === "silent" || loss >= POOR_LOSS).length;
  if (poor > 0) {
    const whose = `${countText(poor, "viewer")} ${poor === 1 ? "has" : "have"} a poor network`;
    return `The host is well; ${whose}.`;
  }
  if (sessions.length === 0) return "Nobody watches. Everything is ready.";
  const fps = Math.max(0, ...streams.map(({ framesPerSecond }) => framesPerSecond));
  const stills = fps < 0.5 ? "the picture stands still" : `${digits(fps)} frames/s`;
  return `${countText(sessions.length, "viewer")}, ${stills}.`;
}

function usedText(hello: DashboardHello, sample: DashboardSample): string {
  return `${bytesText(sample.memory.rssBytes)} of ${bytesText(hello.limitBytes)} in use`;
}

/** Most bytes that an owner may hold. */
export function capOf(hello: DashboardHello, owner: string): number | undefined {
  return hello.caps.find((cap) => cap.owner === owner)?.bytes;
}
