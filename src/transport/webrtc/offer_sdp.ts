/**
 * Offer: what a peer's session description asks for, and the same description narrowed to what it can
 * be given: one H.264 format with its repair format, Opus, data channels. Candidates are taken out:
 * this side answers checks and makes none, so that no description can make it send anywhere. Texts of
 * at most 64 KiB with at most `SECTIONS_MAX` sections; anything else is refused with a reason.
 */

/** Longest description. */
export const SDP_BYTES_MAX = 64 * 1024;
/** Most sections: a picture, a sound, data, and one to spare. */
const SECTIONS_MAX = 4;
const LINES_MAX = 2000;
const PAYLOAD_TYPE_MAX = 127;
/** What a section has whose port is not known yet. */
const DISCARD_PORT = "9";
/** Profiles of H.264 by their number: a decoder of one can decode those before it. */
const PROFILE_ORDER = [0x42, 0x4d, 0x64];
/** What of a section is taken over; candidates are not. */
const KEPT_ATTRIBUTES = new Set([
  ...["ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "setup", "mid", "rtcp-mux"],
  ...["rtcp-rsize", "sctp-port", "max-message-size", "sctpmap", "sendrecv", "sendonly", "recvonly"],
  ...["inactive", "extmap", "msid", "ssrc", "ssrc-group", "group", "msid-semantic"],
]);
/** Of these only the lines of formats that are kept. */
const FORMAT_ATTRIBUTES = new Set(["rtpmap", "fmtp", "rtcp-fb"]);

/** One section of an offer, as far as it matters. */
export interface OfferedSection {
  readonly kind: "video" | "audio" | "application";
  readonly mid: string;
  readonly direction: "sendrecv" | "sendonly" | "recvonly" | "inactive";
  /** Format that was chosen of those offered; undefined when none is of use. */
  readonly payloadType: number | undefined;
  /** Format of its repairs. */
  readonly repairPayloadType: number | undefined;
  /** Header extensions by URI. */
  readonly extensions: ReadonlyMap<string, number>;
}

/** A description that can be answered. */
export interface NarrowedOffer {
  readonly sdp: string;
  readonly sections: readonly OfferedSection[];
}

/** A section as it is read. */
interface RawSection {
  readonly kind: string;
  readonly port: string;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly lines: string[];
}

/** What is said of one format. */
interface Format {
  codec: string;
  parameters: ReadonlyMap<string, string>;
}

/** The offer, narrowed; or why it cannot be answered. `profileIdc` is that of the stream. */
export function narrowOffer(
  sdp: string,
  { profileIdc = 0x42 }: { readonly profileIdc?: number } = {},
): NarrowedOffer | string {
  if (sdp.length > SDP_BYTES_MAX) return "The description is too long";
  const lines = sdp.split(/\r\n|\n/).filter((line) => line !== "");
  if (lines.length > LINES_MAX) return "The description has too many lines";
  if (lines[0] !== "v=0") return "This is no session description";
  if (lines.some((line) => !/^[a-z]=[\x20-\x7e]*$/.test(line))) return "A line is of no known form";
  const { session, sections } = split(lines);
  if (sections.length === 0) return "The description has no section";
  if (sections.length > SECTIONS_MAX) return `There are more than ${SECTIONS_MAX} sections`;
  const offered: OfferedSection[] = [];
  const texts: string[] = [...session];
  for (const section of sections) {
    const kind = kindOf(section);
    if (kind === undefined) return `Cannot answer a section of "${section.kind.slice(0, 32)}"`;
    const mid = valueOf(section.lines, "mid") ?? "";
    if (!/^[\w.-]{1,16}$/.test(mid)) return "A section has no usable identification";
    if (offered.some((other) => other.mid === mid)) return "Two sections have the same name";
    const formats = formatsOf(section);
    const payloadType = kind === "application" ? undefined : choose(kind, formats, profileIdc);
    const repairPayloadType = payloadType === undefined
      ? undefined
      : repairOf(formats, payloadType);
    const extensions = extensionsOf(section.lines);
    const direction = directionOf(section.lines);
    offered.push({ kind, mid, direction, payloadType, repairPayloadType, extensions });
    texts.push(...textOf(section, [payloadType, repairPayloadType]));
  }
  const credentials = sections.every(({ lines }) => {
    return ["ice-ufrag", "ice-pwd"].every((name) => valueOf([...lines, ...session], name));
  });
  if (!credentials) return "The description has no credentials";
  return { sdp: `${texts.join("\r\n")}\r\n`, sections: offered };
}

/** The answer as browsers read it: an agent that makes no checks says so for the whole session. */
export function liteAnswer(sdp: string): string {
  const lines = sdp.split("\r\n").filter((line) => line !== "a=ice-lite");
  const first = lines.findIndex((line) => line.startsWith("m="));
  lines.splice(first < 0 ? lines.length : first, 0, "a=ice-lite");
  return lines.join("\r\n");
}

/**
 * The answer with more addresses for the sockets that it names: every candidate of a family is there
 * once for each further address of that family.
 */
export function withAddresses(sdp: string, addresses: readonly string[]): string {
  let foundation = 100;
  return sdp.split("\r\n").flatMap((line) => {
    const match = /^(a=candidate:)(\S+)( \d+ \S+ \d+ )(\S+)( .*)$/.exec(line);
    if (match === null) return [line];
    const [, start = "", , middle = "", address = "", end = ""] = match;
    const isFour = address.includes(".");
    const others = addresses.filter((other) => other !== address && other.includes(".") === isFour);
    return [line, ...others.map((other) => `${start}${foundation++}${middle}${other}${end}`)];
  }).join("\r\n");
}

function split(lines: readonly string[]): { session: string[]; sections: RawSection[] } {
  const session: string[] = [];
  const sections: RawSection[] = [];
  for (const line of lines) {
    if (line.startsWith("m=")) {
      const [kind = "", port = "", protocol = "", ...formats] = line.slice(2).split(" ");
      sections.push({ kind, port, protocol, formats, lines: [] });
      continue;
    }
    const section = sections.at(-1);
    if (section !== undefined) section.lines.push(line);
    else if (!line.startsWith("a=") || KEPT_ATTRIBUTES.has(nameOf(line))) session.push(line);
  }
  return { session, sections };
}

function kindOf({ kind, port, protocol }: RawSection): OfferedSection["kind"] | undefined {
  if (!/^\d{1,5}$/.test(port)) return undefined;
  if (kind === "application") {
    return protocol === "UDP/DTLS/SCTP" || protocol === "DTLS/SCTP" ? kind : undefined;
  }
  if (kind !== "video" && kind !== "audio") return undefined;
  return /^(UDP\/TLS\/RTP\/SAVPF|RTP\/SAVPF|UDP\/TLS\/RTP\/SAVP)$/.test(protocol)
    ? kind
    : undefined;
}

function formatsOf(section: RawSection): Map<number, Format> {
  const formats = new Map<number, Format>();
  for (const text of section.formats) {
    const payloadType = Number(text);
    if (/^\d{1,3}$/.test(text) && payloadType <= PAYLOAD_TYPE_MAX) {
      formats.set(payloadType, { codec: "", parameters: new Map() });
    }
  }
  for (const line of section.lines) {
    const match = /^a=(rtpmap|fmtp):(\d{1,3}) (.*)$/.exec(line);
    const format = formats.get(Number(match?.[2]));
    if (match === null || format === undefined) continue;
    if (match[1] === "rtpmap") format.codec = (match[3] ?? "").toLowerCase();
    else format.parameters = parametersOf(match[3] ?? "");
  }
  return formats;
}

function parametersOf(text: string): Map<string, string> {
  return new Map(
    text.split(";").map((part) => {
      const [name = "", value = ""] = part.trim().split("=", 2);
      return [name.toLowerCase(), value.toLowerCase()];
    }),
  );
}

/** The format that is used: Opus, or H.264 in fragments of the profile nearest to the stream's. */
function choose(
  kind: "video" | "audio",
  formats: ReadonlyMap<number, Format>,
  profileIdc: number,
): number | undefined {
  if (kind === "audio") {
    return [...formats].find(([, { codec }]) => codec.startsWith("opus/48000"))?.[0];
  }
  const usable = [...formats].filter(([, { codec, parameters }]) => {
    return codec === "h264/90000" && parameters.get("packetization-mode") === "1";
  });
  const distance = ([, { parameters }]: [number, Format]): number => {
    const level = parameters.get("profile-level-id") ?? "42e01f";
    const offered = Number.parseInt(level.slice(0, 2), 16);
    if (offered === profileIdc) return 0;
    const index = PROFILE_ORDER.indexOf(offered);
    if (index < 0) return 9;
    const wanted = PROFILE_ORDER.indexOf(profileIdc);
    return index > wanted ? 1 + index - wanted : 4 + wanted - index;
  };
  return usable.toSorted((one, other) => distance(one) - distance(other))[0]?.[0];
}

function repairOf(formats: ReadonlyMap<number, Format>, payloadType: number): number | undefined {
  return [...formats].find(([, { codec, parameters }]) => {
    return codec.startsWith("rtx/") && parameters.get("apt") === String(payloadType);
  })?.[0];
}

function extensionsOf(lines: readonly string[]): Map<string, number> {
  const extensions = new Map<string, number>();
  for (const line of lines) {
    const match = /^a=extmap:(\d{1,2})(?:\/\w+)? (\S+)/.exec(line);
    const id = Number(match?.[1]);
    // Ids up to 14 have the short form, which is the only one that is written.
    if (match !== null && id >= 1 && id <= 14) extensions.set(match[2] ?? "", id);
  }
  return extensions;
}

function directionOf(lines: readonly string[]): OfferedSection["direction"] {
  for (const line of lines) {
    const name = line.slice(2);
    if (name === "sendonly" || name === "recvonly" || name === "inactive") return name;
  }
  return "sendrecv";
}

/** The section with nothing but the formats that are used; unused ones are kept with port 0. */
function textOf(section: RawSection, payloadTypes: readonly (number | undefined)[]): string[] {
  const { kind, protocol, port, formats } = section;
  const kept = payloadTypes.filter((type) => type !== undefined).map(String);
  const isData = kind === "application";
  const isUsed = isData || kept.length > 0;
  const shown = isData ? formats.slice(0, 1) : isUsed ? kept : formats.slice(0, 1);
  const lines = section.lines.filter((line) => {
    if (!line.startsWith("a=")) return line.startsWith("c=");
    const name = nameOf(line);
    if (FORMAT_ATTRIBUTES.has(name)) {
      return shown.includes(/^a=[\w-]+:(\d+) /.exec(line)?.[1] ?? "");
    }
    return KEPT_ATTRIBUTES.has(name);
  });
  // With its port left open until it shares another one's (RFC 8843, section 7.2.1).
  const isShared = port === "0" && section.lines.includes("a=bundle-only");
  const shownPort = !isUsed ? "0" : isShared ? DISCARD_PORT : port;
  return [`m=${kind} ${shownPort} ${protocol} ${shown.join(" ")}`, ...lines];
}

function nameOf(line: string): string {
  return /^a=([\w-]+)/.exec(line)?.[1] ?? "";
}

function valueOf(lines: readonly string[], name: string): string | undefined {
  const start = `a=${name}:`;
  return lines.find((line) => line.startsWith(start))?.slice(start.length);
}
