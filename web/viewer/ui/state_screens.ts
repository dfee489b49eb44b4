/**
 * StateScreens: what people see while there is no live picture: what happens, what they can do, and
 * a button where there is something to press. A screen over the last picture is a small panel.
 */

import type { ViewerState } from "../viewer_state.ts";
import { element, icon, waveMark } from "./element.ts";
import type { IconName } from "./element.ts";

/** What a button of a screen does. */
export type ScreenAction = "rejoin" | "reload" | "leave";

/** The words of a screen. */
export interface ScreenText {
  /** Undefined shows the moving mark: something goes on. */
  readonly icon: IconName | undefined;
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly name: ScreenAction; readonly label: string };
}

/** After so many tries the screen says what may be wrong. */
const TRIES_BEFORE_ADVICE = 4;

/** The words for a state; undefined while playing. */
export function screenTextOf(state: ViewerState, hostName: string): ScreenText | undefined {
  switch (state.name) {
    case "playing":
      return undefined;
    case "connecting":
      return state.attempt < TRIES_BEFORE_ADVICE
        ? moving(`Connecting to ${hostName}`, "Opening a direct, encrypted connection.")
        : moving(
          `Still trying to reach ${hostName}`,
          "The host does not answer yet. Check that it is running and that your network lets " +
            "UDP through. This page keeps trying.",
        );
    case "waiting":
      return moving(
        "Waiting for the first picture",
        state.reason === "" ? `${hostName} is starting its screen capture.` : state.reason,
      );
    case "reconnecting":
      return reconnecting(state, hostName);
    case "refused":
      return refused(state.cause, hostName);
    case "ended":
      return ended(state, hostName);
    case "unsupported":
      return unsupported(state);
  }
}

function moving(title: string, text: string): ScreenText {
  return { icon: undefined, title, text };
}

function reconnecting(
  state: Extract<ViewerState, { name: "reconnecting" }>,
  hostName: string,
): ScreenText {
  if (state.cause === "stream") {
    return moving("The picture is coming back", `${hostName} restarts its screen capture.`);
  }
  const leave = { name: "leave", label: "Leave" } as const;
  return state.attempt < TRIES_BEFORE_ADVICE
    ? moving("Reconnecting", `The connection to ${hostName} was interrupted.`)
    : {
      ...moving(
        "Still reconnecting",
        `${hostName} cannot be reached. This page keeps trying while it is open.`,
      ),
      action: leave,
    };
}

function refused(cause: "link" | "origin", hostName: string): ScreenText {
  if (cause === "origin") {
    return {
      icon: "warning",
      title: "This address is not allowed",
      text: `${hostName} does not answer to the address in your browser. Use the address that ` +
        "the host printed when it started.",
    };
  }
  return {
    icon: "link",
    title: "This link is no longer valid",
    text: "A link opens one session, once. Ask for a new link on the computer that is being " +
      "shared: it prints one when it starts.",
  };
}

function ended(state: Extract<ViewerState, { name: "ended" }>, hostName: string): ScreenText {
  const rejoin = { name: "rejoin", label: "Join again" } as const;
  const reload = { name: "reload", label: "Reload the page" } as const;
  switch (state.reason) {
    case "quit":
      return {
        icon: "power",
        title: "You left the session",
        text: `${hostName} goes on without you. Keys and buttons were let go.`,
        action: rejoin,
      };
    case "shutdown":
      return {
        icon: "power",
        title: "The host was closed",
        text: `${hostName} ended the session. Start it again there, then join.`,
        action: rejoin,
      };
    case "kicked":
      return {
        icon: "power",
        title: "Your session was ended",
        text: `Someone at ${hostName} ended your session. Ask for a new link to come back.`,
      };
    case "capacity":
      return {
        icon: "warning",
        title: "The host is full",
        text: `${hostName} takes no more viewers at the moment.`,
        action: { name: "rejoin", label: "Try again" },
      };
    case "version":
      return {
        icon: "warning",
        title: "The host was updated",
        text: "This page is of another version. Reload it to get the matching one.",
        action: reload,
      };
    case "forbidden":
    case "bad_ticket":
      return {
        icon: "link",
        title: "You have no access any more",
        text: "Ask for a new link on the computer that is being shared.",
      };
    case "protocol":
    case "timeout":
      return {
        icon: "warning",
        title: "The session ended unexpectedly",
        text: "Page and host did not understand each other. Reloading the page usually helps.",
        action: reload,
      };
  }
}

function unsupported(state: Extract<ViewerState, { name: "unsupported" }>): ScreenText {
  switch (state.missing) {
    case "secure_context":
      return {
        icon: "warning",
        title: "A secure address is needed",
        text: "Browsers play live video only over https or on this computer itself. Open the " +
          "https address that the host printed.",
      };
    case "webtransport":
    case "webcodecs":
    case "canvas":
      return {
        icon: "warning",
        title: "This browser cannot show the stream",
        text: `It lacks ${FEATURE_NAMES[state.missing]}. Use a current version of Chrome, Edge ` +
          "or another browser that has it.",
      };
    case "codec":
      return {
        icon: "warning",
        title: "This browser cannot play the video",
        text: `${state.detail}. Try Chrome or Edge, or start the host with another encoder.`,
      };
  }
}

const FEATURE_NAMES = {
  webtransport: "WebTransport",
  webcodecs: "WebCodecs",
  canvas: "OffscreenCanvas",
} as const;

/** Shows the screen of a state. */
export class StateScreens {
  /** The element to place over the picture. */
  readonly root: HTMLElement;
  readonly #panel: HTMLElement;
  readonly #onAction: (action: ScreenAction) => void;
  #shown = "";

  constructor(onAction: (action: ScreenAction) => void) {
    this.#onAction = onAction;
    this.#panel = element("div", { class: "panel", role: "status", "aria-live": "polite" });
    this.root = element("div", { class: "screen" }, this.#panel);
  }

  /** Shows `state`; `hasPicture` puts it over the last picture instead of an empty page. */
  show(state: ViewerState, hostName: string, hasPicture: boolean): void {
    const text = screenTextOf(state, hostName);
    this.root.hidden = text === undefined;
    this.root.classList.toggle("over-picture", hasPicture && state.name === "reconnecting");
    this.root.dataset["state"] = state.name;
    const key = JSON.stringify(text);
    if (text === undefined || key === this.#shown) {
      this.#shown = key;
      return;
    }
    this.#shown = key;
    const { action } = text;
    const content: Node[] = [
      text.icon === undefined ? waveMark(true) : icon(text.icon),
      element("h1", {}, text.title),
      element("p", {}, text.text),
    ];
    if (action !== undefined) {
      const button = element("button", { class: "primary", type: "button" }, action.label);
      button.addEventListener("click", () => this.#onAction(action.name));
      content.push(button);
    }
    this.#panel.replaceChildren(...content);
  }
}
