/**
 * RTCP reports: what a player says of the packets that it got (RFC 3550, RFC 4585, RFC 5104 and the
 * draft of transport-wide feedback), and what it is told of a stream that is sent. Parsing allocates no
 * more than the bytes of one datagram allow; what is unknown or broken is passed over and counted.
 */

/** Packets whose fate one report of arrivals can tell; more are not believed. */
export const TRANSPORT_PACKETS_MAX = 4096;
/** Packets that one datagram may ask for again. */
const LOST_MAX = 512;

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const DESCRIPTION = 202;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const NEGATIVE = 1;
const TRANSPORT_WIDE = 15;
const PICTURE_LOSS = 1;
const FULL_PICTURE = 4;
const REPORT_BLOCK_BYTES = 24;
/** Unit of arrival times, and of the time that they count from. */
const DELTA_US = 250;
const REFERENCE_US = 64_000;

/** One packet that arrived, by its transport-wide sequence. */
export interface TransportArrival {
  readonly sequence: number;
  /** The player's clock, microseconds. */
  readonly arrivalUs: number;
}

/** Which packets arrived, and when. */
export interface TransportReport {
  /** Counts these reports modulo 256. */
  readonly count: number;
  /** First sequence and how many of them it is about. */
  readonly first: number;
  readonly packets: number;
  /** Those that arrived, by sequence. */
  readonly arrivals: readonly TransportArrival[];
}

/** What a player says of one stream, RFC 3550. */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Share lost since the report before, 0 to 1. */
  readonly fractionLost: number;
  readonly packetsLost: number;
  /** In units of the stream's clock. */
  readonly jitter: number;
  /** Middle 32 bits of the newest sender report's time; 0 before the first. */
  readonly lastReport: number;
  /** Time since that came, in 65,536ths of a second. */
  readonly delay: number;
}

/** Hears of what a datagram of reports holds. */
export interface RtcpHandlers {
  reception(report: ReceptionReport): void;
  /** Packets of the stream `ssrc` that are missing, by sequence. */
  missing(ssrc: number, sequences: readonly number[]): void;
  transport(report: TransportReport): void;
  /** The player needs a keyframe of `ssrc`. */
  pictureLost(ssrc: number): void;
}

/** What a sender tells of a stream. */
export interface SenderReport {
  readonly ssrc: number;
  /** Wall clock, milliseconds since 1970, and the same moment on the stream's clock. */
  readonly wallMs: number;
  readonly rtpTime: number;
  readonly packets: number;
  readonly bytes: number;
  /** Name that streams of one source share. */
  readonly name: string;
}

/** Reads a datagram of reports; returns how many of them were broken. */
export function parseRtcp(bytes: Uint8Array, handlers: RtcpHandlers): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let broken = 0;
  for (let at = 0; at < bytes.byteLength;) {
    if (at + 4 > bytes.byteLength) return broken + 1;
    const end = at + 4 + 4 * view.getUint16(at + 2);
    if (bytes[at]! >> 6 !== 2 || end > bytes.byteLength) return broken + 1;
    const count = bytes[at]! & 0x1f;
    if (!parseOne(view, { type: bytes[at + 1]!, count, at: at + 4, end }, handlers)) broken++;
    at = end;
  }
  return broken;
}

/** A report of a sender with its name, as one datagram. */
export function senderReport(report: SenderReport): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(report.name).subarray(0, 32);
  const chunkBytes = Math.ceil((4 + 2 + name.byteLength + 1) / 4) * 4;
  const bytes = new Uint8Array(28 + 4 + chunkBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, SENDER_REPORT);
  view.setUint16(2, 6);
  view.setUint32(4, report.ssrc);
  const ntp = ntpTime(report.wallMs);
  view.setUint32(8, ntp.seconds);
  view.setUint32(12, ntp.fraction);
  view.setUint32(16, report.rtpTime >>> 0);
  view.setUint32(20, report.packets >>> 0);
  view.setUint32(24, report.bytes >>> 0);
  view.setUint8(28, 0x81);
  view.setUint8(29, DESCRIPTION);
  view.setUint16(30, chunkBytes / 4);
  view.setUint32(32, report.ssrc);
  view.setUint8(36, 1);
  view.setUint8(37, name.byteLength);
  bytes.set(name, 38);
  return bytes;
}

/** Middle 32 bits of a time, as reports name it. */
export function middleNtp(wallMs: number): number {
  const { seconds, fraction } = ntpTime(wallMs);
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}

function ntpTime(wallMs: number): { seconds: number; fraction: number } {
  const seconds = Math.floor(wallMs / 1000);
  const fraction = Math.floor((wallMs / 1000 - seconds) * 2 ** 32);
  return { seconds: (seconds + 2_208_988_800) % 2 ** 32, fraction: fraction >>> 0 };
}

interface Part {
  readonly type: number;
  readonly count: number;
  readonly at: number;
  readonly end: number;
}

function parseOne(view: DataView, part: Part, handlers: RtcpHandlers): boolean {
  switch (part.type) {
    case SENDER_REPORT:
      return parseReception(view, { ...part, at: part.at + 24 }, handlers);
    case RECEIVER_REPORT:
      return parseReception(view, { ...part, at: part.at + 4 }, handlers);
    case TRANSPORT_FEEDBACK:
      if (part.at + 8 > part.end) return false;
      if (part.count === NEGATIVE) return parseMissing(view, part, handlers);
      return part.count !== TRANSPORT_WIDE || parseTransport(view, part, handlers);
    case PAYLOAD_FEEDBACK:
      return parsePayload(view, part, handlers);
    default:
      return true;
  }
}

function parseReception(view: DataView, part: Part, handlers: RtcpHandlers): boolean {
  if (part.at + part.count * REPORT_BLOCK_BYTES > part.end) return false;
  for (let i = 0; i < part.count; i++) {
    const at = part.at + i * REPORT_BLOCK_BYTES;
    handlers.reception({
      ssrc: view.getUint32(at),
      fractionLost: view.getUint8(at + 4) / 256,
      // 24 bits with a sign: doubled packets count against it.
      packetsLost: view.getInt32(at + 4) << 8 >> 8,
      jitter: view.getUint32(at + 12),
      lastReport: view.getUint32(at + 16),
      delay: view.getUint32(at + 20),
    });
  }
  return true;
}

function parseMissing(view: DataView, part: Part, handlers: RtcpHandlers): boolean {
  const sequences: number[] = [];
  for (let at = part.at + 8; at + 4 <= part.end; at += 4) {
    const first = view.getUint16(at);
    const mask = view.getUint16(at + 2);
    sequences.push(first);
    for (let bit = 0; bit < 16; bit++) {
      if ((mask >> bit) & 1) sequences.push((first + bit + 1) & 0xffff);
    }
    if (sequences.length > LOST_MAX) break;
  }
  if (sequences.length > 0) handlers.missing(view.getUint32(part.at + 4), sequences);
  return sequences.length > 0;
}

/** PLI names its stream in front, FIR in its entries; REMB, which looks alike, says nothing of loss. */
function parsePayload(view: DataView, part: Part, handlers: RtcpHandlers): boolean {
  if (part.at + 8 > part.end) return false;
  if (part.count === PICTURE_LOSS) handlers.pictureLost(view.getUint32(part.at + 4));
  if (part.count === FULL_PICTURE) {
    if (part.at + 12 > part.end) return false;
    handlers.pictureLost(view.getUint32(part.at + 8));
  }
  return true;
}

function parseTransport(view: DataView, part: Part, handlers: RtcpHandlers): boolean {
  const start = part.at + 8;
  if (start + 8 > part.end) return false;
  const first = view.getUint16(start);
  const packets = view.getUint16(start + 2);
  if (packets === 0 || packets > TRANSPORT_PACKETS_MAX) return false;
  const reference = view.getUint32(start + 4);
  const statuses = new Uint8Array(packets);
  const chunksEnd = readStatuses(view, { at: start + 8, end: part.end }, statuses);
  if (chunksEnd === undefined) return false;
  const arrivals: TransportArrival[] = [];
  let arrivalUs = (reference >>> 8) * REFERENCE_US;
  let at = chunksEnd;
  for (let i = 0; i < packets; i++) {
    const size = statuses[i]!;
    if (size === 0) continue;
    // Status 3 has no meaning; a report that holds it is not understood.
    if (size > 2 || at + size > part.end) return false;
    arrivalUs += DELTA_US * (size === 1 ? view.getUint8(at) : view.getInt16(at));
    at += size;
    arrivals.push({ sequence: (first + i) & 0xffff, arrivalUs });
  }
  handlers.transport({ count: reference & 0xff, first, packets, arrivals });
  return true;
}

/** Fills `statuses` from its chunks; where they end, or undefined when they do not suffice. */
function readStatuses(
  view: DataView,
  { at: start, end }: { readonly at: number; readonly end: number },
  statuses: Uint8Array,
): number | undefined {
  let filled = 0;
  let at = start;
  while (filled < statuses.length) {
    if (at + 2 > end) return undefined;
    const chunk = view.getUint16(at);
    at += 2;
    if ((chunk & 0x8000) === 0) {
      const run = chunk & 0x1fff;
      if (run === 0) return undefined;
      statuses.fill((chunk >> 13) & 3, filled, filled + run);
      filled += run;
      continue;
    }
    const isWide = (chunk & 0x4000) !== 0;
    for (let i = 0; i < (isWide ? 7 : 14) && filled < statuses.length; i++) {
      statuses[filled++] = isWide ? (chunk >> (12 - 2 * i)) & 3 : (chunk >> (13 - i)) & 1;
    }
  }
  return at;
}
