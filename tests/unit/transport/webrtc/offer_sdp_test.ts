/**
 * Tests of src/transport/webrtc/offer_sdp.ts and stun_guard.ts: what is chosen of an offer, what is
 * taken out of it, what is refused; and who may speak to the agent of a session.
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import t from "tap";
import {
  liteAnswer,
  narrowOffer,
  withAddresses,
} from "../../../../src/transport/webrtc/offer_sdp.ts";
import type { NarrowedOffer } from "../../../../src/transport/webrtc/offer_sdp.ts";
import { kindOfDatagram } from "../../../../src/transport/webrtc/stun_guard.ts";
import { OFFER } from "./offer_text.ts";

function narrowed(sdp: string, profileIdc?: number): NarrowedOffer {
  const offer = narrowOffer(sdp, profileIdc === undefined ? {} : { profileIdc });
  if (typeof offer === "string") throw new Error(offer);
  return offer;
}

t.test("one format of each kind is left, with its repairs", (t) => {
  const { sections, sdp } = narrowed(OFFER, 0x64);
  t.same(
    sections.map(({ kind, mid, direction, payloadType, repairPayloadType }) => {
      return { kind, mid, direction, payloadType, repairPayloadType };
    }),
    [
      { kind: "video", mid: "0", direction: "recvonly", payloadType: 112, repairPayloadType: 113 },
      {
        kind: "audio",
        mid: "1",
        direction: "recvonly",
        payloadType: 111,
        repairPayloadType: undefined,
      },
      {
        ...{ kind: "application", mid: "2", direction: "sendrecv" },
        ...{ payloadType: undefined, repairPayloadType: undefined },
      },
    ],
  );
  t.match(sdp, "m=video 9 UDP/TLS/RTP/SAVPF 112 113\r\n");
  t.match(sdp, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n");
  t.notMatch(sdp, "VP8");
  t.notMatch(sdp, "candidate", "nobody is dialled");
  t.equal(sections[0]?.extensions.get("urn:ietf:params:rtp-hdrext:sdes:mid"), 9);
  t.equal(narrowed(OFFER, 0x42).sections[0]?.payloadType, 102);
  t.equal(narrowed(OFFER, 0x4d).sections[0]?.payloadType, 112, "a profile above it, not below");
  t.end();
});

t.test("without H.264 in fragments the picture is refused, not the offer", (t) => {
  const { sections, sdp } = narrowed(
    OFFER.replaceAll("packetization-mode=1", "packetization-mode=0"),
  );
  t.equal(sections[0]?.payloadType, undefined);
  t.match(sdp, /m=video 0 /);
  t.end();
});

t.test("what cannot be answered is said", (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["", /no session description/],
    ["v=0\r\n", /no section/],
    [`v=0\r\n${"a=x:".padEnd(70_000, "y")}\r\n`, /too long/],
    [OFFER.replace("s=-", "nonsense"), /no known form/],
    [OFFER.replace("s=-", "s=\u0000"), /no known form/],
    [OFFER.replace("m=video", "m=text"), /"text"/],
    [OFFER.replace("a=mid:1", "a=mid:0"), /same name/],
    [OFFER.replace("a=mid:1\r\n", ""), /identification/],
    [OFFER.replaceAll(/a=ice-pwd.*\r\n/g, ""), /no credentials/],
    [OFFER + OFFER.slice(OFFER.indexOf("m=")).replaceAll("a=mid:", "a=mid:9"), /more than 4/],
    [`${OFFER}${"a=x\r\n".repeat(2000)}`, /too many lines/],
  ];
  for (const [sdp, why] of refused) t.match(narrowOffer(sdp), why);
  t.end();
});

t.test("answers say that no checks are made, and every address", (t) => {
  const answer = "v=0\r\nt=0 0\r\nm=video 9 X 1\r\na=ice-lite\r\n" +
    "a=candidate:1 1 udp 99 192.0.2.2 4000 typ host\r\na=candidate:2 1 udp 98 fd00::2 4001 typ host\r\n";
  const lines = liteAnswer(withAddresses(answer, ["192.0.2.9", "fd00::9", "192.0.2.2"])).split(
    "\r\n",
  );
  t.ok(lines.indexOf("a=ice-lite") < lines.indexOf("m=video 9 X 1"));
  t.equal(lines.filter((line) => line === "a=ice-lite").length, 1);
  t.same(lines.filter((line) => line.startsWith("a=candidate")).map((line) => line.split(" ")[4]), [
    ...["192.0.2.2", "192.0.2.9", "fd00::2", "fd00::9"],
  ]);
  t.end();
});

/** A binding request with a user name and, with a password, a proof of it. */
function request(
  username: string,
  password?: string,
  { typeBits = 0x0001, nominates = false } = {},
): Buffer {
  const name = Buffer.from(username);
  const padded = Buffer.alloc(Math.ceil(name.byteLength / 4) * 4);
  name.copy(padded);
  const attribute = Buffer.alloc(4);
  attribute.writeUInt16BE(0x0006, 0);
  attribute.writeUInt16BE(name.byteLength, 2);
  const header = Buffer.alloc(20, 7);
  header.writeUInt16BE(typeBits, 0);
  header.writeUInt32BE(0x2112a442, 4);
  const use = Buffer.from(nominates ? [0, 0x25, 0, 0] : []);
  header.writeUInt16BE(4 + padded.byteLength + use.byteLength + 24, 2);
  const signed = Buffer.concat([header, attribute, padded, use]);
  if (password === undefined) return signed;
  const proof = createHmac("sha1", password).update(signed).digest();
  // A fingerprint follows in what browsers send; its length is not in what is signed.
  const rest = Buffer.from([0x80, 0x28, 0, 4, 1, 2, 3, 4]);
  const message = Buffer.concat([signed, Buffer.from([0, 8, 0, 20]), proof, rest]);
  message.writeUInt16BE(message.byteLength - 20, 2);
  return message;
}

t.test("only who knows the session's password may ask its agent", (t) => {
  const known = { usernameStart: "ours:", password: "secret of this session" };
  const good = request("ours:them", known.password);
  const before = good.toString("hex");
  t.equal(kindOfDatagram(good, known), "check");
  const nomination = request("ours:them", known.password, { nominates: true });
  t.equal(kindOfDatagram(nomination, known), "nomination");
  t.equal(good.toString("hex"), before, "the bytes are as they were");
  t.equal(kindOfDatagram(request("ours:them", "another"), known), "refused");
  t.equal(kindOfDatagram(request("other:them", known.password), known), "refused");
  t.equal(kindOfDatagram(request("ours:them"), known), "refused", "no proof");
  t.equal(kindOfDatagram(good.subarray(0, 40), known), "refused", "cut short");
  t.equal(
    kindOfDatagram(request("ours:them", undefined, { typeBits: 0x0101 }), known),
    "other",
    "an answer",
  );
  t.equal(kindOfDatagram(Buffer.alloc(60, 0x80), known), "other", "media, with keys of their own");
  t.equal(kindOfDatagram(Buffer.alloc(0), known), "other");
  t.end();
});
