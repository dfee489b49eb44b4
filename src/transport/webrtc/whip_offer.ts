/**
 * WhipOffer: looks at the offer of a publisher before a library does: size, lines, media, candidates.
 * What goes on is one H.264 picture and at most one Opus sound; candidates that are not of the peer's
 * own address are left out, since it is not ours to reach other machines on somebody's word.
 */

/** Largest offer. */
export const MAX_OFFER_BYTES = 64 * 1024;
const MAX_LINES = 1024;
const MAX_LINE = 2048;
const MAX_MEDIA = 4;
/** Candidates of one offer that may name addresses of ours to check. */
export const MAX_CANDIDATES = 16;
const MAX_SOURCES = 8;

/** Why an offer is refused, as status and words. */
export interface OfferRefusal {
  readonly status: 400 | 406 | 413;
  readonly reason: string;
}

/** An offer that may be answered. */
export interface CheckedOffer {
  /** The offer without what is not for us. */
  readonly sdp: string;
  readonly hasSound: boolean;
  /** Candidates that were left out. */
  readonly candidatesDropped: number;
}

interface Section {
  readonly kind: string;
  readonly lines: string[];
}

/** Looks at an offer of a peer at `address`. */
export function checkOffer(text: string, address: string): CheckedOffer | OfferRefusal {
  if (text.length > MAX_OFFER_BYTES) return refuse(413, "an offer of more than 64 KiB");
  const lines = text.split(/\r\n|\n/).filter((line) => line !== "");
  const isSdp = lines[0] === "v=0" && lines.length <= MAX_LINES &&
    lines.every((line) =>
      line.length <= MAX_LINE && /^[a-z]=[\x20-\x7e\u0080-\uffff]*$/.test(line)
    );
  if (!isSdp) return refuse(400, "what is no session description");
  const [head, ...media] = sectionsOf(lines);
  if (media.length === 0 || media.length > MAX_MEDIA) {
    return refuse(400, `an offer of ${media.length} media`);
  }
  const fault = mediaFault(media) ?? transportFault(head!, media);
  if (fault !== undefined) return fault;
  const candidates = new CandidateFilter(address);
  const kept = [head!, ...media].map(({ lines: section }) =>
    section.filter((line) => candidates.keeps(line))
  );
  if (candidates.count > MAX_CANDIDATES) {
    return refuse(400, `an offer of ${candidates.count} candidates`);
  }
  return {
    sdp: `${kept.flat().join("\r\n")}\r\n`,
    hasSound: media.some(({ kind }) => kind === "audio"),
    candidatesDropped: candidates.dropped,
  };
}

function mediaFault(media: readonly Section[]): OfferRefusal | undefined {
  const of = (kind: string) => media.filter((section) => section.kind === kind);
  if (media.some(({ kind }) => kind !== "video" && kind !== "audio")) {
    return refuse(400, "an offer of other media than picture and sound");
  }
  const [picture] = of("video");
  if (of("video").length !== 1 || of("audio").length > 1) {
    return refuse(400, "an offer that is not of one picture and one sound at most");
  }
  if (!hasCodec(picture!, "h264")) return refuse(406, "a picture that is not H.264");
  if (!of("audio").every((sound) => hasCodec(sound, "opus"))) {
    return refuse(406, "a sound that is not Opus");
  }
  const isSent = media.every(({ lines }) =>
    !lines.some((line) => /^a=(recvonly|inactive)\b/.test(line)) && !/^m=\w+ 0 /.test(lines[0]!)
  );
  return isSent ? undefined : refuse(400, "an offer that sends nothing");
}

function transportFault(head: Section, media: readonly Section[]): OfferRefusal | undefined {
  for (const { lines } of media) {
    const all = [...head.lines, ...lines];
    const has = (pattern: RegExp) => all.some((line) => pattern.test(line));
    const isEncrypted = has(/^a=fingerprint:sha-\d+ [\dA-Fa-f:]+$/) && has(/^a=setup:/);
    if (!isEncrypted) return refuse(400, "an offer without a fingerprint");
    const isReachable = has(/^a=ice-ufrag:\S{4,256}$/) && has(/^a=ice-pwd:\S{22,256}$/);
    if (!isReachable) return refuse(400, "an offer without ICE");
    const sources = new Set(lines.flatMap((line) => /^a=ssrc:(\d{1,10}) /.exec(line)?.[1] ?? []));
    // Without a source there is no telling whose packets are whose.
    if (sources.size === 0) return refuse(400, "a medium without its source (a=ssrc)");
    if (sources.size > MAX_SOURCES || lines.some((line) => line.startsWith("a=rid:"))) {
      return refuse(400, "an offer of several layers (simulcast)");
    }
  }
  return undefined;
}

function hasCodec({ lines }: Section, name: string): boolean {
  return lines.some((line) =>
    line.toLowerCase().match(/^a=rtpmap:\d{1,3} ([\w-]+)\//)?.[1] === name
  );
}

function sectionsOf(lines: readonly string[]): Section[] {
  const sections: Section[] = [{ kind: "", lines: [] }];
  for (const line of lines) {
    if (line.startsWith("m=")) {
      sections.push({ kind: /^m=(\w+) /.exec(line)?.[1] ?? "?", lines: [] });
    }
    sections.at(-1)!.lines.push(line);
  }
  return sections;
}

function refuse(status: OfferRefusal["status"], what: string): OfferRefusal {
  return { status, reason: `Cannot take ${what}` };
}

/** Which candidate lines go on; names in mDNS are nobody's that we could ask. */
class CandidateFilter {
  count = 0;
  dropped = 0;
  readonly #address: string;

  constructor(address: string) {
    this.#address = plain(address);
  }

  keeps(line: string): boolean {
    if (!line.startsWith("a=candidate:")) return true;
    this.count++;
    // foundation component protocol priority address port typ kind
    const [, , protocol = "", , address = "", port = ""] = line.slice(12).split(" ");
    const isOwn = protocol.toLowerCase() === "udp" && plain(address) === this.#address &&
      /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65536;
    if (!isOwn) this.dropped++;
    return isOwn;
  }
}

/** An address in the form in which it is compared. */
function plain(address: string): string {
  return address.toLowerCase().replace(/^::ffff:/, "");
}
