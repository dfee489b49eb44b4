/**
 * The page of the viewer: takes the secret out of the link, so that no history, bookmark or glance
 * keeps it, and starts the element. `?stream=NAME` shows a certain display of the host, by its name or
 * number; the address follows what is chosen later. `?fit=1` gives the host's screen the size of the
 * window. `?stats=1` opens the statistics at once, `?back=30` begins so many seconds ago, where the
 * host holds them; `?volume=30` is how loud it is in percent; `?renderer=webgl` or `canvas2d` picks a
 * drawing path, `?transport=quic`, `webrtc` or `tcp` the only way to the host that is used.
 */

import { WavryViewer } from "./wavry_viewer.ts";
import { RENDERER_CHOICES } from "./worker_messages.ts";

performance.mark("wavry:script");
customElements.define("wavry-viewer", WavryViewer);

const secret = new URLSearchParams(location.hash.slice(1)).get("s") ?? undefined;
if (location.hash !== "") {
  history.replaceState(null, "", location.pathname + location.search);
}
if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
else start();

function start(): void {
  const query = new URLSearchParams(location.search);
  const viewer = document.querySelector("wavry-viewer");
  if (!(viewer instanceof WavryViewer)) return;
  viewer.addEventListener("streamchange", () => {
    const address = new URL(location.href);
    address.searchParams.set("stream", viewer.streamName);
    history.replaceState(null, "", address);
  });
  viewer.start({
    secret,
    stream: query.get("stream") ?? undefined,
    backSeconds: secondsOf(query.get("back")),
    transport: query.get("transport") ?? undefined,
    showStats: query.get("stats") === "1",
    renderer: RENDERER_CHOICES.find((choice) => choice === query.get("renderer")),
  });
}

function secondsOf(text: string | null): number | undefined {
  const seconds = Number(text ?? "");
  return seconds > 0 && Number.isFinite(seconds) ? seconds : undefined;
}
