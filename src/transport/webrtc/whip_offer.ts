/**
 * WhipOffer: whether the offer of a publisher can be answered: one H.264 picture and at most one Opus
 * sound that are sent to us, each with the source that its packets carry. What may be in a description
 * at all, and what of it goes on, `narrowOffer` says; words here are what the publisher's person reads.
 */

import { narrowOffer, SDP_BYTES_MAX } from "./offer_sdp.ts";
import type { NarrowedOffer, OfferedSection } from "./offer_sdp.ts";

/** Candidates of one offer; none is used, and nobody has that many. */
export const MAX_CANDIDATES = 64;
/** Sources of one medium: its packets, their repairs, and those of layers that nobody asked for. */
const MAX_SOURCES = 8;
const MAX_PARAMETER_SETS = 4;

/** Why an offer is refused, as status and words. */
export interface OfferRefusal {
  readonly status: 400 | 406 | 413;
  readonly reason: string;
}

/** An offer that may be answered. */
export interface CheckedOffer {
  /** The offer without what is not for us. */
  readonly offer: NarrowedOffer;
  readonly picture: OfferedSection;
  readonly sound: OfferedSection | undefined;
  /** Parameter sets that the offer has, for publishers that send none with their pictures. */
  readonly parameterSets: readonly Uint8Array[];
}

/** Looks at an offer. */
export function checkOffer(text: string): CheckedOffer | OfferRefusal {
  if (text.length > SDP_BYTES_MAX) return { status: 413, reason: "Cannot take more than 64 KiB" };
  if (text.split("\na=candidate:").length - 1 > MAX_CANDIDATES) {
    return bad(`Cannot take an offer of more than ${MAX_CANDIDATES} candidates`);
  }
  const narrowed = narrowOffer(text);
  if (typeof narrowed === "string") return bad(narrowed);
  const { sdp, sections } = narrowed;
  const pictures = sections.filter(({ kind }) => kind === "video");
  const sounds = sections.filter(({ kind }) => kind === "audio");
  const [picture] = pictures;
  const [sound] = sounds;
  const isOfTwo = pictures.length + sounds.length === sections.length;
  if (picture === undefined || pictures.length > 1 || sounds.length > 1 || !isOfTwo) {
    return bad("Cannot take an offer that is not of one picture and one sound at most");
  }
  if (picture.payloadType === undefined) {
    return unusable("Cannot take a picture that is not H.264 (packetization-mode=1)");
  }
  if (sound !== undefined && sound.payloadType === undefined) {
    return unusable("Cannot take sound that is not Opus");
  }
  const isSent = sections.every(({ direction }) => /^send/.test(direction));
  if (!isSent) return bad("Cannot take an offer that sends nothing");
  const fault = sourceFault(sdp);
  if (fault !== undefined) return bad(fault);
  const parameterSets = parameterSetsOf(sdp, picture.payloadType);
  return { offer: narrowed, picture, sound, parameterSets };
}

/** RFC 6184, section 8.1; what is no base64 is left out. */
function parameterSetsOf(sdp: string, payloadType: number): Uint8Array[] {
  const fmtp = new RegExp(
    `^a=fmtp:${payloadType} (?:.*; *)?sprop-parameter-sets=([\\w+/=,]+)`,
    "m",
  );
  const texts = fmtp.exec(sdp)?.[1]?.split(",", MAX_PARAMETER_SETS) ?? [];
  return texts.flatMap((text) => {
    try {
      return [Uint8Array.fromBase64(text)];
    } catch {
      return [];
    }
  });
}

/** Without a source there is no telling whose packets are whose. */
function sourceFault(sdp: string): string | undefined {
  for (const section of sdp.split(/\r\n(?=m=)/).slice(1)) {
    const lines = section.split("\r\n");
    const sources = new Set(lines.flatMap((line) => /^a=ssrc:(\d{1,10}) /.exec(line)?.[1] ?? []));
    if (sources.size === 0) return "Cannot take a medium without its source (a=ssrc)";
    if (sources.size > MAX_SOURCES) return "Cannot take an offer of that many sources";
    const isEncrypted = /\r\na=fingerprint:sha-\d+ [\dA-Fa-f:]+/.test(sdp);
    if (!isEncrypted) return "Cannot take an offer without a fingerprint";
  }
  return undefined;
}

function bad(reason: string): OfferRefusal {
  return { status: 400, reason };
}

function unusable(reason: string): OfferRefusal {
  return { status: 406, reason };
}
