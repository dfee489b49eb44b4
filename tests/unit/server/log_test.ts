import t from "tap";
import { redact, redactingLogger } from "../../../src/server/log.ts";
import { newSecret } from "../../../src/session/access_token.ts";

t.test("redact takes out everything that has the form of a secret", (t) => {
  for (let i = 0; i < 100; i++) {
    const secret = newSecret();
    const texts = [secret, `http://h:1/#s=${secret}`, `a=${secret}; b`, `{"t":"${secret}"}`];
    if (texts.some((text) => redact(text).includes(secret))) t.fail(secret);
  }
  t.equal(redact("http://h:1/#s=" + "a".repeat(43)), "http://h:1/#s=[redacted]");
  t.equal(redact("a".repeat(42)), "a".repeat(42), "too short");
  t.equal(redact("plain text of a session"), "plain text of a session");
  t.end();
});

t.test("redactingLogger cleans message and fields", (t) => {
  const lines: string[] = [];
  const log = redactingLogger((level, message, fields) => {
    lines.push(JSON.stringify([level, message, fields]));
  });
  const secret = newSecret();
  log.error(`Link ${secret}`, { link: `x/#s=${secret}`, count: 3, on: true, none: null });
  log.warn("w");
  log.info("i");
  log.debug("d", { secret });
  t.notOk(lines.join().includes(secret));
  t.equal(
    lines[0],
    '["error","Link [redacted]",{"link":"x/#s=[redacted]","count":3,"on":true,"none":null}]',
  );
  t.same(lines.map((line) => JSON.parse(line)[0]), ["error", "warn", "info", "debug"]);
  t.end();
});
