/**
 * App: the dashboard's page: header, verdict and panels of a model that changes a second, or the screen
 * that stands in for them. It renders what it is given; `main.ts` owns the link and the model.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import type { DashboardModel } from "./dashboard_model.ts";
import type { LinkState } from "./event_link.ts";
import { clockText, durationText } from "./figure_text.ts";
import { Mark } from "./icons.ts";
import { MemoryPanel, OwnersPanel, Tiles, TrafficPanel, VerdictPanel } from "./panels.ts";
import { PoolsPanel } from "./pools_panel.ts";
import { PublishedPanel } from "./published_panel.ts";
import type { EndStream } from "./published_panel.ts";
import { SignInScreen, Skeleton } from "./screens.ts";
import { SessionsPanel } from "./sessions_panel.ts";
import { StagesPanel } from "./stages_panel.ts";
import type { Grant, Kick } from "./sessions_panel.ts";
import { verdictOf } from "./verdict.ts";

/** What the page shows, and what it can be asked to do. */
export interface AppProps {
  readonly model: DashboardModel;
  readonly link: LinkState;
  /** The last thing that was said to people. */
  readonly said: string;
  readonly onToken: (token: string) => void;
  readonly onSignOut: () => void;
  readonly kick: Kick;
  readonly grant: Grant;
  readonly endStream: EndStream;
  readonly say: (text: string) => void;
}

/** The page. */
export function App(props: AppProps): ComponentChild {
  const { model, link, onToken } = props;
  if (link.name === "refused") return h(SignInScreen, { cause: link.cause, onToken });
  const { hello, sample, sampledMs } = model;
  const verdict = verdictOf({ hello, sample, link, sampledMs, overBudget: model.overBudget });
  const isLive = link.name === "live";
  const panel = hello === undefined || sample === undefined ? undefined : { model, hello, sample };
  return h("div", { class: isLive || panel === undefined ? "page" : "page stale" }, [
    h(Header, { ...props, isLive }),
    // Said once when it changes; the panel itself is read like any text.
    h("p", { class: "unseen", role: "status" }, [
      `${verdict.title}. `,
      sample === undefined ? "" : `Memory pressure ${sample.level}. `,
      props.said,
    ]),
    h("main", { "aria-busy": panel === undefined ? "true" : "false" }, [
      panel === undefined
        ? [h("h1", { class: "unseen" }, verdict.title), h(Skeleton, { verdict })]
        : h("div", { class: "board" }, [
          h(VerdictPanel, { verdict }),
          h(Tiles, panel),
          h(MemoryPanel, panel),
          h(OwnersPanel, panel),
          h(StagesPanel, panel),
          h(PoolsPanel, panel),
          h(TrafficPanel, panel),
          h(PublishedPanel, { ...props, sample: panel.sample, isLive }),
          h(SessionsPanel, { ...props, sample: panel.sample, isLive }),
        ]),
    ]),
    props.said === "" ? null : h("p", { class: "said", "aria-hidden": "true" }, props.said),
  ]);
}

function Header(
  { model, link, isLive, onSignOut }: AppProps & { readonly isLive: boolean },
): ComponentChild {
  const { hello, sample, sampledMs } = model;
  return h("header", { class: "top" }, [
    hello === undefined
      ? h("p", { class: "brand" }, [h(Mark, {}), "Wavry"])
      : h("h1", { class: "brand" }, [h(Mark, {}), "Wavry", h("span", {}, hello.machineName)]),
    hello === undefined || sample === undefined ? null : h("dl", { class: "facts" }, [
      h("div", {}, [h("dt", {}, "Up"), h("dd", {}, durationText(sample.uptimeSeconds))]),
      h("div", {}, [h("dt", {}, "Version"), h("dd", {}, hello.version)]),
    ]),
    h("p", { class: `link link-${link.name}` }, [
      h("i", { "aria-hidden": "true" }),
      isLive
        ? `Live, ${clockText(sampledMs)}`
        : sampledMs === 0
        ? "Connecting"
        : `Not live since ${clockText(sampledMs)}`,
    ]),
    h("button", { type: "button", class: "quiet", onClick: onSignOut }, "Sign out"),
  ]);
}
