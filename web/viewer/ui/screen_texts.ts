/**
 * Screen texts: the words of every state without a live picture: what happens, what a person can do,
 * and what the button says where there is one. Words only; state_screens.ts shows them.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import type { ViewerState } from "../viewer_state.ts";
import type { IconName } from "./icons.ts";

/** What a button of a screen does. */
export type ScreenAction = "rejoin" | "reload" | "leave";

/** The words of a screen. */
export interface ScreenText {
  /** Undefined shows the moving mark: something goes on. */
  readonly icon: IconName | undefined;
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly name: ScreenAction; readonly label: string };
  /** Displays to choose from, a button each. */
  readonly choices?: readonly StreamName[];
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
            "you reach it. This page keeps trying.",
        );
    case "waiting":
      return state.failure === ""
        ? moving("Waiting for the first picture", `Screen capture is starting on ${hostName}.`)
        : failing("There is no picture yet", hostName, state.failure);
    case "reconnecting":
      return reconnecting(state, hostName);
    case "refused":
      return refused(state.cause);
    case "ended":
      return ended(state, hostName);
    case "unsupported":
      return unsupported(state);
  }
}

function moving(title: string, text: string): ScreenText {
  return { icon: undefined, title, text };
}

/** The host is there and cannot capture: its own words help whoever sits at it. */
function failing(title: string, hostName: string, failure: string): ScreenText {
  return {
    icon: "warning",
    title,
    // Of what people publish, the host knows more than that nothing comes.
    text: failure.includes("publish")
      ? `${failure}.`
      : `Screen capture does not work on ${hostName}, which keeps trying: ${failure}.`,
    action: { name: "leave", label: "Leave" },
  };
}

function reconnecting(
  state: Extract<ViewerState, { name: "reconnecting" }>,
  hostName: string,
): ScreenText {
  if (state.failure !== "") return failing("The picture is gone", hostName, state.failure);
  if (state.cause === "stream") {
    return moving("The picture is coming back", `Screen capture restarts on ${hostName}.`);
  }
  const leave = { name: "leave", label: "Leave" } as const;
  return state.attempt < TRIES_BEFORE_ADVICE
    ? moving("Reconnecting", `The connection to ${hostName} was interrupted.`)
    : {
      ...moving(
        "Still reconnecting",
        `There is no answer from ${hostName}. This page keeps trying while it is open.`,
      ),
      action: leave,
    };
}

function refused(cause: "link" | "origin"): ScreenText {
  if (cause === "origin") {
    return {
      icon: "warning",
      title: "This address is not allowed",
      text: "The host does not answer to the address in your browser. Use the address that it " +
        "printed when it started.",
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
        text: `The desktop of ${hostName} stays as it is. Your keys and buttons were released.`,
        action: rejoin,
      };
    case "shutdown":
      return {
        icon: "power",
        title: "The host was closed",
        text: `The session on ${hostName} is over. Start it again there, then join.`,
        action: rejoin,
      };
    case "kicked":
      return {
        icon: "power",
        title: state.message === "" ? "Your session was ended" : state.message,
        text:
          `This browser has no access to ${hostName} any more. Ask for a new link to come back.`,
      };
    case "capacity":
      return {
        icon: "warning",
        title: "The host is full",
        text: `No more viewers can join ${hostName} at the moment${because(state.message)}.`,
        action: { name: "rejoin", label: "Try again" },
      };
    case "unknown_stream":
      return {
        icon: "warning",
        title: "That display is not there",
        text: `It has another name on ${hostName} now, or is gone${because(state.message)}.`,
        ...state.streams === undefined ? {} : { choices: state.streams },
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
    case "transport":
      return {
        icon: "warning",
        title: "There is no way to the host",
        text: `${state.detail}. Open the link without a transport in it, or another browser.`,
      };
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
  webcodecs: "WebCodecs",
  canvas: "OffscreenCanvas",
} as const;

/** The host's own words for people, as the end of a sentence; it may be an older host without any. */
function because(message: string): string {
  return message === "" ? "" : `: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
