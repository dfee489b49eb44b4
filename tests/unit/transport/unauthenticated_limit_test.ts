import t from "tap";
import { UnauthenticatedLimit } from "../../../src/transport/unauthenticated_limit.ts";

t.test("UnauthenticatedLimit bounds the places of one prefix", (t) => {
  const limit = new UnauthenticatedLimit(10, 2);
  const first = limit.admit("192.0.2.1");
  t.ok(first);
  t.ok(limit.admit("::ffff:192.0.2.9"), "IPv4 inside IPv6 counts as IPv4");
  t.equal(limit.admit("192.0.2.77"), undefined);
  t.ok(limit.admit("192.0.3.1"), "another prefix");
  first!.release();
  t.ok(limit.admit("192.0.2.77"), "a place that came free");
  t.equal(limit.total, 3);
  t.end();
});

t.test("UnauthenticatedLimit bounds all places together", (t) => {
  const limit = new UnauthenticatedLimit(3, 2);
  const places = ["2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"].map((one) => limit.admit(one));
  t.ok(places.every((place) => place !== undefined));
  t.equal(limit.isFull, true);
  t.equal(limit.admit("2001:db8:4::1"), undefined);
  places[0]!.release();
  t.equal(limit.isFull, false);
  t.end();
});

t.test("UnauthenticatedLimit takes a place back once", (t) => {
  const limit = new UnauthenticatedLimit(3, 3);
  const place = limit.admit("192.0.2.1")!;
  limit.admit("192.0.2.1");
  place.release();
  place.release();
  t.equal(limit.total, 1);
  t.end();
});
