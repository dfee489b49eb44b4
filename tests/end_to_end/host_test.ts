import t from "tap";
import { findProgram } from "../../src/server/displays/virtual_display.ts";
import { HostProcess, isAlive, until } from "./host_process.ts";

const hasXvfb = await findProgram("Xvfb") !== undefined;
const hasXdotool = await findProgram("xdotool") !== undefined;

t.test("a host answers a bad command line with one line and exit code 2", async (t) => {
  const cases: [string[], Record<string, string>, RegExp][] = [
    [["--fps", "many"], {}, /^wavry: Cannot use --fps "many" from a flag: expected a whole number/],
    [[], { WAVRY_PORT: "-1" }, /^wavry: Cannot use --port "-1" from WAVRY_PORT/],
    [["--nope"], {}, /^wavry: Cannot read the command line: unknown option '--nope'/],
    [["--config", "/nowhere.toml"], {}, /^wavry: Cannot read --config "\/nowhere.toml"/],
    [["--state-dir", "/proc/x"], {}, /^wavry: Cannot use --state-dir "\/proc\/x"/],
    [["--tls-cert", "/nowhere", "--tls-key", "/nowhere"], {}, /^wavry: Cannot read --tls-cert/],
  ];
  for (const [args, env, expected] of cases) {
    const { code, out, log } = await HostProcess.run(args, env);
    t.equal(code, 2, args.join(" "));
    t.match(log, expected);
    t.equal(log.trim().split("\n").length, 1, "one line, no stack");
    t.equal(out, "");
  }
});

t.test("a host prints help and version and exits with 0", async (t) => {
  const help = await HostProcess.run(["--help"]);
  t.equal(help.code, 0);
  t.match(help.out, /--source <display\|pattern>/);
  const version = await HostProcess.run(["--version"]);
  t.match(version, { code: 0, out: /^wavry \d+\.\d+\.\d+\n$/, log: "" });
});

t.test("a host names a port that is taken", async (t) => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  t.teardown(() => taken.close());
  const port = String((taken.addr as Deno.NetAddr).port);
  const stateDir = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(stateDir, { recursive: true }));
  const args = ["--source", "pattern", "--port", port, "--state-dir", stateDir];
  const { code, log } = await HostProcess.run(args);
  t.equal(code, 1);
  t.match(
    log,
    new RegExp(`wavry: Cannot listen on TCP port ${port} of "127.0.0.1": another program`),
  );
});

t.test("a host ends at once at the second Ctrl+C", async (t) => {
  const host = await HostProcess.start();
  const tree = await host.tree();
  const startedMs = performance.now();
  host.process.kill("SIGINT");
  host.process.kill("SIGINT");
  const { code } = await host.process.status;
  t.ok(code === 130 || code === 0, `exit code ${code}`);
  t.ok(performance.now() - startedMs < 9000);
  for (const pid of tree) await until(async () => !await isAlive(pid), `the end of ${pid}`);
  await host.stop();
});

t.test("a host off the loopback serves HTTPS and says what the browser will show", async (t) => {
  const args = ["--source", "pattern", "--size", "640x360", "--listen", "0.0.0.0"];
  const host = await HostProcess.start(args);
  t.teardown(() => host.stop());
  t.match(host.origin, /^https:\/\//);
  t.match(host.out, /The browser will warn of a certificate that no authority signed/);
  const shown = host.out.replaceAll(/\s/g, "");
  t.match(shown, /SHA-256is([0-9A-F]{2}:){31}[0-9A-F]{2}/);
  const stored = await Deno.readTextFile(`${host.stateDir}/page-certificate.json`);
  const client = Deno.createHttpClient({ caCerts: [JSON.parse(stored)[0].certChainPem] });
  t.teardown(() => client.close());
  const origin = `https://localhost:${host.port}`;
  const response = await fetch(`${origin}/api/session`, {
    client,
    method: "POST",
    headers: { origin, "content-type": "application/json" },
    body: JSON.stringify({ secret: host.links[0]!.secret }),
  });
  t.equal(response.status, 201);
  t.match(response.headers.get("set-cookie"), /; Secure$/);
  const { webTransport } = await response.json();
  t.equal(webTransport.url, `https://127.0.0.1:${host.port}/session`, "not ::1");
  t.match(
    response.headers.get("content-security-policy"),
    new RegExp(`connect-src 'self' https://127\\.0\\.0\\.1:${host.port};`),
  );
});

t.test("a host without a display shows a virtual one, and input reaches it", {
  skip: hasXvfb && hasXdotool ? false : "Xvfb or xdotool is not installed",
}, async (t) => {
  const host = await HostProcess.start(["--size", "800x600", "--fps", "30"]);
  t.teardown(() => host.stop());
  const shown = /Shows {4}virtual display (:\d+), 800x600, up to 30 frames\/s/.exec(host.out);
  t.ok(shown, host.out);
  const tree = await host.tree();
  const names = await Promise.all(tree.map((pid) => {
    return Deno.readTextFile(`/proc/${pid}/comm`).then((name) => name.trim(), () => "");
  }));
  t.ok(names.includes("Xvfb"), names.join());
  const { info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  await viewer.send({ type: "play", streamId: 0 });
  await viewer.heard("stream_state", ({ state }) => state === "running");
  const catalog = await viewer.heard("catalog", ({ streams }) => streams.length === 1);
  t.match(catalog.streams[0], { codedWidth: 800, codedHeight: 600, framerate: 30 });

  const { encodePointerMotion } = await import("../../src/wire/input.ts");
  const motion = { relative: false, streamId: 0, sequence: 1, x: 32_768, y: 16_384 };
  const environ = await until(async () => {
    for (const pid of tree) {
      const text = await Deno.readTextFile(`/proc/${pid}/environ`).catch(() => "");
      const found = /XAUTHORITY=([^\0]+)/.exec(text);
      if (text.includes(`DISPLAY=${shown![1]}\0`) && found !== null) return found[1];
    }
    return undefined;
  }, "a client of the display");
  const xdotool = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("xdotool", {
      args,
      env: { DISPLAY: shown![1]!, XAUTHORITY: environ },
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  };
  viewer.client.sendDatagram(encodePointerMotion(motion));
  await until(async () => {
    return /x:(399|400) y:(149|150) /.test(await xdotool("getmouselocation"));
  }, "the pointer at the middle");
  t.pass("the pointer is where the viewer put it");

  await host.stop();
  for (const pid of tree) t.notOk(await isAlive(pid), `process ${pid}`);
});
