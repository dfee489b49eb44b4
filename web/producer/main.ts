/**
 * The page that publishes: takes the secret out of the link, so that no history, bookmark or glance
 * keeps it, and draws what the producer shows with each change. `?transport=quic` or `tcp` takes that
 * way and no other; `?memory=200` is from how many megabytes on memory counts as short.
 */

import { h, render } from "preact";
import type { Rung } from "../transport/ladder.ts";
import { Controls } from "./controls.ts";
import { Icon } from "./icons.ts";
import { Producer } from "./producer.ts";
import { missingPart, phaseOf } from "./producer_view.ts";
import { loadChoices } from "./saved_choices.ts";
import { Stage } from "./stage.ts";

const RUNGS: readonly Rung[] = ["quic", "tcp"];
const MB = 1024 * 1024;
/** Beside the page's folder, where every program of the browser lies. */
const WORKER = new URL("../producer_worker.js", location.href);

const secret = new URLSearchParams(location.hash.slice(1)).get("s") ?? undefined;
if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
else begin();

function begin(): void {
  const query = new URLSearchParams(location.search);
  const megabytes = Number(query.get("memory") ?? "");
  const canCaptureScreen = typeof navigator.mediaDevices?.getDisplayMedia === "function";
  const choices = loadChoices(sessionStorage, {
    key: crypto.randomUUID?.() ?? String(Math.random()),
    kind: canCaptureScreen ? "screen" : "camera",
  });
  let isDrawing = false;
  const producer: Producer = new Producer({
    ...{ worker: WORKER, choices, secret },
    missing: missingPart(
      globalThis as unknown as Record<string, unknown>,
      navigator.mediaDevices as unknown as Record<string, unknown>,
    ),
    transport: RUNGS.find((rung) => rung === query.get("transport")),
    memoryBytes: megabytes > 0 ? megabytes * MB : undefined,
    changed: () => {
      // Several changes of one moment are drawn once.
      if (isDrawing) return;
      isDrawing = true;
      queueMicrotask(() => {
        isDrawing = false;
        draw(producer);
      });
    },
  });
  draw(producer);
  Object.assign(globalThis, { wavryProducer: producer });
  addEventListener("pagehide", () => producer.close());
  // A page that the browser kept as it was has no devices any more.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  void resume(producer);
}

/** A reload goes on by itself where nobody has to be asked. */
async function resume(producer: Producer): Promise<void> {
  const { choices, missing } = producer.view;
  if (!choices.isLive || choices.kind !== "camera" || missing !== undefined) return;
  try {
    const { state } = await navigator.permissions.query({ name: "camera" as PermissionName });
    if (state === "granted") await producer.start();
  } catch {
    // A browser that does not tell: the person starts it.
  }
}

function draw(producer: Producer): void {
  const root = document.getElementById("app");
  if (root === null) return;
  const { view } = producer;
  const phase = phaseOf(view);
  root.dataset["state"] = phase;
  document.title = phase === "live" ? "Live · Wavry" : "Publish · Wavry";
  render(
    h("div", { class: "page" }, [
      h("header", { class: "top" }, [
        h("h1", { class: "brand" }, [
          h(
            "span",
            { class: "mark", "aria-hidden": "true" },
            [1, 2, 3, 4, 5].map(() => h("i", {})),
          ),
          h("span", {}, "Wavry"),
          h("span", {}, "Publish"),
        ]),
        h("a", { class: "back", href: "../", target: "_blank", rel: "noopener" }, [
          h(Icon, { name: "screen" }),
          "Open the viewer",
        ]),
      ]),
      h("main", { class: "layout" }, [
        h(Stage, { view, producer }),
        h(Controls, { view, producer }),
      ]),
    ]),
    root,
  );
}
