/**
 * PrefixLimit: a rate limit per network prefix of the peer (/24 of IPv4, /64 of IPv6), so that an
 * owner of many addresses counts once. At most `MAX_PREFIXES` are remembered, the one that was
 * quiet for longest is forgotten first.
 */

import { TokenBucket } from "../../session/token_bucket.ts";
import type { RateLimit } from "../../session/token_bucket.ts";
import { addressPrefix } from "../../transport/address_prefix.ts";

/** Prefixes remembered at once; 1,024 buckets are some 100 KB. */
export const MAX_PREFIXES = 1024;

/** A rate limit per prefix. */
export class PrefixLimit {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Takes `count` tokens of the address's prefix; false when too few are left. */
  take(address: string, nowUs: number, count = 1): boolean {
    const prefix = addressPrefix(address);
    let bucket = this.#buckets.get(prefix);
    this.#buckets.delete(prefix);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#limit);
      if (this.#buckets.size >= MAX_PREFIXES) this.#forgetOldest();
    }
    this.#buckets.set(prefix, bucket);
    return bucket.take(nowUs, count);
  }

  /** True when at least one token of the address's prefix is left; takes none. */
  has(address: string, nowUs: number): boolean {
    return this.#buckets.get(addressPrefix(address))?.has(nowUs) ?? true;
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}
