import t from "tap";
import { MAX_PREFIXES, PrefixLimit } from "../../../../src/server/pages/prefix_limit.ts";

t.test("PrefixLimit counts a network as one", (t) => {
  const limit = new PrefixLimit({ perSecond: 1, burst: 2 });
  t.ok(limit.take("192.0.2.1", 0));
  t.ok(limit.take("192.0.2.200", 0));
  t.notOk(limit.take("192.0.2.3", 0));
  t.notOk(limit.take("::ffff:192.0.2.3", 0), "the same written as IPv6");
  t.ok(limit.take("192.0.3.1", 0));
  t.ok(limit.take("2001:db8:0:1::1", 0));
  t.ok(limit.take("2001:db8:0:1:ffff::1", 0));
  t.notOk(limit.has("2001:db8:0:1::9", 0));
  t.ok(limit.has("2001:db8:0:2::9", 0));
  t.end();
});

t.test("PrefixLimit forgets the network that was quiet for longest", (t) => {
  const limit = new PrefixLimit({ perSecond: 0, burst: 1 });
  const address = (i: number) => `10.${i >> 8}.${i & 255}.1`;
  limit.take(address(0), 0);
  limit.take(address(1), 0);
  for (let i = 2; i < MAX_PREFIXES; i++) limit.take(address(i), 0);
  t.notOk(limit.take(address(0), 0), "still known, and now the latest");
  limit.take(address(MAX_PREFIXES), 0);
  t.notOk(limit.take(address(0), 0));
  t.ok(limit.take(address(1), 0), "forgotten");
  t.end();
});
