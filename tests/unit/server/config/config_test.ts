import t from "tap";
import { configPaths, readConfig, VERSION } from "../../../../src/server/config/config.ts";
import type { CommandLine, ServerConfig } from "../../../../src/server/config/config.ts";
import {
  fileKeyOf,
  flagOf,
  OPTION_NAMES,
  OPTION_TABLE,
  variableOf,
} from "../../../../src/server/config/option_table.ts";

interface Given {
  words?: string[];
  environment?: Record<string, string>;
  files?: Record<string, string>;
}

function read(given: Given): Promise<CommandLine> {
  return readConfig({
    arguments: given.words ?? [],
    environment: given.environment ?? {},
    readFile: (path) => Promise.resolve(given.files?.[path]),
  });
}

async function configOf(given: Given): Promise<ServerConfig> {
  const commandLine = await read(given);
  if (commandLine.kind !== "run") throw new Error(commandLine.text);
  return commandLine.config;
}

t.test("readConfig takes every default", async (t) => {
  const config = await configOf({});
  for (const name of OPTION_NAMES) t.same(config[name], OPTION_TABLE[name].fallback, name);
  t.equal(config.listen, "127.0.0.1", "loopback unless somebody says otherwise");
});

t.test("readConfig lets flags win over variables, and these over the file", async (t) => {
  const files = { "wavry.toml": 'fps = 10\nbitrate = 1000\nencoder = "openh264"\n' };
  const environment = { WAVRY_FPS: "20", WAVRY_BITRATE: "2000" };
  const config = await configOf({ words: ["--fps", "30"], environment, files });
  t.equal(config.fps, 30, "flag");
  t.equal(config.bitrate, 2000, "variable");
  t.equal(config.encoder, "openh264", "file");
  t.equal(config.keepWarm, 10, "default");
});

t.test("readConfig looks for files in order and reads the first only", async (t) => {
  const environment = { HOME: "/home/u" };
  const paths = configPaths(environment);
  t.same(paths, ["wavry.toml", "/home/u/.config/wavry/wavry.toml", "/etc/wavry/wavry.toml"]);
  const files = Object.fromEntries(paths.map((path, index) => [path, `fps = ${index + 1}`]));
  for (const [index, path] of paths.entries()) {
    t.equal((await configOf({ environment, files })).fps, index + 1);
    delete files[path];
  }
  const named = { "other.toml": "fps = 99", "wavry.toml": "fps = 1" };
  t.equal((await configOf({ words: ["--config", "other.toml"], files: named })).fps, 99);
  const byVariable = { environment: { WAVRY_CONFIG: "other.toml" }, files: named };
  t.equal((await configOf(byVariable)).fps, 99);
  t.same(configPaths({ XDG_CONFIG_HOME: "/x" })[1], "/x/wavry/wavry.toml");
});

/** A value of every option, as text and as it is read. */
const SAMPLES: Record<string, [text: string, value: unknown]> = {
  source: ["pattern", "pattern"],
  display: [":7,:8", [":7", ":8"]],
  displays: ["2", 2],
  displayNames: ["Left,Right", ["Left", "Right"]],
  maxDisplays: ["6", 6],
  size: ["1280x720", { width: 1280, height: 720 }],
  maxSize: ["1920x1200", { width: 1920, height: 1200 }],
  allowResize: ["true", true],
  maxMonitors: ["2", 2],
  fps: ["24", 24],
  bitrate: ["5000", 5000],
  encoder: ["x264", "x264"],
  keepWarm: ["0", 0],
  listen: ["::1", "::1"],
  port: ["0", 0],
  publicPort: ["8443", 8443],
  controller: ["delta", "delta"],
  tlsCert: ["c.pem", "c.pem"],
  tlsKey: ["k.pem", "k.pem"],
  allowOrigin: ["https://a.example,http://b:81", ["https://a.example", "http://b:81"]],
  maxViewers: ["3", 3],
  admin: ["true", true],
  stateDir: ["/tmp/s", "/tmp/s"],
  config: ["wavry.toml", "wavry.toml"],
  replay: ["5m", { ms: 300_000 }],
  replayBytes: ["200MB", { bytes: 200_000_000 }],
  record: ["true", true],
  recordDir: ["/var/recordings", "/var/recordings"],
  recordSplitSize: ["1GB", { bytes: 1e9 }],
  recordSplitDuration: ["10m", { ms: 600_000 }],
  recordQuota: ["50GB", { bytes: 50e9 }],
  recordDeleteOldest: ["true", true],
  clipboard: ["both", "both"],
  clipboardTypes: ["text,html", ["text", "html"]],
  clipboardBytes: ["1MB", { bytes: 1e6 }],
  clipboardPrimary: ["true", true],
  firstLink: ["player", "player"],
  playerPermissions: ["pad,keyboard", ["keyboard", "pad"]],
  input: ["xtest", "xtest"],
  control: ["shared", "shared"],
  files: ["upload", "upload"],
  filesFolder: ["/srv/files", "/srv/files"],
  filesBytes: ["1GB", { bytes: 1e9 }],
  filesQuota: ["2GB", { bytes: 2e9 }],
  audio: ["tone", "tone"],
  microphone: ["off", "off"],
  audioBitrate: ["64", 64],
  audioFrame: ["5", "5"],
  tcp: ["off", "off"],
  webrtc: ["off", "off"],
  webrtcPorts: ["50000-50009", "50000-50009"],
  webrtcAddress: ["203.0.113.7", "203.0.113.7"],
  maxPublished: ["2", 2],
  publishKeep: ["10s", { ms: 10_000 }],
  printBudget: ["true", true],
  memoryLimit: ["512MB", { bytes: 512_000_000 }],
  logMemoryCheckpoints: ["true", true],
  memoryCheckpointInterval: ["5s", { ms: 5000 }],
  memoryCsv: ["memory.csv", "memory.csv"],
  heapSnapshots: ["heaps", "heaps"],
  streamFor: ["24h", { ms: 86_400_000 }],
  logLevel: ["debug", "debug"],
  logFormat: ["json", "json"],
};

t.test("readConfig takes each option from each place", async (t) => {
  t.same(Object.keys(SAMPLES), [...OPTION_NAMES], "a sample for every option");
  const pair = { tlsCert: "x", tlsKey: "x" };
  const needed: Record<string, string[]> = { displayNames: ["--displays", "2"] };
  for (const [name, [text, value]] of Object.entries(SAMPLES)) {
    const isPair = Object.hasOwn(pair, name);
    const rest = isPair ? Object.keys(pair).filter((other) => other !== name) : [];
    const given = value === true ? [flagOf(name)] : [flagOf(name), text];
    const more = needed[name] ?? [];
    const words = [...given, ...more, ...rest.flatMap((other) => [flagOf(other), "x"])];
    const files = { "wavry.toml": "" };
    t.match(await configOf({ words, files }), { [name]: value }, words.join(" "));
    const environment = { [variableOf(name)]: text };
    for (const other of rest) environment[variableOf(other)] = "x";
    const byVariable = await configOf({ words: more, environment, files });
    t.match(byVariable, { [name]: value }, variableOf(name));
    if (name === "config") continue;
    const toml = typeof value === "string" || (typeof value === "object" && !Array.isArray(value))
      ? JSON.stringify(text)
      : JSON.stringify(value);
    const lines = [`${fileKeyOf(name)} = ${toml}`, ...rest.map((o) => `${fileKeyOf(o)} = "x"`)];
    const file = { "wavry.toml": lines.join("\n") };
    t.match(await configOf({ words: more, files: file }), { [name]: value }, lines.join(" "));
  }
});

t.test("readConfig names option, value and place of what it cannot use", async (t) => {
  const cases: [Given, string][] = [
    [{ words: ["--fps", "x"] }, 'Cannot use --fps "x" from a flag: expected a whole number'],
    [{ words: ["--fps", "0"] }, 'Cannot use --fps "0" from a flag: expected'],
    [{ words: ["--fps", "1e2"] }, 'Cannot use --fps "1e2" from a flag'],
    [{ environment: { WAVRY_PORT: "99999" } }, 'Cannot use --port "99999" from WAVRY_PORT'],
    [{ files: { "wavry.toml": "size = 3" } }, "Cannot use --size 3 from wavry.toml: size"],
    [{ files: { "wavry.toml": "fps = 2.5" } }, "Cannot use --fps 2.5 from wavry.toml: fps"],
    [{ files: { "wavry.toml": "fsp = 3" } }, 'Cannot use the key "fsp" of the file "wavry.toml"'],
    [{ files: { "wavry.toml": "fps = " } }, 'Cannot read the file "wavry.toml"'],
    [{ files: { "wavry.toml": `# ${"x".repeat(70_000)}` } }, 'Cannot read the file "wavry.toml"'],
    [{ words: ["--size", "1281x721"] }, 'Cannot use --size "1281x721" from a flag'],
    [{ words: ["--listen", "example.com"] }, 'Cannot use --listen "example.com" from a flag'],
    [{ words: ["--encoder", "nvenc"] }, 'Cannot use --encoder "nvenc" from a flag'],
    [{ words: ["--allow-origin", "evil"] }, 'Cannot use --allow-origin "evil" from a flag'],
    [{ words: ["--display", ":0; rm"] }, 'Cannot use --display ":0; rm" from a flag'],
    [{ words: ["--display", ":0,:1", "--display", ":0"] }, 'Cannot use --display ":0,:1,:0": :0'],
    [{ words: ["--display", ":0,none"] }, 'Cannot use --display ":0,none": none stands alone'],
    [{ words: ["--displays", "5"] }, "Cannot show 5 displays: --max-displays is 4"],
    [{ words: ["--displays", "17"] }, 'Cannot use --displays "17" from a flag: expected a whole'],
    [{ words: ["--max-displays", "17"] }, 'Cannot use --max-displays "17" from a flag'],
    [{ words: ["--display-names", "a,b"] }, 'Cannot use --display-names "a,b": there are only 1'],
    [{ words: ["--tls-cert", "c"] }, "Cannot use --tls-cert without --tls-key"],
    [{ words: ["--tls-key", "c"] }, "Cannot use --tls-key without --tls-cert"],
    [{ words: ["--config", "none.toml"] }, 'Cannot read --config "none.toml" from a flag'],
    [{ words: ["--fpss", "1"] }, "Cannot read the command line: unknown option '--fpss'"],
    [{ words: ["--fps"] }, "Cannot read the command line: option '--fps <N>' argument missing"],
    [{ words: ["extra"] }, "Cannot read the command line: too many arguments"],
  ];
  for (const [given, expected] of cases) {
    const error = await read(given).then(() => undefined, (error: Error) => error);
    t.equal(error?.name, "ConfigError", expected);
    t.ok(error?.message.startsWith(expected), error?.message ?? "no error");
    t.notOk(error?.message.includes("\n"), "one line");
  }
});

t.test("readConfig takes switches: a bare flag, and true or false elsewhere", async (t) => {
  t.equal((await configOf({ words: ["--print-budget"] })).printBudget, true);
  t.equal((await configOf({ environment: { WAVRY_PRINT_BUDGET: "true" } })).printBudget, true);
  t.equal((await configOf({ files: { "wavry.toml": "print-budget = true" } })).printBudget, true);
  const words = ["--print-budget"];
  t.equal(
    (await configOf({ words, environment: { WAVRY_PRINT_BUDGET: "false" } })).printBudget,
    true,
  );
  await t.rejects(configOf({ environment: { WAVRY_PRINT_BUDGET: "1" } }), {
    message: 'Cannot use --print-budget "1" from WAVRY_PRINT_BUDGET: expected true or false',
  });
});

t.test("readConfig reads durations as people write them", async (t) => {
  const cases: [string, number][] = [
    ["0", 0],
    ["500ms", 500],
    ["1.5s", 1500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
  ];
  for (const [text, ms] of cases) {
    t.same((await configOf({ words: ["--stream-for", text] })).streamFor, { ms }, text);
  }
  for (const text of ["30", "s", "-5s", "1y", "1e3s", "400d", "5 s", ""]) {
    const error = await configOf({ words: ["--stream-for", text] }).catch((error) => error);
    const expected =
      `Cannot use --stream-for "${text}" from a flag: expected a duration from 0 to ` +
      "366d, such as 30s, 5m or 24h";
    t.equal(error.message, expected);
  }
  const error = await configOf({ words: ["--memory-checkpoint-interval", "0"] }).catch((e) => e);
  t.match(error.message, /expected a duration from 100ms to 1d/);
});

t.test("readConfig reads sizes as people write them", async (t) => {
  const cases: [string, number][] = [
    ["0", 0],
    ["100MB", 1e8],
    ["150000kB", 1.5e8],
    ["1.5GB", 1.5e9],
    ["512MiB", 512 * 2 ** 20],
    ["2GiB", 2 ** 31],
  ];
  for (const [text, bytes] of cases) {
    t.same((await configOf({ words: ["--memory-limit", text] })).memoryLimit, { bytes }, text);
  }
  for (const text of ["100", "99MB", "-1GB", "1TB", "1gb", "GB", "1 GB"]) {
    const error = await configOf({ words: ["--memory-limit", text] }).catch((error) => error);
    const expected =
      `Cannot use --memory-limit "${text}" from a flag: expected 0 or at least 100MB, ` +
      "such as 512MB or 2GB";
    t.equal(error.message, expected);
  }
});

t.test("readConfig shows a long value in part", async (t) => {
  const error = await read({ words: ["--fps", "9".repeat(5000)] }).catch((error) => error);
  t.ok(error.message.length < 250, error.message);
});

t.test("readConfig prints help of every option, and the version", async (t) => {
  const help = await read({ words: ["--help"] });
  t.equal(help.kind, "print");
  for (const name of OPTION_NAMES) t.match(help, { text: new RegExp(`${flagOf(name)}\\s`) });
  t.same(await read({ words: ["--version"] }), { kind: "print", text: `wavry ${VERSION}\n` });
});

t.test("readConfig heeds DISPLAY and NO_COLOR", async (t) => {
  t.match(await configOf({ environment: { DISPLAY: ":3", NO_COLOR: "1" } }), {
    environmentDisplay: ":3",
    usesColour: false,
  });
  t.match(await configOf({ environment: { DISPLAY: "", NO_COLOR: "" } }), {
    environmentDisplay: undefined,
    usesColour: true,
  });
});

t.test("VERSION is the one of deno.json", async (t) => {
  const text = await Deno.readTextFile(new URL("../../../../deno.json", import.meta.url));
  t.equal(JSON.parse(text).version, VERSION);
});
