/**
 * Certificates: what the server shows of itself. For QUIC it makes short-lived P-256 certificates
 * that a page pins by hash, and replaces them well before they end; for pages off the loopback one
 * long-lived certificate, so that a browser asks once; or the pair that the user gave for both.
 */

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { ConfigError } from "../core/errors.ts";
import type { StateDirectory } from "./state_directory.ts";

const DAY_MS = 24 * 3600 * 1000;
/** Browsers pin certificates of at most 14 days; a day is kept for clocks that are wrong. */
export const PINNED_LIFETIME_MS = 13 * DAY_MS;
/** Age at which the next certificate is made and its hash published beside the current one. */
export const ANNOUNCE_AGE_MS = 5 * DAY_MS;
/** Age at which the next certificate takes over. */
export const ROTATE_AGE_MS = 6 * DAY_MS;
/** Certificates begin before they are made, for browsers whose clock is behind. */
const BACKDATE_MS = 3600 * 1000;
/** A page's certificate; browsers refuse more than 398 days. */
const PAGE_LIFETIME_MS = 365 * DAY_MS;
/** A page's certificate is replaced when less than this is left. */
const PAGE_SPARE_MS = 30 * DAY_MS;

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A certificate with its key. */
export interface Certificate {
  /** PEM, the leaf first. */
  readonly certChainPem: string;
  /** PKCS #8 in PEM. */
  readonly privateKeyPem: string;
  /** SHA-256 of the leaf's DER, in base64, as `serverCertificateHashes` wants it. */
  readonly sha256: string;
  /** When it was made, milliseconds of the wall clock. */
  readonly createdMs: number;
  /** When it ends. */
  readonly expiresMs: number;
}

/** Makes a self-signed P-256 certificate for `names`: IP addresses or host names. */
export async function makeCertificate(
  names: readonly string[],
  options: { nowMs: number; lifetimeMs: number },
): Promise<Certificate> {
  const { nowMs, lifetimeMs } = options;
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const notBefore = new Date(nowMs - BACKDATE_MS);
  // The backdating counts: browsers measure from start to end.
  const notAfter = new Date(notBefore.getTime() + lifetimeMs);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: crypto.getRandomValues(new Uint8Array(16)).toHex(),
    name: "CN=Wavry",
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({
          type: isIpAddress(value) ? "ip" as const : "dns" as const,
          value,
        })),
      ),
    ],
  }, crypto);
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certChainPem: certificate.toString("pem"),
    privateKeyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
    sha256: await hashOf(certificate.rawData),
    createdMs: nowMs,
    expiresMs: notAfter.getTime(),
  };
}

/** The certificates that pages pin: the current one, for a while the next, and the one before. */
export class PinnedCertificates {
  readonly #state: StateDirectory;
  #current: Certificate;
  #next: Certificate | undefined;
  #previous: Certificate | undefined;

  private constructor(state: StateDirectory, current: Certificate) {
    this.#state = state;
    this.#current = current;
  }

  /** Takes up what an earlier run left, or makes a new one. */
  static async open(state: StateDirectory, nowMs: number): Promise<PinnedCertificates> {
    const stored = parseStored(await state.read(PINNED_FILE));
    const usable = stored.filter((one) => {
      // A clock that was set back would make a certificate from the future.
      return one.createdMs - BACKDATE_MS <= nowMs && nowMs < one.createdMs + ROTATE_AGE_MS;
    });
    const certificates = new PinnedCertificates(state, usable[0] ?? await makePinned(nowMs));
    certificates.#next = usable[1];
    await certificates.update(nowMs);
    await certificates.#save();
    return certificates;
  }

  /** The certificate that new connections get. */
  get current(): Certificate {
    return this.#current;
  }

  /** Hashes that a page may meet until it asks again; the current one first. */
  get hashes(): string[] {
    const all = [this.#current, this.#next, this.#previous];
    return all.flatMap((one) => one === undefined ? [] : [one.sha256]);
  }

  /** Makes or promotes certificates that are due; true when `current` changed. */
  async update(nowMs: number): Promise<boolean> {
    if (this.#previous !== undefined && this.#previous.expiresMs <= nowMs) {
      this.#previous = undefined;
    }
    const ageMs = nowMs - this.#current.createdMs;
    if (ageMs < ANNOUNCE_AGE_MS) return false;
    if (this.#next === undefined) {
      this.#next = await makePinned(nowMs);
      await this.#save();
    }
    if (ageMs < ROTATE_AGE_MS) return false;
    // The page of a viewer that is connected knows both hashes from its last ticket.
    this.#previous = this.#current;
    this.#current = this.#next;
    this.#next = undefined;
    await this.#save();
    return true;
  }

  async #save(): Promise<void> {
    const both = this.#next === undefined ? [this.#current] : [this.#current, this.#next];
    await this.#state.write(PINNED_FILE, JSON.stringify(both));
  }
}

/** The certificate of pages off the loopback: kept, so that a browser asks once a year. */
export async function pageCertificate(
  state: StateDirectory,
  options: { names: readonly string[]; nowMs: number },
): Promise<Certificate> {
  const { names, nowMs } = options;
  const text = await state.read(PAGE_FILE);
  const stored = parseStored(text)[0];
  const covers = stored !== undefined && namesOf(stored.certChainPem).isSupersetOf(new Set(names));
  if (stored !== undefined && covers && stored.expiresMs - nowMs > PAGE_SPARE_MS) return stored;
  const made = await makeCertificate(names, { nowMs, lifetimeMs: PAGE_LIFETIME_MS });
  await state.write(PAGE_FILE, JSON.stringify([made]));
  return made;
}

/** The pair of --tls-cert and --tls-key. Rejects with ConfigError. */
export async function readCertificate(files: {
  tlsCert: string;
  tlsKey: string;
}): Promise<Certificate> {
  const certChainPem = await readPem("--tls-cert", files.tlsCert);
  const privateKeyPem = await readPem("--tls-key", files.tlsKey);
  try {
    const leaf = leafOf(certChainPem);
    if (!privateKeyPem.includes("PRIVATE KEY-----")) throw new Error("the key file holds no key");
    return {
      certChainPem,
      privateKeyPem,
      sha256: await hashOf(leaf.rawData),
      createdMs: leaf.notBefore.getTime(),
      expiresMs: leaf.notAfter.getTime(),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot use --tls-cert "${files.tlsCert}": ${why}`, {
      reason: "bad_value",
      cause,
    });
  }
}

/** The SHA-256 of a certificate as people compare it: pairs of hexadecimal digits. */
export function fingerprint(certificate: Certificate): string {
  const hex = Uint8Array.fromBase64(certificate.sha256).toHex().toUpperCase();
  return hex.match(/../g)?.join(":") ?? "";
}

/** True for an IPv4 or IPv6 address. */
export function isIpAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(":");
}

const PINNED_FILE = "quic-certificates.json";
const PAGE_FILE = "page-certificate.json";

function makePinned(nowMs: number): Promise<Certificate> {
  // The name is never checked: the page pins the hash.
  return makeCertificate(["localhost"], { nowMs, lifetimeMs: PINNED_LIFETIME_MS });
}

async function hashOf(der: ArrayBuffer): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", der)).toBase64();
}

/** The first certificate of a chain. */
function leafOf(certChainPem: string): x509.X509Certificate {
  return new x509.X509Certificate(certChainPem.split(/(?<=-----END CERTIFICATE-----)/)[0] ?? "");
}

function namesOf(pem: string): Set<string> {
  const extension = leafOf(pem).getExtension(x509.SubjectAlternativeNameExtension);
  return new Set(extension?.names.items.map((name) => name.value) ?? []);
}

/** What a file of ours holds; anything else counts as nothing, and is made anew. */
function parseStored(text: string | undefined): Certificate[] {
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.length <= 2 && parsed.every(isCertificate) ? parsed : [];
  } catch {
    return [];
  }
}

function isCertificate(value: unknown): value is Certificate {
  const one = value as Partial<Certificate> | null;
  return typeof one?.certChainPem === "string" && typeof one.privateKeyPem === "string" &&
    typeof one.sha256 === "string" && Number.isFinite(one.createdMs) &&
    Number.isFinite(one.expiresMs);
}

async function readPem(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read ${flag} "${path}": ${why}`, {
      reason: "unreadable_file",
      cause,
    });
  }
}
