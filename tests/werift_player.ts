/** A peer of werift that can be sent H.264, as a second opinion beside a browser's. */

import { RTCPeerConnection, RTCRtpCodecParameters } from "werift";

/** Makes a peer on the loopback that takes H.264 as players do, with NACK and picture losses. */
export function openWeriftPlayer(): RTCPeerConnection {
  return new RTCPeerConnection({
    iceServers: [],
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ["127.0.0.1"],
    codecs: {
      audio: [],
      video: [
        new RTCRtpCodecParameters({
          ...{ mimeType: "video/H264", clockRate: 90_000, payloadType: 102 },
          rtcpFeedback: [{ type: "nack" }, { type: "nack", parameter: "pli" }],
          parameters: "packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1",
        }),
      ],
    },
  });
}
