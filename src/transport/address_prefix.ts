/**
 * address_prefix: the part of an address that one network owner holds, by which limits per peer
 * count: /24 of IPv4 and /64 of IPv6, so that a host cannot evade them by changing its low bits.
 */

const IPV4_PREFIX_PARTS = 3;
const IPV6_PREFIX_GROUPS = 4;
const IPV6_GROUPS = 8;

/**
 * The prefix of `address` (an IP address without port) as a text key: "192.0.2.0/24" or
 * "2001:db8:0:0::/64". IPv4 inside IPv6 (::ffff:192.0.2.1, written in either form) counts as IPv4.
 * Text that is no address is its own key.
 */
export function addressPrefix(address: string): string {
  const bare = address.split("%")[0]!.toLowerCase();
  if (!bare.includes(":")) return ipv4Prefix(bare) ?? bare;
  const groups = ipv6Groups(bare);
  if (groups === undefined) return bare;
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) {
    const high = groups[6]!;
    return `${high >> 8}.${high & 0xff}.${groups[7]! >> 8}.0/24`;
  }
  const prefix = groups.slice(0, IPV6_PREFIX_GROUPS).map((group) => group.toString(16));
  return `${prefix.join(":")}::/64`;
}

/** `hostname` and `port` as one text, with the brackets that IPv6 needs. */
export function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function ipv4Octets(text: string): number[] | undefined {
  const octets = text.split(".").map((part) => /^\d{1,3}$/.test(part) ? Number(part) : -1);
  const isValid = octets.length === 4 && octets.every((octet) => octet >= 0 && octet <= 255);
  return isValid ? octets : undefined;
}

function ipv4Prefix(text: string): string | undefined {
  const octets = ipv4Octets(text);
  return octets && `${octets.slice(0, IPV4_PREFIX_PARTS).join(".")}.0/24`;
}

/** The eight 16-bit groups of an IPv6 address, or undefined when `text` is none. */
function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === IPV6_GROUPS ? head : undefined;
  if (tail === undefined || head.length + tail.length >= IPV6_GROUPS) return undefined;
  const gap = new Array<number>(IPV6_GROUPS - head.length - tail.length).fill(0);
  return [...head, ...gap, ...tail];
}

/** The groups of one side of "::", whose last part may be a dotted IPv4 address. */
function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  for (const part of text.split(":")) {
    const octets = part.includes(".") ? ipv4Octets(part) : undefined;
    if (octets !== undefined) {
      groups.push(octets[0]! * 256 + octets[1]!, octets[2]! * 256 + octets[3]!);
    } else if (/^[0-9a-f]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
