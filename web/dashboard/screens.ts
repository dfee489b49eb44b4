/**
 * Screens: what the dashboard shows in place of figures: the form that asks for the token, with the
 * reason where there is one, and the shape of the board while the first sample is on its way.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import { useRef } from "preact/hooks";
import type { RefusalCause } from "./event_link.ts";
import { Icon, Mark } from "./icons.ts";
import { VerdictPanel } from "./panels.ts";
import type { Verdict } from "./verdict.ts";

interface RefusalText {
  readonly title: string;
  readonly text: string;
}

const REFUSALS: Readonly<Record<RefusalCause, RefusalText>> = {
  no_token: {
    title: "Sign in to the dashboard",
    text: "Paste the token of this host, or open the link that it prints with --admin.",
  },
  bad_token: {
    title: "That token is not the right one",
    text: "It may belong to another host, or have been replaced since.",
  },
  expired: {
    title: "You were signed out",
    text: "A sign-in lasts for 12 hours, or until the token is replaced.",
  },
  forbidden: {
    title: "This browser may not see the dashboard",
    text: "It is signed in as a viewer. The dashboard has a token of its own.",
  },
  too_often: {
    title: "Too many wrong tokens",
    text: "The host accepts no more of them from this network for now. Try again in a minute.",
  },
  version: {
    title: "The host was updated",
    text: "This page is of another version. Reload it to get the matching one.",
  },
};

/** Asks for the token. */
export function SignInScreen({ cause, onToken }: {
  readonly cause: RefusalCause;
  readonly onToken: (token: string) => void;
}): ComponentChild {
  const field = useRef<HTMLInputElement>(null);
  const { title, text } = REFUSALS[cause];
  const submit = (event: Event) => {
    event.preventDefault();
    const token = tokenOf(field.current?.value ?? "");
    if (token !== "") onToken(token);
  };
  return h("main", { class: "sign-in" }, [
    h("p", { class: "brand" }, [h(Mark, {}), "Wavry"]),
    h("div", { class: "card" }, [
      h(Icon, { name: cause === "no_token" ? "key" : "warn" }),
      h("h1", {}, title),
      h("p", { role: cause === "no_token" ? undefined : "alert" }, text),
      cause === "version"
        ? h(
          "button",
          { type: "button", class: "primary", onClick: () => location.reload() },
          "Reload",
        )
        : h("form", { onSubmit: submit }, [
          h("label", { for: "token" }, "Token"),
          h("input", {
            ...{ id: "token", ref: field, type: "password", autocomplete: "off", required: true },
            ...{ spellcheck: false, autofocus: true, maxLength: 512 },
            "aria-describedby": "token-hint",
          }),
          h("p", { id: "token-hint", class: "note" }, [
            "It is in the file ",
            h("code", {}, "admin-token"),
            " of the host's state directory.",
          ]),
          h("button", { type: "submit", class: "primary" }, "Sign in"),
        ]),
    ]),
  ]);
}

/** The token in what somebody pasted: the token itself or the link with it. */
export function tokenOf(text: string): string {
  const trimmed = text.trim();
  return /#s=([\w-]+)$/.exec(trimmed)?.[1] ?? trimmed;
}

const PLACES = ["memory", "owners", "stages", "pools", "traffic", "sessions"];

/** The board before its first sample. */
export function Skeleton({ verdict }: { readonly verdict: Verdict }): ComponentChild {
  return h("div", { class: "board skeleton" }, [
    h(VerdictPanel, { verdict }),
    h(
      "div",
      { class: "tiles" },
      [0, 1, 2, 3, 4, 5].map((tile) => {
        return h("div", { key: tile, class: "tile" });
      }),
    ),
    ...PLACES.map((place) => h("div", { key: place, class: `panel ${place}` })),
  ]);
}
