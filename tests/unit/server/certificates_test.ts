import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import t from "tap";
import type { Test } from "tap";
import {
  ANNOUNCE_AGE_MS,
  fingerprint,
  makeCertificate,
  pageCertificate,
  PINNED_LIFETIME_MS,
  PinnedCertificates,
  readCertificate,
  ROTATE_AGE_MS,
} from "../../../src/server/certificates.ts";
import { StateDirectory } from "../../../src/server/state_directory.ts";

const DAY_MS = 24 * 3600 * 1000;
const NOW_MS = Date.UTC(2030, 0, 15);

async function temporaryState(t: Test): Promise<StateDirectory> {
  const path = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(path, { recursive: true }));
  return await StateDirectory.open(`${path}/state`);
}

t.test("makeCertificate makes what browsers pin", async (t) => {
  const made = await makeCertificate(["localhost", "192.0.2.1"], {
    nowMs: NOW_MS,
    lifetimeMs: PINNED_LIFETIME_MS,
  });
  const parsed = new x509.X509Certificate(made.certChainPem);
  const key = parsed.publicKey.algorithm as EcKeyAlgorithm;
  t.same([key.name, key.namedCurve], ["ECDSA", "P-256"]);
  t.equal(parsed.getExtension(x509.BasicConstraintsExtension)?.ca, false);
  t.equal(parsed.notBefore.getTime(), NOW_MS - 3600 * 1000, "an hour back");
  const lifetimeMs = parsed.notAfter.getTime() - parsed.notBefore.getTime();
  t.equal(lifetimeMs, 13 * DAY_MS);
  t.ok(lifetimeMs < 14 * DAY_MS);
  const digest = await crypto.subtle.digest("SHA-256", parsed.rawData);
  t.equal(made.sha256, new Uint8Array(digest).toBase64());
  t.match(fingerprint(made), /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  t.ok(await parsed.verify({ date: new Date(NOW_MS) }), "signed by its own key");
});

t.test("PinnedCertificates announces at day 5, rotates at day 6, keeps the old hash", async (t) => {
  const state = await temporaryState(t);
  const pinned = await PinnedCertificates.open(state, NOW_MS);
  const first = pinned.current.sha256;
  t.same(pinned.hashes, [first]);
  t.notOk(await pinned.update(NOW_MS + ANNOUNCE_AGE_MS - 1));
  t.same(pinned.hashes, [first]);
  t.notOk(await pinned.update(NOW_MS + ANNOUNCE_AGE_MS));
  t.equal(pinned.hashes.length, 2, "both are published");
  const second = pinned.hashes[1]!;
  t.notOk(await pinned.update(NOW_MS + ROTATE_AGE_MS - 1));
  t.ok(await pinned.update(NOW_MS + ROTATE_AGE_MS), "rotated");
  t.equal(pinned.current.sha256, second);
  t.same(pinned.hashes, [second, first]);
  t.notOk(await pinned.update(NOW_MS + ROTATE_AGE_MS + 1));
  await pinned.update(NOW_MS + PINNED_LIFETIME_MS);
  t.notOk(pinned.hashes.includes(first), "gone with its certificate");
});

t.test("PinnedCertificates outlives a restart and never shows one that is too old", async (t) => {
  const state = await temporaryState(t);
  const { current } = await PinnedCertificates.open(state, NOW_MS);
  const again = await PinnedCertificates.open(state, NOW_MS + DAY_MS);
  t.equal(again.current.sha256, current.sha256);
  await again.update(NOW_MS + ANNOUNCE_AGE_MS);
  const announced = again.hashes[1];
  const late = await PinnedCertificates.open(state, NOW_MS + ROTATE_AGE_MS + 1);
  t.equal(late.current.sha256, announced, "the announced one follows");
  const muchLater = await PinnedCertificates.open(state, NOW_MS + 90 * DAY_MS);
  t.notOk([current.sha256, announced].includes(muchLater.current.sha256));
  const setBack = await PinnedCertificates.open(state, NOW_MS - 90 * DAY_MS);
  t.not(setBack.current.sha256, muchLater.current.sha256, "a clock that was set back");
});

t.test("PinnedCertificates makes anew what it cannot read", async (t) => {
  const state = await temporaryState(t);
  for (const text of ["", "{", "[1]", "{}", '[{"sha256":"x"}]', `[${"1,".repeat(9)}1]`]) {
    await state.write("quic-certificates.json", text);
    const { current } = await PinnedCertificates.open(state, NOW_MS);
    t.match(current.sha256, /^[A-Za-z0-9+/]{43}=$/, JSON.stringify(text));
  }
});

t.test("StateDirectory keeps keys to their owner", async (t) => {
  const state = await temporaryState(t);
  await PinnedCertificates.open(state, NOW_MS);
  const file = await Deno.stat(`${state.path}/quic-certificates.json`);
  t.equal((file.mode ?? 0) & 0o777, 0o600);
  t.equal(((await Deno.stat(state.path)).mode ?? 0) & 0o777, 0o700);
  const names = (await Array.fromAsync(Deno.readDir(state.path))).map(({ name }) => name);
  t.same(names, ["quic-certificates.json"], "no temporary file stays");
});

t.test("StateDirectory names a folder that it cannot use", async (t) => {
  await t.rejects(StateDirectory.open("/proc/none/wavry"), {
    name: "ConfigError",
    message: /^Cannot use --state-dir "\/proc\/none\/wavry"/,
  });
});

t.test("pageCertificate lasts, until it ends soon or lacks a name", async (t) => {
  const state = await temporaryState(t);
  const names = ["192.0.2.7", "desk"];
  const first = await pageCertificate(state, { names, nowMs: NOW_MS });
  const same = await pageCertificate(state, { names, nowMs: NOW_MS + 300 * DAY_MS });
  t.equal(same.sha256, first.sha256, "a browser asks once");
  const fewer = await pageCertificate(state, { names: ["desk"], nowMs: NOW_MS });
  t.equal(fewer.sha256, first.sha256);
  const more = await pageCertificate(state, { names: [...names, "192.0.2.8"], nowMs: NOW_MS });
  t.not(more.sha256, first.sha256);
  const later = await pageCertificate(state, { names, nowMs: NOW_MS + 340 * DAY_MS });
  t.not(later.sha256, more.sha256, "25 days left");
});

t.test("readCertificate takes a pair and names a file that it cannot use", async (t) => {
  const state = await temporaryState(t);
  const made = await makeCertificate(["desk"], { nowMs: NOW_MS, lifetimeMs: DAY_MS });
  await state.write("c.pem", made.certChainPem);
  await state.write("k.pem", made.privateKeyPem);
  await state.write("bad.pem", "nothing");
  const tlsCert = `${state.path}/c.pem`;
  const tlsKey = `${state.path}/k.pem`;
  t.equal((await readCertificate({ tlsCert, tlsKey })).sha256, made.sha256);
  const bad = `${state.path}/bad.pem`;
  const cases = [
    [{ tlsCert: bad, tlsKey }, `Cannot use --tls-cert "${bad}"`],
    [{ tlsCert, tlsKey: bad }, "Cannot use --tls-cert"],
    [{ tlsCert: `${bad}x`, tlsKey }, `Cannot read --tls-cert "${bad}x"`],
    [{ tlsCert, tlsKey: `${bad}x` }, `Cannot read --tls-key "${bad}x"`],
  ] as const;
  for (const [files, message] of cases) {
    const error = await readCertificate(files).catch((error) => error);
    t.equal(error.name, "ConfigError");
    t.ok(error.message.startsWith(message), error.message);
  }
});
