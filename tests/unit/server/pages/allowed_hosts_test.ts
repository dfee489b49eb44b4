import t from "tap";
import {
  AllowedHosts,
  hostnameOf,
  isLoopback,
} from "../../../../src/server/pages/allowed_hosts.ts";

function hostsOf(listen: string, scheme: "http" | "https" = "http"): AllowedHosts {
  const allowOrigin = ["https://desk.example:8443", "https://plain.example"];
  return new AllowedHosts({ listen, allowOrigin, machineName: "Desk", scheme });
}

t.test("AllowedHosts on the loopback takes its names and those of the configuration", (t) => {
  const hosts = hostsOf("127.0.0.1");
  for (const host of ["127.0.0.1:1", "localhost", "[::1]:9", "desk.example:5", "plain.example"]) {
    t.ok(hosts.isHost(host), host);
  }
  const foreign = ["desk", "desk.local", "192.0.2.1", "evil.example", "localhost.evil.example", ""];
  for (const host of foreign) t.notOk(hosts.isHost(host), host);
  t.end();
});

t.test("AllowedHosts on an address takes it and the name of the machine, not the loopback", (t) => {
  const hosts = hostsOf("192.0.2.7", "https");
  for (const host of ["192.0.2.7:1", "desk", "DESK.local:443"]) t.ok(hosts.isHost(host), host);
  for (const host of ["192.0.2.8", "localhost", "127.0.0.1"]) t.notOk(hosts.isHost(host), host);
  t.end();
});

t.test("AllowedHosts on all addresses takes any address but no foreign name", (t) => {
  for (const listen of ["0.0.0.0", "::"]) {
    const hosts = hostsOf(listen, "https");
    for (const host of ["203.0.113.9:1", "[2001:db8::1]", "localhost", "desk"]) {
      t.ok(hosts.isHost(host), host);
    }
    for (const host of ["evil.example", "1.2.3.4.evil.example"]) t.notOk(hosts.isHost(host), host);
  }
  t.end();
});

t.test("AllowedHosts takes the page's own origin on our port only", (t) => {
  const hosts = hostsOf("127.0.0.1");
  t.ok(hosts.isPageOrigin("http://127.0.0.1:47990", 47_990));
  t.ok(hosts.isPageOrigin("http://localhost:47990", 47_990));
  t.ok(hosts.isPageOrigin("http://localhost", 80));
  t.ok(hosts.isPageOrigin("https://desk.example:8443", 47_990), "configured");
  const foreign = [
    "http://127.0.0.1:1",
    "https://127.0.0.1:47990",
    "http://evil.example:47990",
    "https://desk.example",
    "http://127.0.0.1:47990/",
    "http://127.0.0.1:47990.evil.example",
    "null",
    "",
    "file://",
  ];
  for (const origin of foreign) t.notOk(hosts.isPageOrigin(origin, 47_990), origin);
  t.end();
});

t.test("AllowedHosts wants an origin to be that of the Host", (t) => {
  const hosts = hostsOf("127.0.0.1");
  t.ok(hosts.isSameOrigin("http://localhost:5", "localhost:5"));
  t.notOk(hosts.isSameOrigin("http://localhost:5", "127.0.0.1:5"));
  t.notOk(hosts.isSameOrigin("http://evil.example", "evil.example"));
  t.end();
});

t.test("hostnameOf takes nothing that is no host", (t) => {
  t.equal(hostnameOf("[2001:DB8::1]:5"), "2001:db8::1");
  for (const host of ["a b", "a:b", "a/b", "u@a", "a:123456", "[::1", "::1", "a\n"]) {
    t.equal(hostnameOf(host), undefined, JSON.stringify(host));
  }
  t.end();
});

t.test("isLoopback knows the whole loopback and nothing else", (t) => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1"]) t.ok(isLoopback(address), address);
  for (const address of ["0.0.0.0", "::", "128.0.0.1", "127.0.0.1.example", "10.127.0.1"]) {
    t.notOk(isLoopback(address), address);
  }
  t.end();
});
