/**
 * The page of the viewer: takes the secret out of the link, so that no history, bookmark or glance
 * keeps it, and starts the element. `?stats=1` opens the statistics at once.
 */

import { WavryViewer } from "./wavry_viewer.ts";

performance.mark("wavry:script");
customElements.define("wavry-viewer", WavryViewer);

const fragment = new URLSearchParams(location.hash.slice(1));
const secret = fragment.get("s");
if (location.hash !== "") {
  history.replaceState(null, "", location.pathname + location.search);
}
const showStats = new URLSearchParams(location.search).get("stats") === "1";
const viewer = document.querySelector("wavry-viewer");
if (viewer instanceof WavryViewer) {
  viewer.start(secret === null ? { showStats } : { secret, showStats });
}
