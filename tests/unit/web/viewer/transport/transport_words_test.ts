/** Tests of what people read of the way to the host. */

import t from "tap";
import { obstacleOf } from "../../../../../web/viewer/capabilities.ts";
import { transportNotice } from "../../../../../web/viewer/receive/moving.ts";
import { planOf, unknownTransport } from "../../../../../web/viewer/transport/rung_plan.ts";
import { screenTextOf } from "../../../../../web/viewer/ui/screen_texts.ts";

const BROWSER = { isSecureContext: true, VideoDecoder: class {}, OffscreenCanvas: class {} };

t.test("transportNotice says what a worse way means, once, and when a better one is back", (t) => {
  t.equal(transportNotice("quic", false, undefined), undefined, "as it should be");
  t.equal(
    transportNotice("tcp", true, undefined),
    "Connected over TCP: this network blocks UDP",
  );
  t.equal(transportNotice("tcp", true, "tcp"), undefined);
  t.equal(transportNotice("webrtc", true, undefined), "Connected over WebRTC");
  t.equal(transportNotice("webrtc", false, undefined), undefined, "the best that this browser has");
  t.equal(transportNotice("quic", false, "tcp"), "Connected over QUIC again");
  t.equal(transportNotice("tcp", false, undefined), undefined, "asked for");
  t.end();
});

t.test("obstacleOf names what is missing, and a transport that there is not", (t) => {
  t.equal(obstacleOf(BROWSER, undefined), undefined, "no WebTransport is needed to begin");
  t.equal(obstacleOf(BROWSER, "tcp"), undefined);
  t.same(obstacleOf({ ...BROWSER, VideoDecoder: undefined }, "ftp"), {
    missing: "webcodecs",
    detail: "",
  });
  const detail = `Cannot use the transport "ftp": use quic, webrtc, tcp or none`;
  t.same(obstacleOf(BROWSER, "ftp"), { missing: "transport", detail });
  t.match(screenTextOf({ name: "unsupported", missing: "transport", detail }, "desk"), {
    title: "There is no way to the host",
    text: `${detail}. Open the link without a transport in it, or another browser.`,
  });
  t.equal(unknownTransport(undefined), undefined);
  t.same(planOf("tcp"), { force: "tcp" });
  t.end();
});
