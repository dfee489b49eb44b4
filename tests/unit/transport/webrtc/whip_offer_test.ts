/** Offers of the programs that publish, as they write them, and offers that nobody should answer. */

import t from "tap";
import { checkOffer } from "../../../../src/transport/webrtc/whip_offer.ts";

const FINGERPRINT = `a=fingerprint:sha-256 ${"AB:".repeat(31)}CD`;
const CREDENTIALS = ["a=ice-ufrag:abcd", "a=ice-pwd:0123456789012345678901"];

/** libdatachannel, as OBS uses it. */
const OBS = [
  ...["v=0", "o=rtc 1 0 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"],
  ...["a=group:LS 0 1", "a=msid-semantic:WMS *", "a=setup:actpass", ...CREDENTIALS],
  ...["a=ice-options:ice2,trickle", FINGERPRINT],
  ...["m=audio 52001 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 192.168.1.5", "a=mid:0", "a=sendonly"],
  ...["a=ssrc:1001 cname:obs", "a=ssrc:1001 msid:obs obs-audio", "a=rtcp-mux"],
  ...["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1"],
  ...["m=video 52001 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 192.168.1.5", "a=mid:1", "a=sendonly"],
  ...["a=ssrc:1002 cname:obs", "a=ssrc:1002 msid:obs obs-video", "a=rtcp-mux"],
  ...["a=rtpmap:96 H264/90000", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli"],
  "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1",
  ...["a=candidate:1 1 UDP 2122317823 192.168.1.5 52001 typ host", "a=end-of-candidates"],
];

/** webrtcbin of GStreamer: its second section shares the port of the first. */
const GSTREAMER = [
  ...["v=0", "o=- 1 0 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-options:trickle"],
  ...["a=group:BUNDLE video0 audio1", "m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0"],
  ...["a=setup:actpass", ...CREDENTIALS, "a=rtcp-mux", "a=rtcp-rsize", "a=sendrecv"],
  ...["a=rtpmap:96 H264/90000", "a=rtcp-fb:96 nack pli", "a=framerate:30"],
  ...["a=fmtp:96 packetization-mode=1;profile-level-id=42c01e;sprop-parameter-sets=Z0LAHg==,aM4="],
  ...["a=ssrc:2001 cname:gst", "a=mid:video0", FINGERPRINT, "a=rtcp-mux-only"],
  ...["m=audio 0 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=setup:actpass", ...CREDENTIALS],
  ...["a=bundle-only", "a=rtcp-mux", "a=sendrecv", "a=rtpmap:111 OPUS/48000/2"],
  ...["a=ssrc:2002 cname:gst", "a=mid:audio1", FINGERPRINT, "a=rtcp-mux-only"],
];

/** The muxer of ffmpeg from 7.1 on: picture alone. */
const FFMPEG = [
  ...["v=0", "o=FFmpeg 4489045141692799359 2 IN IP4 127.0.0.1", "s=FFmpegPublishSession", "t=0 0"],
  ...["a=group:BUNDLE 1", "a=extmap-allow-mixed", "a=msid-semantic: WMS"],
  ...["m=video 9 UDP/TLS/RTP/SAVPF 106", "c=IN IP4 0.0.0.0", ...CREDENTIALS, FINGERPRINT],
  ...["a=setup:passive", "a=mid:1", "a=sendonly", "a=msid:FFmpeg video", "a=rtcp-mux"],
  ...["a=rtcp-rsize", "a=rtpmap:106 H264/90000"],
  "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42c01f",
  ...["a=ssrc:3001 cname:FFmpeg", "a=ssrc:3001 msid:FFmpeg video"],
];

const text = (lines: readonly string[]) => `${lines.join("\r\n")}\r\n`;
const obs = text(OBS);

t.test("Offers of OBS, GStreamer and ffmpeg are taken", (t) => {
  for (const [lines, picture, sound] of [[OBS, 96, 111], [GSTREAMER, 96, 111]] as const) {
    const checked = checkOffer(text(lines));
    t.match(checked, { picture: { payloadType: picture }, sound: { payloadType: sound } });
    t.notMatch("offer" in checked ? checked.offer.sdp : "", /a=candidate/, "nobody is dialled");
    t.notMatch("offer" in checked ? checked.offer.sdp : "", /m=\w+ 0 /, "each has its port");
  }
  const gstreamer = checkOffer(text(GSTREAMER));
  const sets = "parameterSets" in gstreamer ? gstreamer.parameterSets : [];
  t.same(sets.map((set) => set.toHex()), ["6742c01e", "68ce"], "sets that an offer has");
  const broken = checkOffer(text(GSTREAMER).replace("Z0LAHg==", "Z0L=AHg"));
  t.match(broken, { parameterSets: { length: 1 } }, "what is no base64 is left out");
  const alone = checkOffer(text(FFMPEG));
  t.match(alone, { picture: { payloadType: 106 } });
  t.equal("sound" in alone ? alone.sound : "none", undefined);
  t.end();
});

t.test("Offers that cannot be taken are refused with words", (t) => {
  const bad: [number, RegExp, string][] = [
    [413, /64 KiB/, obs.padEnd(70_000, "x")],
    [400, /no session description/, "{}"],
    [406, /H.264/, obs.replace("H264", "AV1")],
    [406, /H.264/, obs.replace("packetization-mode=1", "packetization-mode=0")],
    [406, /Opus/, obs.replace("opus/48000/2", "PCMU/8000")],
    [400, /sends nothing/, obs.replace("a=sendonly", "a=inactive")],
    [
      400,
      /one picture/,
      text([...OBS, ...FFMPEG.slice(7).map((line) => line.replace("mid:1", "mid:2"))]),
    ],
    [400, /one picture/, text(OBS.slice(0, 20))],
    [400, /a=ssrc/, obs.replace(/a=ssrc:1002 .*\r\n/g, "")],
    [400, /sources/, obs.replace("a=ssrc:1002 cname:obs", many("a=ssrc:9", " cname:x", 9))],
    [400, /fingerprint/, obs.replace(/a=fingerprint.*\r\n/g, "")],
    [400, /credentials/, obs.replace(/a=ice-pwd.*\r\n/g, "")],
    [400, /candidates/, obs + many("a=candidate:", " 1 udp 1 10.0.0.1 1 typ host", 70) + "\r\n"],
  ];
  for (const [status, reason, sdp] of bad) {
    t.match(checkOffer(sdp), { status, reason }, String(reason));
  }
  t.end();
});

function many(start: string, end: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${start}${index}${end}`).join("\r\n");
}
