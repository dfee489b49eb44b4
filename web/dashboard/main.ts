/**
 * The page of the dashboard: takes the token out of the link, so that no history, bookmark or glance
 * keeps it, opens the stream of events and draws the page anew with each of them.
 */

import { h, render } from "preact";
import { App } from "./app.ts";
import { DashboardModel } from "./dashboard_model.ts";
import { EventLink } from "./event_link.ts";
import type { SessionRights } from "./session_rows.ts";

/** How long a word to people stays. */
const SAY_MS = 6000;
/** Longest wait for an answer of the API. */
const REQUEST_TIMEOUT_MS = 5000;

const model = new DashboardModel(Date.now);
let said = "";
let saidTimer: ReturnType<typeof setTimeout> | undefined;

const link = new EventLink({
  request: (path, init) => fetch(path, init),
  onEvent: (event) => {
    model.push(event);
    draw();
  },
  changed: () => draw(),
  setTimer: (run, waitMs) => setTimeout(run, waitMs) as unknown as number,
  clearTimer: (timer) => clearTimeout(timer),
  random: Math.random,
});

function draw(): void {
  const root = document.getElementById("app");
  if (root === null) return;
  const { hello } = model;
  document.title = hello === undefined ? "Wavry dashboard" : `${hello.machineName} · Wavry`;
  render(
    h(App, {
      model,
      link: link.state,
      said,
      onToken: (token) => link.start(token),
      onSignOut: signOut,
      kick,
      grant,
      endStream,
      say,
    }),
    root,
  );
}

function say(text: string): void {
  said = text;
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => {
    said = "";
    draw();
  }, SAY_MS);
  draw();
}

async function kick(sessionId: string): Promise<string | undefined> {
  try {
    const path = `/api/sessions/${encodeURIComponent(sessionId)}/kick`;
    const response = await change("POST", path);
    if (response.ok) return undefined;
    return response.status === 404
      ? "That session was over already"
      : `The session could not be ended: the host answered ${response.status}`;
  } catch {
    return "The session could not be ended: the host does not answer";
  }
}

async function grant(sessionId: string, rights: SessionRights): Promise<string | undefined> {
  try {
    const path = `/api/sessions/${encodeURIComponent(sessionId)}/rights`;
    const response = await change("POST", path, rights);
    if (response.ok) return undefined;
    return response.status === 404
      ? "That session was over already"
      : `The rights could not be changed: the host answered ${response.status}`;
  } catch {
    return "The rights could not be changed: the host does not answer";
  }
}

async function endStream(streamId: number, forbid: boolean): Promise<string | undefined> {
  try {
    const response = await change("POST", `/api/published/${streamId}/end`, { forbid });
    if (response.ok) return undefined;
    return response.status === 404
      ? "That stream was over already"
      : `The stream could not be ended: the host answered ${response.status}`;
  } catch {
    return "The stream could not be ended: the host does not answer";
  }
}

async function signOut(): Promise<void> {
  try {
    await change("DELETE", "/api/admin/session");
  } catch {
    return say("You could not be signed out: the host does not answer");
  }
  link.start();
}

async function change(method: string, path: string, body: unknown = {}): Promise<Response> {
  const response = await fetch(path, {
    ...{ method, credentials: "same-origin", cache: "no-store", body: JSON.stringify(body) },
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  await response.body?.cancel();
  return response;
}

/** The token of the address, which is taken out of it. */
function takeSecret(): string | undefined {
  const secret = new URLSearchParams(location.hash.slice(1)).get("s") ?? undefined;
  if (location.hash !== "") {
    history.replaceState(null, "", location.pathname + location.search);
  }
  return secret;
}

function begin(): void {
  draw();
  link.start(takeSecret());
}

addEventListener("hashchange", () => {
  const secret = takeSecret();
  if (secret !== undefined) link.start(secret);
});
addEventListener("online", () => link.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") link.hurry();
});
if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
else begin();
