import t from "tap";
import { addressPrefix, formatAddress } from "../../../src/transport/address_prefix.ts";

t.test("addressPrefix takes /24 of IPv4", (t) => {
  t.equal(addressPrefix("192.0.2.1"), "192.0.2.0/24");
  t.equal(addressPrefix("192.0.2.255"), "192.0.2.0/24");
  t.not(addressPrefix("192.0.3.1"), addressPrefix("192.0.2.1"));
  t.end();
});

t.test("addressPrefix takes /64 of IPv6 in every spelling", (t) => {
  const prefix = "2001:db8:0:1::/64";
  for (
    const address of [
      "2001:db8:0:1::1",
      "2001:0DB8:0000:0001:ffff:ffff:ffff:ffff",
      "2001:db8:0:1:0:0:192.0.2.1",
      "2001:db8:0:1::5%eth0",
    ]
  ) {
    t.equal(addressPrefix(address), prefix, address);
  }
  t.equal(addressPrefix("::1"), "0:0:0:0::/64");
  t.equal(addressPrefix("fe80::"), "fe80:0:0:0::/64");
  t.not(addressPrefix("2001:db8:0:2::1"), prefix);
  t.end();
});

t.test("addressPrefix counts IPv4 inside IPv6 as IPv4", (t) => {
  for (
    const address of ["::ffff:192.0.2.7", "::FFFF:c000:0207", "0:0:0:0:0:ffff:192.0.2.7"]
  ) {
    t.equal(addressPrefix(address), "192.0.2.0/24", address);
  }
  t.not(addressPrefix("::192.0.2.7"), "192.0.2.0/24", "not mapped");
  t.end();
});

t.test("addressPrefix takes text that is no address as its own key", (t) => {
  for (const text of ["", "host", "300.1.1.1", "1.2.3", "1::2::3", "12345::", ":::", "1:2:3"]) {
    t.equal(addressPrefix(text), text, JSON.stringify(text));
  }
  t.end();
});

t.test("formatAddress puts brackets around IPv6", (t) => {
  t.equal(formatAddress("192.0.2.1", 4433), "192.0.2.1:4433");
  t.equal(formatAddress("::1", 4433), "[::1]:4433");
  t.end();
});
