/**
 * Port schemas: how options that say where the network is met are read: a range of ports, an address.
 * As option_schemas.ts, which has the rest.
 */

import * as z from "zod";
import { isIpAddress } from "../certificates.ts";

const PORT_MIN = 1024;
const PORT_MAX = 65_535;

/** Two ports with a hyphen, or 0; kept as people write it. */
export function portRange(): z.ZodType<string> {
  const message = "expected two ports, such as 50000-50099, or 0";
  const text = z.union([z.string(), z.literal(0).transform(String)], message);
  return text.refine((given) => given === "0" || portsOf(given) !== undefined, message);
}

/** The first and the last port of a range; undefined for any. */
export function portsOf(range: string): readonly [min: number, max: number] | undefined {
  const match = /^(\d{4,5})-(\d{4,5})$/.exec(range);
  const [min, max] = [Number(match?.[1]), Number(match?.[2])];
  return min >= PORT_MIN && max >= min && max <= PORT_MAX ? [min, max] : undefined;
}

/** An IP address, or nothing. */
export function ipAddressOrNone(): z.ZodType<string> {
  return z.string("expected an IP address").refine((text) => {
    return text === "" || isIpAddress(text);
  }, "expected an IP address");
}
